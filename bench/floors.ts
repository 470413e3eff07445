// Copyright 2026 the lab9 authors. MIT license.

/**
 * What `deno task bench:gate` asks of the ratios: times as fast as whom.
 *
 * @module
 */

/** What a ratio has to be. */
export type Floor =
  /** Its median is at least this. */
  | number
  /** The rounds don't show that it is below 1: their range reaches it. */
  | "no slower";

/**
 * The floors, by the comparisons' ids: nine tenths of the lower of two whole runs'
 * medians, which `docs/performance.md` has, or of what is asked for where that is less.
 */
export const floors: Record<string, Floor> = {
  "queue/postMessage": 15,
  "queue/queue.Queue": 38,
  "queue/multiprocessing.Queue": 54,
  "queue/multithreading": 15,
  "queue-objects/postMessage": 7.1,
  "queue-objects/queue.Queue": 9.9,
  "queue-contended/1 and 1": 0.64,
  "apply/best peer": 6.5,
  "map/CPython": 9.2,
  "map/best peer": 0.98,
  "map/items.map(fn)": 0.74,
  "exp/pool": 1.76,
  "exp/CPython": 1.17,
  "f/CPython": 2.7,
  "start/two raw Workers": 0.5,
  "thread-start/a raw Worker": 196,
  // Under 2.02 seconds.
  "sleep/2 s": 2 / 2.02,
  "recording/without the code": "no slower",
};
