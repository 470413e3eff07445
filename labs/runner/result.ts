// Copyright 2026 the lab9 authors. MIT license.

import type { Timeline } from "../notebook/timeline.ts";
import type { RecordedCell, RecordedLab } from "./judge/record.ts";
import type { PythonCell } from "./python/run_notebook.ts";
import type { Verdict } from "./judge/verdict.ts";

/** A lab: its record, and how it is run. */
export interface Lab extends RecordedLab {
  /** The program and its arguments, as in deno.json's task. */
  command: string[];
}

/** A cell in one run of its lab. */
export interface CellResult {
  /** The lab and the cell's number: `queue:23`. */
  id: string;
  title: string;
  /** Its record, if the notebook has the cell. */
  recorded?: RecordedCell;
  output: string;
  timelines: Timeline[];
  verdict: Verdict;
  /** The notebook's cell in this machine's Python, if it was run. */
  python?: PythonCell;
}

/** One run of a lab. */
export interface LabResult {
  lab: Lab;
  /** The number of the run with `--repeat`, from 1. */
  run: number;
  /** The chosen cells. */
  cells: CellResult[];
  /** How many seconds cells were run again, to compare their times. */
  spent?: number;
  /** Why the lab didn't run to its end, if it failed or took too long. */
  failure?: string;
}
