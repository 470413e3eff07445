// Copies labs or scripts, as `deno task copy` does, into an empty folder, checks
// the copies together and runs each by the command in its header, without a cache.
// Prints of each the copy, and what all these printed, as JSON.
//
//     copied.ts JSON
//
// JSON holds the flags that each script is run with. Labs are copied at once with
// `--all`, and also run without their own flags.

const asked: Record<string, string[]> = JSON.parse(Deno.args[0]);
const scripts = Object.keys(asked);
const areLabs = scripts.length > 1 && !scripts.some((name) => /\W/.test(name));
const folder = await Deno.makeTempDir();
const cache = await Deno.makeTempDir();
const inFolder = { cwd: folder, env: { DENO_DIR: cache, NO_COLOR: "1" } };
try {
  const all = areLabs ? await copy("--all", folder) : undefined;
  const copies = new Map<string, Awaited<ReturnType<typeof deno>>>();
  for (const script of scripts) {
    copies.set(script, all ?? await copy(script, folder));
  }
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name);
  const check = await deno(["check", ...files], inFolder);
  const results: [string, unknown][] = [];
  for (const [script, flags] of Object.entries(asked)) {
    const name = `${script.split("/").at(-1)!.replace(/\.ts$/, "")}.ts`;
    const copy = copies.get(script)!;
    const ran = files.includes(name) ? await run(name, flags) : { text: "" };
    results.push([script, { copy, check, ...ran }]);
  }
  console.log(JSON.stringify(Object.fromEntries(results)));
} finally {
  await Deno.remove(folder, { recursive: true });
  await Deno.remove(cache, { recursive: true });
}

function copy(...args: string[]) {
  return deno(["task", "--quiet", "copy", ...args]);
}

async function run(file: string, flags: string[]) {
  const text = Deno.readTextFileSync(`${folder}/${file}`);
  const command = /^\/\/ {5}deno (.+)$/m.exec(text)![1].split(" ");
  const result = { text, run: await deno([...command, ...flags], inFolder) };
  if (!areLabs) return result;
  const read = command.filter((flag) => flag !== "--unstable-worker-options");
  const unstable = command.filter((flag) => !flag.startsWith("--allow-read"));
  const without = {
    unstable: await deno([...read, ...flags], inFolder),
    read: await deno([...unstable, ...flags], inFolder),
  };
  return { ...result, without };
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
