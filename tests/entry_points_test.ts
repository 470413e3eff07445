import { assertEquals, assertRejects } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { Pool } from "../lib/pool/pool.ts";
import { Thread } from "../lib/thread/thread.ts";
import { threadTest } from "./support/threads.ts";
import * as fns from "./support/typed_only.ts";

// Nothing here imports mod.ts: the tests are of programs that don't, and of what
// they load later.

threadTest("A pool from before it was imported takes a queue", async () => {
  await using pool = new Pool(1);
  await pool.apply(fns.add, [1, 2]);
  const { Queue } = await import("../lib/queue/queue.ts");
  const queue = new Queue<number>();
  queue.putNowait(4);
  assertEquals(await pool.apply(fns.getNow, [queue]), 4);
});

threadTest(
  "An object whose class was loaded later isn't given to a worker from before",
  async () => {
    const early = new Thread(fns.add, { args: [1, 2] });
    early.start();
    assertEquals(await early.join(), 3);
    const { LifoQueue } = await import("../lib/queue/lifo_queue.ts");
    const queue = new LifoQueue<number>();
    queue.putNowait(4);
    const late = new Thread(fns.getNow, { args: [queue] });
    late.start();
    assertEquals(await late.join(), 4);
  },
);

threadTest(
  "No worker of a pool takes an object whose class was loaded later",
  async () => {
    await using pool = new Pool(1, { maxTasksPerChild: 1 });
    const { Gil } = await import("../lib/gil.ts");
    for (let i = 0; i < 3; i++) {
      await assertRejects(
        () => pool.apply(fns.checkpoint, [new Gil()]),
        TypeError,
        "Cannot receive a Gil: its module isn't loaded in this thread, import " +
          "it in the module of the function",
      );
    }
    await using later = new Pool(1);
    assertEquals(await later.apply(fns.checkpoint, [new Gil()]), "done");
  },
);

threadTest("Each line of mod.ts is an entry point, and two more", async () => {
  const source = await Deno.readTextFile(new URL("../mod.ts", import.meta.url));
  const lines = [...source.matchAll(/^export \* from "(.+)";$/gm)];
  const entries = lines.map(([, path]) => [
    path.replace(/^\.\/lib/, ".").replace(/\.ts$/, ""),
    path,
  ]);
  assertEquals(config.exports, {
    ".": "./mod.ts",
    "./cluster": "./lib/cluster.ts",
    "./explore": "./lib/explore.ts",
    ...Object.fromEntries(entries),
  });
});
