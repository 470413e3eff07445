import type { Measurement } from "../../bench/measurement.ts";

/** A measurement of bursts of ten items, the first against each other. */
export function race(ours: string, ...others: string[]): Measurement {
  return {
    name: "race",
    title: "A race",
    unit: "laps",
    contenders: [ours, ...others].map((name) => ({
      name,
      command: [],
      count: 10,
    })),
    comparisons: others.map((other) => ({
      id: `race/${other}`,
      ours,
      against: [other],
      label: other,
    })),
  };
}
