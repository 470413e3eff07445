// Copyright 2026 the lab9 authors. MIT license.

import { checkOptions, checkSignal, kindOf } from "../checks.ts";
import { now } from "../platform/platform.ts";
import { checkStop } from "./waiters.ts";

/** Options of operations that can wait. */
export interface WaitOptions {
  /**
   * How long to wait at most, in seconds.
   *
   * @default {Infinity}
   */
  timeout?: number;
}

/** Options of operations that can be awaited. */
export interface AsyncWaitOptions extends WaitOptions {
  /** Ends the wait early: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Turns a timeout in seconds into a time on `performance.now()`'s clock.
 *
 * @throws {TypeError} If the timeout is not a number.
 * @throws {RangeError} If the timeout is negative or NaN.
 */
export function deadlineOf(
  action: string,
  timeout: number | undefined,
): number {
  if (timeout === undefined) return Infinity;
  checkSeconds(action, "timeout", timeout);
  return now() + timeout * 1000;
}

/**
 * The deadline of a wait with these options, on `performance.now()`'s clock.
 *
 * @throws {TypeError} If the options are not an object, the timeout is not a number,
 * or the signal is not an `AbortSignal`.
 * @throws {RangeError} If the timeout is negative or NaN.
 */
export function waitDeadline(
  action: string,
  options: AsyncWaitOptions | undefined,
): number {
  if (options === undefined) return Infinity;
  checkOptions(action, options);
  checkSignal(action, options.signal);
  return deadlineOf(action, options.timeout);
}

/**
 * {@linkcode waitDeadline} of a wait that blocks. Nothing aborts it in the middle, but
 * a signal may have been aborted before: the wait doesn't begin then.
 *
 * @throws {unknown} The signal's reason if it was aborted.
 */
export function waitDeadlineSync(
  action: string,
  options: AsyncWaitOptions | undefined,
): number {
  const deadline = waitDeadline(action, options);
  if (options?.signal !== undefined) {
    // First, as in what awaits: the loop of a thread that is to end must not go on.
    checkStop();
    options.signal.throwIfAborted();
  }
  return deadline;
}

/**
 * Checks that a value is a length of time in seconds.
 *
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is negative or NaN.
 */
export function checkSeconds(
  action: string,
  what: string,
  seconds: number,
): void {
  if (typeof seconds !== "number") {
    throw new TypeError(
      `Cannot ${action}: ${what} must be a number of seconds, received ` +
        kindOf(seconds),
    );
  }
  if (!(seconds >= 0)) {
    throw new RangeError(
      `Cannot ${action}: ${what} must be non-negative, received ${seconds}`,
    );
  }
}
