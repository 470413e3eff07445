// What a task does while another module is loading, for another task of its worker.

import { expose, Pool, Queue } from "../../../mod.ts";
import { square } from "../pool_functions.ts";
import { warningsOf } from "../warnings.ts";

export const isWorker = "name" in self && self.name === "lab9 thread";
/** Resolved by the task that `held.ts` waits for in the worker. */
export const endLoading = Promise.withResolvers<void>();

/** Starts a pool and uses a queue: as at any other time. */
export async function meanwhile(): Promise<[number, string[]]> {
  try {
    await Promise.resolve();
    let result = 0;
    const queue = new Queue<number>();
    const warnings = await warningsOf(async () => {
      queue.putNowait(3);
      await using pool = new Pool(1);
      result = await pool.apply(square, [await queue.get()]);
    });
    return [result, warnings];
  } finally {
    endLoading.resolve();
  }
}

/** Ends the worker, as at any other time. */
export async function closeMeanwhile(): Promise<void> {
  await Promise.resolve();
  self.close();
}
expose(import.meta, { closeMeanwhile, meanwhile });
