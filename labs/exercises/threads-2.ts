/**
 * Exercise threads-2. A thread's join() resolves to what its function returned.
 * Print the sum of the three squares, which are computed at once.
 *
 *     deno task exercise threads-2
 */

import { expose, sleepSync, Thread } from "@lab9/concurrency";

export function square(x: number): number {
  sleepSync(0.3);
  return x * x;
}
expose(import.meta, { square });

if (import.meta.main) {
  const threads = [1, 2, 3].map((x) => new Thread(square, { args: [x] }));
  for (const thread of threads) thread.start();
  let sum = 0;
  for (const thread of threads) {
    await thread.join();
    sum += 0; // Change this: it adds nothing up.
  }
  console.log(`The sum is ${sum}`);
}
