// Copyright 2026 the lab9 authors. MIT license.

import { now, queueMicrotask, timeOrigin } from "../platform/platform.ts";

/** How long tasks took, in milliseconds. */
export interface Times {
  /** The median: half of the tasks took no longer. */
  readonly p50: number;
  /** The 90th percentile. */
  readonly p90: number;
  /** The 99th percentile. */
  readonly p99: number;
  /** The longest time. */
  readonly max: number;
}

/** What {@linkcode Pool.stats} returns. A chunk of a map counts as one task. */
export interface PoolStats {
  /** How many tasks no worker has begun. */
  readonly waiting: number;
  /** How many tasks run now. */
  readonly running: number;
  /** How many tasks have returned. */
  readonly done: number;
  /** How many tasks have thrown, or were lost when their worker died. */
  readonly failed: number;
  /** How many tasks were called off, by a signal, a timeout, or the pool's end. */
  readonly calledOff: number;
  /** How many workers there are now. */
  readonly workers: number;
  /** How long tasks have waited before they began. All are 0 if none has begun. */
  readonly waitMs: Times;
  /** How long tasks have run. All are 0 if none has ended. */
  readonly runMs: Times;
}

/** The times from one power of two to the next are divided into `STEPS` buckets. */
const STEPS_LOG = 3;
const STEPS = 1 << STEPS_LOG;
const BUCKETS = (32 - STEPS_LOG + 1) * STEPS;
/** The index of the longest time. It follows the buckets. */
const LONGEST = BUCKETS;
/** The words of a histogram: its buckets, and the longest time. */
export const HISTOGRAM_WORDS = BUCKETS + 1;

/**
 * A longer time counts as 0: it is a small negative one. The end was read on a clock
 * that is a little behind the clock of the beginning.
 */
const LATEST = 0xf000_0000;

const origin = (timeOrigin * 1000) % 2 ** 32;

/** Microseconds on a clock that all threads share, in 32 bits. It wraps around. */
export function microseconds(): number {
  return (now() * 1000 + origin) | 0;
}

let thisTurn: number | undefined;
const endTurn = (): void => void (thisTurn = undefined);

/**
 * As {@linkcode microseconds}, but the clock is read only once a turn of the event
 * loop. Many tasks may be submitted in one turn, and a submission takes hardly
 * longer than a reading of the clock.
 */
export function turnMicroseconds(): number {
  if (thisTurn === undefined) {
    thisTurn = microseconds();
    queueMicrotask(endTurn);
  }
  return thisTurn;
}

/**
 * Adds a time between two readings of {@linkcode microseconds} to a histogram.
 * Each thread has a histogram of its own, to which no other thread writes.
 */
export function addTime(
  words: Int32Array,
  at: number,
  from: number,
  to: number,
): void {
  let time = (to - from) >>> 0;
  // The clocks of two threads may differ a little.
  if (time >= LATEST) time = 0;
  words[at + bucketOf(time)]++;
  if (time > words[at + LONGEST] >>> 0) words[at + LONGEST] = time;
}

/** The bucket of a time. No bucket is wider than an eighth of its times. */
function bucketOf(time: number): number {
  const shift = 32 - Math.clz32(time) - (STEPS_LOG + 1);
  return shift <= 0 ? time : shift * STEPS + (time >>> shift);
}

/** The largest time in a bucket. */
function endOf(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket;
  const shift = (bucket >> STEPS_LOG) - 1;
  return (bucket - shift * STEPS + 1) * 2 ** shift - 1;
}

/** Adds a histogram to another. */
export function merge(into: Float64Array, words: Int32Array, at: number): void {
  for (let i = 0; i < BUCKETS; i++) into[i] += words[at + i];
  into[LONGEST] = Math.max(into[LONGEST], words[at + LONGEST] >>> 0);
}

/** The percentiles of a merged histogram, in milliseconds. */
export function timesOf(histogram: Float64Array): Times {
  const max = histogram[LONGEST];
  let total = 0;
  for (let i = 0; i < BUCKETS; i++) total += histogram[i];
  const percentile = (share: number): number => {
    if (total === 0) return 0;
    let bucket = 0;
    for (let left = share * total; bucket < BUCKETS; bucket++) {
      left -= histogram[bucket];
      if (left <= 0) break;
    }
    return Math.min(endOf(bucket), max) / 1000;
  };
  return {
    p50: percentile(0.5),
    p90: percentile(0.9),
    p99: percentile(0.99),
    max: max / 1000,
  };
}
