/**
 * Exercise queue-1. Print the item first that was put last: 3, 2, 1.
 *
 *     deno task exercise queue-1
 */

import { Queue } from "@lab9/concurrency";

// Change this, and what is imported: it is first in, first out.
const q = new Queue<number>();
for (const item of [1, 2, 3]) await q.put(item);
while (!q.isEmpty) console.log(`${await q.get()}`);
