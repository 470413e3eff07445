// Copyright 2026 the lab9 authors. MIT license.

import gil from "../../labs/recorded/gil.json" with { type: "json" };
import pool from "../../labs/recorded/pool.json" with { type: "json" };
import queue from "../../labs/recorded/queue.json" with { type: "json" };
import threads from "../../labs/recorded/threads.json" with { type: "json" };

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
  /** Whether the notebook has no record of it. */
  unrecorded?: boolean;
}

/** The labs' cells, as the notebook recorded them. */
export const recorded: Record<string, RecordedCell[]> = {
  threads: threads.cells,
  queue: queue.cells,
  pool: pool.cells,
  gil: gil.cells,
};
