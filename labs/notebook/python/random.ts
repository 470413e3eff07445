// Copyright 2026 the lab9 authors. MIT license.

/**
 * Draws uniform integers. With the same seed they are the same on every machine, as with
 * `numpy.random.seed(seed); numpy.random.randint(low, high, size)`. The numbers are not
 * NumPy's: the generator here is SplitMix32, which is far smaller. Don't use it for
 * secrets.
 *
 * @param seed The seed, an integer from 0 to 2 ** 32 - 1.
 * @param low The smallest integer to draw.
 * @param high The largest integer to draw, plus 1.
 * @param size How many integers to draw.
 * @returns The integers, each in `[low, high)` and each equally likely.
 * @throws {RangeError} If the seed is out of range, if a bound is not a safe
 * integer, if `[low, high)` has no integers or more than 2 ** 32, or if the size is not
 * a length that an array can have.
 *
 * @example Digits
 * ```ts
 * import { seededIntegers } from "./random.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const digits = seededIntegers(9, 0, 10, 5000);
 * assertEquals(digits.length, 5000);
 * assertEquals(digits, seededIntegers(9, 0, 10, 5000));
 * ```
 */
export function seededIntegers(
  seed: number,
  low: number,
  high: number,
  size: number,
): number[] {
  checkIntegerIn("seed", seed, 0, 2 ** 32 - 1);
  checkIntegerIn("lower bound", low, -MAX_SAFE, MAX_SAFE);
  checkIntegerIn(
    "upper bound",
    high,
    low + 1,
    Math.min(low + 2 ** 32, MAX_SAFE),
  );
  checkIntegerIn("size", size, 0, 2 ** 32 - 1);
  const range = high - low;
  // Values from here on are drawn again: they would make small integers more likely.
  const limit = 2 ** 32 - 2 ** 32 % range;
  let state = seed;
  const integers: number[] = [];
  while (integers.length < size) {
    state = (state + 0x9e3779b9) | 0;
    let bits = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    bits = (bits ^ (bits >>> 16)) >>> 0;
    if (bits < limit) integers.push(low + bits % range);
  }
  return integers;
}

const MAX_SAFE = Number.MAX_SAFE_INTEGER;

function checkIntegerIn(
  name: string,
  value: number,
  min: number,
  max: number,
): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(
    `Cannot draw integers with ${name} ${value}: it must be an integer from ${min} to ${max}`,
  );
}
