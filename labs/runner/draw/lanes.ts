// Copyright 2026 the lab9 authors. MIT license.

import type {
  Span,
  State,
  Timeline,
  TimelineThread,
} from "../../notebook/timeline.ts";

/** A piece of a thread's time with one state, that of the innermost span. */
export interface Segment {
  state: State;
  /** In milliseconds since the cell began. */
  start: number;
  end: number;
  label?: string;
}

/** A thread and what it did. */
export interface Lane {
  thread: TimelineThread;
  /** Outer spans stand before inner ones. All are within the cell, and nest. */
  spans: Span[];
  /** In the order of their times. They don't overlap. */
  segments: Segment[];
}

/**
 * Sorts a timeline's spans by thread, in the threads' order. A thread of an
 * earlier cell that waits all the time is left out.
 */
export function lanesOf(timeline: Timeline): Lane[] {
  const { threads, duration } = timeline;
  const byThread = Map.groupBy(timeline.spans, ({ thread }) => thread);
  return threads.map((thread) => {
    const spans = nest(byThread.get(thread.ident) ?? [], duration);
    return { thread, spans, segments: flatten(spans) };
  }).filter(({ segments }, i) => i === 0 || !isIdle(segments, duration));
}

function isIdle(segments: Segment[], duration: number): boolean {
  if (segments.length !== 1) return false;
  const [{ state, start, end }] = segments;
  return state !== "run" && state !== "task" && start <= 0 && end >= duration;
}

/**
 * Cuts each span at the end of the span around it, and at the end of the cell. Threads
 * read the clock one after another, and may go on when the cell has ended.
 */
function nest(spans: Span[], duration: number): Span[] {
  const open: Span[] = [];
  const nested: Span[] = [];
  const sorted = spans.toSorted((a, b) => a.start - b.start || b.end - a.end);
  for (const span of sorted) {
    const start = Math.max(span.start, 0);
    while (open.length > 0 && open.at(-1)!.end <= start) open.pop();
    const end = Math.min(span.end, open.at(-1)?.end ?? duration);
    if (end < start) continue;
    const cut = { ...span, start, end };
    nested.push(cut);
    open.push(cut);
  }
  return nested;
}

/** The parts of each span that no inner span covers. */
function flatten(nested: Span[]): Segment[] {
  const segments: Segment[] = [];
  const open: Span[] = [];
  let time = 0;

  function advance(to: number): void {
    const inner = open.at(-1);
    if (inner !== undefined && to > time) {
      const { state, label } = inner;
      segments.push({ state, start: time, end: to, label });
    }
    time = Math.max(time, to);
  }

  function closeUntil(to: number): void {
    while (open.length > 0 && open.at(-1)!.end <= to) {
      advance(open.at(-1)!.end);
      open.pop();
    }
  }

  for (const span of nested) {
    closeUntil(span.start);
    advance(span.start);
    open.push(span);
  }
  closeUntil(Infinity);
  return segments;
}
