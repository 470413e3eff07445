// Copyright 2026 the lab9 authors. MIT license.

import type { Timeline } from "../../notebook/timeline.ts";
import { lanesOf } from "../draw/lanes.ts";

/**
 * How many threads ran at once, on average, while any did. Threads that wait for
 * something don't count; those that the system doesn't let run do, so that other
 * programs change nothing about it.
 *
 * @param timeline What the threads did.
 * @returns The average; 1 if only the main thread ran.
 */
export function concurrencyOf(timeline: Timeline): number {
  const [, ...lanes] = lanesOf(timeline);
  const segments = lanes.flatMap((lane) => lane.segments);
  // A pool's worker is there before its tasks and after them.
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
