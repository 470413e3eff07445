// Copyright 2026 the lab9 authors. MIT license.

/**
 * Whether a cell took the time that it teaches. A cell that sleeps is judged by
 * its seconds; one that computes, by how much faster it was than the cell that
 * the notebook compares it with, on the processors that are here.
 *
 * @module
 */

import type { RecordedCell, RecordedTime } from "./record.ts";

/** A cell's own last line about the time. */
const FINISHED = /^Finished in (\d+\.\d+) seconds$/m;

/** How many processors the notebook had: cell [3] of the pool lab. */
const RECORDED_CORES = 4;

/** Seconds that a sleeping cell may take longer, for starting its workers. */
const ALLOWANCE = 0.5;

/**
 * How many times faster a cell may be that should win nothing: serial cells
 * vary by some percent from run to run.
 */
const NOTHING = 1.15;

/** How slow it may be: changing hands costs something, but not everything. */
const COSTS_TOO_MUCH = 0.5;

/** What is known of this run. */
export interface Machine {
  cores: number;
  quick: boolean;
}

/** How many times faster a cell was than the one it is compared with. */
export interface Speed {
  /** The other cell. */
  than: string;
  here: number;
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
  /** What is asked of the time, if it is judged. */
  expected?: string;
  /** Whether that held. */
  holds?: boolean;
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
 * @param cell The cell, as recorded.
 * @param here The seconds that it took.
 * @param other The cell that it is compared with, and its seconds.
 * @param machine What is known of this run.
 * @returns What there is to say, without `holds` if nothing can be decided.
 */
export function judgeTime(
  cell: RecordedCell,
  here: number | null,
  other: { recorded: number | null; here: number | null },
  machine: Machine,
): Timing {
  const { time } = cell;
  const recorded = recordedSeconds(cell, machine);
  const { sleeps = false } = time ?? {};
  if (time === undefined || here === null) return { recorded, sleeps };
  if (sleeps) return { sleeps, ...judgeSleep(recorded!, here) };
  const than = time.fasterThan ?? time.noFasterThan!;
  if (other.here === null) {
    return {
      recorded,
      skipped: `it is compared with ${than}, which wasn't run`,
    };
  }
  const speed: Speed = {
    than,
    here: other.here / here,
    limit: limitOf(time, machine.cores),
    canWin: time.fasterThan !== undefined,
  };
  if (cell.seconds !== null && other.recorded !== null) {
    speed.recorded = other.recorded / cell.seconds;
  }
  return { recorded, speed, ...judgeSpeed(time, speed, machine) };
}

function judgeSleep(recorded: number, here: number): Timing {
  return {
    recorded,
    expected: `${recorded.toFixed(1)} seconds, and at most ${ALLOWANCE} ` +
      "more for starting workers",
    // A cell says its seconds with one decimal.
    holds: here > recorded - 0.05 && here <= recorded + ALLOWANCE + 0.05,
  };
}

function judgeSpeed(
  time: RecordedTime,
  { than, here, recorded, limit }: Speed,
  { cores, quick }: Machine,
): Pick<Timing, "expected" | "holds" | "skipped"> {
  if (limit === 1 && time.fasterThan !== undefined) {
    return { skipped: "on one processor, nothing computes in parallel" };
  }
  if (quick) return { skipped: "quick computes too briefly to compare times" };
  if (recorded === undefined) return {};
  if (time.noFasterThan !== undefined) {
    return {
      expected: `at most ${NOTHING} times faster than ${than}, and at most ` +
        `${1 / COSTS_TOO_MUCH} times slower: one thread computes at a time, ` +
        `on however many processors (here ${cores})`,
      holds: here >= COSTS_TOO_MUCH && here <= NOTHING,
    };
  }
  const least = leastSpeed(recorded, limitOf(time, RECORDED_CORES), limit);
  return {
    expected: `at least ${least.toFixed(2)} times faster than ${than}: half ` +
      `of what ${RECORDED_CORES} processors won the notebook, scaled to the ` +
      `${cores} here; other programs that compute take of them`,
    holds: here >= least,
  };
}

/**
 * Half of the recorded win, scaled to what can be won here: other programs want
 * processors too. Nothing won is 1, everything is the limit.
 */
function leastSpeed(
  recorded: number,
  recordedLimit: number,
  limit: number,
): number {
  return 1 + (recorded - 1) / (recordedLimit - 1) * (limit - 1) / 2;
}

function limitOf(time: RecordedTime, cores: number): number {
  return Math.min(cores, time.workers ?? cores);
}
