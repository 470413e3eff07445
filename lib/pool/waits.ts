// Copyright 2026 the lab9 authors. MIT license.

import { clearAlarm, setAlarm } from "../sync/alarms.ts";
import { type AsyncWaitOptions, waitDeadline } from "../sync/deadline.ts";
import { Promise } from "../sync/globals.ts";
import { hold } from "../sync/keep_alive.ts";
import { offAbort, onAbort } from "../sync/signals.ts";

/** Nobody ever notifies it: who waits here does so for a time. */
const clock = new Int32Array(new SharedArrayBuffer(4));

/** Awaits some milliseconds, without keeping the process alive. */
export async function pause(milliseconds: number): Promise<void> {
  await Atomics.waitAsync(clock, 0, 0, milliseconds).value;
}

/** What to say of a wait. */
export interface WaitTexts {
  /** What is done, for errors: "join pool". */
  action: string;
  /** What was the case all the time: "its workers were alive". */
  state: string;
}

/**
 * Awaits something of the pool, as long as the options allow. Meanwhile the
 * process stays alive.
 *
 * @throws {DOMException} A `TimeoutError` if the timeout passes.
 */
export async function within<T>(
  awaited: PromiseLike<T>,
  { action, state }: WaitTexts,
  options: AsyncWaitOptions = {},
): Promise<T> {
  const deadline = waitDeadline(action, options);
  const { signal, timeout } = options;
  signal?.throwIfAborted();
  using _alive = hold();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  awaited.then(resolve, reject);
  const onAborted = () => reject(signal!.reason);
  const alarm = deadline === Infinity ? undefined : setAlarm(deadline, () => {
    const message = `Cannot ${action}: ${state} after ${timeout} seconds`;
    reject(new DOMException(message, "TimeoutError"));
  });
  if (signal !== undefined) onAbort(signal, onAborted);
  try {
    return await promise;
  } finally {
    if (alarm !== undefined) clearAlarm(alarm);
    if (signal !== undefined) offAbort(signal, onAborted);
  }
}

/** Waits of the main thread for something that only the main thread changes. */
export class Waits {
  #looks = new Set<() => void>();

  /** Has everyone look again at what they wait for. */
  wakeAll(): void {
    if (this.#looks.size === 0) return;
    for (const look of this.#looks) look();
  }

  /**
   * Resolves as soon as that is the case.
   *
   * @throws What the condition throws.
   */
  async until(
    is: () => boolean,
    texts: WaitTexts,
    options: AsyncWaitOptions = {},
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      try {
        if (!is()) return;
        this.#looks.delete(look);
        resolve();
      } catch (error) {
        reject(error);
      }
    };
    this.#looks.add(look);
    try {
      // Wrong options are refused even if there is nothing to wait for.
      look();
      await within(promise, texts, options);
    } finally {
      this.#looks.delete(look);
    }
  }
}
