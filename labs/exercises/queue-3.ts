/**
 * Exercise queue-3. Four threads count in one word of shared memory, and counts
 * get lost: each reads the word, adds one, and writes it back, while another does
 * the same. Guard the three steps. It is run many times.
 *
 *     deno task exercise queue-3
 */

import { Barrier, expose, Lock, sleepSync, Thread } from "@lab9/concurrency";

export function count(
  together: Barrier,
  counter: Int32Array,
  lock: Lock,
): void {
  together.waitSync(); // All begin at once.
  for (let i = 0; i < 50; i++) {
    // Change this: `using held = lock.acquireSync();` holds the lock for a block.
    const before = counter[0];
    if (i % 10 === 0) sleepSync(0);
    counter[0] = before + 1;
  }
  void lock;
}
expose(import.meta, { count });

if (import.meta.main) {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const [together, lock] = [new Barrier(4), new Lock()];
  const threads = [1, 2, 3, 4].map(() =>
    new Thread(count, { args: [together, counter, lock] })
  );
  for (const thread of threads) await thread.start();
  for (const thread of threads) await thread.join();
  console.log(`Counted to ${counter[0]}`);
}
