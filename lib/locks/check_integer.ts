// Copyright 2026 the lab9 authors. MIT license.

import { kindOf } from "../checks.ts";

/** Refuses what is not an integer in a range. */
export function checkInteger(
  action: string,
  what: string,
  value: unknown,
  least: number,
  most: number,
): void {
  if (typeof value !== "number") {
    throw new TypeError(
      `Cannot ${action}: ${what} must be a number, received ${kindOf(value)}`,
    );
  }
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(
      `Cannot ${action}: ${what} must be an integer from ${least} to ${most}, ` +
        `received ${value}`,
    );
  }
}
