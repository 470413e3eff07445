// Copyright 2026 the lab9 authors. MIT license.

/** The middle of some numbers, and where the middle of many more would lie. */
export interface Interval {
  median: number;
  low: number;
  high: number;
  /** How many numbers there are. */
  count: number;
}

/**
 * The median of some numbers, with an interval that holds the true one 19 times
 * in 20 if there are six numbers or more. It is that of the sign test, which
 * takes nothing for granted about how numbers spread: other programs make some
 * of them very wrong.
 *
 * @param values One number or more.
 */
export function intervalOf(values: number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  const half = count / 2;
  const cut = cutOf(count);
  return {
    median: (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2,
    low: sorted[cut],
    high: sorted[count - 1 - cut],
    count,
  };
}

/** How many numbers the interval may leave out at each of its ends. */
function cutOf(count: number): number {
  // The chance that so many of all numbers lie on one side of the true median.
  let chance = 0.5 ** count;
  let below = chance;
  let cut = 0;
  while (below + chance * (count - cut) / (cut + 1) <= 0.025) {
    chance *= (count - cut) / (cut + 1);
    below += chance;
    cut++;
  }
  return cut;
}
