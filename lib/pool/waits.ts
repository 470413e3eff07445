// Copyright 2026 the lab9 authors. MIT license.

import { clearAlarm, setAlarm } from "../sync/alarms.ts";
import { type AsyncWaitOptions, waitDeadline } from "../sync/deadline.ts";
import { Promise } from "../platform/platform.ts";
import { hold } from "../sync/keep_alive.ts";
import { offAbort, onAbort } from "../sync/signals.ts";
import { Full } from "../queue/queue.ts";
import { unheeded } from "../thread/errors.ts";
import { isMainThread } from "../thread/thread_table.ts";

/** A word that is never notified: a wait on it always times out. */
const clock = new Int32Array(new SharedArrayBuffer(4));

/** Waits for some milliseconds. This doesn't keep the process alive. */
export async function delay(milliseconds: number): Promise<void> {
  await Atomics.waitAsync(clock, 0, 0, milliseconds).value;
}

/** The parts of a wait's error messages. */
export interface WaitTexts {
  /** The action that failed: "join pool". */
  action: string;
  /** What was the case when the timeout passed: "its workers were alive". */
  state: string;
}

/**
 * Awaits a promise, as long as the options allow. Meanwhile the process stays alive.
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

let isListening = false;

/**
 * Creates the error with which a pool's calls reject when the pool is terminated at the
 * end of its block. The block may have thrown. Then its own error should be reported,
 * not the unhandled rejection of a promise that the block has not awaited, or of one
 * that was derived from it.
 */
export function unheededError(message: string): DOMException {
  // A worker always listens.
  if (!isListening && isMainThread()) {
    isListening = true;
    globalThis.addEventListener("unhandledrejection", (event) => {
      if (unheeded.has(event.reason)) event.preventDefault();
    });
  }
  const error = new DOMException(message, "AbortError");
  unheeded.add(error);
  return error;
}

/** Waits in a pool's own thread for something that only this thread changes. */
export class Waits {
  #looks = new Set<() => void>();

  /** Makes every wait look at its condition again. */
  wakeAll(): void {
    if (this.#looks.size === 0) return;
    for (const look of this.#looks) look();
  }

  /**
   * Waits until a condition holds.
   *
   * @throws What the condition throws.
   */
  async until(
    isMet: () => boolean,
    texts: WaitTexts,
    options: AsyncWaitOptions = {},
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      try {
        if (!isMet()) return;
        this.#looks.delete(look);
        resolve();
      } catch (error) {
        reject(error);
      }
    };
    this.#looks.add(look);
    try {
      // `within` refuses wrong options even if the condition holds already.
      look();
      await within(promise, texts, options);
    } finally {
      this.#looks.delete(look);
    }
  }
}

/** A call that has tasks, or may submit more. */
export interface OpenCall {
  /** Is called when the pool has ended. */
  callOff(reason: unknown): void;
  /** Is called when the pool takes no more tasks, not even of this call. */
  refuse(reason: unknown): void;
}

/**
 * The calls of a pool that are not done, and the waits for their end. When the calls
 * of a closed pool are done, its workers end.
 */
export class OpenCalls {
  /** Why no more tasks are taken, not even of calls that were made before. */
  refused: { reason: unknown } | undefined;
  /** How often a call has begun to wait for its next item or result. */
  reads = 0;
  #calls = new Set<OpenCall>();
  /** The number of iterators that may still be read. */
  #kept = 0;
  /** The number of waits for the workers' end. */
  #joins = 0;
  /** Whether there has been such a wait. */
  #wasJoined = false;
  #idle = new Waits();
  #hasTasks: () => boolean;
  #onDone: () => void;

  /** `onDone` is called when a call or an iterator is done, or was dropped. */
  constructor(hasTasks: () => boolean, onDone: () => void) {
    this.#hasTasks = hasTasks;
    this.#onDone = onDone;
  }

  /** Adds a call that has tasks, or for which somebody waits. */
  enter(call: OpenCall): void {
    this.#calls.add(call);
  }

  /** Removes a call that has no tasks, and for which nobody waits. */
  leave(call: OpenCall): void {
    this.#calls.delete(call);
    this.onSettled();
    this.#onDone();
  }

  /** Keeps a closed pool's workers for an iterator, unless the pool is joined. */
  keep(): void {
    this.#kept++;
  }

  /** Is called when such an iterator is done. */
  release(): void {
    this.#kept--;
    this.#onDone();
  }

  /** Whether nobody will submit a task, and none is pending. */
  get areDone(): boolean {
    if (this.#hasTasks() || this.#calls.size > 0) return false;
    // An iterator that nobody reads must not keep a join waiting.
    return this.#kept === 0 || this.#joins > 0;
  }

  get wereJoined(): boolean {
    return this.#wasJoined;
  }

  /** Calls every call off. */
  callOff(reason: unknown): void {
    for (const call of this.#calls) call.callOff(reason);
  }

  /** Takes no more tasks, not even of the calls that were made before. */
  refuse(reason: unknown): void {
    this.refused ??= { reason };
    for (const call of this.#calls) call.refuse(reason);
  }

  /** Is called when a task has settled, so that the pool may be idle. */
  onSettled(): void {
    this.#idle.wakeAll();
  }

  /** Resolves when no task is pending and no call will submit one. */
  idle(options: AsyncWaitOptions | undefined): Promise<void> {
    return this.#idle.until(
      () => !this.#hasTasks() && this.#calls.size === 0,
      { action: "wait for idle pool", state: "it had tasks" },
      options,
    );
  }

  /**
   * Waits for the workers' end.
   *
   * @param state What was the case if the wait times out.
   * @param ended Returns the promise of the end. It is called once the join counts.
   */
  async join(
    state: string,
    options: AsyncWaitOptions | undefined,
    ended: () => Promise<void>,
  ): Promise<void> {
    using _alive = hold();
    this.#wasJoined = true;
    this.#joins++;
    try {
      if (options === undefined) await ended();
      else await within(ended(), { action: "join pool", state }, options);
    } finally {
      this.#joins--;
    }
  }
}

/** How long a place is kept for the caller to whom it was offered. */
const KEPT_MS = 1;

/** The limits of a pool, and its state. */
export interface RoomOptions {
  /** How many tasks may wait. */
  maxsize: number;
  /** How many tasks the workers can do at a time. */
  atATime: number;
  /** Returns the number of pending tasks. */
  pending: () => number;
  /** Throws if the pool takes no calls. */
  checkOpen: () => void;
}

/**
 * The places for a pool's tasks. There are as many as the workers can do at a time,
 * and `maxsize` more for tasks that wait.
 *
 * Each free place is offered to one caller that waits. If the caller hasn't used the
 * place soon, it is offered to the next caller, too.
 */
export class Room {
  #maxsize: number;
  #limit: number;
  #pending: () => number;
  #checkOpen: () => void;
  #waits = new Waits();
  /** The number of places that are offered and not used yet. */
  #offered = 0;
  /** The number of those that will be offered again at the next look. */
  #due = 0;
  #isLooking = false;

  constructor({ maxsize, atATime, pending, checkOpen }: RoomOptions) {
    this.#maxsize = maxsize;
    this.#limit = maxsize + atATime;
    this.#pending = pending;
    this.#checkOpen = checkOpen;
  }

  /** @throws {Full} If there is no place for one more. */
  check(): void {
    if (this.#pending() < this.#limit) return;
    const waiting = this.#maxsize === 1
      ? "1 task waits"
      : `${this.#maxsize} tasks wait`;
    throw new Full(`Cannot submit to pool: ${waiting} already`);
  }

  /** Is called when a task was submitted. */
  use(): void {
    if (this.#offered > 0) this.#offered--;
    if (this.#due > 0) this.#due--;
  }

  /** Is called when there may be a place, or the pool accepts no more calls. */
  free(): void {
    this.#waits.wakeAll();
  }

  /**
   * Waits for a place.
   *
   * @throws {Error} If the pool takes no calls.
   */
  wait(options: AsyncWaitOptions | undefined): Promise<void> {
    const texts = { action: "wait for room in pool", state: "it was full" };
    return this.#waits.until(
      () => {
        this.#checkOpen();
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
      await delay(KEPT_MS);
      // Places that were offered since the last look are kept until the next.
      this.#offered -= this.#due;
      this.#due = this.#offered;
      this.#waits.wakeAll();
    }
    this.#isLooking = false;
  }
}
