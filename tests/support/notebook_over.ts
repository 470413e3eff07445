// Writes the notebook into a folder that isn't there, and over what it has made,
// but over nothing that somebody has changed. To be run with the configuration of
// labs/copy.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { programOf, runTask } from "./programs.ts";

const program = await programOf("labs/kernel/main.ts");

const root = await Deno.makeTempDir();
const folder = `${root}/new/folder`;
const notebook = `${folder}/lab #1, 50%.ipynb`;
const module = `${folder}/lab #1, 50%.ts`;
try {
  const byTask = await runTask("notebook", `${root}/lab.txt`);
  assertEquals(byTask.code, 2);
  assertStringIncludes(byTask.err, `lab.txt': name one FILE.ipynb\n`);

  assertEquals(await write(), { code: 0, err: "" });
  assertEquals(configs(), ["deno.json"]);
  const made = texts();
  assertStringIncludes(made[notebook], 'from \\"./lab %231, 50%25.ts\\"');

  // A deno.json would take the place of somebody's own deno.jsonc.
  await Deno.rename(`${folder}/deno.json`, `${folder}/deno.jsonc`);
  assertEquals(await write(), { code: 0, err: "" });
  assertEquals([texts(), configs()], [made, ["deno.jsonc"]]);

  // If one of the two is changed, neither is written.
  await Deno.remove(module);
  const changed = made[notebook].replace("Lab 9", "My lab");
  await Deno.writeTextFile(notebook, changed);
  const { code, err } = await write();
  assertEquals([code, err.trimEnd().split("\n").length], [2, 1], err);
  assertStringIncludes(err, `Cannot write ${notebook}: it was changed`);
  assertEquals(texts(), { [notebook]: changed });

  await Deno.writeTextFile(module, "my own\n");
  await Deno.writeTextFile(notebook, made[notebook]);
  const other = await write();
  assertEquals(other.code, 2);
  assertStringIncludes(other.err, `Cannot write ${module}: there is a file`);
  assertEquals(await Deno.readTextFile(module), "my own\n");

  assertEquals(await write("--force"), { code: 0, err: "" });
  assertEquals(texts(), made);
} finally {
  await Deno.remove(root, { recursive: true });
}

function configs(): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.startsWith("deno."));
}

/** The texts of the notebook and its module, if they are there. */
function texts(): Record<string, string> {
  const paths = [...Deno.readDirSync(folder)]
    .map(({ name }) => `${folder}/${name}`)
    .filter((path) => /\.(ts|ipynb)$/.test(path))
    .sort();
  return Object.fromEntries(
    paths.map((path) => [path, Deno.readTextFileSync(path)]),
  );
}

function write(...flags: string[]) {
  return program(notebook, ...flags);
}
