import { assertEquals, assertLess } from "@std/assert";
import { delay } from "@std/async";
import { Pool, Queue } from "../../mod.ts";
import { Channel } from "../../lib/pool/channel.ts";
import { Mode, Task, writeTask } from "../../lib/pool/task.ts";
import { TaskTable } from "../../lib/pool/task_table.ts";
import { Claim } from "../../lib/pool/claim.ts";
import { workerLoop } from "../../lib/pool/worker_loop.ts";
import type { Decoder } from "../../lib/codec/decoder.ts";
import { hold } from "../../lib/sync/keep_alive.ts";
import { idOf } from "../../lib/codec/references.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/pool_functions.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** A pool whose workers have started and sleep, and know the queues. */
async function idlePool(
  workers: number,
  begun: Queue<number>,
  go: Queue<number>,
): Promise<Pool> {
  const pool = new Pool(workers, {
    initializer: fns.keepQueues,
    initargs: [begun, go],
  });
  const waiting = range(workers).map(() => pool.apply(fns.waitKept));
  for (const _ of waiting) await begun.get();
  for (const _ of waiting) go.putNowait(0);
  await Promise.all(waiting);
  return pool;
}

threadTest(
  "Pool: tasks of one turn reach every worker, though the turn goes on",
  async () => {
    const begun = new Queue<number>();
    const go = new Queue<number>();
    await using pool = await idlePool(3, begun, go);
    for (let round = 0; round < 20; round++) {
      const waiting = range(3).map(() => pool.apply(fns.waitKept));
      const workers = range(3).map(() => begun.getSync({ timeout: 30 }));
      assertEquals(new Set(workers).size, 3);
      for (const i of range(3)) go.putNowait(i);
      assertEquals((await Promise.all(waiting)).toSorted(), [0, 1, 2]);
    }
  },
);

threadTest("Pool: a long task holds up none of the short ones", async () => {
  const begun = new Queue<number>();
  const go = new Queue<number>();
  await using pool = await idlePool(2, begun, go);
  const long = pool.apply(fns.waitKept);
  const short = range(5000).map((x) => pool.apply(fns.square, [x]));
  assertEquals(await Promise.all(short), range(5000).map((x) => x * x));
  go.putNowait(7);
  assertEquals(await long, 7);
});

threadTest("Pool: an answer doesn't wait for the next task", async () => {
  const begun = new Queue<number>();
  const go = new Queue<number>();
  await using pool = await idlePool(1, begun, go);
  for (let round = 0; round < 20; round++) {
    const short = range(round).map((x) => pool.apply(fns.square, [x]));
    const long = pool.apply(fns.waitKept);
    assertEquals(await Promise.all(short), range(round).map((x) => x * x));
    go.putNowait(round);
    assertEquals(await long, round);
  }
});

threadTest(
  "Pool: a worker that something else keeps busy doesn't keep others asleep",
  async () => {
    const begun = new Queue<number>();
    const go = new Queue<number>();
    await using pool = await idlePool(2, begun, go);
    await pool.apply(fns.blockLater, [begun, go]);
    await begun.get();
    let done = 0;
    const calls: Promise<number>[] = [];
    try {
      while (done < 10) {
        assertLess(calls.length, 2000);
        calls.push(pool.apply(fns.square, [3]).finally(() => done++));
        await delay(5);
      }
    } finally {
      go.putNowait(0);
    }
    await Promise.all(calls);
  },
);

threadTest("Pool: calls without limits end with the pool", async () => {
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const pool = await idlePool(1, begun, go);
  const calls = [
    pool.apply(fns.waitKept),
    ...range(100).map((x) => pool.apply(fns.square, [x])),
  ];
  const settled = Promise.allSettled(calls);
  await begun.get();
  await pool.terminate();
  for (const result of await settled) {
    assertEquals(result.status, "rejected");
    const { reason } = result as PromiseRejectedResult;
    assertEquals(reason.name, "AbortError");
  }
  await pool.apply(fns.square, [1]).then(
    () => assertEquals("resolved", "rejected"),
    ({ message }) => assertEquals(message, "Pool is not running"),
  );
});

threadTest("Pool: closing lets calls without limits end", async () => {
  const pool = new Pool(2);
  const calls = range(3000).map((x) => pool.apply(fns.square, [x]));
  pool.close();
  assertEquals(await Promise.all(calls), range(3000).map((x) => x * x));
  await pool.join();
});

threadTest("Pool: errors among calls, each answered once", async () => {
  await using pool = new Pool(2);
  const counts = new Map<number, number>();
  const calls = range(4000).map(async (x) => {
    try {
      assertEquals(await pool.apply(fns.failOdd, [x]), x);
      assertEquals(x % 2, 0);
    } catch (error) {
      assertEquals(x % 2, 1);
      assertEquals((error as Error).message.includes(`${x}`), true);
    }
    counts.set(x, (counts.get(x) ?? 0) + 1);
  });
  await Promise.all(calls);
  assertEquals(counts.size, 4000);
  assertLess(Math.max(...counts.values()), 2);
});

threadTest(
  "Pool: a worker claims a task in the step in which it takes it",
  async () => {
    // What the loop awaits does not keep the process.
    using _alive = hold();
    const [tasks, results] = [new Channel(), new Channel()];
    const claim = new Int32Array(new SharedArrayBuffer(4 * Claim.words(1)));
    const table = new TaskTable(6);
    const loop = workerLoop({
      name: "worker",
      number: 0,
      tasks: tasks.buffer,
      results: results.buffer,
      claim,
      host: 0,
      tickets: table.buffer,
      initializer: undefined,
      initargs: [],
      tasksPerWorker: 1,
      finalizer: undefined,
      idleTimeout: Infinity,
      maxTasks: Infinity,
    });
    // What the worker's other functions would see once the task is taken.
    const claims: number[] = [];
    const { take } = Channel.prototype;
    Channel.prototype.take = function <T>(read: (decoder: Decoder) => T) {
      const record = take.call(this, read) as T | undefined;
      if (record !== undefined) {
        claims.push(Atomics.load(claim, Claim.taskOf(0)));
      }
      return record;
    };
    try {
      for (const id of [7, 8]) {
        // It sleeps, so that it awaits the task.
        await delay(20);
        const task = new Task(idOf(fns.square)!, Mode.APPLY, false, [id]);
        table.add(task);
        tasks.write(writeTask, task);
        tasks.send();
      }
      await delay(20);
      tasks.close();
      assertEquals(await loop, "closed");
    } finally {
      Channel.prototype.take = take;
    }
    assertEquals(claims, [7, 8]);
  },
);

/** How the main thread sees that two tasks have begun. */
const watches = {
  async awaits(begun: Queue<number>) {
    for (let i = 0; i < 2; i++) await begun.get({ timeout: 60 });
  },
  blocks(begun: Queue<number>) {
    for (let i = 0; i < 2; i++) begun.getSync({ timeout: 60 });
  },
  computes(begun: Queue<number>) {
    const giveUpAt = performance.now() + 60_000;
    while (begun.size < 2 && performance.now() < giveUpAt);
    for (let i = 0; i < 2; i++) begun.getNowait();
  },
};

/**
 * Twenty times: has tasks done that are quick, and then submits some that hold up.
 * These may go on once all have begun.
 */
async function afterQuickTasks(
  pool: Pool,
  go: Queue<number>,
  submit: (held: Promise<unknown>[]) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < 20; round++) {
    // In turn: the other worker sleeps.
    for (let i = 0; i < 200; i++) await pool.apply(fns.holdUp, ["nothing"]);
    const held: Promise<unknown>[] = [];
    try {
      await submit(held);
    } finally {
      for (const _ of held) go.putNowait(1);
    }
    await Promise.all(held);
  }
}

for (
  const [task, main] of [
    ["waits", "awaits"],
    ["waits", "blocks"],
    ["waits", "computes"],
    ["computes", "awaits"],
    ["computes", "blocks"],
  ] as const
) {
  threadTest(
    `Pool: a task that ${task} where others were quick holds up no other, while the main thread ${main}`,
    async () => {
      const begun = new Queue<number>();
      const go = new Queue<number>();
      await using pool = await idlePool(2, begun, go);
      await afterQuickTasks(pool, go, async (held) => {
        for (const _ of range(2)) held.push(pool.apply(fns.holdUp, [task]));
        await watches[main](begun);
      });
    },
  );
}

threadTest(
  "Pool: a task that computes where others were quick holds up none that is submitted later",
  async () => {
    const begun = new Queue<number>();
    const go = new Queue<number>();
    await using pool = await idlePool(2, begun, go);
    await afterQuickTasks(pool, go, async (held) => {
      for (const _ of range(2)) {
        held.push(pool.apply(fns.holdUp, ["computes"]));
        await begun.get({ timeout: 60 });
      }
    });
  },
);
