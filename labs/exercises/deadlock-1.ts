/**
 * Exercise deadlock-1. Two threads take two locks in opposite order, and one of
 * them gets an error: both would wait for ever. Let both come through.
 *
 *     deno task exercise deadlock-1
 */

import { expose, Lock, sleepSync, Thread } from "@lab9/concurrency";

export function take(first: Lock, second: Lock, name: string): void {
  using _first = first.acquireSync();
  sleepSync(0.1);
  using _second = second.acquireSync();
  console.log(`${name} has both`);
}
expose(import.meta, { take });

if (import.meta.main) {
  const [a, b] = [new Lock(), new Lock()];
  const one = new Thread(take, { args: [a, b, "one"] });
  // Change this.
  const two = new Thread(take, { args: [b, a, "two"] });
  await one.start();
  await two.start();
  await Promise.allSettled([one.join(), two.join()]);
}
