// Copyright 2026 the lab9 authors. MIT license.

import type { LabResult } from "../result.ts";
import type { PythonCell } from "../python/run_notebook.ts";
import { describe, type Verdict } from "../judge/verdict.ts";

/** A cell in all runs of its lab. */
export interface Row {
  id: string;
  title: string;
  /** A verdict for each run. */
  verdicts: Verdict[];
  /** The notebook's cell in this machine's Python, if it was run. */
  python?: PythonCell;
}

/** The median of some numbers, and how far they spread. */
export interface Spread {
  median: number;
  least: number;
  most: number;
}

/** The cells of several runs, each once. */
export function rowsOf(results: LabResult[]): Row[] {
  const rows = new Map<string, Row>();
  const cells = results.flatMap(({ cells }) => cells);
  for (const { id, title, verdict, python } of cells) {
    const row = rows.get(id) ?? { id, title: "", verdicts: [], python };
    row.title ||= title;
    row.verdicts.push(verdict);
    rows.set(id, row);
  }
  return [...rows.values()];
}

/** The verdicts, the worst first. */
const KINDS = ["differs", "inconclusive", "reproduced", "skipped"] as const;

/** The worst of a row's verdicts. It is `skipped` only if the cell was in every run. */
export function overall({ verdicts }: Row): Verdict["verdict"] {
  const kinds = verdicts.map(({ verdict }) => verdict);
  return KINDS.find((kind) => kinds.includes(kind))!;
}

/** A row's verdict in words. If there are several runs, it says how many agree. */
export function describeRow(row: Row): string {
  const kind = overall(row);
  const same = row.verdicts.filter(({ verdict }) => verdict === kind);
  const text = describe(same[0]);
  const runs = row.verdicts.length;
  if (runs === 1) return text;
  return text.replace(kind, `${kind} in ${same.length} of ${runs} runs`);
}

/** A row's seconds; undefined if no run has any. */
export function secondsOf({ verdicts }: Row): Spread | undefined {
  return spread(verdicts.map(({ seconds }) => seconds));
}

/** How many times faster a cell was than another; undefined if no run was compared. */
export function speedOf({ verdicts }: Row): Spread | undefined {
  return spread(verdicts.map(({ timing }) => timing.speed?.median ?? null));
}

/** The median of some numbers, and how far they spread. Null is ignored. */
export function spread(values: (number | null)[]): Spread | undefined {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const half = sorted.length / 2;
  const median = (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
  return { median, least: sorted[0], most: sorted.at(-1)! };
}
