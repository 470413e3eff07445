/** Tasks and threads that fail in every way there is. @module */

import { expose } from "../../lib/expose.ts";
import type { Lock } from "../../lib/locks.ts";
import { type Queue, ShutDown } from "../../lib/queue/queue.ts";
import { sleepSync } from "../../lib/thread/sleep.ts";

class PrivateError extends TypeError {
  override name = "PrivateError";
  constructor(readonly detail: number) {
    super(`private ${detail}`);
  }
}

/** What a task may do instead of returning its number; see `misbehave`. */
export const faults = [
  "error",
  "subclass",
  "nothing",
  "string",
  "getter",
  "uncloneable",
  "unsendable",
  "asyncError",
] as const;

/** What may end the task's worker. */
export const deaths = ["close", "exit", "closeLater", "closeAwaiting"] as const;

export type Fault = (typeof faults)[number] | (typeof deaths)[number] | "none";

export function misbehave(how: Fault, n: number): unknown {
  switch (how) {
    case "error":
      throw new RangeError(`bad ${n}`);
    case "subclass":
      throw new PrivateError(n);
    case "nothing":
      throw undefined;
    case "string":
      throw `text ${n}`;
    case "getter":
      throw {
        get trap() {
          throw new Error(`trap ${n}`);
        },
      };
    case "uncloneable":
      throw Object.assign(new Error(`holds ${n}`), { fn: () => n });
    case "unsendable":
      return () => n;
    case "asyncError":
      return Promise.reject(new SyntaxError(`late ${n}`));
    case "close":
      self.close();
      return n;
    case "exit":
      return Deno.exit(3);
    case "closeLater":
      return new Promise(() => setTimeout(() => self.close(), n % 3));
    case "closeAwaiting":
      queueMicrotask(() => self.close());
      return new Promise(() => {});
  }
  return n;
}

/** Puts numbers until the queue is shut down or the thread is ended. */
export function putForever(
  queue: Queue<number>,
  first: number,
  put: Int32Array,
): void {
  for (let i = 0;; i++) {
    try {
      queue.putSync(first + i);
    } catch (error) {
      if (error instanceof ShutDown) return;
      throw error;
    }
    Atomics.add(put, 0, 1);
  }
}

/** Moves numbers from one queue to another, until there are no more. */
export function moveForever(from: Queue<number>, to: Queue<number>): void {
  for (const item of from) {
    to.putSync(item);
    from.taskDone();
  }
}

/** Counts under a lock, sleeping with it in hand now and then. */
export function countForever(lock: Lock, count: Int32Array): void {
  for (let i = 0;; i++) {
    using _held = lock.acquireSync();
    const seen = count[0];
    if (i % 50 === 0) sleepSync(0.001);
    count[0] = seen + 1;
    count[1]++;
  }
}

/** Calls the library all the time, and never has to wait. */
export function busyForever(queue: Queue<number>, lock: Lock): void {
  for (;;) {
    if (queue.maxsize === 1) {
      queue.putNowait(1);
      queue.getNowait();
    } else {
      using _held = lock.acquireSync();
    }
  }
}

/** Takes some milliseconds, or for ever. */
export function sleepFor(seconds: number): number {
  sleepSync(seconds);
  return seconds;
}

expose(import.meta, {
  misbehave,
  putForever,
  moveForever,
  countForever,
  busyForever,
  sleepFor,
});
