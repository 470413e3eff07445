import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
} from "@std/assert";
import { Empty, Queue } from "../../lib/queue/queue.ts";
import { prestartWorkers, Thread } from "../../lib/thread/thread.ts";
import { queueKinds } from "../support/queues.ts";
import { threadTest } from "../support/threads.ts";
import {
  call,
  forward,
  getMany,
  look,
  putAll,
  putRange,
  sameQueue,
} from "../support/queue.ts";

/** Time for a thread to fall asleep. Nothing goes wrong if it doesn't. */
const aMoment = () => new Promise((resolve) => setTimeout(resolve, 30));

/** Starts a thread that calls a method; resolves when it is about to. */
async function startCall(...args: Parameters<typeof call>) {
  const started = new Queue<string>();
  const thread = new Thread(call, {
    args: [args[0], args[1], args[2], started],
  });
  thread.start();
  await started.get();
  await aMoment();
  return thread;
}

for (const { name, make, item, inOrder } of queueKinds) {
  for (const method of ["getSync", "get"] as const) {
    threadTest(
      `${name}.${method}() in a thread waits until another puts`,
      async () => {
        const queue = make();
        const thread = await startCall(queue, method);
        assert(thread.isAlive);
        queue.putNowait(item("item"));
        assertEquals(await thread.join(60), { value: item("item") });
        assertEquals([queue.size, queue.unfinishedTasks], [0, 1]);
      },
    );

    threadTest(
      `${name}.${method}() in a thread times out with Empty`,
      async () => {
        const queue = make();
        for (const timeout of [0, 0.02]) {
          const thread = new Thread(call, {
            args: [queue, method, [{ timeout }]],
          });
          thread.start();
          assertEquals(await thread.join(60), {
            error: "Empty",
            message: "Cannot get from queue: it is empty",
          });
        }
        queue.putNowait(item(1));
        assertEquals(queue.getNowait(), item(1));
      },
    );
  }

  for (const method of ["putSync", "put"] as const) {
    threadTest(
      `${name}.${method}() in a thread waits until another gets`,
      async () => {
        const queue = make(1);
        queue.putNowait(item("first"));
        const thread = await startCall(queue, method, [item("second")]);
        assert(thread.isAlive);
        assertEquals([queue.size, queue.unfinishedTasks], [1, 1]);
        assertEquals(await queue.get(), item("first"));
        assertEquals(await thread.join(60), { value: undefined });
        assertEquals(queue.getNowait(), item("second"));
      },
    );

    threadTest(
      `${name}.${method}() in a thread times out with Full`,
      async () => {
        const queue = make(1);
        queue.putNowait(item("first"));
        for (const timeout of [0, 0.02]) {
          const args: unknown[] = [item("second"), { timeout }];
          const thread = new Thread(call, { args: [queue, method, args] });
          thread.start();
          assertEquals(await thread.join(60), {
            error: "Full",
            message: "Cannot put into queue: it is full, its size is 1",
          });
        }
        assertEquals([queue.size, queue.unfinishedTasks], [1, 1]);
      },
    );
  }

  threadTest(
    `${name}.get() on the main thread waits until a thread puts`,
    async () => {
      const queue = make();
      const got = queue.get();
      const thread = new Thread(putRange, { args: [queue, 7, 1] });
      thread.start();
      assertEquals(await got, item(7));
      await thread.join(60);
    },
  );

  threadTest(
    `${name}.put() on the main thread waits until a thread gets`,
    async () => {
      const queue = make(1);
      await queue.put(item(1));
      const put = queue.put(item(2));
      const thread = new Thread(getMany, { args: [queue, 2] });
      thread.start();
      await put;
      assertEquals(await thread.join(60), [item(1), item(2)]);
    },
  );

  threadTest(
    `${name}.getSync() and putSync() block the main thread until a thread acts`,
    async () => {
      await prestartWorkers(1);
      const [there, back] = [make(1), make(1)];
      const thread = new Thread(forward, { args: [there, back] });
      await thread.start();
      for (let i = 0; i < 500; i++) {
        there.putSync(item(i));
        assertEquals(back.getSync(), item(i));
      }
      // Now the queues are full: these can only be put while the thread gets.
      for (let i = 0; i < 2; i++) there.putSync(item(i));
      there.putSync(item(2), { timeout: 60 });
      there.shutdown();
      for (const i of [0, 1, 2]) assertEquals(back.getSync(), item(i));
      await thread.join(60);
    },
  );

  threadTest(
    `${name} wakes one thread by another while the main thread is blocked`,
    async () => {
      const queues = Array.from({ length: 4 }, () => make(1));
      const items = Array.from({ length: 300 }, (_, i) => item(i));
      const stages = queues.slice(1).map((to, i) =>
        new Thread(forward, { args: [queues[i], to] })
      );
      const source = new Thread(putAll, {
        args: [queues[0], items],
      });
      const sink = new Thread(getMany, { args: [queues[3], 300] });
      // All of them run before the main thread stops turning.
      for (const thread of [...stages, sink, source]) await thread.start();
      assertEquals(sink.joinSync(60), items);
      source.joinSync(60);
      for (const queue of queues) queue.shutdown();
      for (const stage of stages) stage.joinSync(60);
    },
  );

  threadTest(
    `${name} wakes one thread by another while the main thread computes`,
    async () => {
      const [there, back] = [make(1), make(1)];
      const count = 300;
      const threads = [
        new Thread(forward, { args: [there, back] }),
        new Thread(putAll, { args: [there, new Array(count).fill(item(1))] }),
        new Thread(getMany, { args: [back, count] }),
      ];
      for (const thread of threads) await thread.start();
      const giveUp = performance.now() + 60_000;
      while (there.unfinishedTasks > 0 || threads[2].isAlive) {
        assertGreater(giveUp, performance.now());
      }
      there.shutdown();
      assertEquals((threads[2].joinSync(60) as unknown[]).length, count);
      threads.forEach((thread) => thread.joinSync(60));
    },
  );

  threadTest(
    `${name}: whoever waits in a thread is not served twice`,
    async () => {
      const queue = make();
      const threads = [];
      for (let i = 0; i < 4; i++) {
        threads.push(await startCall(queue, "getSync"));
      }
      queue.putNowait(item("only"));
      const joins = threads.map((thread) => thread.join(60));
      const first = await Promise.race(joins);
      assertEquals(first, { value: item("only") });
      await aMoment();
      assertEquals(threads.filter((thread) => thread.isAlive).length, 3);
      queue.shutdown();
      await Promise.all(joins);
    },
  );

  threadTest(
    `${name}: of many waits that are aborted, none loses an item`,
    async () => {
      const queue = make();
      const count = 2000;
      const thread = new Thread(putRange, { args: [queue, 0, count] });
      thread.start();
      const got: unknown[] = [];
      let ended = 0;
      while (got.length < count) {
        const controller = new AbortController();
        const { signal } = controller;
        const getters = Array.from(
          { length: 4 },
          () =>
            queue.get({ signal, timeout: 60 }).then(
              (i) => got.push(i),
              (e) => e,
            ),
        );
        if (ended++ % 2 === 0) await Promise.resolve();
        else await new Promise((resolve) => setTimeout(resolve));
        controller.abort();
        for (const error of await Promise.all(getters)) {
          assert(typeof error === "number" || error.name === "AbortError");
        }
        if (!thread.isAlive && queue.isEmpty) break;
      }
      await thread.join(60);
      await assertRejects(() => queue.get({ timeout: 0 }), Empty);
      // Two that resolve in one turn may do so in either order.
      const numbers = got.map((got) => Array.isArray(got) ? got[1] : got);
      numbers.sort((a, b) => a - b);
      assertEquals(numbers, Array.from({ length: count }, (_, i) => i));
    },
  );

  threadTest(`${name} looks the same in every thread`, async () => {
    const queue = make(3);
    for (let i = 0; i < 3; i++) queue.putNowait(item(i));
    queue.getNowait();
    queue.taskDone();
    queue.putNowait(item(3));
    const threads = [1, 2].map(() => new Thread(look, { args: [queue] }));
    for (const thread of threads) thread.start();
    for (const thread of threads) {
      assertEquals(await thread.join(60), {
        maxsize: 3,
        size: 3,
        isEmpty: false,
        isFull: true,
        unfinishedTasks: 3,
        text: String(queue),
        inspected: String(queue),
      });
    }
  });

  threadTest(
    `${name} may stand anywhere in the arguments, more than once`,
    async () => {
      const queue = make();
      const nested = { deep: [queue, queue], map: new Map([["queue", queue]]) };
      const thread = new Thread(sameQueue, { args: [queue, queue, nested] });
      thread.start();
      assertEquals(await thread.join(60), {
        sizes: [5, 5, 5, 5, 5],
        names: new Array(5).fill(String(queue)),
        identical: true,
      });
      const items = [0, 1, 2, 3, 4].map(item);
      for (const item of inOrder(items)) assertEquals(queue.getNowait(), item);
    },
  );
}
