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

/** A call that has tasks, or may submit more. */
export interface OpenCall {
  /** Is called when the pool has ended. */
  callOff(reason: unknown): void;
  /** Is called when the pool takes no more tasks, not even of this call. */
  refuse(reason: unknown): void;
}

/**
 * The calls of a pool that are not done, and those who wait until they are. Once a
 * closed pool's calls are done, its workers end.
 */
export class OpenCalls {
  /** Why no more tasks are taken, not even of calls that were made before. */
  refused: { reason: unknown } | undefined;
  #calls = new Set<OpenCall>();
  /** How many iterators there are that may still be read. */
  #kept = 0;
  /** How many wait for the workers' end, and whether somebody ever has. */
  #joins = 0;
  #wasJoined = false;
  #idle = new Waits();
  #hasTasks: () => boolean;
  #onLess: () => void;

  /** `onLess` is called when a call or an iterator is done. */
  constructor(hasTasks: () => boolean, onLess: () => void) {
    this.#hasTasks = hasTasks;
    this.#onLess = onLess;
  }

  /** Keeps the workers for a call, even if the pool is closed meanwhile. */
  enter(call: OpenCall): void {
    this.#calls.add(call);
  }

  /** The call has no tasks, and nobody waits for it. */
  leave(call: OpenCall): void {
    this.#calls.delete(call);
    this.onSettled();
    this.#onLess();
  }

  /** Keeps the workers of a closed pool for an iterator, unless it is joined. */
  keep(): void {
    this.#kept++;
  }

  /** The iterator is done. */
  release(): void {
    this.#kept--;
    this.#onLess();
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

  /** Calls off every call. */
  callOff(reason: unknown): void {
    for (const call of this.#calls) call.callOff(reason);
  }

  /** Takes no more tasks, not even of the calls that were made before. */
  refuse(reason: unknown): void {
    this.refused ??= { reason };
    for (const call of this.#calls) call.refuse(reason);
  }

  /** A task has settled, so the pool may be idle. */
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

/** How long a place is kept for the wait that it was offered to. */
const KEPT_MS = 1;

/** What a room is made of. */
export interface RoomOptions {
  /** How many tasks may wait. */
  maxsize: number;
  /** How many tasks can be done at a time. */
  atATime: number;
  /** Returns the number of pending tasks. */
  pending: () => number;
  /** Throws if the pool takes no calls. */
  checkOpen: () => void;
}

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
  #checkOpen: () => void;
  #waits = new Waits();
  /** How many places are offered and not used yet. */
  #offered = 0;
  /** How many of them were offered before the clock's last look. */
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
      await pause(KEPT_MS);
      // A place that was offered in this turn may still be used in it.
      this.#offered -= this.#due;
      this.#due = this.#offered;
      this.#waits.wakeAll();
    }
    this.#isLooking = false;
  }
}
