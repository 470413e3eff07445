// Copyright 2026 the lab9 authors. MIT license.

import type { Extrapolation } from "./amdahl.ts";
import type { Result } from "./ratios.ts";

/**
 * Everything that was measured, for programs.
 *
 * @param results The measurements with their figures.
 * @param rounds How many rounds there were.
 * @param extrapolation What more cores would do.
 */
export function toJson(
  results: Result[],
  rounds: number,
  extrapolation: Extrapolation | undefined,
): string {
  const measurements = results.map(({ measurement, rates, ratios }) => ({
    name: measurement.name,
    title: measurement.title,
    unit: measurement.unit,
    rates,
    ratios: ratios.map(({ comparison, ...figures }) => ({
      id: comparison.id,
      ours: comparison.ours,
      ...figures,
    })),
  }));
  return JSON.stringify(
    {
      date: new Date().toISOString(),
      cores: navigator.hardwareConcurrency,
      version: Deno.version,
      rounds,
      measurements,
      extrapolation,
    },
    null,
    2,
  );
}
