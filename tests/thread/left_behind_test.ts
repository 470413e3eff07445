import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
} from "@std/assert";
import {
  Event,
  Pool,
  Queue,
  sleep,
  Thread,
  WorkerLostError,
} from "../../mod.ts";
import { waitersInUse } from "../support/waiters.ts";
import * as fns from "../support/left_behind.ts";
import { shareAndBlock } from "../support/pool_functions.ts";
import { threadTest } from "../support/threads.ts";
import { until } from "../support/until.ts";
import { warningsOf } from "../support/warnings.ts";

/** Starts a thread. */
function start<F extends typeof fns.stray>(
  target: F,
  ...args: Parameters<F>
): Thread<F> {
  const thread = new Thread(target, { args });
  thread.start();
  return thread;
}

/** Fails unless an item is given to this thread, which waits for it. */
async function assertGets(queue: Queue<number>): Promise<void> {
  let got: number | undefined;
  queue.get().then((item) => got = item);
  queue.putNowait(42);
  // Not by a timeout: a wait that has timed out takes what is there.
  await until(() => got === 42);
}

for (const way of Object.keys(fns.ways)) {
  threadTest(`What ${way} throws ends the thread that is pending`, async () => {
    const thread = start(fns.stray, way, new RangeError("stray"));
    await assertRejects(() => thread.join(), RangeError, "stray");
    const blocking = start(fns.stray, way, new RangeError("stray"));
    const error = await assertRejects(async () => {
      await Promise.resolve();
      blocking.joinSync();
    }, RangeError);
    assertEquals(error.message, "stray");
  });

  threadTest(`What ${way} throws ends the task that is pending`, async () => {
    await using pool = new Pool(1);
    for (let i = 0; i < 2; i++) {
      const call = pool.apply(fns.stray, [way, new RangeError("stray")]);
      await assertRejects(() => call, RangeError, "stray");
      assertEquals(await pool.apply(fns.threadId, [i]), i);
    }
  });
}

threadTest("A stray error ends what waits in the library, too", async () => {
  await using pool = new Pool(1);
  for (const catches of [false, true]) {
    const args = ["a timer", new RangeError("stray"), catches] as const;
    const thread = new Thread(fns.strayWhileAsleep, { args });
    thread.start();
    await assertRejects(() => thread.join(), RangeError, "stray");
    const call = pool.apply(fns.strayWhileAsleep, args);
    await assertRejects(() => call, RangeError, "stray");
    const calls = pool.starmap(fns.strayWhileAsleep, [args]);
    await assertRejects(() => calls, RangeError, "stray");
  }
});

threadTest("Values that are no errors end what is pending, too", async () => {
  await using pool = new Pool(1);
  for (const value of ["text", 0, undefined, null, { code: 1 }]) {
    const thread = start(fns.stray, "a timer", value);
    const caught = await thread.join().catch((error) => ({ caught: error }));
    assertEquals(caught, { caught: value } as never);
    const call = pool.apply(fns.stray, ["a promise", value]);
    const failed = await call.catch((error) => ({ caught: error }));
    assertEquals(failed, { caught: value } as never);
  }
});

threadTest("A stray error that goes by message ends its thread", async () => {
  const thread = new Thread(fns.strayShared, { args: [8] });
  thread.start();
  const error = await assertRejects(() => thread.join(), RangeError);
  const { shared } = error as RangeError & { shared: SharedArrayBuffer };
  assertEquals(shared.byteLength, 8);
  await using pool = new Pool(1);
  await assertRejects(() => pool.apply(fns.strayShared, [8]), RangeError);
});

threadTest("A worker that retires answers by message first", async () => {
  await using pool = new Pool(1, { maxTasksPerChild: 1 });
  for (let i = 1; i < 4; i++) {
    assertEquals((await pool.apply(fns.shared, [i])).byteLength, i);
  }
});

for (const maxTasksPerChild of [1, undefined]) {
  const what = maxTasksPerChild === 1 ? "retires" : "is closed";
  threadTest(`An item isn't given to a worker that ${what}`, async () => {
    const queue = new Queue<number>();
    const pool = new Pool(1, { maxTasksPerChild });
    await pool.apply(fns.leaveGet, [queue]);
    pool.close();
    await pool.join();
    await assertGets(queue);
  });
}

threadTest("An item isn't given to a thread that has ended", async () => {
  const queue = new Queue<number>();
  const waiters = waitersInUse();
  for (let i = 0; i < 5; i++) {
    const thread = new Thread(fns.leaveGet, { args: [queue] });
    thread.start();
    assertEquals(await thread.join(), "left");
  }
  await assertGets(queue);
  await until(() => waitersInUse() <= waiters + 1);
});

threadTest("An item isn't given to a thread that was given up", async () => {
  const queue = new Queue<number>();
  const words = new Int32Array(new SharedArrayBuffer(8));
  const thread = new Thread(fns.leaveGetAndSpin, { args: [queue, words] });
  thread.start();
  await until(() => Atomics.load(words, 0) === 1);
  const [warning, ...others] = await warningsOf(() => thread.terminate());
  assertEquals(others, []);
  assertMatch(
    warning,
    /^Thread Thread-\d+ \(leaveGetAndSpin\) seems to compute/,
  );
  try {
    await assertGets(queue);
  } finally {
    Atomics.store(words, 1, 1);
  }
});

threadTest("An item isn't given to a worker that closes itself", async () => {
  const queue = new Queue<number>();
  const waiters = waitersInUse();
  for (let i = 0; i < 3; i++) {
    const thread = new Thread(fns.leaveGetAndClose, { args: [queue] });
    thread.start();
    await assertRejects(() => thread.join(), WorkerLostError, "closed");
    const pool = new Pool(1);
    const call = pool.apply(fns.leaveGetAndClose, [queue]);
    await assertRejects(() => call, WorkerLostError, "closed");
    await pool.terminate();
  }
  await assertGets(queue);
  await until(() => waitersInUse() <= waiters + 1);
});

threadTest("An item isn't given to a thread ended on the spot", async () => {
  const queue = new Queue<number>();
  const waiters = waitersInUse();
  for (let i = 0; i < 3; i++) {
    const thread = new Thread(fns.leaveGetAndGoOn, { args: [queue] });
    await thread.start();
    await until(() => waitersInUse() > waiters + 1);
    await thread.terminate();
  }
  await assertGets(queue);
  await until(() => waitersInUse() <= waiters + 1);
});

threadTest(
  "A timer that outlives its worker takes nobody's wakes",
  async () => {
    const go = new Queue<number>();
    for (let round = 0; round < 30; round++) {
      const thread = new Thread(shareAndBlock, { args: [go] });
      thread.start();
      assertInstanceOf(await thread.join(30), SharedArrayBuffer);
      // One of these waits gets the waiter of the worker that has just left.
      const events = Array.from({ length: 8 }, () => new Event());
      const waits = events.map((event) => event.wait({ timeout: 30 }));
      await sleep(0.002);
      for (const event of events) event.set();
      await Promise.all(waits);
    }
    assertEquals(go.size, 0);
  },
);
