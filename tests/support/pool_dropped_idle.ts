// Drops a pool whose workers have all ended, as they had nothing to do.

import { activeCount, Pool } from "../../mod.ts";
import { square } from "./pool_functions.ts";
import { until } from "./until.ts";

/** Provided by `--expose-gc`. */
declare const gc: () => void;

async function drop(): Promise<WeakRef<Pool>> {
  const pool = new Pool(1, { idleTimeout: 0.01 });
  await pool.apply(square, [1]);
  await until(() => activeCount() === 1);
  return new WeakRef(pool);
}

if (import.meta.main) {
  const pool = await drop();
  await until(() => {
    gc();
    return pool.deref() === undefined;
  });
}
