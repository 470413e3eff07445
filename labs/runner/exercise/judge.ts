// Copyright 2026 the lab9 authors. MIT license.

import { type Sample, secondsOf } from "../judge/timing.ts";
import { judge, type Verdict } from "../judge/verdict.ts";
import type { ChosenCell } from "../selection.ts";
import type { Exercise } from "./exercises.ts";

/**
 * How many seconds a program may run. If it takes longer, it waits for something that
 * never happens, or for a processor that other programs use.
 */
export const LIMIT = 10;

/** The outcome of an exercise. */
export interface Outcome {
  /** Undefined if that can't be decided. */
  isSolved: boolean | undefined;
  /** How many times the program ran. */
  runs: number;
  /** Why it isn't solved, or why that can't be decided. */
  reason?: string;
  /** The verdict on the output, if the output is wrong. */
  verdict?: Verdict;
  /** The exercise's hint, if the mistake is the one that the exercise is about. */
  hint?: string;
}

/** The outcome of one run of an exercise's program. */
export interface ProgramRun {
  output: string;
  /** Why the program failed, if it did. */
  failure?: string;
  /** Whether it failed with an error. */
  hasThrown?: boolean;
  /** How many processors other programs used meanwhile; undefined if that is unknown. */
  others?: number;
}

/**
 * Runs an exercise's program as often as necessary, and judges its output by the rules of
 * the labs' record.
 *
 * @param exercise The exercise.
 * @param run Runs the program to its end.
 */
export async function check(
  exercise: Exercise,
  run: () => Promise<ProgramRun>,
): Promise<Outcome> {
  const most = exercise.runs ?? 1;
  let samples: Sample[] = [];
  for (let runs = 1; runs <= most;) {
    const { output, failure, hasThrown, others } = await run();
    if (failure !== undefined) {
      const isSubject = !hasThrown ||
        exercise.error !== undefined && failure.includes(exercise.error);
      const hint = isSubject ? exercise.hint : undefined;
      return { isSolved: false, runs, reason: failure, hint };
    }
    const seconds = secondsOf(output);
    samples.push({ seconds, quick: false, output, others });
    const verdict = judged(exercise, samples);
    // If a sleep took too long, other programs may be the reason.
    if (verdict.isOpen) continue;
    if (verdict.verdict === "inconclusive") {
      return { isSolved: undefined, runs, reason: verdict.reason };
    }
    if (verdict.verdict !== "reproduced") {
      const { reason } = verdict;
      const { hint } = exercise;
      return { isSolved: false, runs, reason, verdict, hint };
    }
    samples = [];
    runs++;
  }
  return { isSolved: true, runs: most };
}

/** Judges what a program printed, as if it were a cell of the notebook. */
function judged(exercise: Exercise, samples: Sample[]): Verdict {
  const { rules = ["order:exact"], seconds = null } = exercise;
  const cell: ChosenCell = {
    ...{ id: "exercise", number: "exercise" },
    recorded: {
      ...{ id: "exercise", source: "", output: exercise.output, seconds },
      // One line has no order.
      rules: exercise.output.includes("\n") || exercise.rules ? rules : [],
      ...seconds === null ? {} : { time: { sleeps: true } },
    },
  };
  const cores = navigator.hardwareConcurrency;
  const verdict = judge(cell, { samples }, { cores, quick: false });
  if (verdict.output !== undefined) {
    verdict.output.expected = expectedOf(exercise);
  }
  return verdict;
}

/** The expectation in words. A verdict would speak of recorded lines. */
function expectedOf({ output, rules = [] }: Exercise): string {
  if (!output.includes("\n")) {
    return rules.includes("seconds")
      ? "this line, with about this time"
      : "this line";
  }
  if (!rules.includes("order:any")) return "these lines, in this order";
  const last = rules.includes("seconds") ? ", the one about the time last" : "";
  return `these lines, in any order${last}`;
}
