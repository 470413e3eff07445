// Scripts whose copies wouldn't load or run: each is refused, in a sentence that
// names what it imports. To be run with the configuration of labs/copy.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { programOf } from "./programs.ts";

interface Copier {
  copyOf(script: URL, argument: string, file: string): Promise<unknown>;
}

const files = {
  "data.json": "{}",
  "effect.ts": "console.log(1);",
  "types.d.ts": "export type Count = number;",
  "fine.ts": 'import { type QueueOptions, sleep } from "@lab9/concurrency";\n' +
    'import * as all from "@lab9/concurrency/queue";\n' +
    "const options: QueueOptions = {};\n" +
    "console.log(sleep, all.Queue, options);",
};

const library = '"@lab9/concurrency"';
const cases = [
  [`import { nope } from ${library};`, `${library} doesn't export 'nope'`],
  [`import { nope as Queue } from ${library};`, `${library} doesn't export `],
  [`import { type Nope } from ${library};`, `${library} doesn't export 'Nope'`],
  [`import type { Nope } from ${library};`, `${library} doesn't export 'Nope'`],
  [`import nope from ${library};`, `${library} has no default export`],
  [`export { nope } from ${library};`, `${library} doesn't export 'nope'`],
  [
    'import { nope } from "@lab9/concurrency/queue";',
    "\"@lab9/concurrency/queue\" doesn't export 'nope'",
  ],
  [
    'import { nope } from "@std/assert";',
    "\"@std/assert\" doesn't export 'nope'",
  ],
  [
    'import { nope } from "./effect.ts";',
    "\"./effect.ts\" doesn't export 'nope'",
  ],
  [
    'import data from "./data.json" with { type: "json" };',
    'it imports "./data.json" with { type: "json" }',
  ],
  [
    'import type { Count } from "./types.d.ts";',
    'it imports "./types.d.ts", which only declares types; a .ts file ',
  ],
  [
    `const { Queue } = await import(${library});`,
    `it calls import(${library})`,
  ],
  [
    'await import(import.meta.resolve("./effect.ts"));',
    'it calls import(import.meta.resolve("./effect.ts"))',
  ],
];

const folder = await Deno.makeTempDir();
const at = (name: string) => new URL(`file://${folder}/${name}`);
try {
  const module = new URL("../../labs/copy/copy.ts", import.meta.url).href;
  const { copyOf }: Copier = await import(module);
  const refusalOf = (name: string): Promise<string> =>
    copyOf(at(name), name, name).then(() => "", ({ message }) => message);
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(at(name), text);
  }
  assertEquals(await refusalOf("fine.ts"), "");
  for (const [text, why] of cases) {
    await Deno.writeTextFile(at("used.ts"), text);
    const sentence = `Cannot copy used.ts: ${why}`;
    const refusal = await refusalOf("used.ts");
    assertEquals(refusal.slice(0, sentence.length), sentence);
    assertEquals(refusal.split("\n").length, 1);
  }
  // The last of them, in a script's second file.
  await Deno.writeTextFile(at("script.ts"), 'import "./used.ts";');
  assertEquals(
    (await refusalOf("script.ts")).slice(0, 20),
    "Cannot copy used.ts:",
  );

  // Nothing is written then.
  const copy = await programOf("labs/copy/main.ts");
  const copies = await Deno.makeTempDir({ dir: folder });
  for (
    const [script, message] of [
      ["missing.ts", "Cannot copy 'missing.ts': it is no lab"],
      ["tests/support/copy/reexport.ts", "reexport.ts: it exports from"],
    ]
  ) {
    const { code, err } = await copy(script, copies);
    assertStringIncludes(err, message);
    assertEquals([code, [...Deno.readDirSync(copies)]], [2, []]);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
