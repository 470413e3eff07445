/**
 * Exercise gil-2. The interpreter lock doesn't make what takes several steps safe:
 * it may be handed over between any two of them, which checkpoint() stands for.
 * Guard the three steps by a lock of your own. It is run many times.
 *
 *     deno task exercise gil-2
 */

import {
  Barrier,
  expose,
  Gil,
  Lock,
  sleepSync,
  Thread,
} from "@lab9/concurrency";

export function count(
  together: Barrier,
  gil: Gil,
  counter: Int32Array,
  lock: Lock,
): void {
  together.waitSync(); // All begin at once.
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
  const [together, gil, lock] = [new Barrier(4), new Gil(), new Lock()];
  const threads = [1, 2, 3, 4].map(() =>
    new Thread(count, { args: [together, gil, counter, lock] })
  );
  for (const thread of threads) await thread.start();
  for (const thread of threads) await thread.join();
  console.log(`Counted to ${counter[0]}`);
}
