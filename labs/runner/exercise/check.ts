// Copyright 2026 the lab9 authors. MIT license.

import { type Sample, secondsOf } from "../judge/timing.ts";
import { judge, type Verdict } from "../judge/verdict.ts";
import { runProcess } from "../run/lab_process.ts";
import { type LoadMark, markLoad, othersBetween } from "../run/load.ts";
import { joined } from "../run/transcript.ts";
import type { ChosenCell } from "../selection.ts";
import type { Exercise } from "./exercises.ts";

/**
 * Seconds. A program that hasn't ended by then waits for something that never
 * comes, or for a processor that others use: then it gets as much again.
 */
const LIMIT = 10;
/** How often. */
const EXTENSIONS = 3;

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
  let samples: Sample[] = [];
  for (let runs = 1; runs <= most;) {
    const mark = markLoad();
    const { output, failure } = await run(file, mark, signal);
    if (failure !== undefined) {
      return { isSolved: false, runs, reason: failure };
    }
    // The program itself hardly computes: those whose time is judged sleep.
    const others = othersBetween(mark, markLoad(), 0);
    samples.push({
      ...{ seconds: secondsOf(output), quick: false, output, others },
    });
    const verdict = judged(exercise, samples);
    // A sleep that took too long may be the machine's fault.
    if (verdict.isOpen) continue;
    if (verdict.verdict === "inconclusive") {
      return { isSolved: undefined, runs, reason: verdict.reason };
    }
    if (verdict.verdict !== "reproduced") {
      return { isSolved: false, runs, reason: verdict.reason, verdict };
    }
    samples = [];
    runs++;
  }
  return { isSolved: true, runs: most };
}

/** Runs a program to its end. Returns what went wrong, if anything did. */
async function run(
  file: string,
  mark: LoadMark | undefined,
  signal: AbortSignal,
): Promise<{ output: string; failure?: string }> {
  const lines: string[] = [];
  const errors: string[] = [];
  const limit = new AbortController();
  let tens = 0;
  const timer = setInterval(() => {
    const others = othersBetween(mark, markLoad(), 0) ?? 0;
    const isLoaded = others > navigator.hardwareConcurrency / 2;
    if (tens++ === EXTENSIONS || !isLoaded) limit.abort();
  }, LIMIT * 1000);
  const code = await runProcess([
    ...["deno", "run", "--quiet", "--no-prompt", "--config=labs/deno.json"],
    ...["--allow-read", file],
  ], {
    signal: AbortSignal.any([signal, limit.signal]),
    onLine: (line) => lines.push(line),
    onErrorLine: (line) => errors.push(line),
  }).finally(() => clearInterval(timer));
  const failure = signal.aborted
    ? "interrupted"
    : limit.signal.aborted
    ? `it had not ended after ${tens * LIMIT} seconds`
    : code !== 0
    ? `it failed:\n${errors.join("\n")}`
    : undefined;
  return { output: joined(lines), failure };
}

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
  return judge(cell, { samples }, { cores, quick: false });
}
