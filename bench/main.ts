// Copyright 2026 the lab9 authors. MIT license.

/**
 * Measures this library against what people would use instead, in one run on
 * the same machine, and prints ratios.
 *
 *     deno task bench
 *     deno task bench queue apply --rounds 15
 *
 * Method, to be objected to:
 *
 *  - A process a contender and round. Nobody inherits another's heap, compiled
 *    code or workers. In every round the contenders run in another random order,
 *    one at a time. There are 7 rounds, unless `--rounds` says otherwise.
 *  - A ratio is taken within a round, of runs that are seconds apart, since
 *    machines change their speed over minutes. Printed are the median of the
 *    rounds' ratios and their range. "The best peer" is the one with the highest
 *    median rate in this very run.
 *  - Within a process there is a burst, the first; more of them, until a second is
 *    over; and then several whose median counts as steady. They are told apart,
 *    since code is compiled and heaps grow meanwhile. Threads and workers have
 *    started before, and every worker has run each function twice. Only `start` is
 *    clocked from outside, five launches a round, since it is about just that; its
 *    modules are compiled by then. There the raw program starts both its workers
 *    before it asks one of them; the pool starts its second when there is work for
 *    it, or the first is ready. Ours imports what it takes, `lib/pool.ts` and
 *    `lib/expose.ts`, and once more all of `mod.ts`: each thread loads that.
 *  - All have two workers and the same number of items or tasks in flight: as many
 *    as a burst has, in queues and pools without a limit. Only multithreading's
 *    channel must have one; see its file.
 *  - Queues are clocked by the threads at their ends, from before the first put
 *    until after the last get, on the machine's own clock; pools by the main
 *    thread. Making and reading the items counts, alike for all. CPython's
 *    queue.Queue hands over references within one interpreter and copies nothing;
 *    the others copy.
 *  - Each peer is used as its README says is fastest; where that is silent, as was
 *    fastest when tried here. What was chosen stands in `contenders/`. Those
 *    that have no chunked map are given chunks by hand, as Float64Arrays that are
 *    transferred where they can be, which is faster than plain arrays; making and
 *    reading them counts, since `Pool.map` takes and returns plain arrays.
 *  - Other programs that compute meanwhile take cores away: what has two threads
 *    then loses more than what has one. The load before the first round is
 *    printed; a run on a machine that is busy shows little.
 *  - Every result is checked. A wrong one, a hang (120 seconds) and an error are
 *    printed with the contender's name; such a round has no ratio.
 *  - Bursts of 100 calls, and calls one at a time, are clocked like the large ones: a
 *    median of many. Knitting, which isn't on npm, takes part where `--knitting` names
 *    a checkout of it.
 *  - Payloads go to a task that returns them. Results of 256 MB are compared with
 *    copying as much twice: into shared memory and out of it is the least that a
 *    result costs that isn't transferred. Calls are called off while they wait, from
 *    the first `abort()` until all have rejected.
 *  - Recording is measured against the same library with its recorder replaced by
 *    one that does nothing and a constant that says so, which V8 folds away.
 *    What is left of it in the machine's code, if anything, is not seen.
 *  - The workers' code and the items are tiny on purpose: what is measured is the
 *    way there and back. Work that takes longer makes all pools alike; see exp.
 *
 * `deno task bench cluster` is a program by itself: see `cluster/main.ts`.
 *
 * Absolute figures are printed as well. They hold for this machine and minute.
 *
 * @module
 */

import { setColorEnabled } from "@std/fmt/colors";
import { attempt } from "./attempt.ts";
import { print, widthOf } from "../labs/runner/terminal.ts";
import { Progress } from "../labs/runner/run/progress.ts";
import { interrupts } from "../labs/runner/run/signals.ts";
import { UsageError } from "../labs/runner/usage_error.ts";
import { extrapolate } from "./amdahl.ts";
import { HELP, type Options, readOptions } from "./cli.ts";
import { draw } from "./draw.ts";
import { floors } from "./floors.ts";
import { toJson } from "./json.ts";
import type { Measurement } from "./measurement.ts";
import { measurements } from "./measurements/mod.ts";
import { type Result, resultOf } from "./ratios.ts";
import {
  extrapolationText,
  ratesText,
  ratiosText,
  verdictText,
} from "./report.ts";
import { findMissing, runRounds } from "./rounds.ts";

function hasFloor({ comparisons }: Measurement): boolean {
  return comparisons.some(({ id }) => id in floors);
}

async function main(): Promise<number> {
  using interrupt = interrupts();
  const { signal } = interrupt;
  try {
    const options = readOptions(Deno.args, measurements, hasFloor);
    if (options === undefined) {
      print(HELP);
      return 0;
    }
    if (options.list) {
      list(options.measurements);
      return 0;
    }
    // Before anything runs: half an hour later it would be a pity.
    const { svg } = options;
    if (svg !== undefined) {
      await attempt("svg", svg, () => Deno.mkdir(svg, { recursive: true }));
    }
    const results = await measure(options, signal);
    await report(results, options);
    const isMissed = results.some(({ ratios }) =>
      ratios.some(({ verdict }) => verdict === "missed")
    );
    return options.gate && isMissed ? 1 : 0;
  } catch (error) {
    if (signal.aborted) return signal.reason;
    // As a program that SIGPIPE ends.
    if (error instanceof Deno.errors.BrokenPipe) return 141;
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\nSee deno task bench --help`);
    return 2;
  }
}

function list(measurements: Measurement[]): void {
  for (const { name, title, contenders } of measurements) {
    print(`${name.padEnd(16)} ${title}`);
    for (const { name } of contenders) print(`  ${name}`);
  }
}

async function measure(
  { measurements, rounds, json, knitting }: Options,
  signal: AbortSignal,
): Promise<Result[]> {
  const missing = await findMissing(knitting);
  if (!json) print(`${loadText()}\n`);
  const results: Result[] = [];
  using progress = new Progress(Deno.stderr.isTerminal() ? "live" : "none");
  for (const measurement of measurements) {
    const outcomes = await runRounds(
      measurement,
      { rounds, missing, knitting, progress, signal },
    );
    const result = resultOf(measurement, outcomes, floors);
    results.push(result);
    if (json) continue;
    progress.above(() => print(`${ratesText(result, width())}\n`));
  }
  return results;
}

async function report(
  results: Result[],
  { rounds, json, svg }: Options,
): Promise<void> {
  const extrapolation = extrapolate(results);
  if (json) print(toJson(results, rounds, extrapolation));
  else {
    print(`${ratiosText(results, width())}\n`);
    if (extrapolation !== undefined) {
      print(`${extrapolationText(extrapolation, width())}\n`);
    }
    print(verdictText(results));
  }
  if (svg !== undefined) {
    const [growth, others] = [true, false].map((isScaling) =>
      results.filter(({ measurement }) =>
        (measurement.isScaling ?? false) === isScaling
      )
    );
    await picture(`${svg}/comparison.svg`, others, "Times as fast as …");
    await picture(`${svg}/scaling.svg`, growth, "How throughput changes");
  }
}

async function picture(
  path: string,
  results: Result[],
  title: string,
): Promise<void> {
  if (results.length === 0) return;
  const text = draw(results, title, machine());
  await attempt("svg", path, () => Deno.writeTextFile(path, text));
}

/** Who shares the processors changes what a pool can win. */
function loadText(): string {
  const [load] = Deno.loadavg();
  return `Before this began, a load of ${load.toFixed(1)} was on ` +
    `${navigator.hardwareConcurrency} cores.`;
}

function width(): number {
  return widthOf(Deno.stdout);
}

/** Where and when, for a picture that others will see. */
function machine(): string {
  const { deno, v8 } = Deno.version;
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${navigator.hardwareConcurrency} cores, Deno ${deno}, ` +
    `V8 ${v8}`;
}

/** Past one machine: a program by itself, with packages of its own. */
async function runCluster(args: string[]): Promise<number> {
  const path = (file: string) => new URL(file, import.meta.url).pathname;
  const { code } = await new Deno.Command("deno", {
    args: [
      ["run", "--quiet", "--no-prompt", "--no-check"],
      ["--config", path("../labs/cluster/deno.json")],
      ["--allow-net", "--allow-env", "--allow-read", "--allow-sys=loadavg"],
      ["--allow-run", path("cluster/main.ts"), ...args],
    ].flat(),
  }).spawn().status;
  return code;
}

setColorEnabled(!Deno.noColor && Deno.stdout.isTerminal());

Deno.exit(
  Deno.args[0] === "cluster"
    ? await runCluster(Deno.args.slice(1))
    : await main(),
);
