// Copies a script over a file: over a copy of its own, but over no other.

import { assertEquals, assertStringIncludes } from "@std/assert";

/** The smallest that there is. */
const SCRIPT = "tests/support/copy/parts_scale.ts";

const folder = await Deno.makeTempDir();
const file = `${folder}/copy.ts`;
try {
  await Deno.writeTextFile(file, "my own\n");
  const refused = await copy();
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.err, `Cannot write ${file}: `);
  assertEquals(await Deno.readTextFile(file), "my own\n");

  await Deno.remove(file);
  assertEquals((await copy()).code, 0);
  assertEquals((await copy()).code, 0);
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function copy() {
  const { code, stderr } = await new Deno.Command("deno", {
    args: ["task", "--quiet", "copy", SCRIPT, file],
    stdin: "null",
  }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}
