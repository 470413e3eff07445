import { assert, assertEquals, assertRejects } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { Pool } from "../lib/pool.ts";
import { Thread } from "../lib/thread.ts";
import { processTest, threadTest } from "./_threads.ts";
import * as fns from "./testdata/typed_only.ts";

// Nothing here imports mod.ts: the tests are of programs that don't.

threadTest(
  "An object whose class was loaded later isn't given to a worker from before",
  async () => {
    const early = new Thread(fns.add, { args: [1, 2] });
    early.start();
    assertEquals(await early.join(), 3);
    const { Queue } = await import("../lib/queue.ts");
    const queue = new Queue<number>();
    queue.putNowait(4);
    const late = new Thread(fns.getNow, { args: [queue] });
    late.start();
    assertEquals(await late.join(), 4);
  },
);

threadTest(
  "A pool's tasks can't take an object whose class was loaded later",
  async () => {
    await using pool = new Pool(1);
    const { Gil } = await import("../lib/gil.ts");
    await assertRejects(
      () => pool.apply(fns.checkpoint, [new Gil()]),
      TypeError,
      "Cannot receive a Gil: its module isn't loaded in this thread, import " +
        "it before the pool is made",
    );
    await using later = new Pool(1);
    assertEquals(await later.apply(fns.checkpoint, [new Gil()]), "done");
  },
);

/** What a module loads, as paths in the project. */
async function modulesOf(path: string): Promise<string[]> {
  const root = new URL("../", import.meta.url).href;
  const { success, stdout } = await new Deno.Command("deno", {
    args: ["info", "--json", new URL(path, root).href],
  }).output();
  assert(success);
  const { modules } = JSON.parse(new TextDecoder().decode(stdout));
  return modules.map(({ specifier }: { specifier: string }) =>
    specifier.replace(root, "")
  );
}

processTest("Every line of mod.ts is an entry point", async () => {
  const source = await Deno.readTextFile(new URL("../mod.ts", import.meta.url));
  const lines = [...source.matchAll(/^export \* from "(.+)";$/gm)];
  const entries = lines.map(([, path]) => [
    path.replace(/^\.\/lib/, ".").replace(/(\/mod)?\.ts$/, ""),
    path,
  ]);
  assertEquals(config.exports, {
    ".": "./mod.ts",
    ...Object.fromEntries(entries),
  });
});

processTest("Pools and threads load no queue and no lock", async () => {
  for (const path of ["lib/pool.ts", "lib/thread.ts"]) {
    const modules = await modulesOf(path);
    assert(modules.includes("lib/thread.ts"));
    assertEquals(
      modules.filter((module) => /^lib\/(locks|queue|gil)/.test(module)),
      [],
    );
  }
});
