/**
 * Exercise deadlock-2. A function that holds a lock calls another one that takes
 * the same lock. It would wait for itself. Another kind of lock may be taken
 * again by its holder.
 *
 *     deno task exercise deadlock-2
 */

import { Lock } from "@lab9/concurrency";

// Change this, and what is imported.
const lock = new Lock();

function inner(): string {
  using _held = lock.acquireSync();
  return "inner";
}

function outer(): string {
  using _held = lock.acquireSync();
  return `outer and ${inner()}`;
}

console.log(outer());
