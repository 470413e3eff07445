// Copyright 2026 the lab9 authors. MIT license.

import type { Timeline } from "../../notebook/timeline.ts";

/** In milliseconds; shorter cells are over before anything can be seen. */
const SHORTEST_PICTURE = 50;

/** Whether there is anything to see in a timeline. */
export function isWorthDrawing(
  { duration, threads, spans }: Timeline,
): boolean {
  return duration >= SHORTEST_PICTURE &&
    (threads.length > 1 || spans.length > 1);
}
