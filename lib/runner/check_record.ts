// Copyright 2026 the lab9 authors. MIT license.

import type { RecordedCell, RecordedLab } from "./record.ts";
import { checkRules } from "./rules.ts";
import { comparedWith, findCell } from "./selection.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Makes sure that a record can be compared with: its rules are known, and what
 * it says about time can be judged.
 *
 * @param lab The record of a lab.
 * @throws {UsageError} If it can't be.
 */
export function checkRecord(lab: RecordedLab): void {
  for (const cell of lab.cells) {
    checkRules(cell.id, cell.rules);
    const mistake = mistakeInTime(lab, cell);
    if (mistake === undefined) continue;
    throw new UsageError(
      `Cannot judge the time of cell ${cell.id}: ${mistake}`,
    );
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
