/**
 * Exercise gil-3. Threads under one interpreter lock take turns, so four calls
 * take four times as long. A lock for each thread gets round that, as the
 * processes of Python's pool do.
 *
 *     deno task exercise gil-3
 */

import { expose, Gil, sleepSync, Thread } from "@lab9/concurrency";

export function compute(gil: Gil): void {
  gil.run(() => sleepSync(0.4)); // sleeps in place of computing
}
expose(import.meta, { compute });

if (import.meta.main) {
  // Change this: all threads share the lock.
  const gil = new Gil();
  const threads = [1, 2, 3, 4].map(() => new Thread(compute, { args: [gil] }));
  const start = performance.now();
  for (const thread of threads) await thread.start();
  for (const thread of threads) await thread.join();
  const seconds = (performance.now() - start) / 1000;
  console.log(`Finished in ${seconds.toFixed(1)} seconds`);
}
