// Copyright 2026 the lab9 authors. MIT license.

import type { Timeline } from "../../notebook/timeline.ts";
import { lanesOf } from "../draw/lanes.ts";

/**
 * How many threads ran at once, on average, while any thread ran. A thread that waits for
 * something doesn't count. A thread counts that wants to run but has no processor, so that
 * other programs don't change the number.
 *
 * @param timeline The timeline of a cell.
 * @returns The average; 1 if only the main thread ran.
 */
export function concurrencyOf(timeline: Timeline): number {
  const [, ...lanes] = lanesOf(timeline);
  const segments = lanes.flatMap((lane) => lane.segments);
  // A pool's worker lives longer than its tasks, so only the tasks count.
  const state = segments.some(({ state }) => state === "task") ? "task" : "run";
  const steps = segments.filter((segment) => segment.state === state)
    .flatMap(({ start, end }) => [[start, 1], [end, -1]])
    .sort(([a], [b]) => a - b);
  let running = 0;
  let last = 0;
  let any = 0;
  let all = 0;
  for (const [time, step] of steps) {
    if (running > 0) any += time - last;
    all += running * (time - last);
    running += step;
    last = time;
  }
  return any === 0 ? 1 : all / any;
}
