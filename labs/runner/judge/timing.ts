// Copyright 2026 the lab9 authors. MIT license.

/**
 * Whether a cell took the time that it teaches. A cell that sleeps is judged by
 * its seconds; one that computes, by how much faster it was than the cell that
 * the notebook compares it with, on the processors that are here. Both run in
 * turns, several times, until the answer is clear: see `docs/runner.md`.
 *
 * @module
 */

import type { ChosenCell } from "../selection.ts";
import { type Interval, intervalOf } from "./interval.ts";
import type { RecordedCell, RecordedTime } from "./record.ts";

/** A cell's own last line about the time. */
const FINISHED = /^Finished in (\d{1,9}\.\d{1,9}) seconds$/m;

/** How many processors the notebook had: cell [3] of the pool lab. */
const RECORDED_CORES = 4;

/** Seconds that a sleeping cell may take longer, for starting its workers. */
const ALLOWANCE = 0.5;

/** A cell says its seconds with one decimal. */
const ROUNDING = 0.05;

/**
 * How many times faster a cell may be that should win nothing: serial cells
 * vary by some percent from run to run.
 */
const NOTHING = 1.15;

/** How slow it may be: changing hands costs something, but not everything. */
const COSTS_TOO_MUCH = 0.5;

/** How often a sleep that took too long is tried before it counts. */
const SLEEPS = 4;
/** The same, where other programs may be why: it took now longer, now less. */
const LOADED_SLEEPS = 12;

/** How many ratios it takes to say that a time was reproduced. */
export const FEW = 3;

/** How many it takes to say that it wasn't: all of them chance, 1 in 64. */
const ENOUGH = 6;

/** After this many, more would hardly help. */
const MOST = 15;

/** Threads at once, on average, from which on they run in parallel. */
const PARALLEL = 1.4;
/** And up to which they run in turn, but for what they do between locks. */
const IN_TURN = 1.75;

/** Processors that other programs use, from which on they are to blame. */
const LOADED = 0.25;

/** What is known of this run. */
export interface Machine {
  cores: number;
  quick: boolean;
}

/** One time that a cell was run. */
export interface Sample {
  /** How long it took by its own account; null if it said nothing. */
  seconds: number | null;
  /** How long the cell took that it is compared with, beside it. */
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
  /** In the notebook, if it recorded both cells. */
  recorded?: number;
  /** What the processors here would allow: as many times as compute at once. */
  limit: number;
  /** Whether it can be faster at all. */
  canWin: boolean;
}

/** What there is to say about a cell's time. */
export interface Timing {
  /** The seconds that the notebook recorded, or that `--quick` makes of them. */
  recorded: number | null;
  /** Whether it is the cell's seconds that count. */
  sleeps?: boolean;
  speed?: Speed;
  /** How many of its threads ran at once, on average: the median of all runs. */
  concurrency?: number;
  /** What is asked of the time, if it is judged. */
  expected?: string;
  /** Whether that held. */
  holds?: boolean;
  /** Why nobody can say whether that held. */
  doubt?: string;
  /** Whether running it again could tell. */
  isOpen?: boolean;
  /** Why the time can't be judged here, though the record asks for it. */
  skipped?: string;
}

/** The seconds that a cell says it took; null if it says nothing. */
export function secondsOf(output: string): number | null {
  const match = FINISHED.exec(output);
  return match === null ? null : Number(match[1]);
}

/** The seconds to expect by the record; null if `--quick` makes it useless. */
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
 * @param samples The times that it was run, the first at full size.
 * @param machine What is known of this run.
 * @returns What there is to say, without `holds` if nothing can be decided.
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
  // Other programs make a sleep longer, never shorter.
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
  // What takes too long by itself takes equally long each time.
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

/** What is asked of a ratio. */
interface Asked {
  expected: string;
  least: number;
  most: number;
  /** Whether threads have to run at once, or must not. */
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
 * Half of the recorded win, scaled to what can be won here: other programs want
 * processors too. Nothing won is 1, everything is the limit.
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
 * Two things have to agree: the ratio of times, which other programs can bend
 * either way, and how many threads ran at once, which they can't.
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

/** What other programs did meanwhile, if it is enough to explain something. */
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
