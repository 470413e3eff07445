// Copyright 2026 the lab9 authors. MIT license.

import { runProcess } from "../run/lab_process.ts";
import { markLoad, othersBetween } from "../run/load.ts";
import { joined } from "../run/transcript.ts";
import { LIMIT, type ProgramRun } from "./judge.ts";

/** How often a program gets more time, if other programs use the processors. */
const EXTENSIONS = 3;

/**
 * Runs a program to its end, as a process.
 *
 * @param file The program.
 * @param signal Ends it.
 */
export async function runProgram(
  file: string,
  signal: AbortSignal,
): Promise<ProgramRun> {
  const mark = markLoad();
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
  const isEnded = signal.aborted || limit.signal.aborted;
  const hasThrown = !isEnded && code !== 0;
  const failure = signal.aborted
    ? "interrupted"
    : limit.signal.aborted
    ? `it had not ended after ${tens * LIMIT} seconds`
    : hasThrown
    ? `it failed:\n${errors.join("\n")}`
    : undefined;
  // The program's own processor time is ignored: programs whose time is judged sleep.
  const others = othersBetween(mark, markLoad(), 0);
  return { output: joined(lines), failure, hasThrown, others };
}
