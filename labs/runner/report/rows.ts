// Copyright 2026 the lab9 authors. MIT license.

import type { LabResult } from "../result.ts";
import type { PythonCell } from "../python/run_notebook.ts";
import { describe, type Verdict } from "../judge/verdict.ts";

/** A cell in all runs of its lab. */
export interface Row {
  id: string;
  title: string;
  /** A verdict per run. */
  verdicts: Verdict[];
  /** What the notebook's own cell did in the Python that is here. */
  python?: PythonCell;
}

/** What a row's runs took, in the middle and at most. */
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

/** From the worst verdict to the one that says nothing. */
const KINDS = ["differs", "inconclusive", "reproduced", "skipped"] as const;

/** The worst of a row's verdicts; it's skipped only if every run was. */
export function overall({ verdicts }: Row): Verdict["verdict"] {
  const kinds = verdicts.map(({ verdict }) => verdict);
  return KINDS.find((kind) => kinds.includes(kind))!;
}

/** A row's verdict for a reader: of several runs, how many say the same. */
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

/** How many times faster a row was; undefined if no run can tell. */
export function speedOf({ verdicts }: Row): Spread | undefined {
  return spread(verdicts.map(({ timing }) => timing.speed?.median ?? null));
}

/** The median of some numbers and how far they spread; null counts for none. */
export function spread(values: (number | null)[]): Spread | undefined {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const half = sorted.length / 2;
  const median = (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
  return { median, least: sorted[0], most: sorted.at(-1)! };
}
