// Copyright 2026 the lab9 authors. MIT license.

/**
 * The timeline of a cell: what its threads did, and when.
 *
 * @module
 */

/** What a thread does during a span. */
export type State =
  /** It runs: the whole life of a thread, or the main thread's cell. */
  | "run"
  /** It runs a pool's task. */
  | "task"
  /** It sleeps. */
  | "sleep"
  /** It waits for an item, for room, or for a queue's tasks. */
  | "queue"
  /** It waits for a lock, a permit, an event, a condition or a barrier. */
  | "lock"
  /** It waits for the global interpreter lock. */
  | "gil"
  /** It waits for a thread's end. */
  | "join"
  /** It waits for a pool's results or tasks. */
  | "pool";

/** A thread of the lab's process. */
export interface TimelineThread {
  /** Its ident. */
  ident: number;
  name: string;
}

/** Something that a thread did for some time. Spans of a thread nest. */
export interface Span {
  /** The thread's ident. */
  thread: number;
  state: State;
  /** In milliseconds since the cell began. */
  start: number;
  end: number;
  /** The thread that it joins, or how many items the task has. */
  label?: string;
}

/** Something that went from one thread to another. */
export interface Flow {
  kind: "item" | "lock";
  /** Unique in the timeline. */
  id: number;
  from: { thread: number; time: number };
  to: { thread: number; time: number };
}

/** How many items a queue holds, from a time on. */
export interface Depth {
  queue: string;
  time: number;
  depth: number;
}

/** What happened in one cell. */
export interface Timeline {
  /** The cell's number, or its name. */
  cell: string;
  title: string;
  /** How long the cell took, in milliseconds. */
  duration: number;
  /** The main thread first, then in the order of their start. */
  threads: TimelineThread[];
  spans: Span[];
  flows: Flow[];
  depths: Depth[];
}

/** The first character of a line that is for the runner. */
export const RECORD_SEPARATOR = "\x1e";
