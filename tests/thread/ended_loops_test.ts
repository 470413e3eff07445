import { assertEquals, assertRejects } from "@std/assert";
import { type AnyFunction, Pool, sleepSync, Thread } from "../../mod.ts";
import {
  asyncOperations,
  Kit,
  loop,
  loopAsync,
  syncOperations,
  unwind,
  unwindAsync,
} from "../support/ended_loops.ts";
import { runProcess } from "../support/thread_process.ts";
import { processTest, threadTest } from "../support/threads.ts";
import { warningsOf } from "../support/warnings.ts";

/** What is sent of a kit; it is a class only to be made in one step. */
function newKit(): Kit {
  return { ...new Kit() };
}

/** Resolves once the loop has begun so many turns. */
async function turned({ words }: Kit, turns: number): Promise<void> {
  for (;;) {
    const turn = Atomics.load(words, 0);
    if (turn >= turns) return;
    await Atomics.waitAsync(words, 0, turn).value;
  }
}

/** Starts a thread, ends it when it turns, and sees that it ends by itself. */
async function ends(
  target: AnyFunction,
  operation: string,
  swallows: boolean,
): Promise<void> {
  const ended = new Thread(sleepSync, { args: [0] });
  ended.start();
  await ended.join();
  const kit: Kit = { ...newKit(), ended };
  const thread = new Thread(target, { args: [operation, swallows, kit] });
  thread.start();
  await turned(kit, 1);
  await thread.terminate();
  const error = await assertRejects(() => thread.join(), Error);
  assertEquals([operation, error.name], [operation, "AbortError"]);
}

for (const swallows of [false, true]) {
  const what = swallows ? "that swallows what it throws" : "that it ends";
  threadTest(`A thread in a loop ${what} is ended, blocking`, async () => {
    const warnings = await warningsOf(async () => {
      for (const operation of Object.keys(syncOperations)) {
        await ends(loop, operation, swallows);
      }
    });
    assertEquals(warnings, []);
  });

  threadTest(`A thread in a loop ${what} is ended, awaiting`, async () => {
    const warnings = await warningsOf(async () => {
      for (const operation of Object.keys(asyncOperations)) {
        await ends(loopAsync, operation, swallows);
      }
    });
    assertEquals(warnings, []);
  });
}

const loops: [AnyFunction, string][] = [
  [loop, "Queue.getSync"],
  [loopAsync, "Queue.get, never"],
];

for (const [target, operation] of loops) {
  threadTest(
    `A task that swallows what ${operation} throws is ended`,
    async () => {
      const warnings = await warningsOf(async () => {
        const pool = new Pool(1);
        const kit = newKit();
        const controller = new AbortController();
        const { signal } = controller;
        const call = pool.apply(target, [operation, true, kit], { signal });
        await turned(kit, 1);
        controller.abort(new RangeError("called off"));
        await assertRejects(() => call, RangeError, "called off");

        const other = newKit();
        const pending = pool.apply(target, [operation, true, other]);
        pending.catch(() => {});
        await turned(other, 1);
        await pool.terminate();
        await assertRejects(() => pending);
      });
      assertEquals(warnings, []);
    },
  );
}

threadTest("A thread that is ended gives back what it has", async () => {
  for (const target of [unwind, unwindAsync]) {
    const kit = newKit();
    const thread = new Thread(target, { args: [kit] });
    thread.start();
    await turned(kit, 1);
    await thread.terminate();
    await assertRejects(() => thread.join(), DOMException, "was terminated");
    assertEquals(kit.queue.unfinishedTasks, 0);
    assertEquals(kit.event.isSet, true);
    kit.lock.acquireSync({ timeout: 0 })[Symbol.dispose]();
    kit.semaphore.acquireSync({ timeout: 0 })[Symbol.dispose]();
  }
});

processTest(
  "A thread that is ended in native code computes no more",
  async () => {
    const { code, out, err } = await runProcess("ended_in_inspect.ts", []);
    assertEquals([code, out, err], [0, "AbortError idle", ""]);
  },
);
