// Copyright 2026 the lab9 authors. MIT license.

import gil from "../../recorded/gil.json" with { type: "json" };
import pool from "../../recorded/pool.json" with { type: "json" };
import queue from "../../recorded/queue.json" with { type: "json" };
import threads from "../../recorded/threads.json" with { type: "json" };

/** How a cell's time is judged. It has one of the first three fields. */
export interface RecordedTime {
  /** The cell sleeps: it has to take the recorded seconds. */
  sleeps?: boolean;
  /** The cell computes in parallel: it has to be faster than this cell, such as `pool:8`. */
  fasterThan?: string;
  /** The cell computes in turn: it must not be faster than this cell. */
  noFasterThan?: string;
  /** How many workers it computes with. The default is the number of processors. */
  workers?: number;
}

/** The record of a cell. */
export interface RecordedCell {
  /** The lab and the cell's number: `queue:23`. */
  id: string;
  /** The cell's code, in Python. */
  source: string;
  /** What it printed. */
  output: string;
  /** How many seconds it took according to its output; null if that says nothing. */
  seconds: number | null;
  /** The rules that its comparison needs; see `rules.ts`. */
  rules: string[];
  /** How its time is judged, if it is judged. */
  time?: RecordedTime;
  /** Another cell whose pictures have the same time axis. */
  beside?: string;
  /** Exists if the output differs with `--quick`. Then a cell that sleeps has seconds. */
  quick?: { seconds?: number };
  /** Whether the notebook's cell was never run. */
  unrecorded?: boolean;
}

/** The record of a lab. */
export interface RecordedLab {
  lab: string;
  /** A sentence with what the lab shows. `*` is replaced by the time of the cell. */
  sentence?: { cell: string; text: string };
  cells: RecordedCell[];
  /** Cells of the lab that the notebook doesn't have. */
  own?: string[];
}

/** The labs, as the notebook recorded them. */
export const recordedLabs: RecordedLab[] = [threads, queue, pool, gil];

/** The labs' cells, as the notebook recorded them. */
export const recorded: Record<string, RecordedCell[]> = Object.fromEntries(
  recordedLabs.map(({ lab, cells }) => [lab, cells]),
);
