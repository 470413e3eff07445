// Copyright 2026 the lab9 authors. MIT license.

import { expose } from "@lab9/concurrency";

/** Hardly any work: what is left is the way there and back. */
export function increment(x: number): number {
  return x + 1;
}

/** Computes for so many milliseconds. */
export function spin(milliseconds: number): number {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
  return milliseconds;
}

expose(import.meta, { increment, spin });
