import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
} from "@std/assert";
import { Empty, Queue } from "../lib/queue.ts";
import { prestartWorkers, Thread } from "../lib/thread.ts";
import { threadTest } from "./_threads.ts";
import {
  call,
  forward,
  getMany,
  look,
  putAll,
  putRange,
  sameQueue,
} from "./testdata/queue.ts";

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

for (const method of ["getSync", "get"] as const) {
  threadTest(
    `Queue.${method}() in a thread waits until another puts`,
    async () => {
      const queue = new Queue<unknown>();
      const thread = await startCall(queue, method);
      assert(thread.isAlive);
      queue.putNowait("item");
      assertEquals(await thread.join(60), { value: "item" });
      assertEquals([queue.size, queue.unfinishedTasks], [0, 1]);
    },
  );

  threadTest(`Queue.${method}() in a thread times out with Empty`, async () => {
    const queue = new Queue<unknown>();
    for (const timeout of [0, 0.02]) {
      const thread = new Thread(call, { args: [queue, method, [{ timeout }]] });
      thread.start();
      assertEquals(await thread.join(60), {
        error: "Empty",
        message: "Cannot get from queue: it is empty",
      });
    }
    queue.putNowait(1);
    assertEquals(queue.getNowait(), 1);
  });
}

for (const method of ["putSync", "put"] as const) {
  threadTest(
    `Queue.${method}() in a thread waits until another gets`,
    async () => {
      const queue = new Queue<unknown>(1);
      queue.putNowait("first");
      const thread = await startCall(queue, method, ["second"]);
      assert(thread.isAlive);
      assertEquals([queue.size, queue.unfinishedTasks], [1, 1]);
      assertEquals(await queue.get(), "first");
      assertEquals(await thread.join(60), { value: undefined });
      assertEquals(queue.getNowait(), "second");
    },
  );

  threadTest(`Queue.${method}() in a thread times out with Full`, async () => {
    const queue = new Queue<unknown>(1);
    queue.putNowait("first");
    for (const timeout of [0, 0.02]) {
      const args: unknown[] = ["second", { timeout }];
      const thread = new Thread(call, { args: [queue, method, args] });
      thread.start();
      assertEquals(await thread.join(60), {
        error: "Full",
        message: "Cannot put into queue: it is full, its size is 1",
      });
    }
    assertEquals([queue.size, queue.unfinishedTasks], [1, 1]);
  });
}

threadTest(
  "Queue.get() on the main thread waits until a thread puts",
  async () => {
    const queue = new Queue<number>();
    const got = queue.get();
    const thread = new Thread(putRange, { args: [queue, 7, 1] });
    thread.start();
    assertEquals(await got, 7);
    await thread.join(60);
  },
);

threadTest(
  "Queue.put() on the main thread waits until a thread gets",
  async () => {
    const queue = new Queue<unknown>(1);
    await queue.put(1);
    const put = queue.put(2);
    const thread = new Thread(getMany, { args: [queue, 2] });
    thread.start();
    await put;
    assertEquals(await thread.join(60), [1, 2]);
  },
);

threadTest(
  "Queue.getSync() and putSync() block the main thread until a thread acts",
  async () => {
    await prestartWorkers(1);
    const [there, back] = [new Queue<unknown>(1), new Queue<unknown>(1)];
    const thread = new Thread(forward, { args: [there, back] });
    await thread.start();
    for (let i = 0; i < 500; i++) {
      there.putSync(i);
      assertEquals(back.getSync(), i);
    }
    // Now the queues are full: these can only be put while the thread gets.
    for (let i = 0; i < 2; i++) there.putSync(i);
    there.putSync(2, { timeout: 60 });
    there.shutdown();
    assertEquals([back.getSync(), back.getSync(), back.getSync()], [0, 1, 2]);
    await thread.join(60);
  },
);

threadTest(
  "Queue wakes one thread by another while the main thread is blocked",
  async () => {
    const queues = Array.from({ length: 4 }, () => new Queue<unknown>(1));
    const stages = queues.slice(1).map((to, i) =>
      new Thread(forward, { args: [queues[i], to] })
    );
    const source = new Thread(putAll, {
      args: [queues[0], Array.from({ length: 300 }, (_, i) => i)],
    });
    const sink = new Thread(getMany, { args: [queues[3], 300] });
    // All of them run before the main thread stops turning.
    for (const thread of [...stages, sink, source]) await thread.start();
    assertEquals(sink.joinSync(60), Array.from({ length: 300 }, (_, i) => i));
    source.joinSync(60);
    for (const queue of queues) queue.shutdown();
    for (const stage of stages) stage.joinSync(60);
  },
);

threadTest(
  "Queue wakes one thread by another while the main thread computes",
  async () => {
    const [there, back] = [new Queue<unknown>(1), new Queue<unknown>(1)];
    const count = 300;
    const threads = [
      new Thread(forward, { args: [there, back] }),
      new Thread(putAll, { args: [there, new Array(count).fill(1)] }),
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

threadTest("Queue: whoever waits in a thread is not served twice", async () => {
  const queue = new Queue<unknown>();
  const threads = [];
  for (let i = 0; i < 4; i++) threads.push(await startCall(queue, "getSync"));
  queue.putNowait("only");
  const joins = threads.map((thread) => thread.join(60));
  const first = await Promise.race(joins);
  assertEquals(first, { value: "only" });
  await aMoment();
  assertEquals(threads.filter((thread) => thread.isAlive).length, 3);
  queue.shutdown();
  await Promise.all(joins);
});

threadTest(
  "Queue: of many waits that are aborted, none loses an item",
  async () => {
    const queue = new Queue<number>();
    const count = 2000;
    const thread = new Thread(putRange, { args: [queue, 0, count] });
    thread.start();
    const got: number[] = [];
    let ended = 0;
    while (got.length < count) {
      const controller = new AbortController();
      const { signal } = controller;
      const getters = Array.from(
        { length: 4 },
        () =>
          queue.get({ signal, timeout: 60 }).then((i) => got.push(i), (e) => e),
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
    got.sort((a, b) => a - b);
    assertEquals(got, Array.from({ length: count }, (_, i) => i));
  },
);

threadTest("Queue looks the same in every thread", async () => {
  const queue = new Queue<unknown>(3);
  for (let i = 0; i < 3; i++) queue.putNowait(i);
  queue.getNowait();
  queue.taskDone();
  queue.putNowait(3);
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
  "Queue may stand anywhere in the arguments, more than once",
  async () => {
    const queue = new Queue<number>();
    const nested = { deep: [queue, queue], map: new Map([["queue", queue]]) };
    const thread = new Thread(sameQueue, { args: [queue, queue, nested] });
    thread.start();
    assertEquals(await thread.join(60), {
      sizes: [5, 5, 5, 5, 5],
      names: new Array(5).fill(String(queue)),
      identical: true,
    });
    assertEquals([...Array(5)].map(() => queue.getNowait()), [0, 1, 2, 3, 4]);
  },
);
