// Copyright 2026 the lab9 authors. MIT license.

import gil from "../../recorded/gil.json" with { type: "json" };
import pool from "../../recorded/pool.json" with { type: "json" };
import queue from "../../recorded/queue.json" with { type: "json" };
import threads from "../../recorded/threads.json" with { type: "json" };

/** What a cell's time is compared with: one of the first three. */
export interface RecordedTime {
  /** It sleeps: its seconds are those of the record. */
  sleeps?: boolean;
  /** It computes in parallel: it wins time over this cell, `pool:8`. */
  fasterThan?: string;
  /** It computes in turn: it wins nothing over this cell. */
  noFasterThan?: string;
  /** How many workers it computes with; all processors' if it doesn't say. */
  workers?: number;
}

/** What the notebook recorded of a cell. */
export interface RecordedCell {
  /** The lab and the cell's number: `queue:23`. */
  id: string;
  /** The cell's code, in Python. */
  source: string;
  /** What it printed. */
  output: string;
  /** How long it took by its own account, if it said so. */
  seconds: number | null;
  /** The rules that its comparison needs; see `rules.ts`. */
  rules: string[];
  /** How its time is judged, if it is. */
  time?: RecordedTime;
  /** The cell that it is shown beside, with one time axis. */
  beside?: string;
  /** There if `--quick` prints something else; its seconds then, if it sleeps. */
  quick?: { seconds?: number };
  /** Whether the notebook has no record of it. */
  unrecorded?: boolean;
}

/** What the notebook recorded of a lab. */
export interface RecordedLab {
  lab: string;
  /** What the lab shows, in a sentence. `*` stands for the time of its cell. */
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
