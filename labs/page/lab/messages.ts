// Copyright 2026 the lab9 authors. MIT license.

import type { CellContext } from "../../notebook/cells.ts";
import type { Timeline } from "../../notebook/timeline.ts";

/** What the page tells a lab to run. */
export interface Run {
  /** The chosen cells; all, if none is. */
  selection: string[];
  context: CellContext;
  /** How many workers the lab has by itself. */
  workers: number;
  hasGil: boolean;
}

/** The first thing that the page tells a lab. */
export interface Begin extends Run {
  log: SharedArrayBuffer;
}

/** What a lab's worker tells the page. What it prints is in the log. */
export type FromLab =
  /** What it records, from before its first cell. */
  | {
    type: "ready";
    recording: SharedArrayBuffer;
    threads: SharedArrayBuffer;
    waiters: SharedArrayBuffer;
    main: number;
  }
  | { type: "start"; id: string; title: string; start: number }
  | {
    type: "end";
    id: string;
    /** When, with the pause after it. */
    end: number;
    timeline: Timeline;
    /** What locks are called, by their addresses. */
    names: ReadonlyMap<number, string>;
  }
  /** All that was asked for has run. */
  | { type: "idle" }
  | { type: "failed"; message: string };
