// Copyright 2026 the lab9 authors. MIT license.

/**
 * Makes the timeline of a cell from the recording: which thread did what, what went from
 * one thread to another, and how many items queues held.
 *
 * @module
 */

import {
  entriesSince,
  type Entry,
  Mark,
  recordedName,
} from "../../lib/sync/recorder.ts";
import type {
  Depth,
  Flow,
  Span,
  State,
  Timeline,
  TimelineThread,
} from "./timeline.ts";

/** The cell of a timeline, and its times on the clock that all threads share. */
export interface TimelineOptions {
  cell: string;
  title: string;
  /** The ident of the main thread. */
  main: number;
  start: number;
  end: number;
}

const states: Partial<Record<Mark, State>> = {
  [Mark.RUN]: "run",
  [Mark.TASK]: "task",
  [Mark.SLEEP]: "sleep",
  [Mark.QUEUE]: "queue",
  [Mark.LOCK]: "lock",
  [Mark.GIL]: "gil",
  [Mark.JOIN]: "join",
  [Mark.POOL]: "pool",
};

/** Makes the timeline of the time between two moments. */
export function timelineOf(options: TimelineOptions): Timeline {
  const { cell, title, main, start, end } = options;
  const entries = entriesSince(start).filter((entry) => entry.start <= end);
  const spans = spansOf(entries, options);
  const idents = new Set(spans.map(({ thread }) => thread));
  idents.delete(main);
  const threads: TimelineThread[] = [main, ...[...idents].sort((a, b) => a - b)]
    .map((ident) => ({
      ident,
      name: ident === main ? "MainThread" : recordedName(ident) ?? `${ident}`,
    }));
  const points = entries.filter(({ kind }) => kind >= Mark.PUT);
  return {
    cell,
    title,
    duration: end - start,
    threads,
    spans,
    flows: flowsOf(points, start),
    depths: depthsOf(points, start),
  };
}

function spansOf(entries: Entry[], options: TimelineOptions): Span[] {
  const { main, start, end } = options;
  const spans: Span[] = [
    { thread: main, state: "run", start: 0, end: end - start },
  ];
  for (const entry of entries) {
    const state = states[entry.kind];
    if (state === undefined) continue;
    spans.push({
      thread: entry.thread,
      state,
      start: Math.max(0, entry.start - start),
      end: (entry.end === 0 ? end : Math.min(entry.end, end)) - start,
      ...(labelOf(entry)),
    });
  }
  return nested(spans);
}

function labelOf({ kind, object }: Entry): { label?: string } {
  if (kind === Mark.JOIN) return { label: recordedName(object) };
  if (kind === Mark.TASK && object > 1) return { label: `${object} items` };
  return {};
}

/**
 * Makes the spans of each thread nest. The waits of a thread that awaits several things at
 * once may overlap: a wait is cut at the end of the one around it.
 */
function nested(spans: Span[]): Span[] {
  spans.sort((a, b) =>
    a.thread - b.thread || a.start - b.start || b.end - a.end
  );
  const open: Span[] = [];
  return spans.flatMap((span) => {
    while (
      open.length > 0 &&
      (open.at(-1)!.thread !== span.thread || open.at(-1)!.end <= span.start)
    ) open.pop();
    const outer = open.at(-1);
    const end = outer === undefined ? span.end : Math.min(span.end, outer.end);
    const clipped = { ...span, end };
    open.push(clipped);
    return [clipped];
  });
}

/** Pairs each get with its put, and each acquisition of a lock with the release before. */
function flowsOf(points: Entry[], start: number): Flow[] {
  const sources = new Map<string, Entry>();
  const flows: Flow[] = [];
  const key = (entry: Entry) => `${entry.object}:${entry.index}`;
  for (const entry of points) {
    const { kind } = entry;
    if (kind === Mark.PUT) sources.set(`item ${key(entry)}`, entry);
    // A thread may release a lock and acquire it again. Only its last release, before
    // another thread acquires the lock, counts.
    if (kind === Mark.RELEASE) sources.set(`lock ${key(entry)}`, entry);
  }
  for (const entry of points) {
    if (entry.kind !== Mark.GET && entry.kind !== Mark.ACQUIRE) continue;
    const what = entry.kind === Mark.GET ? "item" : "lock";
    const source = sources.get(`${what} ${key(entry)}`);
    if (source === undefined) continue;
    const from = source.start - start;
    flows.push({
      kind: what,
      id: flows.length + 1,
      from: { thread: source.thread, time: from },
      // The receiver may have read the clock before the sender did.
      to: { thread: entry.thread, time: Math.max(from, entry.start - start) },
    });
  }
  return flows;
}

function depthsOf(points: Entry[], start: number): Depth[] {
  const names = new Map<number, string>();
  const counts = new Map<number, { put: number; got: number }>();
  const changes = points
    .filter(({ kind }) => kind === Mark.PUT || kind === Mark.GET)
    .sort((a, b) => a.start - b.start);
  return changes.map(({ kind, object, index, start: time }) => {
    if (!names.has(object)) {
      names.set(object, `queue ${names.size + 1}`);
      // The first index shows how many items were put or got before.
      counts.set(object, { put: index, got: index });
    }
    const count = counts.get(object)!;
    if (kind === Mark.PUT) count.put = Math.max(count.put, index + 1);
    else count.got = Math.max(count.got, index + 1);
    return {
      queue: names.get(object)!,
      time: time - start,
      depth: Math.max(0, count.put - count.got),
    };
  });
}
