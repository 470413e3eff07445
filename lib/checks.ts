// Copyright 2026 the lab9 authors. MIT license.

/** What to call a value of the wrong type in an error's message. */
export function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

/** Refuses options that are no object: `get(0.05)`, `acquire(false)`, `null`. */
export function checkOptions(action: string, options: unknown): void {
  if (typeof options === "object" && options !== null) return;
  throw new TypeError(
    `Cannot ${action}: options must be an object, received ${kindOf(options)}`,
  );
}

/** Refuses a signal that is none, such as the controller that has it. */
export function checkSignal(action: string, signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  const hint = signal instanceof AbortController
    ? "an AbortController: pass its signal"
    : kindOf(signal);
  throw new TypeError(
    `Cannot ${action}: signal must be an AbortSignal, received ${hint}`,
  );
}

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
