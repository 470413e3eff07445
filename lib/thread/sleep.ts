// Copyright 2026 the lab9 authors. MIT license.

import { checkOptions, checkSignal } from "../checks.ts";
import { addOwnModule } from "../codec/references.ts";
import { expose } from "../expose.ts";
import { now } from "../platform/platform.ts";
import { checkSeconds } from "../sync/deadline.ts";
import { Mark } from "../sync/recorder.ts";
import { PENDING, WaitList } from "../sync/wait_list.ts";

/** Options of {@linkcode sleep}. */
export interface SleepOptions {
  /** Ends the sleep early: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Nobody ever notifies it: those who wait here sleep until their deadline. */
const sleepers = new WaitList(
  new Int32Array(new SharedArrayBuffer(WaitList.WORDS * 4)),
  0,
  Mark.SLEEP,
);

/**
 * Waits for some time. Python's `time.sleep`.
 *
 * @param seconds How long, in seconds.
 * @param options A signal to end the sleep early.
 * @returns A promise that resolves when the time has passed.
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
  signal?.throwIfAborted();
  await sleepers.wait(() => PENDING, { deadline, signal });
}

/**
 * Blocks the calling thread for some time. Python's `time.sleep`.
 *
 * @param seconds How long, in seconds.
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

// In a bundle a user's module has the same URL: its names are others.
expose(import.meta, { "lab9.sleepSync": sleepSync });
addOwnModule(import.meta);
