// Copies a lab or a script, as `deno task copy` does, into an empty folder, checks
// the copy and runs it by the command in its header, without a cache. Prints the
// copy, and what each of these printed, as JSON.
//
//     copied.ts SCRIPT [FLAG…]

const [script, ...flags] = Deno.args;
const folder = await Deno.makeTempDir();
const cache = await Deno.makeTempDir();
try {
  const copy = await deno(["task", "--quiet", "copy", script, folder]);
  const [file] = [...Deno.readDirSync(folder)].map(({ name }) => name);
  const text = file === undefined ? "" : Deno.readTextFileSync(
    `${folder}/${file}`,
  );
  const command = /^\/\/ {5}deno (.+)$/m.exec(text)?.[1].split(" ") ?? [];
  const inFolder = { cwd: folder, env: { DENO_DIR: cache, NO_COLOR: "1" } };
  const check = await deno(["check", file ?? ""], inFolder);
  const run = await deno([...command, ...flags], inFolder);
  const read = command.filter((flag) => flag !== "--unstable-worker-options");
  const unstable = command.filter((flag) => !flag.startsWith("--allow-read"));
  const without = {
    unstable: await deno([...read, ...flags], inFolder),
    read: await deno([...unstable, ...flags], inFolder),
  };
  console.log(JSON.stringify({ text, copy, check, run, without }));
} finally {
  await Deno.remove(folder, { recursive: true });
  await Deno.remove(cache, { recursive: true });
}

async function deno(args: string[], options?: Deno.CommandOptions) {
  const command = new Deno.Command("deno", {
    args,
    stdin: "null",
    ...options,
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}
