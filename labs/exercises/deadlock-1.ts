/**
 * Exercise deadlock-1. Two threads take two locks in opposite order, and one of
 * them gets an error: both would wait for ever. Let both come through.
 *
 *     deno task exercise deadlock-1
 */

import { Barrier, expose, Lock, sleepSync, Thread } from "@lab9/concurrency";

export function take(
  together: Barrier,
  first: Lock,
  second: Lock,
  name: string,
): void {
  together.waitSync(); // All begin at once.
  using _first = first.acquireSync();
  sleepSync(0.1);
  using _second = second.acquireSync();
  console.log(`${name} has both`);
}
expose(import.meta, { take });

if (import.meta.main) {
  const [a, b, together] = [new Lock(), new Lock(), new Barrier(2)];
  const one = new Thread(take, { args: [together, a, b, "one"] });
  // Change this.
  const two = new Thread(take, { args: [together, b, a, "two"] });
  await one.start();
  await two.start();
  await Promise.allSettled([one.join(), two.join()]);
}
