import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Queue } from "../../lib/queue/queue.ts";
import { Thread } from "../../lib/thread/thread.ts";
import { queueKinds } from "../support/queues.ts";
import { threadTest } from "../support/threads.ts";
import { call, forward } from "../support/queue.ts";

const aMoment = () => new Promise((resolve) => setTimeout(resolve, 20));

/** Awaits what must not come yet, for a moment. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  promise.then(() => pending = false, () => pending = false);
  await aMoment();
  return pending;
}

for (const { name, make, item } of queueKinds) {
  Deno.test(`${name}.join() is over at once when nothing is unfinished`, async () => {
    const queue = make();
    for (let round = 0; round < 2; round++) {
      for (const timeout of [undefined, 0, 1, Infinity]) {
        await queue.join({ timeout });
        queue.joinSync({ timeout });
      }
      queue.putNowait(item(1));
      queue.getNowait();
      queue.taskDone();
    }
  });

  Deno.test(`${name}.join() resolves once every item is done, not when it is got`, async () => {
    const queue = make();
    queue.putNowait(item(1));
    queue.putNowait(item(2));
    const joined = queue.join();
    assert(await isPending(joined));
    queue.getNowait();
    queue.getNowait();
    queue.taskDone();
    assert(await isPending(joined));
    queue.taskDone();
    await joined;
  });

  Deno.test(`${name}.join() waits for what is put while it waits`, async () => {
    const queue = make();
    queue.putNowait(item(1));
    const joined = queue.join();
    queue.putNowait(item(2));
    queue.taskDone();
    assert(await isPending(joined));
    queue.taskDone();
    await joined;
  });

  Deno.test(`${name}.join() releases everyone who joins, and may be called again`, async () => {
    const queue = make();
    for (let round = 0; round < 3; round++) {
      queue.putNowait(item(round));
      const joiners = [1, 2, 3, 4].map(() => queue.join());
      assert(await isPending(Promise.race(joiners)));
      queue.getNowait();
      queue.taskDone();
      await Promise.all(joiners);
      await queue.join();
      queue.joinSync();
    }
  });

  Deno.test(`${name}.join() times out with a TimeoutError`, async () => {
    const queue = make();
    queue.putNowait(item(1));
    queue.putNowait(item(2));
    queue.getNowait();
    for (const timeout of [0, 0.02]) {
      for (
        const error of [
          await assertRejects(() => queue.join({ timeout }), DOMException),
          assertThrows(() => queue.joinSync({ timeout }), DOMException),
        ]
      ) {
        assertEquals(error.name, "TimeoutError");
        assertEquals(
          error.message,
          `Cannot join queue: after ${timeout} seconds, the number of unfinished tasks was 2`,
        );
      }
    }
    queue.taskDone();
    queue.taskDone();
    await queue.join({ timeout: 0 });
  });

  for (const method of ["joinSync", "join"] as const) {
    threadTest(
      `${name}.${method}() in several threads waits for the last taskDone()`,
      async () => {
        const queue = make();
        queue.putNowait(item(1));
        queue.putNowait(item(2));
        const started = new Queue<string>();
        const joiners = [1, 2, 3].map(() =>
          new Thread(call, { args: [queue, method, [], started] })
        );
        for (const joiner of joiners) joiner.start();
        for (const _ of joiners) await started.get();
        queue.taskDone();
        await aMoment();
        assert(joiners.every((joiner) => joiner.isAlive));
        queue.taskDone();
        for (const joiner of joiners) {
          assertEquals(await joiner.join(60), { value: undefined });
        }
      },
    );

    threadTest(
      `${name}.${method}() in a thread times out with a TimeoutError`,
      async () => {
        const queue = make();
        queue.putNowait(item(1));
        const args: unknown[] = [{ timeout: 0.02 }];
        const thread = new Thread(call, { args: [queue, method, args] });
        thread.start();
        assertEquals(await thread.join(60), {
          error: "TimeoutError",
          message:
            "Cannot join queue: after 0.02 seconds, the number of unfinished tasks was 1",
        });
      },
    );
  }

  threadTest(
    `${name}.taskDone() in a thread releases the main thread's joinSync()`,
    async () => {
      const [queue, out] = [make(), make()];
      const workers = [1, 2].map(() =>
        new Thread(forward, { args: [queue, out] })
      );
      for (const worker of workers) await worker.start();
      for (let round = 1; round <= 20; round++) {
        for (let i = 0; i < 50; i++) queue.putSync(item(i));
        queue.joinSync({ timeout: 60 });
        assertEquals([queue.unfinishedTasks, out.size], [0, 50 * round]);
      }
      queue.shutdown();
      for (const worker of workers) await worker.join(60);
    },
  );

  threadTest(
    `${name}.taskDone() is counted from every thread, and refused past the count`,
    async () => {
      const queue = make();
      const count = 8;
      for (let i = 0; i < count; i++) queue.putNowait(item(i));
      const threads = Array.from(
        { length: count + 3 },
        () => new Thread(call, { args: [queue, "taskDone"] }),
      );
      for (const thread of threads) thread.start();
      const outcomes = await Promise.all(
        threads.map((thread) => thread.join(60)),
      );
      const errors = outcomes.filter((outcome) => "error" in outcome);
      assertEquals(
        errors,
        new Array(3).fill({
          error: "RangeError",
          message: "taskDone() called too many times",
        }),
      );
      assertEquals(queue.unfinishedTasks, 0);
    },
  );
}
