// Copyright 2026 the lab9 authors. MIT license.

import type { Result } from "./ratios.ts";

/** What a machine with more cores would do, on paper. */
export interface Extrapolation {
  /** The part of the pool's work that does not run in parallel. */
  serial: number;
  /** Speed-ups over the loop, by the number of cores. */
  speedups: { cores: number; speedup: number }[];
  /** The seconds that the main thread spends on a task. */
  secondsPerTask?: number;
}

const CORES = [2, 4, 8, 16, 32, 64];

/**
 * Amdahl's law: with a part s that only one core can do, N cores are
 * 1 / (s + (1 - s) / N) times as fast as one.
 *
 * @param serial The part s.
 * @param cores The number N.
 */
export function amdahl(serial: number, cores: number): number {
  return 1 / (serial + (1 - serial) / cores);
}

/** The part s that follows from a speed-up: 0 if that is the cores' number. */
export function serialPart(speedup: number, cores: number): number {
  const part = (cores / speedup - 1) / (cores - 1);
  return Math.min(1, Math.max(0, part));
}

/**
 * Takes Amdahl's terms from the measurements.
 *
 * @param results What was measured.
 * @returns The extrapolation; undefined if e^x was not measured.
 */
export function extrapolate(results: Result[]): Extrapolation | undefined {
  const ratios = results.flatMap((result) => result.ratios);
  const pool = ratios.find(({ comparison }) => comparison.id === "exp/pool");
  if (pool?.steady === undefined) return undefined;
  const serial = serialPart(pool.steady.median, 2);
  const tasks = results
    .find(({ measurement }) => measurement.name === "apply")?.rates[0].steady;
  return {
    serial,
    speedups: CORES.map((cores) => ({ cores, speedup: amdahl(serial, cores) })),
    secondsPerTask: tasks && 1 / tasks.median,
  };
}
