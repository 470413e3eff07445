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
  waitDeadlineSync,
  type WaitOptions,
} from "../sync/deadline.ts";
import { checkOptions, checkString } from "../checks.ts";
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

/** The key of a lock's ownership. */
export const owned: unique symbol = Symbol("lab9.owned");
/** The key of whether the holder may acquire the lock again. */
const isReentrant: unique symbol = Symbol("lab9.isReentrant");

const counts = { Lock: 0, RLock: 0 };

/**
 * A lock that one thread at a time holds. Python's `threading.Lock`.
 *
 * Acquiring it returns a `Disposable`: with `using`, the lock is released at the end of
 * the block, even if the block throws. As in Python, any thread may release the lock. A
 * thread that holds it has to wait like any other to acquire it again, until another
 * thread releases it. With an {@linkcode RLock}, it doesn't have to wait.
 *
 * A lock whose holder has ended is poisoned: acquiring it throws a
 * {@linkcode LockPoisonedError} until `release()` is called. Several threads may get the
 * error and repair what the lock guards. Their calls of `release()` release only what the
 * ended holder held.
 *
 * If threads would wait for each other's locks in a ring, one of them gets a
 * {@linkcode DeadlockError}. A lock that was ever released by another thread than its
 * holder is part of no such ring.
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
   * Creates the object for a handle.
   *
   * @ignore
   */
  static [revive]({ buffer }: Handle): Lock {
    return constructOn(Lock, this, buffer);
  }

  /**
   * The lock's ownership, for other classes of the library.
   *
   * @ignore
   */
  readonly [owned]: Ownership;
  #type: "Lock" | "RLock";
  #words: Int32Array;

  /**
   * Creates a lock that no thread holds.
   *
   * @param options The options.
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
    if (name !== undefined) checkString(`create ${type}`, "the name", name);
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
    checkStopAfterwards();
    return this[owned].holder !== 0;
  }

  /**
   * Acquires the lock. It waits while the lock is held. Python's `Lock.acquire`, except
   * that this throws if the timeout passes.
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
   * Acquires the lock. It blocks the thread while the lock is held. Python's
   * `Lock.acquire`, except that this throws if the timeout passes.
   *
   * @param options A timeout.
   * @returns What releases the lock when it is disposed of.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   * @throws {DeadlockError} If it would wait for ever: the holder waits for a lock of this
   * thread, directly or through others, or this thread holds the lock and no other thread
   * can release it.
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
    const deadline = waitDeadlineSync(`acquire ${this.#type}`, options);
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
   * Releases the lock. A lock that was acquired with `using` needs no call. Python's
   * `Lock.release`.
   *
   * After a {@linkcode LockPoisonedError}, it releases what the ended holder held, or does
   * nothing if that was released already. After a wait on a {@linkcode Condition} that has
   * lost the lock, it does nothing, so that it may stand in a `finally`.
   *
   * @throws {Error} If the lock is not held, or if it is an {@linkcode RLock} that another
   * thread holds.
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
   * The text that Python prints for a lock.
   *
   * @returns For example `<unlocked _thread.lock object at 0x1140ac6a0>`, and for an
   * {@linkcode RLock}
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
   * The text that `console.log` prints.
   *
   * @returns The same as {@linkcode toString}.
   */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /**
   * The handle that is sent in place of the lock.
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

/** A hold of a lock. It is ended once. */
class Hold implements Disposable {
  #turn = 0;
  #ownership: Ownership | undefined;

  constructor(ownership: Ownership) {
    this.#ownership = ownership;
  }

  // Not a property: a hold has none, so that it is refused where it would be copied.
  get turn(): number {
    return this.#turn;
  }

  set turn(turn: number) {
    this.#turn = turn;
  }

  [Symbol.dispose](): void {
    // `release()` may have ended it, or a wait that has lost the lock.
    this.#ownership?.end(this.#turn);
    // Not before: at the end of the stack `end()` throws, and the hold goes on.
    this.#ownership = undefined;
  }
}

/**
 * A lock that its holder may acquire again, and has to release as often. Only the holder
 * can release it. Python's `threading.RLock`.
 *
 * The holder is a thread. Two async functions of one thread, such as the main one, can
 * hold the lock at the same time. Use a {@linkcode Lock} for these.
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
