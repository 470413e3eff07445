// Copyright 2026 the lab9 authors. MIT license.

// Kept as they are when the library loads: a program may replace the globals.
const { AbortController, AbortSignal } = globalThis;

/** Not every engine has it. */
const captureStackTrace:
  | ((error: object, method: CallableFunction | NewableFunction) => void)
  | undefined = Error.captureStackTrace as never;

/**
 * Makes the stack of an error begin at the caller of a method, if the error says that
 * a value can't be sent. A stack has ten frames, and the codec throws from so deep
 * that all of them would be the codec's own. Other errors keep their stacks, because
 * a getter of the value has thrown them.
 *
 * @returns The error.
 */
export function refusedBy(
  method: CallableFunction | NewableFunction,
  error: unknown,
): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message } = error;
  // Where the stack ends, a regular expression would throw another error.
  const isRefusal = name === "DataCloneError" ||
    message.startsWith("Cannot send ") || message.startsWith("Cannot clone ");
  if (isRefusal) captureStackTrace?.(error, method);
  return error;
}

/** The name of a class with its article: `a Queue`, `an Event`, `an RLock`. */
export function withArticle(name: string, article: "a" | "A" = "a"): string {
  const isSpelt = name.charAt(1) !== name.charAt(1).toLowerCase();
  const takesAn = isSpelt && name.startsWith("R") ||
    name !== "" && "AEIOU".includes(name.charAt(0));
  return `${article}${takesAn ? "n" : ""} ${name}`;
}

/** The type of a value, as error messages name it. */
export function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

/**
 * Checks that options are an object. So `get(0.05)`, `acquire(false)` and `null` throw.
 * An array is refused, too: it is an argument in the wrong place, as in
 * `new Thread(f, [2])`, or the second list of `map(f, xs, ys)`.
 *
 * @throws {TypeError} If they are not an object.
 */
export function checkOptions(action: string, options: unknown): void {
  const isArray = Array.isArray(options);
  if (typeof options === "object" && options !== null && !isArray) return;
  throw new TypeError(
    `Cannot ${action}: options must be an object, received ${
      isArray ? "an array" : kindOf(options)
    }`,
  );
}

/**
 * Checks that a signal is an `AbortSignal` or undefined.
 *
 * @throws {TypeError} If it is neither. The message has a hint if an
 * `AbortController` was passed by mistake.
 */
export function checkSignal(action: string, signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  const hint = signal instanceof AbortController
    ? "an AbortController: pass its signal"
    : kindOf(signal);
  throw new TypeError(
    `Cannot ${action}: signal must be an AbortSignal, received ${hint}`,
  );
}

/**
 * Checks that a value is a boolean, or undefined.
 *
 * @throws {TypeError} If it is neither.
 */
export function checkFlag(action: string, what: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(
    `Cannot ${action}: ${what} must be a boolean, received ${kindOf(value)}`,
  );
}

/**
 * Checks that a value is a number.
 *
 * @throws {TypeError} If it is not.
 */
export function checkNumber(
  action: string,
  what: string,
  value: unknown,
): asserts value is number {
  if (typeof value === "number") return;
  throw new TypeError(
    `Cannot ${action}: ${what} must be a number, received ${kindOf(value)}`,
  );
}

/**
 * Checks that a value is a string.
 *
 * @throws {TypeError} If it is not.
 */
export function checkString(
  action: string,
  what: string,
  value: unknown,
): asserts value is string {
  if (typeof value === "string") return;
  throw new TypeError(
    `Cannot ${action}: ${what} must be a string, received ${kindOf(value)}`,
  );
}

/**
 * Checks that a value is an array.
 *
 * @throws {TypeError} If it is not.
 */
export function checkArray(action: string, what: string, value: unknown): void {
  if (Array.isArray(value)) return;
  throw new TypeError(
    `Cannot ${action}: ${what} must be an array, received ${kindOf(value)}`,
  );
}

/**
 * Checks that a value is an integer from `least` to `most`.
 *
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is not an integer, or out of the range.
 */
export function checkInteger(
  action: string,
  what: string,
  value: unknown,
  least: number,
  most: number,
): void {
  checkNumber(action, what, value);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(
      `Cannot ${action}: ${what} must be an integer from ${least} to ${most}, ` +
        `received ${value}`,
    );
  }
}

/** Whether a function is declared `async`. The function isn't called. */
function isAsync(fn: unknown): boolean {
  return Object.prototype.toString.call(fn) === "[object AsyncFunction]";
}

/**
 * Checks that a value is a function.
 *
 * @throws {TypeError} If it is not.
 */
export function checkCallable(action: string, what: string, fn: unknown): void {
  if (typeof fn === "function") return;
  throw new TypeError(
    `Cannot ${action}: ${what} must be a function, received ${kindOf(fn)}`,
  );
}

/**
 * Checks that a callback is a function that is not async, because nobody would wait
 * for its promise. This is checked before the callback is called, so that an async
 * one has no effect.
 *
 * @throws {TypeError} If it is not a function, or is async.
 */
export function checkCallback(action: string, what: string, fn: unknown): void {
  checkCallable(action, what, fn);
  if (isAsync(fn)) throw promiseError(action, what);
}

/**
 * Checks that a callback has not returned a promise. Nobody waits for such a promise,
 * so its rejection is caught here. Otherwise the rejection would end the program.
 *
 * @returns The value.
 * @throws {TypeError} If the value is a promise.
 */
export function refusePromise<T>(action: string, what: string, value: T): T {
  if (!isThenable(value)) return value;
  if (value instanceof Promise) value.then(undefined, () => {});
  throw promiseError(action, what);
}

function isThenable(value: unknown): boolean {
  return (typeof value === "object" || typeof value === "function") &&
    value !== null && typeof (value as { then?: unknown }).then === "function";
}

function promiseError(action: string, what: string): TypeError {
  return new TypeError(
    `Cannot ${action}: ${what} must not be async nor return a promise, ` +
      "nothing here would wait for it",
  );
}
