// Threads that end before the tasks of their pools.

import { currentTask, expose, Pool } from "../../mod.ts";

/** Computes until it is called off. It counts its beginning and its end. */
export function computeUntilAborted(words: Int32Array): void {
  const { signal } = currentTask();
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
  while (!signal.aborted);
  const { name } = signal.reason as Error;
  if (name === "AbortError") Atomics.add(words, 1, 1);
}

/** Ends once its pool's task has begun. */
export async function endBeforeTask(
  words: Int32Array,
  isClosed: boolean,
): Promise<void> {
  const pool = new Pool(1);
  pool.apply(computeUntilAborted, [words]).catch(() => {});
  await Atomics.waitAsync(words, 0, 0).value;
  if (isClosed) self.close();
}
expose(import.meta, { computeUntilAborted, endBeforeTask });
