// Copyright 2026 the lab9 authors. MIT license.

import {
  constructOn,
  copies,
  noteMade,
  takeMemory,
  warnOfCopy,
  words,
} from "../sync/memory.ts";
import { now } from "../platform/platform.ts";
import {
  type AsyncWaitOptions,
  waitDeadline,
  waitDeadlineSync,
  type WaitOptions,
} from "../sync/deadline.ts";
import {
  checkCallback,
  checkInteger,
  kindOf,
  refusePromise,
} from "../checks.ts";
import type { Suspended } from "./ownership.ts";
import { Mark } from "../sync/recorder.ts";
import {
  reserveStack,
  reserveStackForCompiling,
} from "../sync/reserve_stack.ts";
import {
  type Handle,
  handle,
  handleOf,
  registerShareable,
  revive,
  reviveHandle,
} from "../codec/references.ts";
import {
  checkStop,
  checkStopAfterwards,
  heedStop,
  isStopping,
} from "../sync/waiters.ts";
import { WaitList } from "../sync/wait_list.ts";
import { Lock, owned, RLock } from "./lock.ts";

/**
 * A lock, and a list of threads that wait until something that the lock guards has
 * changed. Python's `threading.Condition`.
 *
 * A thread that waits releases the lock, and acquires it again before the wait returns. A
 * thread that changes something holds the lock, and notifies. A notification doesn't say
 * *what* has changed: look again, or let {@linkcode waitFor} do it.
 *
 * By default its lock is an {@linkcode RLock}. If several async functions of one thread
 * wait, as on the main thread, give it a {@linkcode Lock}: they could all hold an RLock at
 * the same time.
 *
 * @example Usage
 * ```ts
 * import { Condition } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const condition = new Condition();
 * const items = new Int32Array(new SharedArrayBuffer(4));
 *
 * setTimeout(() => {
 *   using _held = condition.acquireSync();
 *   items[0] = 1;
 *   condition.notify();
 * }, 10);
 *
 * using _held = await condition.acquire();
 * await condition.waitFor(() => items[0] > 0);
 * assertEquals(items[0], 1);
 * ```
 */
export class Condition {
  static {
    registerShareable(import.meta, "Condition", this);
  }

  /**
   * Creates the object for a handle.
   *
   * @ignore
   */
  static [revive]({ buffer, inner }: Handle): Condition {
    const lock = inner && reviveHandle(inner);
    return constructOn(Condition, this, buffer, [lock]);
  }

  #lock: Lock;
  #words: Int32Array;
  #waiters: WaitList;

  /**
   * Creates a condition.
   *
   * @param lock The lock that guards what is waited for. Several conditions may have the
   * same lock.
   * @throws {TypeError} If it is neither a `Lock` nor an `RLock`.
   *
   * @example Usage
   * ```ts
   * import { Condition, Lock } from "@lab9/concurrency";
   *
   * const lock = new Lock();
   * const notEmpty = new Condition(lock);
   * const notFull = new Condition(lock);
   * ```
   */
  constructor(lock: Lock = new RLock()) {
    const buffer = takeMemory();
    if (!(lock instanceof Lock)) {
      throw new TypeError(
        "Cannot create condition: the lock must be a Lock or an RLock, " +
          `received ${kindOf(lock)}`,
      );
    }
    this.#lock = lock;
    this.#words = words(buffer, WaitList.WORDS);
    this.#waiters = new WaitList(this.#words, 0, Mark.LOCK);
    if (buffer === undefined) noteMade(this);
  }

  /**
   * Acquires the lock, as {@linkcode Lock.acquire} does. Python's
   * `Condition.acquire`.
   *
   * @param options A timeout, and a signal that ends the wait.
   * @returns A promise that resolves, once the lock is held, to what releases it
   * when it is disposed of.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   * @throws {LockPoisonedError} If the lock's holder has ended.
   *
   * @example Usage
   * ```ts
   * import { Condition } from "@lab9/concurrency";
   *
   * const condition = new Condition();
   * using _held = await condition.acquire();
   * condition.notifyAll();
   * ```
   */
  acquire(options: AsyncWaitOptions = {}): Promise<Disposable> {
    if (copies !== undefined) warnOfCopy(this);
    return this.#lock.acquire(options);
  }

  /**
   * Acquires the lock, as {@linkcode Lock.acquireSync} does. Python's
   * `Condition.acquire`.
   *
   * @param options A timeout.
   * @returns What releases the lock when it is disposed of.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   * @throws {DeadlockError} If it would wait for ever.
   * @throws {LockPoisonedError} If the lock's holder has ended.
   *
   * @example Usage
   * ```ts
   * import { Condition } from "@lab9/concurrency";
   *
   * const condition = new Condition();
   * using _held = condition.acquireSync();
   * condition.notifyAll();
   * ```
   */
  acquireSync(options: WaitOptions = {}): Disposable {
    if (copies !== undefined) warnOfCopy(this);
    return this.#lock.acquireSync(options);
  }

  /**
   * Acquires the lock if that is possible at once. Python's
   * `Condition.acquire(blocking=False)`.
   *
   * @returns What releases the lock when it is disposed of; undefined if the
   * lock is held.
   *
   * @example Usage
   * ```ts
   * import { Condition } from "@lab9/concurrency";
   * import { assert } from "@std/assert";
   *
   * using held = new Condition().tryAcquire();
   * assert(held !== undefined);
   * ```
   */
  tryAcquire(): Disposable | undefined {
    if (copies !== undefined) warnOfCopy(this);
    return this.#lock.tryAcquire();
  }

  /**
   * Releases the lock, as {@linkcode Lock.release} does. Python's
   * `Condition.release`.
   *
   * @throws {Error} If the lock is not held.
   *
   * @example Usage
   * ```ts
   * import { Condition } from "@lab9/concurrency";
   *
   * const condition = new Condition();
   * condition.acquireSync();
   * condition.release();
   * ```
   */
  release(): void {
    this.#lock.release();
  }

  /**
   * Releases the lock, waits to be notified, and acquires the lock again.
   * Python's `Condition.wait`.
   *
   * @param options A timeout, and a signal that ends the wait. The lock is acquired again
   * however the wait ends.
   * @returns A promise that resolves to true, or to false if the timeout passed
   * first.
   * @throws {Error} If the calling thread doesn't hold the lock.
   * @throws {RangeError} If the timeout is negative.
   * @throws {LockPoisonedError} If a holder of the lock has ended meanwhile; the
   * lock is not held then. It stays poisoned until the next thread that acquires it
   * gets this error, and releases it.
   *
   * @example Usage
   * ```ts
   * import { Condition } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const condition = new Condition();
   * using _held = await condition.acquire();
   * assertEquals(await condition.wait({ timeout: 0.01 }), false);
   * ```
   */
  async wait(options: AsyncWaitOptions = {}): Promise<boolean> {
    const deadline = waitDeadline("wait on condition", options);
    const { signal } = options;
    if (isStopping()) await heedStop();
    signal?.throwIfAborted();
    this.#checkHeld("wait on");
    reserveStackForCompiling();
    const lock = this.#lock[owned];
    let suspended: Suspended | undefined;
    let isNotified = false;
    try {
      return isNotified = await this.#waiters.waitForNotify(
        () => suspended = lock.suspend(),
        { deadline, signal },
      );
    } finally {
      // If it couldn't begin to wait, the lock was not released.
      if (suspended !== undefined) {
        await lock.resume(suspended)
          .catch((error) => this.#giveUp(error, isNotified));
      }
    }
  }

  /**
   * Releases the lock, blocks the thread until it is notified, and acquires the
   * lock again. Python's `Condition.wait`.
   *
   * @param options A timeout.
   * @returns True, or false if the timeout passed first.
   * @throws {Error} If the calling thread doesn't hold the lock.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DeadlockError} If the lock could never be acquired again; it is not
   * held then.
   * @throws {LockPoisonedError} If a holder of the lock has ended meanwhile; the
   * lock is not held then. It stays poisoned until the next thread that acquires it
   * gets this error, and releases it.
   *
   * @example Usage
   * ```ts
   * import { Condition } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const condition = new Condition();
   * using _held = condition.acquireSync();
   * assertEquals(condition.waitSync({ timeout: 0.01 }), false);
   * ```
   */
  waitSync(options: WaitOptions = {}): boolean {
    const deadline = waitDeadlineSync("wait on condition", options);
    checkStop();
    this.#checkHeld("wait on");
    reserveStackForCompiling();
    const lock = this.#lock[owned];
    let suspended: Suspended | undefined;
    let isNotified = false;
    try {
      return isNotified = this.#waiters.waitForNotifySync(
        () => suspended = lock.suspend(),
        deadline,
      );
    } finally {
      // If it couldn't begin to wait, the lock was not released.
      if (suspended !== undefined) {
        try {
          lock.resumeSync(suspended);
        } catch (error) {
          this.#giveUp(error, isNotified);
        }
      }
    }
  }

  /** Throws the error. A notification that this waiter can't use goes to the next. */
  #giveUp(error: unknown, isNotified: boolean): never {
    if (isNotified) this.#waiters.notify();
    throw error;
  }

  /**
   * Waits until a predicate holds. It calls the predicate now, and each time it is
   * notified. Python's `Condition.wait_for`.
   *
   * @param predicate What to wait for. It is called with the lock held. It must
   * not be async: a promise says nothing of what the lock guards.
   * @param options A timeout, and a signal that ends the wait.
   * @returns A promise that resolves to what the predicate returned last: a
   * falsy value only if the timeout passed.
   * @throws {TypeError} If the predicate is async, or returns a promise.
   * @throws {Error} If the calling thread doesn't hold the lock.
   * @throws {RangeError} If the timeout is negative.
   * @throws {LockPoisonedError} If {@linkcode wait} throws it.
   *
   * @example Usage
   * ```ts
   * import { Condition } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const condition = new Condition();
   * using _held = await condition.acquire();
   * assertEquals(await condition.waitFor(() => "there"), "there");
   * ```
   *
   * @typeParam T The type of what the predicate returns.
   */
  async waitFor<T>(
    predicate: () => T,
    options: AsyncWaitOptions = {},
  ): Promise<T> {
    const deadline = waitDeadline("wait on condition", options);
    const { signal } = options;
    checkCallback("wait on condition", "the predicate", predicate);
    if (isStopping()) await heedStop();
    signal?.throwIfAborted();
    this.#checkHeld("wait on");
    for (;;) {
      const result = ask(predicate);
      if (result || now() >= deadline) return result;
      await this.wait({ timeout: secondsUntil(deadline), signal });
    }
  }

  /**
   * Blocks the thread until a predicate holds. It calls the predicate now, and each time it
   * is notified. Python's `Condition.wait_for`.
   *
   * @param predicate What to wait for. It is called with the lock held. It must
   * not be async: a promise says nothing of what the lock guards.
   * @param options A timeout.
   * @returns What the predicate returned last: a falsy value only if the timeout
   * passed.
   * @throws {TypeError} If the predicate is async, or returns a promise.
   * @throws {Error} If the calling thread doesn't hold the lock.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DeadlockError} If {@linkcode waitSync} throws it.
   * @throws {LockPoisonedError} If {@linkcode waitSync} throws it.
   *
   * @example Usage
   * ```ts
   * import { Condition } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const condition = new Condition();
   * using _held = condition.acquireSync();
   * assertEquals(condition.waitForSync(() => 0, { timeout: 0.01 }), 0);
   * ```
   *
   * @typeParam T The type of what the predicate returns.
   */
  waitForSync<T>(predicate: () => T, options: WaitOptions = {}): T {
    const deadline = waitDeadlineSync("wait on condition", options);
    checkCallback("wait on condition", "the predicate", predicate);
    checkStop();
    this.#checkHeld("wait on");
    for (;;) {
      const result = ask(predicate);
      if (result || now() >= deadline) return result;
      this.waitSync({ timeout: secondsUntil(deadline) });
    }
  }

  /**
   * Wakes the threads that have waited longest. They go on when the lock is released.
   * Python's `Condition.notify`.
   *
   * @param n How many threads it wakes at most.
   * @throws {TypeError} If `n` is not a number.
   * @throws {RangeError} If `n` is not a non-negative integer.
   * @throws {Error} If the calling thread doesn't hold the lock.
   *
   * @example Usage
   * ```ts
   * import { Condition } from "@lab9/concurrency";
   *
   * const condition = new Condition();
   * using _held = condition.acquireSync();
   * condition.notify(2);
   * ```
   */
  notify(n = 1): void {
    checkInteger("notify condition", "n", n, 0, Number.MAX_SAFE_INTEGER);
    this.#checkHeld("notify");
    reserveStack();
    for (let i = 0; i < n && this.#waiters.hasWaiters; i++) {
      this.#waiters.notify();
    }
    checkStopAfterwards();
  }

  /**
   * Wakes all threads that wait. Python's `Condition.notify_all`.
   *
   * @throws {Error} If the calling thread doesn't hold the lock.
   *
   * @example Usage
   * ```ts
   * import { Condition } from "@lab9/concurrency";
   *
   * const condition = new Condition();
   * using _held = condition.acquireSync();
   * condition.notifyAll();
   * ```
   */
  notifyAll(): void {
    this.#checkHeld("notify");
    reserveStack();
    this.#waiters.notifyAll();
    checkStopAfterwards();
  }

  /**
   * The text that Python prints for a condition.
   *
   * @returns For example
   * `<Condition(<unlocked _thread.lock object at 0x1140ac6a0>, 0)>`, with its lock and the
   * number of threads that wait.
   */
  toString(): string {
    return `<Condition(${this.#lock}, ${this.#waiters.count})>`;
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
   * The handle that is sent in place of the condition.
   *
   * @ignore
   */
  [handle](): Handle {
    return {
      type: "Condition",
      buffer: this.#words.buffer as SharedArrayBuffer,
      inner: handleOf(this.#lock),
    };
  }

  #checkHeld(action: string): void {
    if (copies !== undefined) warnOfCopy(this);
    if (this.#lock[owned].isMine) return;
    checkStopAfterwards();
    throw new Error(
      `Cannot ${action} condition: the current thread doesn't hold its lock, ` +
        "acquire it first",
    );
  }
}

function ask<T>(predicate: () => T): T {
  return refusePromise("wait on condition", "the predicate", predicate());
}

function secondsUntil(deadline: number): number {
  return Math.max(0, deadline - now()) / 1000;
}
