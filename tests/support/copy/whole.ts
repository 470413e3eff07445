/** A script that imports the library as a whole. */

import * as lab9 from "@lab9/concurrency";

export function taken(queue: lab9.Queue<number>): number {
  return queue.getSync();
}
lab9.expose(import.meta, { taken });

if (import.meta.main) {
  const queue: lab9.Queue<number> = new lab9.Queue<number>();
  const options: lab9.AsyncWaitOptions = { timeout: 1 };
  const thread: lab9.Thread<typeof taken> = new lab9.Thread(taken, {
    args: [queue],
  });
  thread.start();
  await queue.put(9, options);
  console.log(await thread.join());
}
