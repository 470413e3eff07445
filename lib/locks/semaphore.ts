// Copyright 2026 the lab9 authors. MIT license.

import {
  constructOn,
  copies,
  formatAddress,
  noteMade,
  randomAddress,
  takeMemory,
  warnOfCopy,
} from "../sync/memory.ts";
import { checkInteger } from "../checks.ts";
import {
  type AsyncWaitOptions,
  waitDeadline,
  waitDeadlineSync,
  type WaitOptions,
} from "../sync/deadline.ts";
import { Mark } from "../sync/recorder.ts";
import { reserveStack, reserveStackForHold } from "../sync/reserve_stack.ts";
import {
  type Handle,
  handle,
  registerShareable,
  revive,
} from "../codec/references.ts";
import {
  checkStop,
  checkStopAfterwards,
  heedStop,
  isStopping,
} from "../sync/waiters.ts";
import {
  PENDING,
  type Pending,
  WaitList,
  type Witness,
} from "../sync/wait_list.ts";
import {
  LARGEST_PERMIT_TABLE_BYTES,
  PERMIT_TABLE_BYTES,
  PermitTable,
} from "./permits.ts";
import { enterStakeWait, leaveStakeWait } from "./wait_graph.ts";

// Protocol. `VALUE` is the number of permits. A thread that takes a permit lowers it in one
// step, never below zero. A thread that releases permits raises it, and then wakes as many
// waiters, which try again.
const VALUE = 0;
const ADDRESS = 1;
/** The most that the value may become. */
const LIMIT = 2;
const WAITERS = 3;
/** The first byte of the table of permits that threads hold by `using`. */
const TABLE = (WAITERS + WaitList.WORDS) * 4;
const LARGEST_VALUE = 2 ** 31 - 1;

/** Threads that wait for a permit are alerted when one ends that held any. */
const witness: Witness = { enter: enterStakeWait, leave: leaveStakeWait };

/** How often a taker looks again before it sleeps: for a few microseconds. */
const SPINS = 100;

/** The key of whether there may be no more permits than at first. */
const isBounded: unique symbol = Symbol("lab9.isBounded");
/** The key of the method by which a permit is given back. */
const give: unique symbol = Symbol("lab9.give");

/**
 * A number of permits. `acquire()` takes one, and waits while there is none; `release()`
 * gives one back. Python's `threading.Semaphore`.
 *
 * A permit belongs to no thread: another thread may release it than the one that has
 * acquired it, and permits may be released that were never acquired. Only a
 * {@linkcode BoundedSemaphore} refuses that. So a permit that a thread has acquired is not
 * given back when the thread ends, as in Python. But a permit that `using` holds, or a
 * `DisposableStack`, belongs to its thread: it is given back however that thread ends.
 *
 * @example Usage
 * ```ts
 * import { Semaphore } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const connections = new Semaphore(2);
 * {
 *   using _one = await connections.acquire();
 *   using _two = await connections.acquire();
 *   assertEquals(connections.tryAcquire(), undefined);
 * }
 * ```
 */
export class Semaphore {
  static {
    registerShareable(import.meta, "Semaphore", this);
  }

  /**
   * Creates the object for a handle.
   *
   * @ignore
   */
  static [revive]({ buffer }: Handle): Semaphore {
    return constructOn(Semaphore, this, buffer);
  }

  #words: Int32Array;
  #waiters: WaitList;
  #holders: PermitTable;
  #attempt = (): true | Pending =>
    this.#tryTake() || this.#tryTakeFromDead() || PENDING;

  /**
   * Creates a semaphore.
   *
   * @param value How many permits there are at first.
   * @throws {TypeError} If the value is not a number.
   * @throws {RangeError} If the value is not an integer from 0 to 2147483647.
   *
   * @example Usage
   * ```ts
   * import { Semaphore } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(new Semaphore(0).tryAcquire(), undefined);
   * ```
   */
  constructor(value = 1) {
    const buffer = takeMemory();
    const bytes = buffer ?? new SharedArrayBuffer(TABLE + PERMIT_TABLE_BYTES, {
      maxByteLength: TABLE + LARGEST_PERMIT_TABLE_BYTES,
    });
    this.#words = new Int32Array(bytes, 0, TABLE / 4);
    this.#holders = new PermitTable(bytes, TABLE);
    this.#waiters = new WaitList(this.#words, WAITERS, Mark.LOCK);
    if (buffer !== undefined) return;
    checkInteger("create semaphore", "value", value, 0, LARGEST_VALUE);
    this.#words[VALUE] = value;
    this.#words[ADDRESS] = randomAddress();
    noteMade(this);
    this.#words[LIMIT] = this[isBounded] ? value : LARGEST_VALUE;
  }

  /**
   * Whether there may be no more permits than at first.
   *
   * @ignore
   */
  get [isBounded](): boolean {
    return false;
  }

  /**
   * How many permits there are now. Another thread may change it at any time.
   * Python's `Semaphore._value`.
   *
   * @returns The number of permits.
   *
   * @example Usage
   * ```ts
   * import { Semaphore } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const semaphore = new Semaphore(3);
   * using _permit = semaphore.acquireSync();
   * assertEquals(semaphore.value, 2);
   * ```
   */
  get value(): number {
    checkStopAfterwards();
    return this.#value;
  }

  get #value(): number {
    return Atomics.load(this.#words, VALUE);
  }

  /**
   * Acquires a permit. It waits while there is none. Python's `Semaphore.acquire`, except
   * that this throws if the timeout passes.
   *
   * @param options A timeout, and a signal that ends the wait.
   * @returns A promise that resolves to what releases the permit when it is
   * disposed of.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   *
   * @example Usage
   * ```ts
   * import { Semaphore } from "@lab9/concurrency";
   *
   * const semaphore = new Semaphore(3);
   * using _permit = await semaphore.acquire({ timeout: 1 });
   * ```
   */
  async acquire(options: AsyncWaitOptions = {}): Promise<Disposable> {
    const deadline = waitDeadline("acquire semaphore", options);
    const { timeout, signal } = options;
    if (isStopping()) await heedStop();
    signal?.throwIfAborted();
    if (copies !== undefined) warnOfCopy(this);
    if (!this.#tryTake()) {
      const limits = { deadline, signal, witness };
      const taken = await this.#waiters.wait(this.#attempt, limits);
      if (taken === PENDING) throw timeoutError(timeout);
    }
    return new Permit(this, this.#holders);
  }

  /**
   * Acquires a permit. It blocks the thread while there is none. Python's
   * `Semaphore.acquire`, except that this throws if the timeout passes.
   *
   * @param options A timeout.
   * @returns What releases the permit when it is disposed of.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   *
   * @example Usage
   * ```ts
   * import { Semaphore } from "@lab9/concurrency";
   *
   * const semaphore = new Semaphore(3);
   * using _permit = semaphore.acquireSync();
   * ```
   */
  acquireSync(options: WaitOptions = {}): Disposable {
    const deadline = waitDeadlineSync("acquire semaphore", options);
    if (copies !== undefined) warnOfCopy(this);
    checkStop();
    for (let spin = 0; spin < SPINS; spin++) {
      if (this.#tryTake()) return new Permit(this, this.#holders);
      Atomics.pause();
    }
    const taken = this.#waiters.waitSync(this.#attempt, deadline, witness);
    if (taken === PENDING) throw timeoutError(options.timeout);
    return new Permit(this, this.#holders);
  }

  /**
   * Acquires a permit if there is one now. Python's
   * `Semaphore.acquire(blocking=False)`.
   *
   * @returns What releases the permit when it is disposed of; undefined if there
   * is none.
   *
   * @example Usage
   * ```ts
   * import { Semaphore } from "@lab9/concurrency";
   * import { assert } from "@std/assert";
   *
   * const semaphore = new Semaphore(1);
   * using permit = semaphore.tryAcquire();
   * assert(permit !== undefined);
   * ```
   */
  tryAcquire(): Disposable | undefined {
    if (copies !== undefined) warnOfCopy(this);
    checkStop();
    return this.#attempt() === true
      ? new Permit(this, this.#holders)
      : undefined;
  }

  /**
   * Gives permits back, or adds some. Python's `Semaphore.release`.
   *
   * @param n The number of permits.
   * @throws {TypeError} If `n` is not a number.
   * @throws {RangeError} If `n` is not a positive integer, or there would be more than
   * 2147483647 permits, or in a {@linkcode BoundedSemaphore} more than at first.
   *
   * @example Usage
   * ```ts
   * import { Semaphore } from "@lab9/concurrency";
   * import { assert } from "@std/assert";
   *
   * const semaphore = new Semaphore(0);
   * semaphore.release(2);
   * assert(semaphore.tryAcquire() && semaphore.tryAcquire());
   * ```
   */
  release(n = 1): void {
    checkInteger("release semaphore", "n", n, 1, LARGEST_VALUE);
    if (copies !== undefined) warnOfCopy(this);
    reserveStack();
    try {
      this[give](n);
    } finally {
      checkStopAfterwards();
    }
  }

  /**
   * Gives permits back, also in a thread that is ordered to end. The caller has reserved
   * the stack.
   *
   * @ignore
   */
  [give](n: number): void {
    const limit = this.#words[LIMIT];
    for (;;) {
      const value = Atomics.load(this.#words, VALUE);
      if (n > limit - value) {
        throw new RangeError(
          `Cannot release semaphore: it was released too many times, its ` +
            `value ${value} can be at most ${limit}, received n ${n}`,
        );
      }
      const next = value + n;
      if (Atomics.compareExchange(this.#words, VALUE, value, next) === value) {
        break;
      }
    }
    for (let i = 0; i < n && this.#waiters.hasWaiters; i++) {
      this.#waiters.notify();
    }
  }

  /**
   * The text that Python prints for a semaphore.
   *
   * @returns For example `<threading.Semaphore at 0x1140ac6a0: value=3>`.
   */
  toString(): string {
    const bound = this[isBounded] ? `/${this.#words[LIMIT]}` : "";
    const value = this.#value;
    const address = formatAddress(this.#words[ADDRESS]);
    return `<threading.${this.#type} at ${address}: value=${value}${bound}>`;
  }

  /**
   * The text that `console.log` prints.
   *
   * @returns The same as {@linkcode toString}.
   */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /**
   * The handle that is sent in place of the semaphore.
   *
   * @ignore
   */
  [handle](): Handle {
    return {
      type: this.#type,
      buffer: this.#words.buffer as SharedArrayBuffer,
    };
  }

  get #type(): string {
    return this[isBounded] ? "BoundedSemaphore" : "Semaphore";
  }

  /** Gives back the permits of threads that have ended, and takes one of them. */
  #tryTakeFromDead(): boolean {
    const count = this.#holders.takeFromDead();
    if (count === 0) return false;
    this[give](count);
    return this.#tryTake();
  }

  #tryTake(): boolean {
    reserveStackForHold();
    const words = this.#words;
    for (;;) {
      const value = Atomics.load(words, VALUE);
      if (value === 0) return false;
      if (Atomics.compareExchange(words, VALUE, value, value - 1) === value) {
        return true;
      }
    }
  }
}

/** A permit. It is given back once. */
class Permit implements Disposable {
  #semaphore: Semaphore | undefined;
  #holders: PermitTable;
  /** The id of the thread that holds it by `using`; 0 if none does. */
  #holder = 0;

  constructor(semaphore: Semaphore, holders: PermitTable) {
    this.#semaphore = semaphore;
    this.#holders = holders;
  }

  /** `using` reads this property when its block begins. From then on it holds the permit. */
  get [Symbol.dispose](): () => void {
    if (this.#holder === 0 && this.#semaphore !== undefined) {
      reserveStack();
      this.#holder = this.#holders.add();
    }
    return this.#giveBack;
  }

  #giveBack(): void {
    const semaphore = this.#semaphore;
    if (semaphore === undefined) return;
    reserveStack();
    this.#semaphore = undefined;
    // If the thread was given up, another one may have taken its permits.
    if (this.#holders.remove(this.#holder)) semaphore[give](1);
  }
}

function timeoutError(timeout: number | undefined): DOMException {
  return new DOMException(
    `Cannot acquire semaphore: after ${timeout} seconds, its value was 0`,
    "TimeoutError",
  );
}

/**
 * A semaphore that never has more permits than at first. Releasing a permit that was not
 * acquired throws a RangeError. Python's `threading.BoundedSemaphore`.
 *
 * @example Usage
 * ```ts
 * import { BoundedSemaphore } from "@lab9/concurrency";
 * import { assertThrows } from "@std/assert";
 *
 * const semaphore = new BoundedSemaphore(1);
 * semaphore.acquireSync();
 * semaphore.release();
 * assertThrows(() => semaphore.release(), RangeError);
 * ```
 */
export class BoundedSemaphore extends Semaphore {
  static {
    registerShareable(import.meta, "BoundedSemaphore", this);
  }

  /**
   * Whether there may be no more permits than at first.
   *
   * @ignore
   */
  override get [isBounded](): boolean {
    return true;
  }
}
