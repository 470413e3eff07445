import { assertEquals } from "@std/assert";
import { Pool, Queue, sleep, sleepSync, Thread, transfer } from "../../mod.ts";
import { untilAlone } from "../support/until_alone.ts";
import { threadTest } from "../support/threads.ts";
import {
  blockWhileAsked,
  getFromPool,
  passOn,
  putLength,
} from "../support/blocked_pools.ts";
import { put } from "../support/pool_functions.ts";

// A worker has to ask the pool's thread for the arguments of these tasks. That thread
// blocks until the task is done. The timeout is for a wait that would never end.
const PATIENCE = { timeout: 60 };

threadTest(
  "Pool: a task gets its queue while the main thread blocks",
  async () => {
    await using pool = new Pool(1);
    const queue = new Queue<number>();
    for (const x of [3, 4]) {
      const call = pool.apply(put, [queue, x]);
      assertEquals(queue.getSync(PATIENCE), x);
      await call;
    }
  },
);

threadTest(
  "Pool: a task gets its queue while the main thread joins",
  async () => {
    await using pool = new Pool(1);
    const [from, to] = [new Queue<number>(), new Queue<number>()];
    const thread = new Thread(passOn, { args: [from, to] });
    thread.start();
    const calls = [5, -1].map((x) => pool.apply(put, [from, x]));
    thread.joinSync(PATIENCE.timeout);
    assertEquals(to.getNowait(), 5);
    await Promise.all(calls);
  },
);

threadTest(
  "Pool: a task gets its queue while a thread with a pool blocks",
  async () => {
    for (const tasksPerWorker of [1, 3]) {
      const thread = new Thread(getFromPool, { args: [tasksPerWorker] });
      thread.start();
      assertEquals(await thread.join(PATIENCE.timeout), [0, 1, 2]);
    }
  },
);

threadTest(
  "Pool: a task gets what is moved while the main thread sleeps",
  async () => {
    await using pool = new Pool(1);
    const queue = new Queue<number>();
    const bytes = new Uint8Array(7);
    transfer(bytes, [bytes.buffer]);
    const call = pool.apply(putLength, [queue, bytes]);
    for (let i = 0; i < 600 && queue.isEmpty; i++) sleepSync(0.1);
    assertEquals(queue.getNowait(), 7);
    await call;
  },
);

threadTest(
  "Pool: a thread that is ended while its workers ask runs its finally blocks",
  async () => {
    const ended = new Int32Array(new SharedArrayBuffer(4));
    for (let round = 1; round <= 5; round++) {
      const begun = new Queue<number>();
      const thread = new Thread(blockWhileAsked, { args: [begun, ended] });
      thread.start();
      await begun.get();
      await sleep(0.05);
      await thread.terminate();
      assertEquals(ended[0], round);
    }
    await untilAlone();
  },
);
