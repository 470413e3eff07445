/**
 * Exercise threads-3. The program waits for a thread that sleeps for a minute.
 * Let it end when the main thread has ended, whatever that thread does.
 *
 *     deno task exercise threads-3
 */

import { expose, sleepSync, Thread } from "@lab9/concurrency";

export function watch(): void {
  sleepSync(60);
}
expose(import.meta, { watch });

if (import.meta.main) {
  // Change this.
  const thread = new Thread(watch);
  await thread.start();
  console.log("The main thread is done");
}
