// Copyright 2026 the lab9 authors. MIT license.

/** The median of some numbers, and an interval for the true median. */
export interface Interval {
  median: number;
  low: number;
  high: number;
  /** How many numbers there are. */
  count: number;
}

/**
 * The median of some numbers, with an interval. If there are six numbers or more, the true
 * median is in the interval 19 times in 20. It is the interval of the sign test, which
 * assumes nothing about the distribution of the numbers: because of other programs, some
 * of them are very wrong.
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
  // The probability that exactly so many numbers are below the true median.
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
