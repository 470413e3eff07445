/**
 * Exercise queue-2. Three workers wait for messages. When all six are done, the
 * workers have to stop, or the program never ends: None in Python, null here,
 * tells a worker so.
 *
 *     deno task exercise queue-2
 */

import { expose, Queue, Thread } from "@lab9/concurrency";

export function work(q: Queue<number | null>): void {
  while (true) {
    const item = q.getSync();
    if (item !== null) console.log(`Done ${item}`);
    q.taskDone();
    if (item === null) break;
  }
}
expose(import.meta, { work });

if (import.meta.main) {
  const q = new Queue<number | null>();
  const threads = [1, 2, 3].map(() => new Thread(work, { args: [q] }));
  for (const thread of threads) thread.start();
  for (let i = 0; i < 6; i++) await q.put(i);
  await q.join();
  // Change this: only one worker gets a None.
  await q.put(null);
  for (const thread of threads) await thread.join();
  console.log("All workers have stopped");
}
