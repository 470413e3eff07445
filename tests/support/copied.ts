// Copies labs and scripts into an empty folder, checks the copies together and runs
// each by the command in its header, without a cache. Prints of each the copy, and
// what all these printed, as JSON. To be run with the configuration of labs/copy.
//
//     copied.ts JSON
//
// JSON holds the flags that each is run with. Labs are copied by `deno task copy
// --all`, and also run without their own flags. Scripts are copied here, so that
// TypeScript is loaded once; a script that is the only one, by `deno task copy`.

interface Copier {
  scriptOf(argument: string, folder: string): Promise<URL>;
  copyOf(
    script: URL,
    argument: string,
    file: string,
  ): Promise<{ text: string }>;
}

const asked: Record<string, string[]> = JSON.parse(Deno.args[0]);
const scripts = Object.keys(asked);
const labs = scripts.filter((name) => !/\W/.test(name));
const others = scripts.filter((name) => /\W/.test(name));
const folder = await Deno.makeTempDir();
const cache = await Deno.makeTempDir();
const inFolder = { cwd: folder, env: { DENO_DIR: cache, NO_COLOR: "1" } };
const done = { code: 0, out: "", err: "" };
try {
  const copy = scripts.length === 1
    ? await copyByTask(scripts[0])
    : labs.length > 0
    ? await copyByTask("--all")
    : done;
  if (scripts.length > 1) { for (const name of others) await copyHere(name); }
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name);
  const [check, ...results] = await Promise.all([
    files.length > 0 ? deno(["check", ...files], inFolder) : done,
    ...scripts.map(async (script) => {
      const name = fileOf(script);
      const ran = files.includes(name) ? await run(script) : { text: "" };
      return [script, { copy, ...ran }] as const;
    }),
  ]);
  const all = results.map(([script, result]) => [script, { ...result, check }]);
  console.log(JSON.stringify(Object.fromEntries(all)));
} finally {
  await Deno.remove(folder, { recursive: true });
  await Deno.remove(cache, { recursive: true });
}

function fileOf(script: string): string {
  return `${script.split("/").at(-1)!.replace(/\.ts$/, "")}.ts`;
}

function copyByTask(what: string) {
  return deno(["task", "--quiet", "copy", what, folder]);
}

async function copyHere(script: string): Promise<void> {
  const module = new URL("../../labs/copy/copy.ts", import.meta.url).href;
  const { scriptOf, copyOf }: Copier = await import(module);
  const file = await scriptOf(script, Deno.cwd());
  const { text } = await copyOf(file, script, fileOf(script));
  await Deno.writeTextFile(`${folder}/${fileOf(script)}`, text);
}

async function run(script: string) {
  const file = fileOf(script);
  const flags = asked[script];
  const text = Deno.readTextFileSync(`${folder}/${file}`);
  const command = /^\/\/ {5}deno (.+)$/m.exec(text)![1].split(" ");
  const result = { text, run: await deno([...command, ...flags], inFolder) };
  if (!labs.includes(script)) return result;
  const read = command.filter((flag) => flag !== "--unstable-worker-options");
  const unstable = command.filter((flag) => !flag.startsWith("--allow-read"));
  const without = {
    unstable: await deno([...read, ...flags], inFolder),
    read: await deno([...unstable, ...flags], inFolder),
  };
  const events = await deno([...command, "--events"], inFolder);
  const help = await deno([...command, "--help"], inFolder);
  return { ...result, without, events, help };
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
