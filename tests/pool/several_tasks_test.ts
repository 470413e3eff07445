import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type ApplyOptions,
  Pool,
  Queue,
  Thread,
  WorkerLostError,
} from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import { until } from "../support/until.ts";
import * as fns from "../support/current_task.ts";
import {
  closeIf,
  ident,
  never,
  square,
  squareLater,
  wait,
} from "../support/pool_functions.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

threadTest(
  "Pool: a worker does tasksPerWorker async tasks at a time",
  async () => {
    await using pool = new Pool(1, { tasksPerWorker: 8 });
    const begun = new Queue<number>();
    const controller = new AbortController();
    const { signal } = controller;
    const tasks = range(10).map(() =>
      pool.apply(fns.listenArgument, [signal, begun])
    );
    for (const _ of range(8)) await begun.get();
    assertEquals([pool.running, pool.size], [8, 2]);
    controller.abort("go");
    assertEquals(await Promise.all(tasks), new Array(10).fill("go"));
  },
);

threadTest("Pool: several tasks a worker, many of all kinds", async () => {
  await using pool = new Pool(2, { tasksPerWorker: 4 });
  const squares = range(200).map((x) => x * x);
  assertEquals(await pool.map(squareLater, range(200)), squares);
  assertEquals(await pool.map(square, range(200), { chunkSize: 1 }), squares);
  const applied = range(200).map((x) => pool.apply(squareLater, [x]));
  assertEquals(await Promise.all(applied), squares);
});

threadTest("currentTask(): several tasks of a worker don't mix", async () => {
  await using pool = new Pool(1, { tasksPerWorker: 6 });
  const tasks = range(24).map((x) => pool.apply(fns.ownSignal, [x, x % 3]));
  assertEquals(await Promise.all(tasks), new Array(24).fill(true));
});

threadTest("Pool: of several tasks, only the one is called off", async () => {
  await using pool = new Pool(1, { tasksPerWorker: 3, grace: 3600 });
  const before = await pool.apply(ident);
  const begun = new Queue<number>();
  const controllers = range(3).map(() => new AbortController());
  const tasks = controllers.map(({ signal }) =>
    pool.apply(fns.listen, [begun], { signal })
  );
  for (const _ of tasks) await begun.get();
  for (const [i, controller] of controllers.entries()) {
    const rejected = assertRejects(() => tasks[i]);
    controller.abort();
    await rejected;
    while (await pool.apply(fns.endedHere) <= i);
    assertEquals(await pool.apply(fns.endedHere), i + 1);
  }
  assertEquals(await pool.apply(ident), before);
});

threadTest(
  "Pool: one that ignores its end takes no neighbour along",
  async () => {
    await using pool = new Pool(1, { tasksPerWorker: 3, grace: 0.02 });
    const before = await pool.apply(ident);
    const begun = new Queue<number>();
    const neighbour = new AbortController();
    const kept = pool.apply(fns.listenArgument, [neighbour.signal, begun]);
    await begun.get();
    const controller = new AbortController();
    const { signal } = controller;
    const ignored = assertRejects(() =>
      pool.apply(fns.ignore, [begun], { signal })
    );
    await begun.get();
    controller.abort();
    await ignored;
    // Its worker takes no more tasks.
    while (await pool.apply(ident) === before);
    neighbour.abort("still there");
    assertEquals(await kept, "still there");
  },
);

threadTest("Pool: several that ignore their end are ended", async () => {
  const begun = new Queue<number>();
  const go = new Queue<number>();
  await using pool = new Pool(1, { tasksPerWorker: 4, grace: 0.02 });
  const neighbour = pool.apply(fns.getItem, [begun, go]);
  const tasks = range(3).map(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const ignored = pool.apply(fns.ignore, [begun], { signal });
    return { controller, ignored };
  });
  for (const _ of range(4)) await begun.get();
  for (const { controller, ignored } of tasks) {
    controller.abort(new RangeError("enough"));
    await assertRejects(() => ignored, RangeError, "enough");
  }
  // Another worker has taken its place.
  assertEquals(await pool.apply(square, [3]), 9);
  go.putNowait(5);
  assertEquals(await neighbour, 5);
  pool.close();
  await pool.join();
});

threadTest(
  "Pool: one that blocks takes those along that can't go on",
  async () => {
    const begun = new Queue<number>();
    const never = new Queue<number>();
    await using pool = new Pool(1, { tasksPerWorker: 2, grace: 0.02 });
    const neighbour = pool.apply(fns.getItem, [begun, never]);
    await begun.get();
    const controller = new AbortController();
    const { signal } = controller;
    const blocks = pool.apply(wait, [begun, never], { signal });
    await begun.get();
    controller.abort(new RangeError("enough"));
    await assertRejects(() => blocks, RangeError, "enough");
    await assertRejects(() => neighbour, WorkerLostError);
    assertEquals(await pool.apply(square, [3]), 9);
    pool.close();
    await pool.join();
  },
);

threadTest(
  "Pool: a worker that is about to be ended begins no task",
  async () => {
    const begun = new Queue<number>();
    const [here, there] = [new Queue<number>(), new Queue<number>()];
    // With three tasks at a time the worker waits for a third one.
    for (const tasksPerWorker of [2, 3]) {
      let starts = 0;
      await using pool = new Pool(1, {
        tasksPerWorker,
        grace: 0.02,
        onWorkerStart: () => void starts++,
      });
      const controller = new AbortController();
      const { signal } = controller;
      const ignored = pool.apply(fns.ignore, [begun], { signal });
      const neighbour = pool.apply(fns.getItem, [begun, here]);
      for (const _ of range(2)) await begun.get();
      controller.abort(new RangeError("enough"));
      await assertRejects(() => ignored, RangeError, "enough");
      await until(() => starts === 2);
      const others = range(tasksPerWorker).map(() =>
        pool.apply(fns.getItem, [begun, there])
      );
      const workers = await Promise.all(others.map(() => begun.get()));
      assertEquals(new Set(workers).size, 1);
      const next = pool.apply(ident);
      here.putNowait(1);
      assertEquals(await neighbour, 1);
      for (const _ of others) there.putNowait(2);
      assertEquals(await next, workers[0]);
      await Promise.all(others);
    }
  },
);

threadTest(
  "Pool.terminate() doesn't wait for the thread that has an ended worker's waiter",
  async () => {
    let starts = 0;
    const pool = new Pool(1, {
      tasksPerWorker: 3,
      grace: 0.02,
      onWorkerStart: () => void starts++,
    });
    const begun = new Queue<number>();
    const controller = new AbortController();
    const tasks = [controller, {}, {}].map(({ signal }: ApplyOptions) =>
      pool.apply(fns.ignore, [begun], { signal })
    );
    const settled = Promise.allSettled(tasks);
    for (const _ of tasks) await begun.get();
    controller.abort();
    // The first worker waits for its other tasks to end.
    await until(() => starts === 2);
    let hasEnded = false;
    const ended = pool.terminate().then(() => hasEnded = true);
    await until(() => pool.stats().workers === 0);
    const never = new Queue<number>();
    const threads = range(3).map(() =>
      new Thread(wait, { args: [begun, never] })
    );
    for (const thread of threads) {
      thread.start();
      await begun.get();
    }
    try {
      await until(() => hasEnded);
    } finally {
      await Promise.all(threads.map((thread) => thread.terminate()));
      await ended;
      await settled;
    }
  },
);

threadTest("Pool: a worker that dies takes all its tasks along", async () => {
  await using pool = new Pool(1, { tasksPerWorker: 3 });
  const begun = new Queue<number>();
  const tasks = range(2).map(() => pool.apply(fns.ignore, [begun]));
  const settled = Promise.allSettled(tasks);
  for (const _ of tasks) await begun.get();
  await assertRejects(() => pool.apply(closeIf, [-1]), WorkerLostError);
  for (const result of await settled) {
    assert(result.status === "rejected");
    assert(result.reason instanceof WorkerLostError);
  }
  assertEquals(await pool.apply(square, [3]), 9);
});

threadTest("Pool: maxTasksPerChild with several tasks a worker", async () => {
  await using pool = new Pool(1, { tasksPerWorker: 3, maxTasksPerChild: 5 });
  const idents = await Promise.all(range(15).map(() => pool.apply(ident)));
  assertEquals(new Set(idents).size, 3);
});

threadTest("Pool: a worker that takes no more tasks is replaced", async () => {
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const ends: string[] = [];
  await using pool = new Pool(1, {
    tasksPerWorker: 2,
    maxTasksPerChild: 2,
    onWorkerEnd: (reason) => void ends.push(reason),
  });
  const first = pool.apply(fns.getItem, [begun, go]);
  await begun.get();
  // The first worker has begun all of its tasks, and waits for this one's end.
  for (const x of range(4)) assertEquals(await pool.apply(square, [x]), x * x);
  go.putNowait(7);
  assertEquals(await first, 7);
  assertEquals(await pool.apply(square, [5]), 25);
  await until(() => ends.length >= 2);
  assertEquals(ends.slice(0, 2), ["recycled", "recycled"]);
});

threadTest("Pool refuses a tasksPerWorker that is none", () => {
  assertThrows(() => new Pool(1, { tasksPerWorker: 0 }), RangeError);
  assertThrows(() => new Pool(1, { tasksPerWorker: "1" as never }), TypeError);
});

threadTest(
  "Pool: many tasks are called off without a look at each pair",
  async () => {
    const count = 300;
    const pool = new Pool(1, { tasksPerWorker: count, grace: 3600 });
    const controller = new AbortController();
    const { signal } = controller;
    const calls = range(count).map(() => pool.apply(never, [], { signal }));
    const settled = Promise.allSettled(calls);
    await until(() => pool.running === count);
    const { load } = Atomics;
    let loads = 0;
    Atomics.load = ((words: Int32Array, index: number) => {
      loads++;
      return load(words, index);
    }) as typeof load;
    try {
      controller.abort();
    } finally {
      Atomics.load = load;
    }
    await settled;
    await pool.terminate();
    // Each task is looked for among all slots. If it were for each pair of tasks, there
    // would be millions.
    assert(loads < 4 * count ** 2, `${loads}`);
  },
);
