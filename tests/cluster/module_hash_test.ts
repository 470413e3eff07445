import { assertEquals, assertNotEquals } from "@std/assert";
import { ModuleHasher } from "../../lib/cluster/module_hash.ts";

const program = {
  "main.ts": 'import {\n  a,\n} from "./a.ts";\nimport "npm:x@1.0.0";\na();\n',
  "a.ts":
    'export * from "./deep/b.ts";\nimport type { T } from "./types.ts";\n',
  "deep/b.ts": 'import data from "../data.json" with { type: "json" };\n' +
    'import "../main.ts";\nexport const a = () => import("./c.ts");\n',
  "deep/c.ts": "export const c = 1;\n",
  "types.ts": "export type T = 1;\n",
  "data.json": '{ "x": 1 }\n',
  "other.ts": "export {};\n",
};

async function hashIn(changes: Partial<typeof program>): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/deep`);
    for (const [path, text] of Object.entries({ ...program, ...changes })) {
      await Deno.writeTextFile(`${folder}/${path}`, text);
    }
    return await new ModuleHasher().hash(`file://${folder}/main.ts`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a module's hash is the same wherever it stands", async () => {
  assertEquals(await hashIn({}), await hashIn({}));
});

Deno.test("a module's hash tells of all that it imports", async () => {
  const hash = await hashIn({});
  for (const path of Object.keys(program) as (keyof typeof program)[]) {
    const changed = await hashIn({ [path]: `${program[path]}\n` });
    if (path === "other.ts") assertEquals(changed, hash, path);
    else assertNotEquals(changed, hash, path);
  }
  const main = program["main.ts"].replace("1.0.0", "1.0.1");
  assertNotEquals(await hashIn({ "main.ts": main }), hash);
});

Deno.test("a module's hash bears with an import of nothing", async () => {
  const main = `${program["main.ts"]}import "./nowhere.ts";\n`;
  assertNotEquals(await hashIn({ "main.ts": main }), await hashIn({}));
});
