// Copyright 2026 the lab9 authors. MIT license.

/** A task is quick if those before it took no longer, in microseconds. */
const QUICK = 5;
/** So long is too long for the tasks that wait behind it. */
const TOO_LONG = 100;
/** What a function is taken for that isn't known: some 30 quick tasks tell. */
const UNKNOWN = 200;
/** A worker counts the tasks that wait at every task whose number ends so. */
const COUNT_MASK = 15;

/**
 * How quickly a worker gets done with tasks of one function, so that it can tell
 * whether it will soon look for the next task.
 */
export class Pace {
  #fn = NaN;
  /** The mean time of the last tasks, in microseconds. */
  #mean = UNKNOWN;
  #tasks = 0;
  #waiting: () => number;

  /** The function counts the tasks that wait. */
  constructor(waiting: () => number) {
    this.#waiting = waiting;
  }

  /** Whether a task of that function will be done soon, and those behind it, too. */
  isQuick(fn: number): boolean {
    if (fn !== this.#fn) {
      this.#fn = fn;
      this.slow();
    }
    if (this.#mean > QUICK) return false;
    if ((++this.#tasks & COUNT_MASK) !== 0) return true;
    return this.#waiting() * Math.max(this.#mean, 0.5) < TOO_LONG;
  }

  /** Counts the time of a task. */
  add(microseconds: number): void {
    this.#mean += (Math.min(microseconds, UNKNOWN) - this.#mean) / 8;
  }

  /** Takes the function for a slow one until its tasks tell otherwise. */
  slow(): void {
    this.#mean = UNKNOWN;
  }
}
