// Copyright 2026 the lab9 authors. MIT license.

import type { ChosenCell } from "../selection.ts";
import type { RecordedCell } from "./record.ts";
import { applyRules, type Compared, isSame, rules } from "./rules.ts";
import {
  judgeTime,
  loadOf,
  type Machine,
  type Sample,
  type Timing,
} from "./timing.ts";
import type { Sides } from "./unglue.ts";

/** The verdict on a cell: whether it did what the notebook recorded. */
export interface Verdict {
  verdict: "reproduced" | "differs" | "inconclusive" | "skipped";
  /** The rules that were used. */
  rules: string[];
  /** Whether `--quick` was given. */
  quick: boolean;
  /** Whether it differs because of a mistake in the record. */
  isMistake?: boolean;
  /** What differs, or why the verdict is inconclusive or skipped. */
  reason?: string;
  /** Both sides after the rules, if they differ, and the expected lines in words. */
  output?: Sides & { expected: string };
  /** How many seconds the cell took according to its output. */
  seconds: number | null;
  /** How many processors other programs used meanwhile. */
  others?: number;
  /** Whether another run of the cell could change the verdict. */
  isOpen?: boolean;
  timing: Timing;
}

/** The runs of a cell that is judged. */
export interface Evidence {
  /** The runs that came to their end, the first one at full size. */
  samples: Sample[];
  /** Why the lab has ended early, if it has. */
  ended?: string;
  /** Why the cell was ended, if it didn't end by itself. */
  hung?: string;
}

/** How often a cell is run again whose lines came in another order. */
const ORDERS = 3;

/**
 * Judges a cell.
 *
 * @param cell The cell.
 * @param evidence Its runs.
 * @param machine The machine.
 */
export function judge(
  cell: ChosenCell,
  { samples, ended, hung }: Evidence,
  machine: Machine,
): Verdict {
  const [first] = samples;
  const { quick } = machine;
  const timing = judgeTime(cell, samples, machine);
  const verdict: Verdict = {
    ...{ verdict: "reproduced", rules: [], quick, timing },
    ...{ seconds: first?.seconds ?? null, others: first?.others },
  };
  if (hung !== undefined) {
    return { ...verdict, verdict: "differs", reason: hung };
  }
  if (first === undefined) {
    return ended === undefined
      ? { ...verdict, verdict: "differs", reason: "the lab didn't run it" }
      : { ...verdict, verdict: "skipped", reason: ended };
  }
  const { recorded } = cell;
  const skipped = recorded === undefined
    ? "the notebook doesn't have it"
    : recorded.unrecorded
    ? "the notebook never ran it"
    : undefined;
  if (skipped !== undefined) {
    return { ...verdict, verdict: "skipped", reason: skipped };
  }
  Object.assign(verdict, judgeOutput(recorded!, samples, machine));
  return verdict.verdict === "reproduced"
    ? { ...verdict, ...judgeByTime(recorded!, timing, quick) }
    : verdict;
}

function judgeByTime(
  { quick: differsIfQuick }: RecordedCell,
  { holds, doubt, isOpen, skipped }: Timing,
  quick: boolean,
): Partial<Verdict> {
  if (holds === false) {
    return { verdict: "differs", reason: "its time", isOpen };
  }
  if (doubt !== undefined) {
    return { verdict: "inconclusive", reason: `its time: ${doubt}`, isOpen };
  }
  const reason = skipped ??
    (quick && differsIfQuick !== undefined && holds === undefined
      ? "quick runs fewer calls than the notebook"
      : undefined);
  return reason === undefined ? {} : { verdict: "skipped", reason };
}

function judgeOutput(
  cell: RecordedCell,
  samples: Sample[],
  machine: Machine,
): Partial<Verdict> {
  if (machine.quick && cell.quick !== undefined) return {};
  const [{ used, ...sides }, ...others] = samples
    .map(({ output }) => compare(cell, output));
  if (!isSame(sides.recorded, sides.here)) {
    const load = loadOf(samples.slice(0, 1), machine);
    const isLate = load !== undefined && canComeLate(cell, sides);
    const again = others.slice(0, ORDERS);
    if (isLate && again.every(({ recorded, here }) => isSame(recorded, here))) {
      return {
        verdict: "inconclusive",
        rules: used,
        reason: `its lines came in another order, once: ${load}`,
        isOpen: again.length < ORDERS,
      };
    }
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

function compare({ output, rules }: RecordedCell, here: string): Compared {
  return applyRules(rules, {
    recorded: output.split("\n"),
    here: here.split("\n"),
  });
}

/**
 * Whether only the order of lines differs in a cell whose threads sleep. If other programs
 * compute, a thread may start late. Such a cell is run again, if it prints the same with
 * smaller counts.
 */
function canComeLate({ time, quick }: RecordedCell, sides: Sides): boolean {
  return time?.sleeps === true && quick === undefined &&
    isSame(sides.recorded.toSorted(), sides.here.toSorted());
}

function expectedOf(names: string[]): string {
  const about = names.map((name) => rules[name].about);
  return ["the recorded lines", ...about].join("; ");
}

/** A verdict in words: `reproduced (rules ids, order:exact)`. */
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
