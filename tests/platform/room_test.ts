import { assertEquals } from "@std/assert";

async function* modulesIn(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* modulesIn(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}

/** Code without comments, strings and types, which are nothing at run time. */
function codeOf(text: string): string {
  return text
    .replaceAll(/\/\*.*?\*\/|^\s*\/\/.*$|\s\/\/ .*$/gms, "")
    .replaceAll(/"[^"\n]*"|\bDeno\.exit\(\)/g, "")
    .replaceAll(/: Deno\.\w+|= Deno\.PermissionOptions/g, "")
    .replaceAll(/^import type .*$/gm, "");
}

Deno.test("only lib/platform looks at what a browser doesn't have", async () => {
  const lib = new URL("../../lib/", import.meta.url);
  const found: string[] = [];
  for await (const url of modulesIn(lib)) {
    if (url.href.startsWith(`${lib.href}platform/`)) continue;
    const text = await Deno.readTextFile(url);
    const nodes = /^import (?!type ).* from "node:/m.exec(text) ?? [];
    const uses = codeOf(text).match(/\bDeno\s*[.[]\S*|\bprocess\.\w+/g) ?? [];
    for (const use of [...nodes, ...uses]) {
      found.push(`${url.href.slice(lib.href.length)}: ${use}`);
    }
  }
  assertEquals(found, []);
});
