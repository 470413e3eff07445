// Copyright 2026 the lab9 authors. MIT license.

/**
 * What a lab's threads have done up to now, read in the page from the memory that
 * they write to.
 *
 * @module
 */

import {
  adoptRecording,
  entriesSince,
  recordName,
  sharedNow,
} from "../../../lib/sync/recorder.ts";
import {
  adoptWaiterTable,
  stopThread,
  waiterCount,
} from "../../../lib/sync/waiters.ts";
import {
  adoptThreadTable,
  aliveSlots,
} from "../../../lib/thread/thread_table.ts";
import { timelineOf } from "../../notebook/recording.ts";
import type { Timeline } from "../../notebook/timeline.ts";
import { type Replay, replayOf } from "../game/replay.ts";
import type { FromLab } from "../lab/messages.ts";

/** The page waits for nothing. */
const NO_WAITER = 0;

/** Looks at a lab's memory from now on. */
export function watch(
  { recording, threads, waiters }: FromLab & { type: "ready" },
): void {
  adoptWaiterTable(waiters, NO_WAITER);
  adoptRecording(recording);
  adoptThreadTable(threads);
}

/** Has every wait of the lab's threads end, and so the threads themselves. */
export function endWaits(): void {
  for (let waiter = waiterCount() - 1; waiter > 0; waiter--) stopThread(waiter);
}

/** The timeline of a cell that still runs. */
export function timelineNow(
  cell: { cell: string; title: string; main: number; start: number },
): Timeline {
  for (const { ident, name } of aliveSlots()) recordName(ident, name);
  return timelineOf({ ...cell, end: sharedNow() });
}

/** What the threads of a cell that has ended did, step by step. */
export function replayNow(
  { timeline, names, end }: FromLab & { type: "end" },
  start: number,
): Replay | undefined {
  return replayOf({ entries: entriesSince(0), timeline, start, end, names });
}
