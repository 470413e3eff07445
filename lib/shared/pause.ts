// Copyright 2026 the lab9 authors. MIT license.

/**
 * Keeps the thread busy for so many pauses of the processor, of some 25 ns each:
 * a wait that is shorter than falling asleep.
 */
export function pause(times: number): void {
  for (let i = 0; i < times; i++) Atomics.pause();
}
