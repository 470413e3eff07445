// Copyright 2026 the lab9 authors. MIT license.

import {
  constructOn,
  copies,
  noteMade,
  takeMemory,
  warnOfCopy,
  words,
} from "../sync/memory.ts";
import {
  type AsyncWaitOptions,
  waitDeadline,
  type WaitOptions,
} from "../sync/deadline.ts";
import { checkOptions, kindOf } from "../checks.ts";
import { Ownership } from "./ownership.ts";
import {
  type Handle,
  handle,
  registerShareable,
  revive,
} from "../codec/references.ts";
import { checkStopAfterwards } from "../sync/waiters.ts";

/** Options of {@linkcode Lock}'s and {@linkcode RLock}'s constructors. */
export interface LockOptions {
  /**
   * What errors call the lock. Without one it is `Lock-N` or `RLock-N`.
   */
  name?: string;
}

/** The key of what {@linkcode Condition} needs of a lock. */
export const owned: unique symbol = Symbol("lab9.owned");
/** The key of whether the holder may acquire the lock again. */
const isReentrant: unique symbol = Symbol("lab9.isReentrant");

const counts = { Lock: 0, RLock: 0 };

/**
 * A lock that one thread at a time holds. Python's `threading.Lock`.
 *
 * Acquiring gives a `Disposable`: with `using`, the lock is released at the end
 * of the block, whatever happens in it. As in Python any thread may release it,
 * and a thread that holds it must wait like any other to acquire it again, until
 * another thread releases it; see {@linkcode RLock} for one that need not wait.
 *
 * A lock whose holder has ended is poisoned: acquiring it throws
 * {@linkcode LockPoisonedError} until `release()` is called. Several threads
 * may get the error and repair what the lock guards: their `release()` gives up
 * no more than what the ended holder held. Threads that wait for each other's
 * locks in a ring get a {@linkcode DeadlockError}, except for the locks that
 * were ever released by another thread than their holder.
 *
 * @example Usage
 * ```ts
 * import { Lock } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new Lock();
 * {
 *   using _held = await lock.acquire(); // acquireSync() in a worker
 *   assertEquals(lock.isLocked, true);
 * }
 * assertEquals(lock.isLocked, false);
 * ```
 */
export class Lock {
  static {
    registerShareable(import.meta, "Lock", this);
  }

  /**
   * Makes the object that a handle stands for.
   *
   * @ignore
   */
  static [revive]({ buffer }: Handle): Lock {
    return constructOn(Lock, this, buffer);
  }

  /**
   * What the library's own classes need of the lock.
   *
   * @ignore
   */
  readonly [owned]: Ownership;
  #type: "Lock" | "RLock";
  #words: Int32Array;

  /**
   * Makes a lock that nobody holds.
   *
   * @param options What to call it.
   * @throws {TypeError} If the name is not a string.
   *
   * @example Usage
   * ```ts
   * import { Lock } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(new Lock({ name: "accounts" }).name, "accounts");
   * ```
   */
  constructor(options: LockOptions = {}) {
    const buffer = takeMemory();
    const reentrant = this[isReentrant];
    const type = reentrant ? "RLock" : "Lock";
    checkOptions(`create ${type}`, options);
    const { name } = options;
    if (name !== undefined && typeof name !== "string") {
      throw new TypeError(
        `Cannot create ${type}: the name must be a string, received ${
          kindOf(name)
        }`,
      );
    }
    this.#type = type;
    this.#words = words(buffer, Ownership.WORDS);
    const label = buffer === undefined
      ? `${type} ${name ?? `${type}-${++counts[type]}`}`
      : undefined;
    if (buffer === undefined) noteMade(this);
    this[owned] = new Ownership(this.#words, 0, { reentrant, label });
  }

  /**
   * Whether the holder may acquire the lock again.
   *
   * @ignore
   */
  get [isReentrant](): boolean {
    return false;
  }

  /**
   * What errors call the lock.
   *
   * @returns The name.
   */
  get name(): string {
    return this[owned].label.slice(this.#type.length + 1);
  }

  /**
   * Whether any thread holds the lock now. Python's `Lock.locked()`.
   *
   * @returns Whether it is held.
   */
  get isLocked(): boolean {
    return this[owned].holder !== 0;
  }

  /**
   * Acquires the lock, waiting while it is held. Python's `Lock.acquire`, except
   * that it throws if the timeout passes.
   *
   * @param options How long to wait at most, and a signal to stop waiting.
   * @returns A promise that resolves, once the lock is held, to what releases it
   * when it is disposed of.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   * @throws {LockPoisonedError} If the lock's holder has ended.
   *
   * @example Usage
   * ```ts
   * import { Lock } from "@lab9/concurrency";
   *
   * const lock = new Lock();
   * using _held = await lock.acquire({ timeout: 1 });
   * ```
   */
  async acquire(options: AsyncWaitOptions = {}): Promise<Disposable> {
    const deadline = waitDeadline(`acquire ${this.#type}`, options);
    const { timeout, signal } = options;
    if (copies !== undefined) warnOfCopy(this);
    const hold = new Hold(this[owned]);
    hold.turn = await this[owned].take(deadline, signal);
    if (hold.turn === 0) throw this.#timeoutError(timeout);
    return hold;
  }

  /**
   * Acquires the lock, blocking the thread while it is held. Python's
   * `Lock.acquire`, except that it throws if the timeout passes.
   *
   * @param options How long to wait at most.
   * @returns What releases the lock when it is disposed of.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   * @throws {DeadlockError} If it would wait for ever, because the holder waits
   * for a lock of this thread, directly or through others; or because this thread
   * holds it, and has never passed it to another, which could release it.
   * @throws {LockPoisonedError} If the lock's holder has ended.
   *
   * @example Usage
   * ```ts
   * import { Lock } from "@lab9/concurrency";
   *
   * const lock = new Lock();
   * using _held = lock.acquireSync();
   * ```
   */
  acquireSync(options: WaitOptions = {}): Disposable {
    const deadline = waitDeadline(`acquire ${this.#type}`, options);
    const { timeout } = options;
    if (copies !== undefined) warnOfCopy(this);
    // Made before the lock is held: where the stack ends, a call throws.
    const hold = new Hold(this[owned]);
    hold.turn = this[owned].tryTake() || this[owned].takeSync(deadline);
    if (hold.turn === 0) throw this.#timeoutError(timeout);
    return hold;
  }

  /**
   * Acquires the lock if that is possible at once. Python's
   * `Lock.acquire(blocking=False)`.
   *
   * @returns What releases the lock when it is disposed of; undefined if the
   * lock is held.
   *
   * @example Usage
   * ```ts
   * import { Lock } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const lock = new Lock();
   * using _held = lock.tryAcquire();
   * assertEquals(lock.tryAcquire(), undefined);
   * ```
   */
  tryAcquire(): Disposable | undefined {
    if (copies !== undefined) warnOfCopy(this);
    const hold = new Hold(this[owned]);
    hold.turn = this[owned].tryTake();
    return hold.turn === 0 ? undefined : hold;
  }

  /**
   * Releases the lock. What `using` would release need not be released so.
   * Python's `Lock.release`.
   *
   * After a {@linkcode LockPoisonedError} it releases what the ended holder
   * held, and does nothing if that was released already. After a wait on a
   * {@linkcode Condition} that lost the lock it does nothing either, so that it
   * may stand in a `finally`.
   *
   * @throws {Error} If the lock is not held. If it is an {@linkcode RLock}: if
   * another thread holds it.
   *
   * @example Usage
   * ```ts
   * import { Lock } from "@lab9/concurrency";
   *
   * const lock = new Lock();
   * lock.acquireSync();
   * lock.release();
   * ```
   */
  release(): void {
    if (this[owned].give()) return;
    checkStopAfterwards();
    const holder = this[owned].holderName();
    throw new Error(
      `Cannot release ${this[owned].label}: ${
        holder === undefined ? "it is not held" : `${holder} holds it`
      }`,
    );
  }

  /**
   * How Python prints a lock.
   *
   * @returns For example `<unlocked _thread.lock object at 0x1140ac6a0>`, and of
   * an {@linkcode RLock}
   * `<locked _thread.RLock object owner=140271 count=2 at 0x1140ac6a0>`.
   */
  toString(): string {
    const { address, hold, reentrant } = this[owned];
    const state = hold.owner === 0 ? "unlocked" : "locked";
    const what = reentrant
      ? `RLock object owner=${hold.owner} count=${hold.count}`
      : "lock object";
    return `<${state} _thread.${what} at ${address}>`;
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
   * What is sent in place of the lock.
   *
   * @ignore
   */
  [handle](): Handle {
    this[owned].isUnshared = false;
    const buffer = this.#words.buffer as SharedArrayBuffer;
    return { type: this.#type, buffer };
  }

  #timeoutError(timeout: number | undefined): DOMException {
    const { label } = this[owned];
    const holder = this[owned].holderName() ?? "another thread";
    return new DOMException(
      `Cannot acquire ${label}: after ${timeout} seconds, ${holder} held it`,
      "TimeoutError",
    );
  }
}

/** An acquisition, to be ended once. */
class Hold implements Disposable {
  turn = 0;
  #ownership: Ownership | undefined;

  constructor(ownership: Ownership) {
    this.#ownership = ownership;
  }

  [Symbol.dispose](): void {
    // It may have been released by hand, or lost with a wait that threw.
    this.#ownership?.end(this.turn);
    // Afterwards: where the stack ends, `end()` throws, and the hold goes on.
    this.#ownership = undefined;
  }
}

/**
 * A lock that the thread which holds it may acquire again, and has to release as
 * often. Only that thread can release it. Python's `threading.RLock`.
 *
 * It belongs to a thread, not to one of the things that a thread awaits: on the
 * main thread, two functions that await in turns are not kept apart by it. A
 * {@linkcode Lock} does that.
 *
 * @example Usage
 * ```ts
 * import { RLock } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new RLock();
 * {
 *   using _outer = lock.acquireSync();
 *   using _inner = lock.acquireSync(); // a Lock throws a DeadlockError
 * }
 * assertEquals(lock.isLocked, false);
 * ```
 */
export class RLock extends Lock {
  static {
    registerShareable(import.meta, "RLock", this);
  }

  /**
   * Whether the holder may acquire the lock again.
   *
   * @ignore
   */
  override get [isReentrant](): boolean {
    return true;
  }
}
