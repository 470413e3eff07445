// Copyright 2026 the lab9 authors. MIT license.

import { type Sample, secondsOf } from "../judge/timing.ts";
import { judge, type Verdict } from "../judge/verdict.ts";
import type { ChosenCell } from "../selection.ts";
import type { Exercise } from "./exercises.ts";

/**
 * Seconds. A program that hasn't ended by then waits for something that never
 * comes, or for a processor that others use.
 */
export const LIMIT = 10;

/** What came of an exercise. */
export interface Outcome {
  /** Undefined if nobody can say. */
  isSolved: boolean | undefined;
  /** How often it ran. */
  runs: number;
  /** Why it isn't solved, or nobody can say. */
  reason?: string;
  /** What differs, if it is what was printed. */
  verdict?: Verdict;
  /** What helps, if the exercise's subject is what is missing. */
  hint?: string;
}

/** What came of one run of an exercise's program. */
export interface ProgramRun {
  output: string;
  /** What went wrong, if anything did. */
  failure?: string;
  /** Whether that is an error, a mistake in the program maybe. */
  hasThrown?: boolean;
  /** How many processors other programs used meanwhile, if anybody knows. */
  others?: number;
}

/**
 * Runs an exercise's program, as often as it takes, and judges what it prints by
 * the rules of the labs' record.
 *
 * @param exercise What is expected.
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
    // A sleep that took too long may be the machine's fault.
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
      // What is one line has no order.
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

/** What is expected of the lines: nothing was recorded of an exercise. */
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
