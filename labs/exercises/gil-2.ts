/**
 * Exercise gil-2. The interpreter lock doesn't make what takes several steps safe:
 * it may be handed over between any two of them, which checkpoint() stands for.
 * Guard the three steps by a lock of your own. It is run many times.
 *
 *     deno task exercise gil-2
 */

import { expose, Gil, Lock, sleepSync, Thread } from "@lab9/concurrency";

export function count(gil: Gil, counter: Int32Array, lock: Lock): void {
  for (let i = 0; i < 20; i++) {
    // Change this.
    gil.run(() => {
      const before = counter[0];
      gil.allowThreads(() => sleepSync(0));
      counter[0] = before + 1;
    });
  }
  void lock;
}
expose(import.meta, { count });

if (import.meta.main) {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const args = [new Gil(), counter, new Lock()] as [Gil, Int32Array, Lock];
  const threads = [1, 2, 3, 4].map(() => new Thread(count, { args }));
  for (const thread of threads) await thread.start();
  for (const thread of threads) await thread.join();
  console.log(`Counted to ${counter[0]}`);
}
