// Copyright 2026 the lab9 authors. MIT license.

import type { Timeline } from "../notebook/timeline.ts";
import type { RecordedCell, RecordedLab } from "./judge/record.ts";
import type { PythonCell } from "./python/run_notebook.ts";
import type { Verdict } from "./judge/verdict.ts";

/** A lab: what the notebook recorded, and how it is run. */
export interface Lab extends RecordedLab {
  /** The program and its arguments, as in deno.json's task. */
  command: string[];
}

/** A cell in one run of its lab. */
export interface CellResult {
  /** The lab and the cell's number: `queue:23`. */
  id: string;
  title: string;
  /** What the notebook recorded of it, if it did. */
  recorded?: RecordedCell;
  output: string;
  timelines: Timeline[];
  verdict: Verdict;
  /** What the notebook's own cell did in the Python that is here. */
  python?: PythonCell;
}

/** One run of a lab. */
export interface LabResult {
  lab: Lab;
  /** Which run of `--repeat` it was, from 1. */
  run: number;
  /** The chosen cells. */
  cells: CellResult[];
  /** How long cells were run again to compare their times, in seconds. */
  spent?: number;
  /** Why the lab didn't run to its end, if it failed or took too long. */
  failure?: string;
}
