// Copyright 2026 the lab9 authors. MIT license.

import { now, queueMicrotask, timeOrigin } from "../platform/platform.ts";

/** How long something took, in milliseconds. */
export interface Times {
  /** Half of them took no longer. */
  readonly p50: number;
  /** Nine of ten took no longer. */
  readonly p90: number;
  /** 99 of a hundred took no longer. */
  readonly p99: number;
  /** The longest. */
  readonly max: number;
}

/** What {@linkcode Pool.stats} tells. A chunk of a map counts as one task. */
export interface PoolStats {
  /** How many tasks no worker has begun. */
  readonly waiting: number;
  /** How many tasks run now. */
  readonly running: number;
  /** How many tasks have returned. */
  readonly done: number;
  /** How many tasks have thrown, or were lost with their workers. */
  readonly failed: number;
  /** How many tasks were called off, by a signal, a timeout, or the pool's end. */
  readonly calledOff: number;
  /** How many workers there are now. */
  readonly workers: number;
  /** How long tasks have waited before they began. 0 if none has begun. */
  readonly waitMs: Times;
  /** How long tasks have run. 0 if none has ended. */
  readonly runMs: Times;
}

/** Powers of two are divided into so many buckets, as a power of two. */
const STEPS_LOG = 3;
const STEPS = 1 << STEPS_LOG;
const BUCKETS = (32 - STEPS_LOG + 1) * STEPS;
const LONGEST = BUCKETS;
/** The words of a histogram: its buckets, and the longest time. */
export const HISTOGRAM_WORDS = BUCKETS + 1;

/** A clock that ends sooner after it began than this one may have been late. */
const LATEST = 0xf000_0000;

const origin = (timeOrigin * 1000) % 2 ** 32;

/** Microseconds on a clock that all threads share, in 32 bits. It wraps. */
export function microseconds(): number {
  return (now() * 1000 + origin) | 0;
}

let thisTurn: number | undefined;
const endTurn = (): void => void (thisTurn = undefined);

/**
 * The same, read once a turn: many tasks may be submitted in one, each of which
 * takes hardly longer than a look at the clock.
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
 * Each thread has its own; nobody else writes there.
 */
export function addTime(
  words: Int32Array,
  at: number,
  from: number,
  to: number,
): void {
  let time = (to - from) >>> 0;
  // Threads' clocks may differ by a little.
  if (time >= LATEST) time = 0;
  words[at + bucketOf(time)]++;
  if (time > words[at + LONGEST] >>> 0) words[at + LONGEST] = time;
}

/** Buckets grow with the time: none is wider than an eighth of it. */
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

/** What a merged histogram says. */
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
