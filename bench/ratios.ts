// Copyright 2026 the lab9 authors. MIT license.

import { type Spread, spread } from "../labs/runner/report/rows.ts";
import type { Floor } from "./floors.ts";
import type { Comparison, Measurement } from "./measurement.ts";
import { type Failure, isFailure, type Outcome } from "./protocol.ts";

/** What came of each contender's rounds. */
export type Outcomes = Map<string, Outcome[]>;

/** A contender's rates, in items a second. */
export interface Rates {
  name: string;
  first?: Spread;
  /** Undefined if no round has any. */
  steady?: Spread;
  /** How rounds failed. */
  failures: Failure[];
}

/**
 * What is to be said about a floor: `unknown` where there is one and no ratio,
 * `none` where there is no floor.
 */
export type Verdict = "reached" | "missed" | "unknown" | "none";

/** A comparison with its figures: times as fast. */
export interface Ratio {
  comparison: Comparison;
  /** Whom it is against, of several the best. */
  against: string;
  first?: Spread;
  steady?: Spread;
  floor?: Floor;
  verdict: Verdict;
}

/** A measurement with its figures. */
export interface Result {
  measurement: Measurement;
  rates: Rates[];
  ratios: Ratio[];
}

/** The median of some numbers. */
export function median(values: number[]): number {
  return spread(values)!.median;
}

/**
 * Makes figures of what the processes said.
 *
 * @param measurement What was measured.
 * @param outcomes A list for each contender, a round at the same place in all.
 * @param floors The floors, by the comparisons' ids.
 */
export function resultOf(
  measurement: Measurement,
  outcomes: Outcomes,
  floors: Record<string, Floor>,
): Result {
  const { contenders, comparisons } = measurement;
  const speeds = new Map(
    contenders.map(({ name, count }) =>
      [name, speedsOf(outcomes.get(name) ?? [], count)] as const
    ),
  );
  const rates = contenders.map(({ name }): Rates => ({
    name,
    first: spread(speeds.get(name)!.first),
    steady: spread(speeds.get(name)!.steady),
    failures: (outcomes.get(name) ?? []).filter(isFailure),
  }));
  const ratios = comparisons.map((comparison): Ratio => {
    const { id, label } = comparison;
    const ours = speeds.get(comparison.ours)!;
    const { count } = contenders.find(({ name }) => name === comparison.ours)!;
    const [against, theirs] = typeof comparison.against === "number"
      ? [label, constantly(comparison.against, ours.steady.length, count)]
      : bestOf(comparison.against.map((name) => [name, speeds.get(name)!]));
    const steady = spread(roundRatios(ours.steady, theirs.steady));
    const first = spread(roundRatios(ours.first, theirs.first));
    const floor = floors[id];
    return {
      ...{ comparison, against, first, steady, floor },
      verdict: floor !== undefined && isBroken(outcomes.get(comparison.ours))
        ? "missed"
        : judge(steady, floor),
    };
  });
  return { measurement, rates, ratios };
}

/** Whether a round failed: a gate must not open for what hangs or errs. */
function isBroken(rounds: Outcome[] = []): boolean {
  return rounds.some((outcome) =>
    isFailure(outcome) && outcome.failure !== "skipped"
  );
}

/** Items a second, a number a round; null where there is none. */
interface Speeds {
  first: (number | null)[];
  steady: (number | null)[];
}

function speedsOf(rounds: Outcome[], count: number): Speeds {
  const speed = (seconds: number | undefined) =>
    seconds === undefined ? null : count / seconds;
  return {
    first: rounds.map((outcome) =>
      isFailure(outcome) ? null : speed(outcome.first)
    ),
    steady: rounds.map((outcome) =>
      isFailure(outcome) ? null : speed(median(outcome.steady))
    ),
  };
}

/** Who takes so many seconds for a burst, in every round. */
function constantly(seconds: number, rounds: number, count: number): Speeds {
  return speedsOf(Array(rounds).fill({ steady: [seconds] }), count);
}

/** The one with the highest median; the first if none has any. */
function bestOf(named: [name: string, Speeds][]): [name: string, Speeds] {
  const medianOf = ({ steady }: Speeds) => spread(steady)?.median ?? -Infinity;
  return named.reduce((a, b) => medianOf(b[1]) > medianOf(a[1]) ? b : a);
}

/** A round's ratio; null where either failed. */
function roundRatios(
  ours: (number | null)[],
  theirs: (number | null)[],
): (number | null)[] {
  return ours.map((speed, round) => {
    const other = theirs[round] ?? null;
    return speed === null || other === null ? null : speed / other;
  });
}

/** Whether a ratio keeps its floor. */
export function judge(
  ratio: Spread | undefined,
  floor: Floor | undefined,
): Verdict {
  if (floor === undefined) return "none";
  if (ratio === undefined) return "unknown";
  const isReached = floor === "no slower"
    ? ratio.most >= 1
    : ratio.median >= floor;
  return isReached ? "reached" : "missed";
}
