// Copyright 2026 the lab9 authors. MIT license.

import type { RecordedCell, RecordedLab } from "./record.ts";
import { applyRules, isSame, rules, type Sides } from "./rules.ts";
import { comparedWith, findCell, numberOf } from "../selection.ts";
import { judgeTime, type Machine, secondsOf, type Timing } from "./timing.ts";
import type { CellOutput } from "../run/transcript.ts";

/** Whether a cell did what the notebook recorded, and what there is to say. */
export interface Verdict {
  verdict: "reproduced" | "differs" | "skipped";
  /** The rules that were used. */
  rules: string[];
  /** Whether `--quick` was given. */
  quick: boolean;
  /** Whether it differs because of a mistake in the record. */
  isMistake?: boolean;
  /** What differs, or why it was skipped. */
  reason?: string;
  /** Both sides after the rules, if they differ, and what was expected. */
  output?: Sides & { expected: string };
  /** How long the cell took by its own account. */
  seconds: number | null;
  timing: Timing;
}

/** What a run of a lab printed, as far as it came. */
export interface LabOutput {
  /** The finished cells, by number. */
  cells: Map<string, CellOutput>;
  /** Why there may be no more of them. */
  ended?: string;
}

/**
 * Judges a cell.
 *
 * @param lab The cell's lab, as recorded.
 * @param id The cell, `pool:9`.
 * @param run What the lab printed.
 * @param machine What is known of this run.
 */
export function judge(
  lab: RecordedLab,
  id: string,
  run: LabOutput,
  machine: Machine,
): Verdict {
  const cell = findCell(lab, id);
  const output = run.cells.get(numberOf(id))?.output;
  const seconds = output === undefined ? null : secondsOf(output);
  const timing = cell === undefined
    ? { recorded: null }
    : timingOf(lab, cell, seconds, run, machine);
  const { quick } = machine;
  const verdict: Verdict = {
    ...{ verdict: "reproduced", rules: [], quick, seconds, timing },
    ...judgeOutput(cell, output, run.ended, quick),
  };
  if (verdict.verdict !== "reproduced") return verdict;
  if (timing.holds === false) {
    return { ...verdict, verdict: "differs", reason: "its time" };
  }
  const skipped = timing.skipped ??
    (quick && cell!.quick !== undefined && timing.holds === undefined
      ? "quick runs fewer calls than the notebook"
      : undefined);
  if (skipped === undefined) return verdict;
  return { ...verdict, verdict: "skipped", reason: skipped };
}

function timingOf(
  lab: RecordedLab,
  cell: RecordedCell,
  seconds: number | null,
  run: LabOutput,
  machine: Machine,
): Timing {
  const than = comparedWith(cell);
  const other = than === undefined ? undefined : findCell(lab, than);
  const output = other && run.cells.get(numberOf(other.id))?.output;
  return judgeTime(cell, seconds, {
    recorded: other?.seconds ?? null,
    here: output === undefined ? null : secondsOf(output),
  }, machine);
}

function judgeOutput(
  cell: RecordedCell | undefined,
  output: string | undefined,
  ended: string | undefined,
  quick: boolean,
): Partial<Verdict> {
  if (output === undefined) {
    return ended === undefined
      ? { verdict: "differs", reason: "the lab didn't run it" }
      : { verdict: "skipped", reason: ended };
  }
  if (cell === undefined) {
    return { verdict: "skipped", reason: "the notebook doesn't have it" };
  }
  if (cell.unrecorded) {
    return { verdict: "skipped", reason: "the notebook never ran it" };
  }
  if (quick && cell.quick !== undefined) return {};
  const { used, ...sides } = applyRules(cell.rules, {
    recorded: cell.output.split("\n"),
    here: output.split("\n"),
  });
  if (!isSame(sides.recorded, sides.here)) {
    return {
      verdict: "differs",
      rules: used,
      reason: "its output",
      output: { ...sides, expected: expectedOf(cell.rules) },
    };
  }
  const unused = cell.rules.filter((name) => !used.includes(name));
  if (unused.length === 0) return { rules: used };
  return {
    verdict: "differs",
    rules: used,
    isMistake: true,
    reason: `nothing used rule '${unused[0]}': take it out of the record`,
  };
}

function expectedOf(names: string[]): string {
  const about = names.map((name) => rules[name].about);
  return ["the recorded lines", ...about].join("; ");
}

/** A verdict as a reader sees it: `reproduced (rules ids, order:exact)`. */
export function describe(verdict: Verdict): string {
  const { rules, quick, reason } = verdict;
  const notes = [
    ...quick && !reason?.startsWith("quick") ? ["quick"] : [],
    ...reason === undefined ? [] : [reason],
    ...verdict.verdict !== "reproduced" || rules.length === 0
      ? []
      : [`${rules.length === 1 ? "rule" : "rules"} ${rules.join(", ")}`],
  ];
  return notes.length === 0
    ? verdict.verdict
    : `${verdict.verdict} (${notes.join(", ")})`;
}
