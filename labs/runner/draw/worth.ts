// Copyright 2026 the lab9 authors. MIT license.

import type { Timeline } from "../../notebook/timeline.ts";

/** In milliseconds. The picture of a shorter cell would show nothing. */
const SHORTEST_PICTURE = 50;

/** Whether a picture of the timeline would show anything. */
export function isWorthDrawing(
  { duration, threads, spans }: Timeline,
): boolean {
  return duration >= SHORTEST_PICTURE &&
    (threads.length > 1 || spans.length > 1);
}
