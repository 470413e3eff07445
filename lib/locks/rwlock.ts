// Copyright 2026 the lab9 authors. MIT license.

import {
  constructOn,
  copies,
  noteMade,
  takeMemory,
  warnOfCopy,
} from "../sync/memory.ts";
import { checkOptions, kindOf } from "../checks.ts";
import {
  type AsyncWaitOptions,
  waitDeadline,
  type WaitOptions,
} from "../sync/deadline.ts";
import {
  type Handle,
  handle,
  registerShareable,
  revive,
} from "../codec/references.ts";
import { reserveStack, reserveStackForHold } from "../sync/reserve_stack.ts";
import { checkStop, heedStop, isStopping } from "../sync/waiters.ts";
import { PENDING, type Pending } from "../sync/wait_list.ts";
import { Ownership } from "./ownership.ts";
import { LARGEST_PERMIT_TABLE_BYTES, PERMIT_TABLE_BYTES } from "./permits.ts";
import { Readers } from "./readers.ts";

/** Where the words of the readers begin; before them stand the writer's. */
const READERS = Ownership.WORDS;
/** In bytes. */
const TABLE = (READERS + Readers.WORDS) * 4;

/** Options of {@linkcode RWLock}'s constructor. */
export interface RWLockOptions {
  /**
   * What errors call the lock. Without one it is `RWLock-N`.
   */
  name?: string;
}

let count = 0;

/**
 * A lock that any number of threads hold for reading, or one for writing.
 * Python's `threading` has none.
 *
 * Acquiring gives a `Disposable`, for `using`. Only the thread that has acquired
 * it can give it up. Writers are not starved: as soon as one waits for the readers
 * to leave, no more are let in. A thread that reads must not acquire the lock
 * again, for writing or for reading: a writer may wait between.
 *
 * A lock whose writer has ended is poisoned: acquiring it throws
 * {@linkcode LockPoisonedError} until `release()` is called. What a reader holds
 * when it ends is given back. Rings of threads get a {@linkcode DeadlockError} as
 * for a {@linkcode Lock}: a thread that waits to write waits for all that read.
 *
 * @example Usage
 * ```ts
 * import { RWLock } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new RWLock();
 * {
 *   using _one = await lock.acquireRead(); // acquireReadSync() in a worker
 *   using _two = await lock.acquireRead();
 *   assertEquals(lock.tryAcquireWrite(), undefined);
 * }
 * {
 *   using _written = await lock.acquireWrite();
 *   assertEquals(lock.tryAcquireRead(), undefined);
 * }
 * assertEquals(lock.isLocked, false);
 * ```
 */
export class RWLock {
  static {
    registerShareable(import.meta, "RWLock", this);
  }

  /**
   * Makes the object that a handle stands for.
   *
   * @ignore
   */
  static [revive]({ buffer }: Handle): RWLock {
    return constructOn(RWLock, this, buffer);
  }

  #words: Int32Array;
  /**
   * Who writes, or waits for the readers to leave.
   *
   * Protocol. A reader counts itself first and looks for a writer afterwards; a
   * writer takes this first and looks for readers afterwards. Both orders are
   * sequentially consistent: one of them sees the other, and a reader that sees a
   * writer leaves again. Readers wait in this one's list, between the writers;
   * each that gets in wakes the next. The writer waits for the readers in a list
   * of theirs, where it is alone.
   */
  #writer: Ownership;
  #readers: Readers;
  #tryRead = (): true | Pending => {
    if (this.#enter()) return true;
    this.#writer.checkHolder();
    return PENDING;
  };

  /**
   * Makes a lock that nobody holds.
   *
   * @param options What to call it.
   * @throws {TypeError} If the name is not a string.
   *
   * @example Usage
   * ```ts
   * import { RWLock } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(new RWLock({ name: "cache" }).name, "cache");
   * ```
   */
  constructor(options: RWLockOptions = {}) {
    const memory = takeMemory();
    checkOptions("create RWLock", options);
    const { name } = options;
    if (name !== undefined && typeof name !== "string") {
      throw new TypeError(
        `Cannot create RWLock: the name must be a string, received ${
          kindOf(name)
        }`,
      );
    }
    const bytes = memory ?? new SharedArrayBuffer(TABLE + PERMIT_TABLE_BYTES, {
      maxByteLength: TABLE + LARGEST_PERMIT_TABLE_BYTES,
    });
    this.#words = new Int32Array(bytes, 0, TABLE / 4);
    const label = memory === undefined
      ? `RWLock ${name ?? `RWLock-${++count}`}`
      : undefined;
    if (memory === undefined) noteMade(this);
    const kind = { reentrant: false, isPersonal: true, label };
    this.#writer = new Ownership(this.#words, 0, kind);
    this.#readers = new Readers(this.#words, READERS, {
      table: TABLE,
      label: () => this.#writer.label,
    });
  }

  /**
   * What errors call the lock.
   *
   * @returns The name.
   */
  get name(): string {
    return this.#writer.label.slice("RWLock ".length);
  }

  /**
   * Whether any thread holds the lock now, for reading or for writing.
   *
   * @returns Whether it is held.
   */
  get isLocked(): boolean {
    return this.#writer.holder !== 0 || this.#readers.count > 0;
  }

  /**
   * Acquires the lock for reading, waiting while a thread writes or waits for
   * that.
   *
   * @param options How long to wait at most, and a signal to stop waiting.
   * @returns A promise that resolves to what releases the lock when it is
   * disposed of.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   * @throws {LockPoisonedError} If a writer has ended.
   *
   * @example Usage
   * ```ts
   * import { RWLock } from "@lab9/concurrency";
   *
   * const lock = new RWLock();
   * using _held = await lock.acquireRead({ timeout: 1 });
   * ```
   */
  async acquireRead(options: AsyncWaitOptions = {}): Promise<Disposable> {
    const deadline = waitDeadline("acquire RWLock", options);
    const { signal } = options;
    signal?.throwIfAborted();
    if (isStopping()) await heedStop();
    if (copies !== undefined) warnOfCopy(this);
    if (!this.#enter()) {
      const got = await this.#writer.wait(this.#tryRead, deadline, signal);
      if (got === PENDING) throw this.#timeoutError("reading", options);
      this.#writer.passOn();
    }
    return new ReadHold(this.#readers);
  }

  /**
   * Acquires the lock for reading, blocking the thread while another writes or
   * waits for that.
   *
   * @param options How long to wait at most.
   * @returns What releases the lock when it is disposed of.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   * @throws {DeadlockError} If it would wait for ever.
   * @throws {LockPoisonedError} If a writer has ended.
   *
   * @example Usage
   * ```ts
   * import { RWLock } from "@lab9/concurrency";
   *
   * const lock = new RWLock();
   * using _held = lock.acquireReadSync();
   * ```
   */
  acquireReadSync(options: WaitOptions = {}): Disposable {
    const deadline = waitDeadline("acquire RWLock", options);
    if (copies !== undefined) warnOfCopy(this);
    if (!this.#enter()) {
      const got = this.#writer.waitSync(this.#tryRead, deadline);
      if (got === PENDING) throw this.#timeoutError("reading", options);
      this.#writer.passOn();
    }
    return new ReadHold(this.#readers);
  }

  /**
   * Acquires the lock for reading if that is possible at once.
   *
   * @returns What releases the lock when it is disposed of; undefined if a thread
   * writes or waits for that.
   *
   * @example Usage
   * ```ts
   * import { RWLock } from "@lab9/concurrency";
   * import { assert } from "@std/assert";
   *
   * using held = new RWLock().tryAcquireRead();
   * assert(held !== undefined);
   * ```
   */
  tryAcquireRead(): Disposable | undefined {
    if (copies !== undefined) warnOfCopy(this);
    return this.#enter() ? new ReadHold(this.#readers) : undefined;
  }

  /**
   * Acquires the lock for writing, waiting while any thread holds it.
   *
   * @param options How long to wait at most, and a signal to stop waiting.
   * @returns A promise that resolves to what releases the lock when it is
   * disposed of.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   * @throws {LockPoisonedError} If a writer has ended.
   *
   * @example Usage
   * ```ts
   * import { RWLock } from "@lab9/concurrency";
   *
   * const lock = new RWLock();
   * using _held = await lock.acquireWrite({ timeout: 1 });
   * ```
   */
  async acquireWrite(options: AsyncWaitOptions = {}): Promise<Disposable> {
    const deadline = waitDeadline("acquire RWLock", options);
    const { signal } = options;
    if (copies !== undefined) warnOfCopy(this);
    const turn = await this.#writer.take(deadline, signal);
    if (turn === 0) throw this.#timeoutError("writing", options);
    try {
      if (await this.#readers.left(deadline, signal)) {
        return new WriteHold(this.#writer, turn);
      }
      throw this.#timeoutError("writing", options);
    } catch (error) {
      this.#writer.end(turn);
      throw error;
    }
  }

  /**
   * Acquires the lock for writing, blocking the thread while any holds it.
   *
   * @param options How long to wait at most.
   * @returns What releases the lock when it is disposed of.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   * @throws {DeadlockError} If it would wait for ever, because this thread holds
   * the lock, or the one that holds it waits for this thread.
   * @throws {LockPoisonedError} If a writer has ended.
   *
   * @example Usage
   * ```ts
   * import { RWLock } from "@lab9/concurrency";
   *
   * const lock = new RWLock();
   * using _held = lock.acquireWriteSync();
   * ```
   */
  acquireWriteSync(options: WaitOptions = {}): Disposable {
    const deadline = waitDeadline("acquire RWLock", options);
    if (copies !== undefined) warnOfCopy(this);
    const turn = this.#writer.tryTake() || this.#writer.takeSync(deadline);
    if (turn === 0) throw this.#timeoutError("writing", options);
    try {
      if (this.#readers.leftSync(deadline)) {
        return new WriteHold(this.#writer, turn);
      }
      throw this.#timeoutError("writing", options);
    } catch (error) {
      this.#writer.end(turn);
      throw error;
    }
  }

  /**
   * Acquires the lock for writing if that is possible at once.
   *
   * @returns What releases the lock when it is disposed of; undefined if any
   * thread holds it.
   *
   * @example Usage
   * ```ts
   * import { RWLock } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const lock = new RWLock();
   * using _held = lock.tryAcquireWrite();
   * assertEquals(lock.tryAcquireWrite(), undefined);
   * ```
   */
  tryAcquireWrite(): Disposable | undefined {
    if (copies !== undefined) warnOfCopy(this);
    const turn = this.#writer.tryTake();
    if (turn === 0) return undefined;
    if (this.#readers.haveLeft()) return new WriteHold(this.#writer, turn);
    this.#writer.end(turn);
  }

  /**
   * Releases what a writer held that has ended, after a
   * {@linkcode LockPoisonedError}. It does nothing if another thread has done it
   * already. A thread that writes releases its own hold by it.
   *
   * @throws {Error} If nobody writes, or another thread does.
   *
   * @example Usage
   * ```ts
   * import { RWLock } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const lock = new RWLock();
   * lock.acquireWriteSync();
   * lock.release();
   * assertEquals(lock.isLocked, false);
   * ```
   */
  release(): void {
    if (this.#writer.give()) return;
    const holder = this.#writer.holderName();
    throw new Error(
      `Cannot release ${this.#writer.label}: ${
        holder === undefined ? "nobody writes" : `${holder} writes`
      }`,
    );
  }

  /**
   * How Python would print it.
   *
   * @returns For example
   * `<locked threading.RWLock object readers=2 at 0x1140ac6a0>`, and while a
   * thread writes `<locked threading.RWLock object owner=140271 at 0x1140ac6a0>`.
   */
  toString(): string {
    const { address, hold } = this.#writer;
    const state = this.isLocked ? "locked" : "unlocked";
    const by = hold.owner === 0
      ? `readers=${this.#readers.count}`
      : `owner=${hold.owner}`;
    return `<${state} threading.RWLock object ${by} at ${address}>`;
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
    const buffer = this.#words.buffer as SharedArrayBuffer;
    return { type: "RWLock", buffer };
  }

  /** Becomes a reader; false while a thread writes or waits for that. */
  #enter(): boolean {
    checkStop();
    reserveStackForHold();
    if (this.#writer.holder === 0) {
      this.#readers.countIn();
      if (this.#writer.holder === 0) return true;
      this.#readers.countOut();
    }
    return false;
  }

  #timeoutError(what: string, { timeout }: WaitOptions): DOMException {
    const holder = this.#writer.isMine ? undefined : this.#writer.holderName();
    return new DOMException(
      `Cannot acquire ${this.#writer.label} for ${what}: after ${timeout} ` +
        `seconds, ${holder ?? "readers"} held it`,
      "TimeoutError",
    );
  }
}

/** A hold for reading, to be ended once. */
class ReadHold implements Disposable {
  #readers: Readers | undefined;
  #holder: number;

  constructor(readers: Readers) {
    this.#readers = readers;
    this.#holder = readers.register();
  }

  [Symbol.dispose](): void {
    const readers = this.#readers;
    if (readers === undefined) return;
    reserveStack();
    this.#readers = undefined;
    readers.release(this.#holder);
  }
}

/** A hold for writing, to be ended once. */
class WriteHold implements Disposable {
  #writer: Ownership | undefined;
  #turn: number;

  constructor(writer: Ownership, turn: number) {
    this.#writer = writer;
    this.#turn = turn;
  }

  [Symbol.dispose](): void {
    // It may have been released by hand.
    this.#writer?.end(this.#turn);
    // Afterwards: where the stack ends, `end()` throws, and the hold goes on.
    this.#writer = undefined;
  }
}
