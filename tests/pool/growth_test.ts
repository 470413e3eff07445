import { assert, assertEquals } from "@std/assert";
import { activeCount, Pool, Queue, sleep, Thread } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import { until } from "../support/until.ts";
import * as fns from "../support/pool_functions.ts";

/** No worker is used again, so that every start is one of a worker. */
const once = { maxTasksPerChild: 1000 };

/** Has `new Worker` call something first. */
async function withWorkers(
  onStart: () => void,
  fn: () => Promise<void>,
): Promise<void> {
  const { Worker } = globalThis;
  globalThis.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      onStart();
      super(...args);
    }
  };
  try {
    await fn();
  } finally {
    globalThis.Worker = Worker;
  }
}

threadTest(
  "Pool starts a worker for every task until there are all",
  async () => {
    await using pool = new Pool(3, once);
    assertEquals(activeCount(), 2);
    const all: Promise<number>[] = [];
    for (const workers of [1, 2, 3, 3]) {
      all.push(pool.apply(fns.square, [1]));
      assertEquals(activeCount(), 1 + workers);
    }
    await Promise.all(all);
    assertEquals(activeCount(), 4);
  },
);

threadTest("Pool starts workers that nobody has needed yet", async () => {
  await using pool = new Pool(3, once);
  assertEquals(await pool.apply(fns.square, [3]), 9);
  await until(() => activeCount() === 4);
});

threadTest("Pool starts all workers that have permissions", async () => {
  await using _pool = new Pool(3, { ...once, permissions: { env: false } });
  assertEquals(activeCount(), 4);
});

threadTest(
  "Pool starts no more workers once it was closed or terminated",
  async () => {
    let started = 0;
    await withWorkers(() => started++, async () => {
      const closed = new Pool(3, once);
      closed.close();
      await closed.join();
      const terminated = new Pool(3, once);
      await terminated.terminate();
      await sleep(0.2);
      assertEquals(started, 2);
    });
  },
);

threadTest("Pool goes on if another worker can't be started", async () => {
  const { error } = console;
  const errors: unknown[][] = [];
  console.error = (...args) => errors.push(args);
  let started = 0;
  const refuse = () => {
    if (++started > 1) throw new Error("no more");
  };
  try {
    await withWorkers(refuse, async () => {
      await using pool = new Pool(3, once);
      assertEquals(await pool.map(fns.square, [1, 2, 3]), [1, 4, 9]);
      await sleep(0.1);
      assertEquals(await pool.map(fns.square, [1, 2, 3]), [1, 4, 9]);
      assertEquals(pool.workers, 1);
      assertEquals((await pool.broadcast(fns.ident)).length, 1);
    });
  } finally {
    console.error = error;
  }
  assertEquals(errors.map(([message]) => message), [
    "Cannot start the other workers of a pool, it has 1:",
  ]);
  assertEquals((errors[0][1] as Error).message, "no more");
});

threadTest("what a function leaves behind holds no result back", async () => {
  const go = new Queue<number>();
  const initargs = [go, go];
  const pool = new Pool(1, { ...once, initializer: fns.keepQueues, initargs });
  const thread = new Thread(fns.shareAndBlock, { args: [go] });
  thread.start();
  try {
    assert(await thread.join(20) instanceof SharedArrayBuffer);
    const timeout = 20;
    const result = await pool.apply(fns.shareAndBlock, [], { timeout });
    assert(result instanceof SharedArrayBuffer);
  } finally {
    go.putNowait(1);
    go.putNowait(1);
    await pool.terminate();
  }
});
