// Copyright 2026 the lab9 authors. MIT license.

import { checkOptions, checkSignal } from "../checks.ts";
import { addOwnModule } from "../codec/references.ts";
import { expose } from "../expose.ts";
import { now } from "../platform/platform.ts";
import { checkSeconds } from "../sync/deadline.ts";
import { Mark } from "../sync/recorder.ts";
import { PENDING, WaitList } from "../sync/wait_list.ts";
import { heedStop, isStopping } from "../sync/waiters.ts";

/** Options of {@linkcode sleep}. */
export interface SleepOptions {
  /** A signal that ends the sleep: the promise rejects with its reason. */
  signal?: AbortSignal;
}

/** The threads that sleep. Nobody notifies them: they wait for their deadline. */
const sleepers = new WaitList(
  new Int32Array(new SharedArrayBuffer(WaitList.WORDS * 4)),
  0,
  Mark.SLEEP,
);

/**
 * Waits for some time. Python's `time.sleep`, as a promise.
 *
 * @param seconds The time in seconds.
 * @param options A signal to end the sleep early.
 * @returns A promise that resolves when the time has passed.
 * @throws {TypeError} If the time is not a number, or the signal is not an
 * `AbortSignal`.
 * @throws {RangeError} If the time is negative.
 *
 * @example Usage
 * ```ts
 * import { sleep } from "@lab9/concurrency";
 *
 * await sleep(0.01);
 * ```
 */
export async function sleep(
  seconds: number,
  options: SleepOptions = {},
): Promise<void> {
  checkSeconds("sleep", "seconds", seconds);
  checkOptions("sleep", options);
  checkSignal("sleep", options.signal);
  const deadline = now() + seconds * 1000;
  const { signal } = options;
  if (isStopping()) await heedStop();
  signal?.throwIfAborted();
  await sleepers.wait(() => PENDING, { deadline, signal });
}

/**
 * Blocks the calling thread for some time. Python's `time.sleep`.
 *
 * @param seconds The time in seconds.
 * @throws {TypeError} If the time is not a number.
 * @throws {RangeError} If the time is negative.
 *
 * @example Usage
 * ```ts
 * import { sleepSync } from "@lab9/concurrency";
 *
 * sleepSync(0.01);
 * ```
 */
export function sleepSync(seconds: number): void {
  checkSeconds("sleep", "seconds", seconds);
  sleepers.waitSync(() => PENDING, now() + seconds * 1000);
}

// The name has a prefix: in a bundle, users' modules have the same URL as this one.
expose(import.meta, { "lab9.sleepSync": sleepSync });
addOwnModule(import.meta);
