// Copyright 2026 the lab9 authors. MIT license.

import { Claim } from "./claim.ts";
import { addTime, microseconds } from "./stats.ts";

/** A function is quick if its last tasks took no longer on average, in microseconds. */
const QUICK = 5;
/** The tasks that wait must not wait longer for one worker, in microseconds. */
const TOO_LONG = 100;
/** The assumed time of a task of another function. It is quick after some 30 tasks. */
const UNKNOWN = 200;
/** A worker counts the tasks that wait at every sixteenth quick task. */
const COUNT_MASK = 15;
/** How many quick tasks are timed together at most. */
const TOGETHER = 8;

/**
 * How long a worker takes for tasks of one function. By that it foresees whether it
 * will look for the next task soon.
 */
export class Pace {
  #fn = NaN;
  /** The mean time of the last tasks, in microseconds. */
  #mean = UNKNOWN;
  #tasks = 0;
  #waiting: () => number;

  /**
   * The pace of a worker that has done no task.
   *
   * @param waiting Returns how many tasks wait.
   */
  constructor(waiting: () => number) {
    this.#waiting = waiting;
  }

  /** Whether a task of that function, and the tasks that wait, will be done soon. */
  isQuick(fn: number): boolean {
    if (fn !== this.#fn) {
      this.#fn = fn;
      this.slow();
    }
    if (this.#mean > QUICK) return false;
    if ((++this.#tasks & COUNT_MASK) !== 0) return true;
    return this.#waiting() * Math.max(this.#mean, 0.5) < TOO_LONG;
  }

  /** The mean time of the last tasks, in microseconds. */
  get mean(): number {
    return this.#mean;
  }

  /** Counts the time of a task. */
  add(microseconds: number): void {
    this.#mean += (Math.min(microseconds, UNKNOWN) - this.#mean) / 8;
  }

  /** Takes the function for a slow one, until some of its tasks were quick. */
  slow(): void {
    this.#mean = UNKNOWN;
  }
}

/**
 * Times the tasks of a worker, and writes the times into its claim.
 *
 * Reading the clock takes as long as a quick task. So quick tasks that follow one another
 * on the lookout are timed together: each gets an equal share of the time from the first
 * one's beginning to the last one's end. If that time is too long for quick tasks, it is
 * counted for the last one: while one task takes long, the pool's thread has a turn, in
 * which it takes the worker off the lookout (see `Channel`). If the pool's thread
 * computes without a turn, several of the tasks may take long. Then their times are
 * counted as one.
 */
export class Stopwatch {
  #claim: Int32Array;
  #pace: Pace;
  #clock: () => number;
  /** When the next task begins, or the first of those that are timed together. */
  #time: number;
  /** How many tasks have ended since, and haven't been timed. */
  #untimed = 0;
  /** When the tasks that are timed together were submitted; not of the first. */
  #submitted = new Int32Array(TOGETHER);

  constructor(claim: Int32Array, pace: Pace, clock = microseconds) {
    this.#claim = claim;
    this.#pace = pace;
    this.#clock = clock;
    this.#time = clock();
  }

  /** The next task doesn't begin before now. */
  start(): void {
    this.#time = this.#clock();
  }

  /** A task begins. The result is passed to {@linkcode end}. */
  begin(submitted: number): number {
    if (this.#untimed > 0) this.#submitted[this.#untimed] = submitted;
    else addTime(this.#claim, Claim.WAITED, submitted, this.#time);
    return this.#time;
  }

  /** A task has ended. It is timed later if the worker goes on with quick ones. */
  end(began: number, isTimedLater: boolean): void {
    if (isTimedLater && this.#untimed < TOGETHER - 1) {
      this.#untimed++;
      return;
    }
    const time = this.#time = this.#clock();
    if (this.#untimed > 0) began = this.#timeTogether(began, time);
    this.#add(began, time);
  }

  /** Times the tasks that have ended. */
  stop(): void {
    if (this.#untimed === 0) return;
    this.#untimed--;
    this.end(this.#time, false);
  }

  /** Times all tasks but the last one. It returns when that one has begun. */
  #timeTogether(began: number, ended: number): number {
    const last = this.#untimed;
    this.#untimed = 0;
    const total = (ended - began) >>> 0;
    const each = total > TOO_LONG ? this.#pace.mean : total / (last + 1);
    let from = began;
    for (let i = 1; i <= last; i++) {
      const to = (began + i * each) | 0;
      this.#add(from, to);
      addTime(this.#claim, Claim.WAITED, this.#submitted[i], to);
      from = to;
    }
    return from;
  }

  #add(began: number, ended: number): void {
    addTime(this.#claim, Claim.RAN, began, ended);
    this.#pace.add((ended - began) >>> 0);
  }
}
