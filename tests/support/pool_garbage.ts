// Makes pools, ends each in another way, and waits until all are garbage.

import { Pool } from "../../mod.ts";
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
};

async function make(end: (pool: Pool) => Promise<unknown>) {
  const pool = new Pool(1);
  await end(pool);
  return new WeakRef(pool);
}

if (import.meta.main) {
  for (const [name, end] of Object.entries(ends)) {
    const pool = await make(end);
    await until(() => {
      gc();
      return pool.deref() === undefined;
    });
    console.log(name);
  }
}
