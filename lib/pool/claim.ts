// Copyright 2026 the lab9 authors. MIT license.

import { REASON_WORDS } from "../codec/abort_signals.ts";
import { HISTOGRAM_WORDS } from "./stats.ts";

const FIRST_SLOT = 4 + 2 * HISTOGRAM_WORDS;
const SLOT_WORDS = 1 + REASON_WORDS;

/**
 * Words of a worker's own that the main thread reads, also when it is gone. For
 * each task that it may do at a time there is a slot: the id of the task that it
 * has taken and not answered (see `workerLoop`), and why that was called off. The
 * main thread writes the reason before it takes the task's ticket away.
 */
export const Claim = {
  /** 1 once its initializer has done. */
  READY: 0,
  /** How often the main thread has asked whether the worker only waits. */
  PING: 1,
  /** The last of these questions that the worker had a turn to answer. */
  PONG: 2,
  /** 1 once it is to take no more tasks. */
  RETIRED: 3,
  /** Histograms of how long its tasks have waited, and run. */
  WAITED: 4,
  RAN: 4 + HISTOGRAM_WORDS,

  /** How many words there are for so many slots. */
  words: (slots: number): number => FIRST_SLOT + slots * SLOT_WORDS,
  /** Where the id of a slot's task stands. */
  taskOf: (slot: number): number => FIRST_SLOT + slot * SLOT_WORDS,
  /** Where the reason stands why a slot's task was called off. */
  reasonOf: (slot: number): number => FIRST_SLOT + slot * SLOT_WORDS + 1,
} as const;

// The worker's side of tickets; see `TaskTable`.

/** Whether the task is still wanted; if so, it has begun. */
export function beginTask(
  tickets: Int32Array,
  { id, ticket }: { id: number; ticket: number },
): boolean {
  return Atomics.compareExchange(tickets, ticket, id, -id) === id;
}

/** Whether a task that has begun is still wanted. */
export function isBegun(
  tickets: Int32Array,
  { id, ticket }: { id: number; ticket: number },
): boolean {
  return Atomics.load(tickets, ticket) === -id;
}
