import { assert, assertEquals, assertRejects } from "@std/assert";
import { Pool, Thread } from "../../mod.ts";
import * as fns from "../support/stacks.ts";
import { threadTest } from "../support/threads.ts";

/** The functions in the stack that came from another thread. */
function frames(error: Error): string[] {
  assert(error.cause instanceof Error);
  return error.cause.stack!.split("\n")
    .filter((line) => /^\s+at /.test(line) && !line.includes("<anonymous>"))
    .map((line) => line.replace(/^\s+at (async )?(\S+) .*/, "$2"));
}

const failing: [() => Promise<number>, string[]][] = [
  [fns.runTask as never, ["fail", "runTask"]],
  [fns.failLater, ["fail", "runTask", "failLater"]],
  [fns.failInAwaited, ["fail", "runTask", "failLater", "failInAwaited"]],
];

for (const [fn, expected] of failing) {
  threadTest(
    `Pool, Thread: the stack of what ${fn.name} throws shows the user's frames`,
    async () => {
      await using pool = new Pool(1);
      await using slow = new Pool(1, { tasksPerWorker: 2 });
      const calls: Record<string, () => Promise<unknown>> = {
        apply: () => pool.apply(fn),
        map: () => pool.map(fn, [1, 2]),
        starmap: () => pool.starmap(fn, [[], []]),
        imap: () => Array.fromAsync(pool.imap(fn, [1])),
        broadcast: () => pool.broadcast(fn),
        severalTasks: () => slow.apply(fn),
        async settled() {
          const [result] = await pool.map(fn, [1], { settled: true });
          throw (result as PromiseRejectedResult).reason;
        },
        async thread() {
          const thread = new Thread(fn);
          thread.start();
          await thread.join();
        },
      };
      for (const [name, call] of Object.entries(calls)) {
        const error = await assertRejects(call, RangeError, "deep", name);
        assertEquals(frames(error), expected, name);
      }
    },
  );
}

const generators: [() => AsyncGenerator<number>, string[]][] = [
  [fns.generate as never, ["fail", "runTask", "generate"]],
  [fns.generateLater, ["fail", "runTask", "failLater", "generateLater"]],
];

for (const [fn, expected] of generators) {
  threadTest(
    `Pool.stream(): the stack of what ${fn.name} throws shows the user's frames`,
    async () => {
      await using pool = new Pool(1);
      const error = await assertRejects(
        () => Array.fromAsync(pool.stream(fn)),
        RangeError,
      );
      assertEquals(frames(error), expected);
    },
  );
}
