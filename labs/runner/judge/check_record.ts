// Copyright 2026 the lab9 authors. MIT license.

import type { RecordedCell, RecordedLab } from "./record.ts";
import { checkRules } from "./rules.ts";
import { comparedWith, findCell } from "../selection.ts";
import { UsageError } from "../usage_error.ts";

/**
 * Makes sure that a record can be compared with: its rules are known, and what
 * it says about time can be judged.
 *
 * @param lab The record of a lab.
 * @throws {UsageError} If it can't be.
 */
export function checkRecord(lab: RecordedLab): void {
  const told = lab.sentence?.cell;
  if (findCell(lab, told) === undefined) {
    throw new UsageError(
      `Cannot compare lab ${lab.lab}: there is no cell '${told}' to tell of`,
    );
  }
  for (const cell of lab.cells) {
    const wrong = mistakeInShape(lab, cell);
    if (wrong !== undefined) {
      throw new UsageError(`Cannot compare cell ${cell.id}: ${wrong}`);
    }
    checkRules(cell.id, cell.rules);
    const mistake = mistakeInTime(lab, cell);
    if (mistake === undefined) continue;
    throw new UsageError(
      `Cannot judge the time of cell ${cell.id}: ${mistake}`,
    );
  }
}

/**
 * Reads a record that may have changed since the program started.
 *
 * @param file The record of a lab.
 * @throws {UsageError} If it is no JSON.
 */
export async function readRecord(file: URL): Promise<RecordedLab> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`Cannot read ${file.pathname}: ${error.message}`);
  }
}

function mistakeInShape(
  { lab }: RecordedLab,
  { id, output, seconds, rules, time }: RecordedCell,
): string | undefined {
  if (!id?.startsWith(`${lab}:`)) return `its id must begin with '${lab}:'`;
  if (typeof output !== "string") return "its output must be a string";
  if (!Array.isArray(rules)) return "its rules must be a list";
  if (seconds !== null && !Number.isFinite(seconds)) {
    return "its seconds must be a number or null";
  }
  const { workers = 1 } = time ?? {};
  if (!Number.isInteger(workers) || workers < 1) {
    return "its workers must be a positive integer";
  }
}

function mistakeInTime(
  lab: RecordedLab,
  cell: RecordedCell,
): string | undefined {
  const { time, seconds, unrecorded } = cell;
  if (time === undefined) return undefined;
  const { sleeps, fasterThan, noFasterThan } = time;
  if ([sleeps, fasterThan, noFasterThan].filter((x) => x).length !== 1) {
    return "it takes one of 'sleeps', 'fasterThan' and 'noFasterThan'";
  }
  if (seconds === null && !unrecorded) return "the record has no seconds";
  const than = comparedWith(cell);
  if (than !== undefined && findCell(lab, than)?.seconds == null) {
    return `the record has no seconds of cell '${than}'`;
  }
}
