/**
 * Exercise threads-1. Greeting takes half a second. Greet all three at once, each
 * in a thread, and wait for all of them before the time is printed.
 *
 *     deno task exercise threads-1
 */

import { expose, sleepSync, Thread } from "@lab9/concurrency";

export function greet(name: string): void {
  sleepSync(0.5);
  console.log(`Hello, ${name}`);
}
expose(import.meta, { greet });

if (import.meta.main) {
  const start = performance.now();
  // Change this: it greets one after another.
  for (const name of ["Ada", "Bob", "Cyd"]) {
    const thread = new Thread(greet, { args: [name] });
    thread.start();
    await thread.join();
  }
  const seconds = (performance.now() - start) / 1000;
  console.log(`Finished in ${seconds.toFixed(1)} seconds`);
}
