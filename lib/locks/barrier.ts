// Copyright 2026 the lab9 authors. MIT license.

import { formatAddress, randomAddress } from "../shared/address.ts";
import {
  type AsyncWaitOptions,
  checkSeconds,
  deadlineOf,
  type WaitOptions,
} from "../shared/deadline.ts";
import { kindOf } from "../shared/kind_of.ts";
import { Mutex } from "../shared/mutex.ts";
import { unexposed } from "../shared/packing.ts";
import { Mark } from "../shared/recorder.ts";
import {
  type AnyFunction,
  functionOf,
  type Handle,
  handle,
  idOf,
  registerShareable,
} from "../shared/references.ts";
import { PENDING, type Pending, WaitList } from "../shared/wait_list.ts";
import { checkInteger } from "./check_integer.ts";
import { memory, type WithMemory } from "../shared/memory.ts";

/** Options of {@linkcode Barrier}'s constructor. */
export interface BarrierOptions {
  /**
   * An exposed function that the last thread to arrive calls before all go on.
   * If it throws, the barrier is broken.
   */
  action?: () => void;
  /**
   * How long a thread waits at most unless it says otherwise, in seconds.
   *
   * @default {Infinity}
   */
  timeout?: number;
}

/**
 * Thrown to whoever waits at a barrier that is broken or reset. Python's
 * `threading.BrokenBarrierError`.
 *
 * @example Usage
 * ```ts
 * import { Barrier, BrokenBarrierError } from "@lab9/concurrency";
 * import { assertThrows } from "@std/assert";
 *
 * const barrier = new Barrier(2);
 * barrier.abort();
 * assertThrows(() => barrier.waitSync(), BrokenBarrierError);
 * ```
 */
export class BrokenBarrierError extends Error {
  /** The error's name, `"BrokenBarrierError"`. */
  override name = "BrokenBarrierError";
}

// Protocol. `STATE` and `COUNT`, how many have arrived and not left, are written
// under the mutex; everyone is woken after a change of `STATE`.
//  - One who arrives waits while the last round's threads leave, then counts
//    itself. The last to arrive closes the barrier, runs the action without the
//    mutex, and opens it for leaving. The others wait for that.
//  - Everyone who leaves, however it is, counts itself out; the last one opens
//    the barrier for the next round.
//  - A round that was reset lets everyone leave with an error; a broken barrier
//    does that until it is reset. A complete round is not broken any more: a
//    barrier that breaks while its threads leave is broken for those after them.
const MUTEX = 0;
const STATE = 1;
const COUNT = 2;
const PARTIES = 3;
const ADDRESS = 4;
const WAITERS = 5;
/** Indexes into the view of doubles. */
const ACTION = 4;
const TIMEOUT = 5;
const BYTES = 48;

const State = {
  FILLING: 0,
  ACTING: 1,
  DRAINING: 2,
  /** Leaving a complete round, the last before the barrier is broken. */
  DRAINING_LAST: 3,
  RESETTING: 4,
  BROKEN: 5,
} as const;

/**
 * A place where a fixed number of threads wait for each other, round after
 * round. Python's `threading.Barrier`.
 *
 * @example Usage
 * ```ts
 * import { Barrier } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const barrier = new Barrier(2);
 * const arrivals = await Promise.all([barrier.wait(), barrier.wait()]);
 * assertEquals(arrivals, [0, 1]);
 * ```
 */
export class Barrier {
  static {
    registerShareable(
      "Barrier",
      (buffer) => new Barrier(1, { [memory]: buffer } as BarrierOptions),
    );
  }

  #words: Int32Array;
  #doubles: Float64Array;
  #mutex: Mutex;
  #waiters: WaitList;

  /**
   * Makes a barrier.
   *
   * @param parties How many threads wait for each other.
   * @param options What to do when all are there, and how long to wait.
   * @throws {TypeError} If a number is not a number, or the action was never
   * exposed.
   * @throws {RangeError} If the number of parties is not a positive integer, or
   * the timeout is negative.
   *
   * @example Usage
   * ```ts
   * import { Barrier } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(new Barrier(3, { timeout: 10 }).parties, 3);
   * ```
   */
  constructor(parties: number, options: BarrierOptions = {}) {
    const { action, timeout = Infinity, [memory]: buffer } =
      options as WithMemory<BarrierOptions>;
    const bytes = buffer ?? new SharedArrayBuffer(BYTES);
    this.#words = new Int32Array(bytes);
    this.#doubles = new Float64Array(bytes);
    this.#mutex = new Mutex(this.#words, MUTEX);
    this.#waiters = new WaitList(this.#words, WAITERS, Mark.LOCK);
    if (buffer !== undefined) return;
    checkInteger("create barrier", "parties", parties, 1, 2 ** 31 - 1);
    checkSeconds("create barrier", "timeout", timeout);
    if (action !== undefined) checkAction(action);
    this.#words[PARTIES] = parties;
    this.#words[ADDRESS] = randomAddress();
    this.#doubles[TIMEOUT] = timeout;
    this.#doubles[ACTION] = action === undefined ? -1 : idOf(action)!;
  }

  /**
   * How many threads wait for each other. Python's `Barrier.parties`.
   *
   * @returns The number of threads.
   */
  get parties(): number {
    return this.#words[PARTIES];
  }

  /**
   * How many threads wait at the barrier now. Python's `Barrier.n_waiting`.
   *
   * @returns The number of threads.
   */
  get nWaiting(): number {
    return this.#state === State.FILLING ? Atomics.load(this.#words, COUNT) : 0;
  }

  /**
   * Whether the barrier is broken. Python's `Barrier.broken`.
   *
   * @returns Whether a wait would throw.
   */
  get broken(): boolean {
    return isBroken(this.#state);
  }

  /**
   * Waits until as many threads wait as there are parties. Python's
   * `Barrier.wait`.
   *
   * @param options How long to wait at most, and a signal to stop waiting. A wait
   * that ends early breaks the barrier.
   * @returns A promise that resolves to a number from 0 to parties - 1, another
   * for each thread.
   * @throws {RangeError} If the timeout is negative.
   * @throws {BrokenBarrierError} If the barrier is broken or reset, or the
   * timeout passes first.
   *
   * @example Usage
   * ```ts
   * import { Barrier } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(await new Barrier(1).wait(), 0);
   * ```
   */
  async wait(options: AsyncWaitOptions = {}): Promise<number> {
    const { timeout = this.#doubles[TIMEOUT], signal } = options;
    const deadline = deadlineOf("wait at barrier", timeout);
    signal?.throwIfAborted();
    const until = async <T>(attempt: () => T | Pending): Promise<T> => {
      const early = attempt();
      if (early !== PENDING) return early;
      const result = await this.#waiters.wait(attempt, { deadline, signal });
      return this.#inTime(result, timeout);
    };
    let index: number;
    try {
      index = await until(this.#arrive);
    } catch (error) {
      this.#breakFor(error);
      throw error;
    }
    try {
      if (index === this.parties - 1) this.#act();
      await until(this.#pass);
      return index;
    } catch (error) {
      this.#breakFor(error);
      throw error;
    } finally {
      this.#depart();
    }
  }

  /**
   * Blocks the thread until as many threads wait as there are parties. Python's
   * `Barrier.wait`.
   *
   * @param options How long to wait at most. A wait that ends early breaks the
   * barrier.
   * @returns A number from 0 to parties - 1, another for each thread.
   * @throws {RangeError} If the timeout is negative.
   * @throws {BrokenBarrierError} If the barrier is broken or reset, or the
   * timeout passes first.
   *
   * @example Usage
   * ```ts
   * import { Barrier } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(new Barrier(1).waitSync(), 0);
   * ```
   */
  waitSync(options: WaitOptions = {}): number {
    const { timeout = this.#doubles[TIMEOUT] } = options;
    const deadline = deadlineOf("wait at barrier", timeout);
    const until = <T>(attempt: () => T | Pending): T => {
      const early = attempt();
      if (early !== PENDING) return early;
      const result = this.#waiters.waitSync(attempt, deadline);
      return this.#inTime(result, timeout);
    };
    let index: number;
    try {
      index = until(this.#arrive);
    } catch (error) {
      this.#breakFor(error);
      throw error;
    }
    try {
      if (index === this.parties - 1) this.#act();
      until(this.#pass);
      return index;
    } catch (error) {
      this.#breakFor(error);
      throw error;
    } finally {
      this.#depart();
    }
  }

  /**
   * Makes the barrier as new: whoever waits at it gets a
   * {@linkcode BrokenBarrierError}. Python's `Barrier.reset`.
   *
   * @example Usage
   * ```ts
   * import { Barrier } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const barrier = new Barrier(1);
   * barrier.abort();
   * barrier.reset();
   * assertEquals(await barrier.wait(), 0);
   * ```
   */
  reset(): void {
    this.#change((state, count) => {
      if (count === 0) return State.FILLING;
      return isComplete(state) ? State.DRAINING : State.RESETTING;
    });
  }

  /**
   * Breaks the barrier: whoever waits at it, or comes to wait, gets a
   * {@linkcode BrokenBarrierError} until it is reset. Python's `Barrier.abort`.
   *
   * @example Usage
   * ```ts
   * import { Barrier } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const barrier = new Barrier(2);
   * barrier.abort();
   * assertEquals(barrier.broken, true);
   * ```
   */
  abort(): void {
    this.#change((state) =>
      isComplete(state) ? State.DRAINING_LAST : State.BROKEN
    );
  }

  /**
   * How Python prints a barrier.
   *
   * @returns For example `<threading.Barrier at 0x1140ac6a0: waiters=1/3>`.
   */
  toString(): string {
    const address = formatAddress(this.#words[ADDRESS]);
    const state = this.broken
      ? "broken"
      : `waiters=${this.nWaiting}/${this.parties}`;
    return `<threading.Barrier at ${address}: ${state}>`;
  }

  /**
   * What `console.log` prints.
   *
   * @returns The same as {@linkcode toString}.
   */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /**
   * What is sent in place of the barrier.
   *
   * @ignore
   */
  [handle](): Handle {
    const buffer = this.#words.buffer as SharedArrayBuffer;
    return { type: "Barrier", buffer };
  }

  get #state(): number {
    return Atomics.load(this.#words, STATE);
  }

  /** Comes to wait: which of the round's threads this is. */
  #arrive = (): number | Pending => {
    const words = this.#words;
    this.#mutex.lock();
    try {
      const state = words[STATE];
      if (isBroken(state)) throw broken("it is broken");
      if (state !== State.FILLING) return PENDING;
      const index = words[COUNT];
      Atomics.store(words, COUNT, index + 1);
      if (index + 1 === words[PARTIES]) {
        Atomics.store(words, STATE, State.ACTING);
      }
      return index;
    } finally {
      this.#mutex.unlock();
    }
  };

  /** Whether the round is complete. */
  #pass = (): true | Pending => {
    switch (this.#state) {
      case State.DRAINING:
      case State.DRAINING_LAST:
        return true;
      case State.RESETTING:
        throw broken("it was reset");
      case State.BROKEN:
        throw broken("it was broken meanwhile");
    }
    return PENDING;
  };

  /** All are there: runs the action, and lets everyone leave. */
  #act(): void {
    const action = this.#doubles[ACTION];
    try {
      if (action >= 0) functionOf(action)();
    } catch (error) {
      this.abort();
      throw error;
    }
    this.#change((state) => state === State.ACTING ? State.DRAINING : state);
  }

  /** Who leaves because of a signal, or is being ended, does not come again. */
  #breakFor(error: unknown): void {
    if (!(error instanceof BrokenBarrierError)) this.abort();
  }

  #depart(): void {
    this.#mutex.lock();
    Atomics.sub(this.#words, COUNT, 1);
    this.#mutex.unlock();
    this.#change((state, count) => {
      if (count > 0) return state;
      if (state === State.DRAINING_LAST) return State.BROKEN;
      const isRoundOver = state === State.DRAINING || state === State.RESETTING;
      return isRoundOver ? State.FILLING : state;
    });
  }

  /** Changes the state, and tells everyone. */
  #change(next: (state: number, count: number) => number): void {
    const words = this.#words;
    this.#mutex.lock();
    try {
      Atomics.store(words, STATE, next(words[STATE], words[COUNT]));
    } finally {
      this.#mutex.unlock();
    }
    this.#waiters.notifyAll();
  }

  #inTime<T>(result: T | Pending, timeout: number): T {
    if (result !== PENDING) return result;
    this.abort();
    throw broken(`after ${timeout} seconds, not all had come`);
  }
}

/** Whether the round's threads leave, because all have come. */
function isComplete(state: number): boolean {
  return state === State.DRAINING || state === State.DRAINING_LAST;
}

function isBroken(state: number): boolean {
  return state === State.BROKEN || state === State.DRAINING_LAST;
}

function broken(reason: string): BrokenBarrierError {
  return new BrokenBarrierError(`Cannot wait at barrier: ${reason}`);
}

function checkAction(action: AnyFunction): void {
  if (typeof action !== "function") {
    throw new TypeError(
      `Cannot create barrier: the action must be a function, received ${
        kindOf(action)
      }`,
    );
  }
  if (idOf(action) === undefined) throw new TypeError(unexposed(action));
}
