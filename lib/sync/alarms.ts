// Copyright 2026 the lab9 authors. MIT license.

import { now } from "../platform/platform.ts";

/**
 * One clock for all awaited waits of the thread that have a deadline. The timeout of
 * an `Atomics.waitAsync` stays in memory until it passes, even if the wait has ended
 * long before. Thousands of waits with a timeout of an hour would be kept for an
 * hour. So only the clock waits with a timeout, and never for long. The deadlines
 * are kept in a heap, and are removed when their waits end.
 */

/** How long the clock sleeps at most. */
const LONGEST_MS = 1000;

/** Something that is called at a time on `performance.now()`'s clock. */
export interface Alarm {
  readonly deadline: number;
  readonly ring: () => void;
  /** Its index in the heap; -1 if it has rung or was cleared. */
  index: number;
}

/** The earliest alarm is first. No alarm is later than those at 2 i + 1 and 2 i + 2. */
const heap: Alarm[] = [];
/** The word that the clock sleeps on. It is changed to wake the clock. */
const word = new Int32Array(new SharedArrayBuffer(4));
let isRunning = false;
/** The time until which the clock sleeps. */
let sleepsUntil = Infinity;

/** Sets an alarm that calls `ring` once, at the deadline. */
export function setAlarm(deadline: number, ring: () => void): Alarm {
  const alarm = { deadline, ring, index: heap.length };
  heap.push(alarm);
  moveUp(alarm);
  if (!isRunning) {
    run();
  } else if (deadline < sleepsUntil) {
    Atomics.add(word, 0, 1);
    Atomics.notify(word, 0);
  }
  return alarm;
}

/** Clears an alarm, unless it has rung. */
export function clearAlarm(alarm: Alarm): void {
  const { index } = alarm;
  if (index < 0) return;
  alarm.index = -1;
  const last = heap.pop()!;
  if (last === alarm) return;
  place(last, index);
  moveUp(last);
  moveDown(last);
}

/** Rings until there are no alarms left. */
async function run(): Promise<void> {
  isRunning = true;
  while (heap.length > 0) {
    const time = now();
    const [next] = heap;
    if (next.deadline <= time) {
      clearAlarm(next);
      next.ring();
      continue;
    }
    const left = Math.min(next.deadline - time, LONGEST_MS);
    sleepsUntil = time + left;
    const wait = Atomics.waitAsync(word, 0, Atomics.load(word, 0), left);
    if (wait.async) await wait.value;
  }
  isRunning = false;
}

function place(alarm: Alarm, index: number): void {
  heap[index] = alarm;
  alarm.index = index;
}

function moveUp(alarm: Alarm): void {
  while (alarm.index > 0) {
    const parent = heap[(alarm.index - 1) >> 1];
    if (parent.deadline <= alarm.deadline) return;
    swap(parent, alarm);
  }
}

function moveDown(alarm: Alarm): void {
  for (;;) {
    const left = heap[2 * alarm.index + 1];
    const right = heap[2 * alarm.index + 2];
    const child = right !== undefined && right.deadline < left.deadline
      ? right
      : left;
    if (child === undefined || child.deadline >= alarm.deadline) return;
    swap(alarm, child);
  }
}

function swap(above: Alarm, below: Alarm): void {
  const { index } = above;
  place(above, below.index);
  place(below, index);
}
