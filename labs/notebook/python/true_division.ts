// Copyright 2026 the lab9 authors. MIT license.

/**
 * Divides two integers of any size as Python's `/` does: the result is the
 * double nearest to the true quotient, and the even one of two that are equally
 * near. `Number(a) / Number(b)` would round up to three times on the way, and
 * not work at all past 1024 bits.
 *
 * It is `int.__truediv__` in Python, where the two range errors are a
 * `ZeroDivisionError` and an `OverflowError`. A quotient too small for a double
 * is zero, with the quotient's sign.
 *
 * @param dividend The integer to divide, as a bigint or a whole number.
 * @param divisor The integer to divide by, as a bigint or a whole number.
 * @returns The correctly rounded quotient.
 * @throws {TypeError} If an operand is neither a bigint nor a number.
 * @throws {RangeError} If an operand is a number with a fraction, infinite or
 * NaN, if the divisor is zero, or if the quotient is too large for a number.
 *
 * @example Terms of a series
 * ```ts
 * import { trueDivide } from "./true_division.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(trueDivide(9, 2), 4.5);
 * assertEquals(trueDivide(3n ** 1000n, 3n ** 1001n), 1 / 3);
 * assertEquals(trueDivide(-1, 10n ** 400n), -0);
 * ```
 */
export function trueDivide(
  dividend: bigint | number,
  divisor: bigint | number,
): number {
  checkInteger("dividend", dividend, dividend, divisor);
  checkInteger("divisor", divisor, dividend, divisor);
  // Adding 0 turns -0, which no Python integer is, into 0.
  const a = Number(dividend) + 0;
  const b = Number(divisor);
  if (b === 0) {
    throw new RangeError(
      refusal(dividend, divisor, "the divisor must not be zero"),
    );
  }
  // Both are exact below 2 ** 53, and a division of doubles rounds once.
  if (isExact(a) && isExact(b)) return a / b;

  const quotient = divide(magnitude(dividend), magnitude(divisor));
  if (quotient === Infinity) {
    throw new RangeError(
      refusal(dividend, divisor, "the quotient is too large for a number"),
    );
  }
  return a < 0 === b < 0 ? quotient : -quotient;
}

/** Divides `a >= 0` by `b > 0`; past the largest double comes Infinity. */
function divide(a: bigint, b: bigint): number {
  // Up to half of the smallest double, 2 ** -1075, a quotient rounds to zero:
  // a / b <= 2 ** -1075 just when a <= b / 2 ** 1075, and a is an integer.
  if (a <= b >> 1075n) return 0;

  // The leading bits first. With p and q shifted out (or in, when negative),
  // a is in [A, A + 1) * 2 ** p and b in [B, B + 1) * 2 ** q, so a / b is
  // between A / (B + 1) and (A + 1) / B, times 2 ** (p - q). Rounding never
  // changes an order: if these two round to the same double, so does a / b.
  // That holds for any p and q; these leave 65 bits or more in the quotient.
  const p = bitLength(a) - 130;
  const q = bitLength(b) - 64;
  const exponent = p - q;
  const A = a >> BigInt(p);
  const B = b >> BigInt(q);
  const low = round(A / (B + 1n), exponent);
  const high = round((A + 1n) / B + 1n, exponent);
  const significand = low === high ? low : divideAll(a, b, exponent);

  // In halves, as 2 ** exponent itself may be out of range. Neither product is
  // rounded: `round` left only bits that the result has room for.
  const half = exponent >> 1;
  return significand * 2 ** half * 2 ** (exponent - half);
}

/** Rounds `a / b / 2 ** exponent`, looking at every bit of both. */
function divideAll(a: bigint, b: bigint, exponent: number): number {
  if (exponent < 0) a <<= BigInt(-exponent);
  else b <<= BigInt(exponent);
  const quotient = a / b;
  // The quotient's last bit is far below the last bit of a double. Set for a
  // remainder, it keeps what is just past a tie from looking like one.
  return round(quotient * b === a ? quotient : quotient | 1n, exponent);
}

/**
 * Rounds an integer to the bits that a double has for `value * 2 ** exponent`:
 * 53, but none below `2 ** -1074`.
 */
function round(value: bigint, exponent: number): number {
  if (exponent < -1022) {
    const smallestNormal = 1n << BigInt(-1022 - exponent);
    // From the smallest normal double to its double, the last bit is worth
    // 2 ** -1074, as in all below: up there, Number() rounds at the right bit.
    if (value < smallestNormal) {
      return Number(value + smallestNormal) - Number(smallestNormal);
    }
  }
  return Number(value);
}

/** The bit length of `n > 0`, or one less or more, in a few quick steps. */
function bitLength(n: bigint): number {
  const value = Number(n);
  if (value < Infinity) return Math.ceil(Math.log2(value));
  let step = 512;
  while (n >> BigInt(2 * step) > 0n) step *= 2;
  return step + bitLength(n >> BigInt(step));
}

function isExact(value: number): boolean {
  return value < 2 ** 53 && value > -(2 ** 53);
}

function magnitude(value: bigint | number): bigint {
  const n = BigInt(value);
  return n < 0n ? -n : n;
}

function checkInteger(
  role: "dividend" | "divisor",
  value: unknown,
  dividend: unknown,
  divisor: unknown,
): void {
  if (typeof value === "bigint" || Number.isInteger(value)) return;
  const ErrorClass = typeof value === "number" ? RangeError : TypeError;
  throw new ErrorClass(
    refusal(dividend, divisor, `the ${role} must be an integer`),
  );
}

function refusal(dividend: unknown, divisor: unknown, reason: string): string {
  return `Cannot divide ${show(dividend)} by ${show(divisor)}: ${reason}`;
}

/** Spares messages the thousands of digits that an integer may have. */
function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "bigint") return String(value);
  const bits = value === 0n ? 0 : bitLength(magnitude(value));
  return bits <= 64 ? String(value) : `an integer of about ${bits} bits`;
}
