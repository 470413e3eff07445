// Copyright 2026 the lab9 authors. MIT license.

// As they are when the library loads: a program may replace them.
const { AbortController, AbortSignal } = globalThis;

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

/** Whether a function returns a promise before it is even called. */
function isAsync(fn: unknown): boolean {
  return Object.prototype.toString.call(fn) === "[object AsyncFunction]";
}

/** Refuses what is no function. */
export function checkCallable(action: string, what: string, fn: unknown): void {
  if (typeof fn === "function") return;
  throw new TypeError(
    `Cannot ${action}: ${what} must be a function, received ${kindOf(fn)}`,
  );
}

/**
 * Refuses a callback that is no function, or is async where nobody could wait for
 * it. It is refused before it is called, so that nothing has happened yet.
 */
export function checkCallback(action: string, what: string, fn: unknown): void {
  checkCallable(action, what, fn);
  if (isAsync(fn)) throw promised(action, what);
}

/**
 * Refuses the promise that a callback returned although it isn't declared async.
 * Nobody will wait for that promise: its rejection must not end the program.
 */
export function refusePromise<T>(action: string, what: string, value: T): T {
  if (!isThenable(value)) return value;
  if (value instanceof Promise) value.then(undefined, () => {});
  throw promised(action, what);
}

function isThenable(value: unknown): boolean {
  return (typeof value === "object" || typeof value === "function") &&
    value !== null && typeof (value as { then?: unknown }).then === "function";
}

function promised(action: string, what: string): TypeError {
  return new TypeError(
    `Cannot ${action}: ${what} must not be async nor return a promise, ` +
      "nothing here would wait for it",
  );
}
