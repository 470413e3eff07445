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
/** What a pool needs to know to begin: nothing. */
export function begin(): void {}

/**
 * Makes a pool, and is ordered to end between the starts of its first two workers. It
 * says when that is to be, and counts what is printed.
 */
export function endBetweenStarts(words: Int32Array): void {
  console.error = () => void Atomics.add(words, 1, 1);
  let starts = 0;
  const given = {
    // It is read for each worker.
    get number() {
      if (++starts === 2) {
        Atomics.store(words, 0, 1);
        Atomics.notify(words, 0);
        Atomics.wait(words, 0, 1);
      }
      return starts;
    },
  };
  new Pool(3, { initializer: begin, initargs: [given] });
}
expose(import.meta, {
  begin,
  computeUntilAborted,
  endBeforeTask,
  endBetweenStarts,
});
