// Copyright 2026 the lab9 authors. MIT license.

import { clearAlarm, setAlarm } from "../sync/alarms.ts";
import { type AsyncWaitOptions, waitDeadline } from "../sync/deadline.ts";
import { Promise } from "../platform/platform.ts";
import { hold } from "../sync/keep_alive.ts";
import { offAbort, onAbort } from "../sync/signals.ts";
import { Full } from "../queue/queue.ts";

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

/** How long a place is kept for the wait that it was offered to. */
const KEPT_MS = 1;

/**
 * How many tasks a pool takes: as many as its workers can do at a time, and so
 * many that wait.
 *
 * A place is offered to one wait at a time. If it has not been used soon, it is
 * offered to the next one, too.
 */
export class Room {
  #maxsize: number;
  #limit: number;
  #pending: () => number;
  #waits = new Waits();
  /** How many places are offered and not used yet. */
  #offered = 0;
  /** How many of them were offered before the clock's last look. */
  #due = 0;
  #isLooking = false;

  /** `pending` says how many tasks there are. */
  constructor(maxsize: number, atATime: number, pending: () => number) {
    this.#maxsize = maxsize;
    this.#limit = maxsize + atATime;
    this.#pending = pending;
  }

  /** @throws {Full} If there is no place for one more. */
  check(): void {
    if (this.#pending() < this.#limit) return;
    throw new Full(
      `Cannot submit to pool: ${this.#maxsize} tasks wait already`,
    );
  }

  /** A task was submitted. */
  use(): void {
    if (this.#offered > 0) this.#offered--;
    if (this.#due > 0) this.#due--;
  }

  /** There may be a place, or none any more. */
  free(): void {
    this.#waits.wakeAll();
  }

  /**
   * Resolves when there is a place.
   *
   * @param check Throws if there will be none.
   */
  wait(
    check: () => void,
    options: AsyncWaitOptions | undefined,
  ): Promise<void> {
    const texts = { action: "wait for room in pool", state: "it was full" };
    return this.#waits.until(
      () => {
        check();
        if (this.#pending() + this.#offered >= this.#limit) return false;
        if (this.#limit !== Infinity) this.#offer();
        return true;
      },
      texts,
      options,
    );
  }

  #offer(): void {
    this.#offered++;
    if (!this.#isLooking) this.#lookAgain();
  }

  async #lookAgain(): Promise<void> {
    this.#isLooking = true;
    while (this.#offered > 0) {
      await pause(KEPT_MS);
      // A place that was offered in this turn may still be used in it.
      this.#offered -= this.#due;
      this.#due = this.#offered;
      this.#waits.wakeAll();
    }
    this.#isLooking = false;
  }
}
