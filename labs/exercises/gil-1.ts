/**
 * Exercise gil-1. Both threads hold the interpreter lock while they wait for a
 * second, as a C module that forgot to let go of it. Let go of it meanwhile.
 *
 *     deno task exercise gil-1
 */

import { expose, Gil, sleepSync, Thread } from "@lab9/concurrency";

export function wait(gil: Gil): void {
  gil.run(() => {
    // Change this: `gil.allowThreads(fn)` lets go of the lock around fn.
    sleepSync(1);
  });
}
expose(import.meta, { wait });

if (import.meta.main) {
  const gil = new Gil();
  const threads = [1, 2].map(() => new Thread(wait, { args: [gil] }));
  const start = performance.now();
  for (const thread of threads) await thread.start();
  for (const thread of threads) await thread.join();
  const seconds = (performance.now() - start) / 1000;
  console.log(`Finished in ${seconds.toFixed(1)} seconds`);
}
