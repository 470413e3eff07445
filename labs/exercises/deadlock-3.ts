/**
 * Exercise deadlock-3. Three philosophers sit at a round table with three forks,
 * and each needs the one at the left and the one at the right. If all take the
 * left one first, nobody gets a second. It is run many times.
 *
 *     deno task exercise deadlock-3
 */

import { Barrier, expose, Lock, sleepSync, Thread } from "@lab9/concurrency";

export function dine(together: Barrier, forks: Lock[], seat: number): void {
  together.waitSync(); // All begin at once.
  const left = seat;
  const right = (seat + 1) % forks.length;
  // Change this: which fork first?
  const [first, second] = [left, right];
  using _first = forks[first].acquireSync();
  sleepSync(0.05);
  using _second = forks[second].acquireSync();
  console.log(`Philosopher ${seat} has dined`);
}
expose(import.meta, { dine });

if (import.meta.main) {
  const forks = [new Lock(), new Lock(), new Lock()];
  const together = new Barrier(3);
  const threads = [0, 1, 2].map((seat) =>
    new Thread(dine, { args: [together, forks, seat] })
  );
  for (const thread of threads) await thread.start();
  await Promise.allSettled(threads.map((thread) => thread.join()));
}
