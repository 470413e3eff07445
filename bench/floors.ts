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

/** The floors, by the comparisons' ids. */
export const floors: Record<string, Floor> = {
  "queue/postMessage": 15,
  "queue/queue.Queue": 12,
  "queue/multiprocessing.Queue": 18,
  "queue/multithreading": 15,
  "queue-objects/postMessage": 3,
  "queue-objects/queue.Queue": 2,
  "queue-contended/1 and 1": 0.7,
  "apply/best peer": 4,
  "map/CPython": 8,
  "map/best peer": 2,
  "map/items.map(fn)": 0.5,
  "exp/pool": 1.9,
  "exp/CPython": 1,
  "f/CPython": 1,
  // 1.25 times as long as raw workers take.
  "start/two raw Workers": 1 / 1.25,
  "thread-start/a raw Worker": 50,
  // Under 2.02 seconds.
  "sleep/2 s": 2 / 2.02,
  "recording/without the code": "no slower",
};
