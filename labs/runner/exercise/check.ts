// Copyright 2026 the lab9 authors. MIT license.

import { secondsOf } from "../judge/timing.ts";
import { judge, type Verdict } from "../judge/verdict.ts";
import { runProcess } from "../run/lab_process.ts";
import { joined } from "../run/transcript.ts";
import type { ChosenCell } from "../selection.ts";
import type { Exercise } from "./exercises.ts";

/** A program that hasn't ended by then waits for something that never comes. */
const LIMIT = 10;

/** What came of an exercise. */
export interface Outcome {
  isSolved: boolean;
  /** How often it ran. */
  runs: number;
  /** Why it isn't solved. */
  reason?: string;
  /** What differs, if it is what was printed. */
  verdict?: Verdict;
}

/**
 * Runs an exercise's program, as often as it takes, and judges what it prints by
 * the rules of the labs' record.
 *
 * @param exercise What is expected.
 * @param file The program.
 * @param signal Ends it.
 */
export async function check(
  exercise: Exercise,
  file: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const most = exercise.runs ?? 1;
  for (let runs = 1; runs <= most; runs++) {
    const lines: string[] = [];
    const errors: string[] = [];
    const limit = AbortSignal.timeout(LIMIT * 1000);
    const code = await runProcess([
      ...["deno", "run", "--quiet", "--no-prompt", "--config=labs/deno.json"],
      ...["--allow-read", file],
    ], {
      signal: AbortSignal.any([signal, limit]),
      onLine: (line) => lines.push(line),
      onErrorLine: (line) => errors.push(line),
    });
    const fail = (reason: string) => ({ isSolved: false, runs, reason });
    if (signal.aborted) return fail("interrupted");
    if (limit.aborted) {
      return fail(`it had not ended after ${LIMIT} seconds`);
    }
    if (code !== 0) return fail(`it failed:\n${errors.join("\n")}`);
    const verdict = judged(exercise, joined(lines));
    if (verdict.verdict === "reproduced") continue;
    return { isSolved: false, runs, reason: verdict.reason, verdict };
  }
  return { isSolved: true, runs: most };
}

function judged(exercise: Exercise, output: string): Verdict {
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
  const sample = { seconds: secondsOf(output), quick: false, output };
  const cores = navigator.hardwareConcurrency;
  return judge(cell, { samples: [sample] }, { cores, quick: false });
}
