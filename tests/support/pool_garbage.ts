// Makes pools, ends each in another way, and waits until all are garbage.

import { Pool, Queue } from "../../mod.ts";
import { listen } from "./current_task.ts";
import { sleepFor } from "./faults.ts";
import { until } from "./until.ts";

/** Provided by `--expose-gc`. */
declare const gc: () => void;

const ends: Record<string, (pool: Pool) => Promise<unknown>> = {
  close: (pool) => {
    pool.close();
    return pool.join();
  },
  closeAtOnce: (pool) => {
    pool.close({ immediate: true });
    return pool.join();
  },
  terminate: (pool) => pool.terminate(),
  terminateBusy: (pool) => {
    const task = pool.apply(sleepFor, [3600]).catch(() => {});
    return Promise.all([pool.terminate(), task]);
  },
  dispose: (pool) => pool[Symbol.asyncDispose](),
  callOff: async (pool) => {
    const begun = new Queue<number>();
    const controller = new AbortController();
    const { signal } = controller;
    const task = pool.apply(listen, [begun], { signal }).catch(() => {});
    await begun.get();
    controller.abort();
    await task;
    pool.close();
    await pool.join();
  },
};

async function make(end: (pool: Pool) => Promise<unknown>) {
  let ended = 0;
  const onWorkerEnd = () => void ended++;
  // A grace that is longer than the test.
  const pool = new Pool(1, { grace: 3600, onWorkerEnd });
  await end(pool);
  // What is left of the pool itself would hold the callback.
  return [new WeakRef<object>(pool), new WeakRef<object>(onWorkerEnd)];
}

if (import.meta.main) {
  for (const [name, end] of Object.entries(ends)) {
    const refs = await make(end);
    await until(() => {
      gc();
      return refs.every((ref) => ref.deref() === undefined);
    });
    console.log(name);
  }
}
