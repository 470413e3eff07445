// Copyright 2026 the lab9 authors. MIT license.

import {
  constructOn,
  copies,
  noteMade,
  takeMemory,
  warnOfCopy,
} from "../sync/memory.ts";
import { checkOptions, checkString } from "../checks.ts";
import {
  type AsyncWaitOptions,
  waitDeadline,
  waitDeadlineSync,
  type WaitOptions,
} from "../sync/deadline.ts";
import {
  type Handle,
  handle,
  registerShareable,
  revive,
} from "../codec/references.ts";
import { reserveStack, reserveStackForHold } from "../sync/reserve_stack.ts";
import {
  checkStop,
  checkStopAfterwards,
  heedStop,
  isStopping,
} from "../sync/waiters.ts";
import { PENDING, type Pending } from "../sync/wait_list.ts";
import { Ownership } from "./ownership.ts";
import { LARGEST_PERMIT_TABLE_BYTES, PERMIT_TABLE_BYTES } from "./permits.ts";
import { Readers } from "./readers.ts";

/** The first word of the readers. The writer's words stand before it. */
const READERS = Ownership.WORDS;
/** The first byte of the table of readers. */
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
 * Acquiring it returns a `Disposable`, for `using`. Only the thread that has acquired the
 * lock can release it. Writers don't starve: while a writer waits for the readers to
 * leave, no other reader acquires the lock. So a thread that reads must not acquire the
 * lock again, for writing or for reading, because a writer may wait already.
 *
 * A lock whose writer has ended is poisoned: acquiring it throws a
 * {@linkcode LockPoisonedError} until `release()` is called. A reader that ends gives its
 * lock back. A ring of threads gets a {@linkcode DeadlockError}, as for a
 * {@linkcode Lock}: a thread that waits to write waits for all threads that read.
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
   * Creates the object for a handle.
   *
   * @ignore
   */
  static [revive]({ buffer }: Handle): RWLock {
    return constructOn(RWLock, this, buffer);
  }

  #words: Int32Array;
  /**
   * The ownership of the writer, which writes or waits for the readers to leave.
   *
   * Protocol. A reader counts itself in and then looks for a writer. A writer takes this
   * ownership and then looks for readers. Both orders are sequentially consistent: one of
   * them sees the other. A reader that sees a writer counts itself out again. Readers and
   * writers wait in the list of this ownership. A reader that has acquired the lock wakes
   * the next in the list. The writer that waits for the readers to leave is alone in their
   * list.
   */
  #writer: Ownership;
  #readers: Readers;
  #tryRead = (): true | Pending => {
    if (this.#enter()) return true;
    this.#writer.checkHolder();
    return PENDING;
  };

  /**
   * Creates a lock that no thread holds.
   *
   * @param options The options.
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
    if (name !== undefined) checkString("create RWLock", "the name", name);
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
    checkStopAfterwards();
    return this.#isLocked;
  }

  get #isLocked(): boolean {
    return this.#writer.holder !== 0 || this.#readers.count > 0;
  }

  /**
   * Acquires the lock for reading. It waits while a thread writes or waits to write.
   *
   * @param options A timeout, and a signal that ends the wait.
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
    if (isStopping()) await heedStop();
    signal?.throwIfAborted();
    if (copies !== undefined) warnOfCopy(this);
    if (!this.#enter()) {
      const got = await this.#writer.wait(this.#tryRead, deadline, signal);
      if (got === PENDING) throw this.#timeoutError("reading", options);
      this.#writer.passOn();
    }
    return new ReadHold(this.#readers);
  }

  /**
   * Acquires the lock for reading. It blocks the thread while another one writes or waits
   * to write.
   *
   * @param options A timeout.
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
    const deadline = waitDeadlineSync("acquire RWLock", options);
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
   * @returns What releases the lock when it is disposed of; undefined if a thread writes or
   * waits to write.
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
   * Acquires the lock for writing. It waits while any thread holds the lock.
   *
   * @param options A timeout, and a signal that ends the wait.
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
   * Acquires the lock for writing. It blocks the thread while any other holds the lock.
   *
   * @param options A timeout.
   * @returns What releases the lock when it is disposed of.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   * @throws {DeadlockError} If it would wait for ever: this thread holds the lock, or a
   * thread that holds it waits for a lock of this thread, directly or through others.
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
    const deadline = waitDeadlineSync("acquire RWLock", options);
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
   * Releases what an ended writer held, after a {@linkcode LockPoisonedError}. It does
   * nothing if that was released already. In a thread that writes, it releases the thread's
   * own hold.
   *
   * @throws {Error} If no thread writes, or another thread does.
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
    checkStopAfterwards();
    const holder = this.#writer.holderName();
    throw new Error(
      `Cannot release ${this.#writer.label}: ${
        holder === undefined ? "nobody writes" : `${holder} writes`
      }`,
    );
  }

  /**
   * A text like those that Python prints for locks.
   *
   * @returns For example
   * `<locked threading.RWLock object readers=2 at 0x1140ac6a0>`, and while a
   * thread writes `<locked threading.RWLock object owner=140271 at 0x1140ac6a0>`.
   */
  toString(): string {
    const { address, hold } = this.#writer;
    const state = this.#isLocked ? "locked" : "unlocked";
    const by = hold.owner === 0
      ? `readers=${this.#readers.count}`
      : `owner=${hold.owner}`;
    return `<${state} threading.RWLock object ${by} at ${address}>`;
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
    const buffer = this.#words.buffer as SharedArrayBuffer;
    return { type: "RWLock", buffer };
  }

  /** Counts this thread in as a reader; false if a thread writes or waits to write. */
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

/** A hold for reading. It is ended once. */
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

/** A hold for writing. It is ended once. */
class WriteHold implements Disposable {
  #writer: Ownership | undefined;
  #turn: number;

  constructor(writer: Ownership, turn: number) {
    this.#writer = writer;
    this.#turn = turn;
  }

  [Symbol.dispose](): void {
    // `release()` may have ended it.
    this.#writer?.end(this.#turn);
    // Not before: at the end of the stack `end()` throws, and the hold goes on.
    this.#writer = undefined;
  }
}
