// Copyright 2026 the lab9 authors. MIT license.

import { stripAnsiCode } from "@std/fmt/colors";
import { runProcess } from "../labs/runner/run/lab_process.ts";
import type { Progress } from "../labs/runner/run/progress.ts";
import { RECORD_SEPARATOR } from "../labs/notebook/timeline.ts";
import type { Contender, Measurement, Need } from "./measurement.ts";
import type { Failure, Outcome } from "./protocol.ts";
import type { Outcomes } from "./ratios.ts";

/** After so many seconds a process hangs. */
const HANG = 120;

/** How rounds are run. */
export interface RoundOptions {
  rounds: number;
  /** What the machine doesn't have, and what to say of it. */
  missing: Map<Need, string>;
  /** Where a checkout of knitting is. */
  knitting?: string;
  progress: Progress;
  /** Ends the process that runs. */
  signal: AbortSignal;
}

/**
 * Runs all contenders, in every round in another order.
 *
 * @param measurement Whose contenders.
 * @param options How often, and what to skip.
 * @returns What came of each round.
 */
export async function runRounds(
  { name: measurement, contenders }: Measurement,
  { rounds, missing, knitting, progress, signal }: RoundOptions,
): Promise<Outcomes> {
  const outcomes: Outcomes = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contender of shuffled(contenders)) {
      const { name, needs } = contender;
      const reason = needs && missing.get(needs);
      if (reason !== undefined) {
        outcomes.get(name)!.push({ failure: "skipped", message: reason });
        continue;
      }
      signal.throwIfAborted();
      progress.start(`${measurement} ${round}/${rounds}: ${name}`, null);
      const command = needs === "knitting"
        ? [...contender.command, knitting!]
        : contender.command;
      outcomes.get(name)!.push(
        await runContender({ ...contender, command }, signal),
      );
    }
  }
  return outcomes;
}

/** As Fisher and Yates do. */
function shuffled<T>(items: T[]): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const k = Math.floor(Math.random() * (i + 1));
    [result[i], result[k]] = [result[k], result[i]];
  }
  return result;
}

async function runContender(
  { command, launches }: Contender,
  signal: AbortSignal,
): Promise<Outcome> {
  if (launches === undefined) {
    const { lines, failure } = await run(command, signal);
    if (failure !== undefined) return failure;
    const answer = lines.find(({ text }) => text.startsWith(RECORD_SEPARATOR));
    return answer === undefined
      ? { failure: "error", message: "It ended without an answer" }
      : JSON.parse(answer.text.slice(RECORD_SEPARATOR.length));
  }
  const steady: number[] = [];
  const { times, prints } = launches;
  for (let i = 0; i < times; i++) {
    const { lines, failure } = await run(command, signal);
    if (failure !== undefined) return failure;
    const [first] = lines;
    if (first?.text !== prints) {
      const message = `It printed ${first?.text} and must print ${prints}`;
      return { failure: "wrong result", message };
    }
    steady.push(first.seconds);
  }
  return { steady };
}

/** A line, and the seconds from the process's start up to it. */
interface Line {
  text: string;
  seconds: number;
}

async function run(
  command: string[],
  interrupt: AbortSignal,
): Promise<{ lines: Line[]; failure?: Failure }> {
  const lines: Line[] = [];
  const errors: string[] = [];
  const timeout = AbortSignal.timeout(HANG * 1000);
  const start = performance.now();
  const exitCode = await runProcess(command, {
    signal: AbortSignal.any([interrupt, timeout]),
    onLine: (text) =>
      lines.push({ text, seconds: (performance.now() - start) / 1000 }),
    onErrorLine: (text) => errors.push(stripAnsiCode(text).trim()),
  });
  interrupt.throwIfAborted();
  if (timeout.aborted) {
    const message = `It had not ended after ${HANG} seconds`;
    return { lines, failure: { failure: "hang", message } };
  }
  if (exitCode !== 0) {
    const reason = errors.find((line) => /error/i.test(line)) ?? errors.at(-1);
    const message = `It ended with ${exitCode}: ${reason ?? "no word of why"}`;
    return { lines, failure: { failure: "error", message } };
  }
  return { lines };
}

/** Looks for what a machine may not have. */
export async function findMissing(
  knitting: string | undefined,
): Promise<Map<Need, string>> {
  const missing = new Map<Need, string>();
  if (knitting === undefined) {
    missing.set("knitting", "no checkout of it was named by --knitting");
  }
  if (!await succeeds("python3", ["--version"])) {
    missing.set("python3", "there is no python3 here");
    missing.set("numpy", "there is no python3 here");
  } else if (!await succeeds("python3", ["-c", "import numpy"])) {
    missing.set("numpy", "python3 has no numpy here");
  }
  return missing;
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    // What isn't there can't be permitted either.
    const { NotFound, NotCapable } = Deno.errors;
    if (error instanceof NotFound || error instanceof NotCapable) return false;
    throw error;
  }
}
