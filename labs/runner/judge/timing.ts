// Copyright 2026 the lab9 authors. MIT license.

/**
 * Judges the time of a cell. A cell that sleeps is judged by its seconds. A cell that
 * computes is judged by how much faster it was than the cell that the notebook compares it
 * with, on this machine's processors. Both cells run in turns, several times, until the
 * answer is clear: see `docs/runner.md`.
 *
 * @module
 */

import type { ChosenCell } from "../selection.ts";
import { type Interval, intervalOf } from "./interval.ts";
import type { RecordedCell, RecordedTime } from "./record.ts";

/** The line of a cell's output with its time. */
const FINISHED = /^Finished in (\d{1,9}\.\d{1,9}) seconds$/m;

/** How many processors the notebook had: cell [3] of the pool lab. */
const RECORDED_CORES = 4;

/** How many seconds longer a cell that sleeps may take, to start its workers. */
const ALLOWANCE = 0.5;

/** How much a cell's seconds are rounded: they have one decimal. */
const ROUNDING = 0.05;

/**
 * How many times faster a cell may be that computes in turn: its time varies by some
 * percent from run to run.
 */
const NOTHING = 1.15;

/** The least ratio for such a cell: the passing of the lock may cost half of the time. */
const COSTS_TOO_MUCH = 0.5;

/** How often a sleep that took too long is tried before it counts. */
const SLEEPS = 4;
/** The same, if its times vary, so that other programs may be the reason. */
const LOADED_SLEEPS = 12;

/** How many ratios are needed to decide that a time was reproduced. */
export const FEW = 3;

/**
 * How many ratios are needed to decide that it wasn't. The probability that all of them
 * are on one side by chance is 1 in 64.
 */
const ENOUGH = 6;

/** The largest number of ratios. More would hardly help. */
const MOST = 15;

/** Threads ran in parallel if so many or more ran at once, on average. */
const PARALLEL = 1.4;
/** Threads ran in turn if no more ran at once, on average: some work needs no lock. */
const IN_TURN = 1.75;

/** Other programs may be the reason if they used so many processors, on average. */
const LOADED = 0.25;

/** The machine, and whether the cells run with smaller counts. */
export interface Machine {
  cores: number;
  quick: boolean;
}

/** One run of a cell. */
export interface Sample {
  /** How many seconds it took according to its output; null if that says nothing. */
  seconds: number | null;
  /** The seconds of the cell that it is compared with, which ran in turn with it. */
  than?: number | null;
  /** Whether it ran with smaller counts. */
  quick: boolean;
  output: string;
  /** How many of its threads ran at once, on average. */
  concurrency?: number;
  /** How many processors other programs used meanwhile. */
  others?: number;
}

/** How many times faster a cell was than the one it is compared with. */
export interface Speed extends Interval {
  /** The other cell. */
  than: string;
  /** The ratio in the notebook, if it recorded both cells. */
  recorded?: number;
  /** The largest ratio here: the number of processors that compute at once. */
  limit: number;
  /** Whether the cell computes in parallel, so that it can be faster. */
  canWin: boolean;
}

/** The judgement of a cell's time. */
export interface Timing {
  /** The recorded seconds, or those that are expected with `--quick`. */
  recorded: number | null;
  /** Whether the cell's seconds are judged, instead of a ratio. */
  sleeps?: boolean;
  speed?: Speed;
  /** How many of its threads ran at once, on average: the median of all runs. */
  concurrency?: number;
  /** The expected time in words, if the time is judged. */
  expected?: string;
  /** Whether the time was as expected. It is undefined if that can't be decided. */
  holds?: boolean;
  /** Why that can't be decided. */
  doubt?: string;
  /** Whether another run could decide it. */
  isOpen?: boolean;
  /** Why the time can't be judged here. */
  skipped?: string;
}

/** The seconds of a cell according to its output; null if that says nothing. */
export function secondsOf(output: string): number | null {
  const match = FINISHED.exec(output);
  return match === null ? null : Number(match[1]);
}

/** The seconds that the record lets expect; null if there are none with `--quick`. */
export function recordedSeconds(
  cell: RecordedCell,
  { quick }: { quick: boolean },
): number | null {
  if (!quick || cell.quick === undefined) return cell.seconds;
  return cell.quick.seconds ?? null;
}

/**
 * Judges a cell's time.
 *
 * @param cell The cell.
 * @param samples Its runs, the first one at full size.
 * @param machine The machine.
 * @returns The judgement.
 */
export function judgeTime(
  cell: ChosenCell,
  samples: Sample[],
  machine: Machine,
): Timing {
  const { recorded } = cell;
  if (recorded === undefined) return { recorded: null };
  const { time } = recorded;
  const seconds = recordedSeconds(recorded, machine);
  const timed = samples.filter((sample) => sample.seconds !== null);
  const { sleeps = false } = time ?? {};
  const timing: Timing = { recorded: seconds, sleeps };
  if (time === undefined || timed.length === 0) return timing;
  return {
    ...timing,
    ...sleeps
      ? judgeSleep(recorded, timed, machine)
      : judgeSpeed(cell, time, timed, machine),
  };
}

function judgeSleep(
  cell: RecordedCell,
  samples: Sample[],
  machine: Machine,
): Partial<Timing> {
  // Other programs make a sleep longer, but never shorter.
  const excesses = samples.map(({ seconds, quick }) =>
    seconds! - recordedSeconds(cell, { quick: quick || machine.quick })!
  );
  const least = Math.min(...excesses);
  const spread = Math.max(...excesses) - least;
  const recorded = recordedSeconds(cell, machine)!;
  const expected = `${recorded.toFixed(1)} seconds, and at most ${ALLOWANCE} ` +
    "more for starting workers";
  if (least <= -ROUNDING) return { expected, holds: false };
  if (least <= ALLOWANCE + ROUNDING) return { expected, holds: true };
  const load = loadOf(samples, machine);
  const mayBeLoad = load !== undefined && spread > least / 4;
  const isOpen = samples.length < (mayBeLoad ? LOADED_SLEEPS : SLEEPS);
  // A cell that takes too long by itself takes the same time in each run.
  const doubt = spread > least / 2 ? load : undefined;
  return doubt === undefined
    ? { expected, isOpen, holds: false }
    : { expected, isOpen, doubt };
}

function judgeSpeed(
  { recorded, than }: ChosenCell,
  time: RecordedTime,
  samples: Sample[],
  machine: Machine,
): Partial<Timing> {
  const { cores, quick } = machine;
  const canWin = time.fasterThan !== undefined;
  const limit = limitOf(time, cores);
  if (limit === 1 && canWin) {
    return { skipped: "on one processor, nothing computes in parallel" };
  }
  if (quick) return { skipped: "quick computes too briefly to compare times" };
  const pairs = samples.filter((sample) => sample.than != null);
  if (pairs.length === 0) {
    return { skipped: `it is compared with ${than!.id}, which wasn't run` };
  }
  const speed: Speed = {
    ...intervalOf(pairs.map((pair) => pair.than! / pair.seconds!)),
    ...{ than: than!.id, limit, canWin },
  };
  const concurrencies = pairs.flatMap(({ concurrency = [] }) => concurrency);
  const concurrency = concurrencies.length === 0
    ? undefined
    : intervalOf(concurrencies).median;
  if (recorded!.seconds === null || than!.seconds === null) {
    return { speed, concurrency };
  }
  speed.recorded = than!.seconds / recorded!.seconds;
  const asked = canWin ? askedOfWinner(speed, time, cores) : askedOfTurns(
    speed,
    cores,
  );
  return {
    ...{ speed, concurrency, expected: asked.expected },
    ...decide(speed, asked, concurrency, loadOf(pairs, machine)),
  };
}

/** The expected ratio. */
interface Asked {
  expected: string;
  least: number;
  most: number;
  /** Whether threads have to run at once. Otherwise they must not. */
  isParallel: boolean;
}

function askedOfTurns({ than }: Speed, cores: number): Asked {
  return {
    least: COSTS_TOO_MUCH,
    most: NOTHING,
    isParallel: false,
    expected: `at most ${NOTHING} times faster than ${than}, and at most ` +
      `${1 / COSTS_TOO_MUCH} times slower: one thread computes at a time, ` +
      `on however many processors (here ${cores})`,
  };
}

/**
 * Half of the recorded gain, scaled to the largest gain here, because other programs need
 * processors, too. A ratio of 1 is no gain, and the limit is the largest one.
 */
function askedOfWinner(
  { than, recorded, limit }: Speed,
  time: RecordedTime,
  cores: number,
): Asked {
  const share = (recorded! - 1) / (limitOf(time, RECORDED_CORES) - 1);
  const least = 1 + share * (limit - 1) / 2;
  return {
    least,
    most: Infinity,
    isParallel: true,
    expected: `at least ${least.toFixed(2)} times faster than ${than}: half ` +
      `of what ${RECORDED_CORES} processors won the notebook, scaled to the ` +
      `${cores} here`,
  };
}

/**
 * Decides by two measurements: the ratio of the times, which other programs can change in
 * both directions, and how many threads ran at once, which they can't change.
 */
function decide(
  { low, high, count }: Interval,
  { least, most, isParallel }: Asked,
  concurrency: number | undefined,
  load: string | undefined,
): Partial<Timing> {
  const isInside = count >= FEW && low >= least && high <= most;
  const isOutside = count >= ENOUGH && (high < least || low > most);
  const isWrong = concurrency !== undefined && count >= FEW &&
    (isParallel ? concurrency < PARALLEL : concurrency > IN_TURN);
  if (isWrong) return { holds: false };
  if (isInside) return { holds: true };
  if (isOutside && load === undefined) return { holds: false };
  const bound = low < least ? least : most;
  return {
    isOpen: !isOutside && count < MOST,
    doubt: load ?? `×${low.toFixed(2)} to ×${high.toFixed(2)} is on both ` +
        `sides of ×${bound.toFixed(2)}`,
  };
}

/** A reason about other programs, if they used enough of the processors meanwhile. */
export function loadOf(
  samples: Sample[],
  { cores }: Machine,
): string | undefined {
  const shares = samples.flatMap(({ others = [] }) => others);
  if (shares.length === 0) return undefined;
  const mean = shares.reduce((sum, share) => sum + share) / shares.length;
  if (mean < LOADED) return undefined;
  return `other programs used ${mean.toFixed(1)} of ${cores} processors`;
}

function limitOf(time: RecordedTime, cores: number): number {
  return Math.min(cores, time.workers ?? cores);
}
