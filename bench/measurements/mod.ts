// Copyright 2026 the lab9 authors. MIT license.

import type { Measurement } from "../measurement.ts";
import { exp, f, g } from "./notebook.ts";
import {
  apply,
  applyBurst,
  applyOne,
  calledOff,
  largeResult,
  map,
  payload,
} from "./pool.ts";
import { queue, queueContended, queueObjects } from "./queue.ts";
import { recording } from "./recording.ts";
import { chunkSize, itemSize, poolSize, queueDepth } from "./scaling.ts";
import { list, poolStart, sleep, start, threadStart } from "./start.ts";

/** All measurements, in the order in which they run. */
export const measurements: Measurement[] = [
  queue,
  queueObjects,
  queueContended,
  apply,
  applyBurst,
  applyOne,
  payload,
  calledOff,
  largeResult,
  map,
  exp,
  f,
  g,
  start,
  list,
  poolStart,
  threadStart,
  sleep,
  recording,
  itemSize,
  poolSize,
  chunkSize,
  queueDepth,
];
