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
import { Cargo } from "../codec/cargo.ts";
import { PENDING, type Pending, WaitList } from "../sync/wait_list.ts";
import {
  type AsyncWaitOptions,
  waitDeadline,
  waitDeadlineSync,
  type WaitOptions,
} from "../sync/deadline.ts";
import { endingWaitOnReturn } from "../sync/iterators.ts";
import { Decoder } from "../codec/decoder.ts";
import { Encoder } from "../codec/encoder.ts";
import { leaveMemory, takeMemoryBack } from "../codec/left_memory.ts";
import { checkFlag, checkNumber, checkOptions, refusedBy } from "../checks.ts";
import { STEP } from "../sync/mutex.ts";
import {
  checkStop,
  checkStopAfterwards,
  heedStop,
  isStopping,
} from "../sync/waiters.ts";
import {
  rehearse,
  reserveStack,
  reserveStackForCompiling,
} from "../sync/reserve_stack.ts";
import { pause } from "../sync/spin.ts";
import { isRecording, Mark, recordPoint } from "../sync/recorder.ts";
import {
  carriesItems,
  type Handle,
  handle,
  putLast,
  registerErrorClass,
  registerShareable,
  revive,
} from "../codec/references.ts";
import { Ring } from "../store/ring.ts";
import {
  LARGEST_CAPACITY,
  openStore,
  OWNER_WORDS,
  RECORD_BYTES,
  type Store,
} from "../store/store.ts";

export type { AsyncWaitOptions, WaitOptions };

// Kept as it is when the library loads: a program may replace the global.
const { AbortController } = globalThis;

/**
 * Thrown by `put` and `putSync` if the queue stays full until the timeout, and by
 * `putNowait` if it is full. Python's `queue.Full`.
 *
 * @example Usage
 * ```ts
 * import { Full, Queue } from "@lab9/concurrency";
 * import { assertThrows } from "@std/assert";
 *
 * const queue = new Queue<number>(1);
 * queue.putNowait(1);
 * assertThrows(() => queue.putNowait(2), Full);
 * ```
 */
export class Full extends Error {
  static {
    registerErrorClass(this);
  }

  /** The error's name, `"Full"`. */
  override name = "Full";
}

/**
 * Thrown by `get` and `getSync` if the queue stays empty until the timeout, and by
 * `getNowait` if it is empty. Python's `queue.Empty`.
 *
 * @example Usage
 * ```ts
 * import { Empty, Queue } from "@lab9/concurrency";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new Queue().getNowait(), Empty);
 * ```
 */
export class Empty extends Error {
  static {
    registerErrorClass(this);
  }

  /** The error's name, `"Empty"`. */
  override name = "Empty";
}

/**
 * Thrown by a put into a queue that was shut down, and by a get if the queue was shut
 * down and is empty. Python's `queue.ShutDown`.
 *
 * @example Usage
 * ```ts
 * import { Queue, ShutDown } from "@lab9/concurrency";
 * import { assertThrows } from "@std/assert";
 *
 * const queue = new Queue<number>();
 * queue.shutdown();
 * assertThrows(() => queue.putSync(1), ShutDown);
 * ```
 */
export class ShutDown extends Error {
  static {
    registerErrorClass(this);
  }

  /** The error's name, `"ShutDown"`. */
  override name = "ShutDown";
}

/** Options of {@linkcode Queue}'s constructor. */
export interface QueueOptions {
  /**
   * How many bytes of shared memory the stored items may take at most. A put waits
   * while its item doesn't fit. The queue starts small and grows as needed.
   *
   * @default {268435456}
   */
  capacity?: number;
}

/** Options of {@linkcode Queue.shutdown}. */
export interface ShutdownOptions {
  /**
   * Whether the stored items are thrown away. Otherwise they can still be got.
   *
   * @default {false}
   */
  immediate?: boolean;
}

const DEFAULT_CAPACITY = 1 << 28;
/**
 * The largest number that a word holds. No queue ever holds more items than that, so
 * a larger `maxsize` is no limit.
 */
const LARGEST_MAXSIZE = 2 ** 31 - 1;

// The queue's own words, in the header of the store. The wait lists are on cache lines
// of their own.

/** The address that `toString()` prints. It identifies the queue in recordings. */
const ADDRESS = OWNER_WORDS;
/** The wait list of the getters. */
const NOT_EMPTY = OWNER_WORDS + 16;
/** The wait list of the putters. */
const NOT_FULL = NOT_EMPTY + 16;
/** The wait list of the threads that join the queue. */
const ALL_DONE = NOT_FULL + 16;
/** How many items were reported as done, times `STEP`, as the store counts puts. */
const DONES = ALL_DONE + 3;
/** 1 once an item with shared memory was put. */
const BRINGS_MEMORY = DONES + 1;

/** The key of the method by which `select` takes items. */
export const source: unique symbol = Symbol("lab9.source");

/** How `select` takes an item of a queue, and the wait list of the queue's getters. */
export interface Source<T> {
  readonly list: WaitList;
  readonly tryGet: () => T | Pending;
}

/** Spins before a blocking get sleeps: about ten microseconds. */
const GET_SPINS = 200;
/** Spins before a blocking put sleeps: as long in all. */
const PUT_SPINS = 50;
/** Pauses between two spins of a put. */
const PUT_PAUSES = 8;

const encoder = new Encoder({ takesMemory: true });
const decoder = new Decoder({ takesMemory: true });
/** The bytes of the item that is got. */
const received = new Cargo();
/** The bytes of the item that is put. A put that waits keeps them for itself. */
let sending = new Cargo();
/** Whether an item is being encoded, so that `sending` is in use. */
let encoding = false;

/**
 * A first in, first out queue in shared memory, for any number of threads.
 * Python's `queue.Queue`.
 *
 * Pass the queue to a thread in its arguments. A put in one thread wakes a get in
 * another directly, without the main thread.
 *
 * Items are copied as by structured clone. They may hold exposed functions, which
 * travel by name. They may also hold shared memory and objects that threads share,
 * such as a queue for the reply. Those go by way of the main thread: while it
 * computes, the get of such an item waits.
 *
 * Every operation that can wait has two methods: `get` returns a promise, `getSync`
 * blocks the calling thread. In a worker, block. On the main thread, await.
 *
 * @example Usage
 * ```ts
 * import { Queue } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new Queue<string>();
 * await queue.put("first");
 * await queue.put("second");
 *
 * assertEquals(await queue.get(), "first");
 * assertEquals(queue.size, 1);
 * ```
 *
 * @typeParam T The type of the items.
 */
export class Queue<T = unknown> {
  static {
    registerShareable(import.meta, "Queue", this);
  }

  /**
   * Whether items come through objects of the class, so that functions may.
   *
   * @ignore
   */
  static readonly [carriesItems] = true;

  /**
   * Creates the object for a handle.
   *
   * @ignore
   */
  static [revive]({ buffer }: Handle): Queue {
    return constructOn(Queue, this, buffer);
  }

  #store: Store;
  #words: Int32Array;
  #notEmpty: WaitList;
  #notFull: WaitList;
  #allDone: WaitList;

  /**
   * Creates an empty queue.
   *
   * @param maxsize How many items the queue holds at most. A put into a full queue
   * waits. With zero or less, only the `capacity` limits the queue.
   * @param options The options.
   * @throws {TypeError} If `maxsize` or the capacity is not a number.
   * @throws {RangeError} If `maxsize` is not an integer, or the capacity is not an
   * integer from 16 bytes to 1 GiB.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<number>(2);
   * queue.putNowait(1);
   * queue.putNowait(2);
   * assertEquals(queue.isFull, true);
   * ```
   */
  constructor(maxsize = 0, options: QueueOptions = {}) {
    const buffer = takeMemory();
    checkOptions("create queue", options);
    const { capacity = DEFAULT_CAPACITY } = options;
    if (buffer === undefined) checkArguments(maxsize, capacity);
    this.#store = this[openStore](buffer ?? capacity);
    this.#words = this.#store.words;
    if (buffer === undefined) {
      this.#store.limit = limitOf(maxsize);
      this.#words[ADDRESS] = randomAddress();
      noteMade(this);
    }
    const room = () => this.#store.room;
    const listAt = (index: number, room?: () => number) =>
      new WaitList(this.#words, index, Mark.QUEUE, { room, address: ADDRESS });
    this.#notEmpty = listAt(NOT_EMPTY);
    this.#notFull = listAt(NOT_FULL, room);
    this.#allDone = listAt(ALL_DONE);
    rehearse(Cargo, decodeSample);
    rehearse(this.#store.constructor, room);
  }

  /**
   * How many items the queue holds at most; 0 if there is no limit. It may be changed
   * at any time. If more items are stored then, the queue is full until enough of them
   * are got. Python's `Queue.maxsize`.
   *
   * @returns The number of items.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<number>(3);
   * queue.putNowait(1);
   * queue.putNowait(2);
   * queue.maxsize = 2;
   * assertEquals(queue.isFull, true);
   * ```
   */
  get maxsize(): number {
    checkStopAfterwards();
    return this.#store.limit;
  }

  set maxsize(maxsize: number) {
    checkMaxsize("change queue", maxsize);
    reserveStackForCompiling();
    this.#store.limit = limitOf(maxsize);
    this.#notFull.notifyAll();
    checkStopAfterwards();
  }

  /**
   * How many items are stored now. Other threads may change it at any time. Python's
   * `Queue.qsize()`.
   *
   * @returns The number of items.
   */
  get size(): number {
    if (copies !== undefined) warnOfCopy(this);
    checkStopAfterwards();
    return this.#store.count;
  }

  /**
   * Whether no item is stored now. Python's `Queue.empty()`.
   *
   * @returns Whether the queue is empty.
   */
  get isEmpty(): boolean {
    return this.size === 0;
  }

  /**
   * Whether `maxsize` items are stored now. Python's `Queue.full()`.
   *
   * @returns Whether the queue is full. It doesn't consider the capacity.
   */
  get isFull(): boolean {
    const { maxsize } = this;
    return maxsize > 0 && this.size >= maxsize;
  }

  /**
   * Whether the queue was shut down. Python's `Queue.is_shutdown`.
   *
   * @returns Whether every put throws {@linkcode ShutDown}.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<number>();
   * assertEquals(queue.isShutdown, false);
   * queue.shutdown();
   * assertEquals(queue.isShutdown, true);
   * ```
   */
  get isShutdown(): boolean {
    checkStopAfterwards();
    return this.#store.isClosed;
  }

  /**
   * How many items were put and not yet reported by {@linkcode taskDone}. After
   * 2 ** 30 - 1 the number begins at 0 again. Python's `Queue.unfinished_tasks`.
   *
   * @returns The number of items.
   */
  get unfinishedTasks(): number {
    checkStopAfterwards();
    return this.#unfinished;
  }

  /**
   * Puts an item into the queue. It waits while the queue is full. Python's
   * `Queue.put`.
   *
   * @param item The item. It is cloned before the call returns.
   * @param options A timeout, and a signal that ends the wait.
   * @returns A promise that resolves when the item is stored.
   * @throws {RangeError} If the timeout is negative or the item can never fit.
   * @throws {DOMException} A `DataCloneError` if the item can't be cloned.
   * @throws {Full} If the queue stayed full for the whole timeout.
   * @throws {ShutDown} If the queue was shut down.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<string>(1);
   * await queue.put("item", { timeout: 1 });
   * assertEquals(queue.size, 1);
   * ```
   */
  async put(item: T, options: AsyncWaitOptions = {}): Promise<void> {
    const deadline = waitDeadline("put into queue", options);
    if (isStopping()) await heedStop();
    options.signal?.throwIfAborted();
    const cargo = this.#load(item);
    try {
      if (this.#tryPut(cargo) !== PENDING) return;
      // Other items may be put while this one waits.
      if (cargo === sending) sending = new Cargo();
      const need = this.#store.needOf(cargo);
      const result = await this.#notFull.wait(
        () => this.#tryPut(cargo),
        { deadline, signal: options.signal, need },
      );
      if (result === PENDING) throw new Full(this.#fullMessage());
    } catch (error) {
      this.#unload(cargo);
      throw error;
    }
    // A get wakes only one putter, but may make room for several smaller items.
    this.#notFull.notify();
  }

  /**
   * Puts an item into the queue. It blocks the thread while the queue is full.
   * Python's `Queue.put`.
   *
   * @param item The item.
   * @param options A timeout.
   * @throws {RangeError} If the timeout is negative or the item can never fit.
   * @throws {DOMException} A `DataCloneError` if the item can't be cloned.
   * @throws {Full} If the queue stayed full for the whole timeout.
   * @throws {ShutDown} If the queue was shut down.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<number>();
   * queue.putSync(1);
   * assertEquals(queue.size, 1);
   * ```
   */
  putSync(item: T, options?: WaitOptions): void {
    const deadline = waitDeadlineSync("put into queue", options);
    const cargo = this.#load(item);
    try {
      for (let spin = 0; spin < PUT_SPINS; spin++) {
        if (this.#tryPut(cargo) !== PENDING) return;
        // Threads that sleep have waited longer: this one waits behind them.
        if (this.#notFull.hasWaiters) break;
        // An attempt writes into the cache line that getters need. The pause leaves
        // it to them.
        pause(PUT_PAUSES);
      }
      const result = this.#notFull.waitSync(
        () => this.#tryPut(cargo),
        deadline,
        undefined,
        this.#store.needOf(cargo),
      );
      if (result === PENDING) throw new Full(this.#fullMessage());
    } catch (error) {
      this.#unload(cargo);
      throw error;
    }
    // A get wakes only one putter, but may make room for several smaller items.
    this.#notFull.notify();
  }

  /**
   * Puts an item into the queue if there is room now. Python's `Queue.put_nowait`.
   *
   * @param item The item.
   * @throws {RangeError} If the item can never fit.
   * @throws {DOMException} A `DataCloneError` if the item can't be cloned.
   * @throws {Full} If the queue is full.
   * @throws {ShutDown} If the queue was shut down.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<number>();
   * queue.putNowait(1);
   * assertEquals(queue.size, 1);
   * ```
   */
  putNowait(item: T): void {
    this.#putNow(item);
  }

  /**
   * Takes the next item. It waits while the queue is empty. Python's `Queue.get`.
   *
   * @param options A timeout, and a signal that ends the wait.
   * @returns A promise that resolves to the item.
   * @throws {RangeError} If the timeout is negative.
   * @throws {Empty} If the queue stayed empty for the whole timeout.
   * @throws {ShutDown} If the queue was shut down and is empty.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<string>();
   * setTimeout(() => queue.putNowait("late"), 10);
   * assertEquals(await queue.get(), "late");
   * ```
   */
  async get(options: AsyncWaitOptions = {}): Promise<T> {
    const deadline = waitDeadline("get from queue", options);
    if (copies !== undefined) warnOfCopy(this);
    if (isStopping()) await heedStop();
    options.signal?.throwIfAborted();
    const first = this.#tryGet();
    if (first !== PENDING) return first;
    const item = await this.#notEmpty.wait(
      () => this.#tryGet(),
      { deadline, signal: options.signal },
    );
    if (item === PENDING) throw new Empty("Cannot get from queue: it is empty");
    return item;
  }

  /**
   * Takes the next item. It blocks the thread while the queue is empty. Python's
   * `Queue.get`.
   *
   * @param options A timeout.
   * @returns The item.
   * @throws {RangeError} If the timeout is negative.
   * @throws {Empty} If the queue stayed empty for the whole timeout.
   * @throws {ShutDown} If the queue was shut down and is empty.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<number>();
   * queue.putSync(1);
   * assertEquals(queue.getSync(), 1);
   * ```
   */
  getSync(options?: WaitOptions): T {
    const deadline = waitDeadlineSync("get from queue", options);
    if (copies !== undefined) warnOfCopy(this);
    this.#store.letPutsRunAhead();
    for (let spin = 0; spin < GET_SPINS; spin++) {
      const item = this.#tryGet();
      if (item !== PENDING) return item;
      Atomics.pause();
    }
    const item = this.#notEmpty.waitSync(() => this.#tryGet(), deadline);
    if (item === PENDING) throw new Empty("Cannot get from queue: it is empty");
    return item;
  }

  /**
   * Takes the next item if there is one now. Python's `Queue.get_nowait`.
   *
   * @returns The item.
   * @throws {Empty} If the queue is empty.
   * @throws {ShutDown} If the queue was shut down and is empty.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<number>();
   * queue.putNowait(1);
   * assertEquals(queue.getNowait(), 1);
   * ```
   */
  getNowait(): T {
    if (copies !== undefined) warnOfCopy(this);
    const item = this.#tryGet();
    if (item === PENDING) throw new Empty("Cannot get from queue: it is empty");
    return item;
  }

  /**
   * Reports that an item which was got has been processed. Python's
   * `Queue.task_done`.
   *
   * @throws {RangeError} If it was called for every item that was put already.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<number>();
   * queue.putSync(1);
   * queue.getSync();
   * queue.taskDone();
   * assertEquals(queue.unfinishedTasks, 0);
   * ```
   */
  taskDone(): void {
    reserveStack();
    const isCounted = this.#finishOne();
    checkStopAfterwards();
    if (isCounted) return;
    throw new RangeError("taskDone() called too many times");
  }

  /**
   * Waits until {@linkcode taskDone} was called for every item that was put.
   * Python's `Queue.join`.
   *
   * @param options A timeout, and a signal that ends the wait.
   * @returns A promise that resolves when no item is unfinished.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   *
   * const queue = new Queue<number>();
   * queue.putSync(1);
   * queue.getSync();
   * queue.taskDone();
   * await queue.join();
   * ```
   */
  async join(options: AsyncWaitOptions = {}): Promise<void> {
    const deadline = waitDeadline("join queue", options);
    if (copies !== undefined) warnOfCopy(this);
    if (isStopping()) await heedStop();
    options.signal?.throwIfAborted();
    if (this.#isDone() !== PENDING) return;
    const result = await this.#allDone.wait(
      () => this.#isDone(),
      { deadline, signal: options.signal },
    );
    if (result === PENDING) throw this.#joinTimeout(options.timeout);
  }

  /**
   * Blocks the thread until {@linkcode taskDone} was called for every item that
   * was put. Python's `Queue.join`.
   *
   * @param options A timeout.
   * @throws {RangeError} If the timeout is negative.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   *
   * const queue = new Queue<number>();
   * queue.joinSync();
   * ```
   */
  joinSync(options?: WaitOptions): void {
    const deadline = waitDeadlineSync("join queue", options);
    if (copies !== undefined) warnOfCopy(this);
    checkStop();
    if (this.#isDone() !== PENDING) return;
    const result = this.#allDone.waitSync(() => this.#isDone(), deadline);
    if (result === PENDING) throw this.#joinTimeout(options?.timeout);
  }

  /**
   * Shuts the queue down. From now on every put throws {@linkcode ShutDown}. So does
   * every get once the queue is empty. All threads that wait are woken. Python's
   * `Queue.shutdown`.
   *
   * @param options Whether to throw the stored items away. They count as done then.
   * @throws {TypeError} If the options, or `immediate`, have the wrong type.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<number>();
   * queue.putSync(1);
   * queue.shutdown();
   * assertEquals([...queue], [1]);
   * ```
   */
  shutdown(options: ShutdownOptions = {}): void {
    checkOptions("shut down queue", options);
    checkFlag("shut down queue", "immediate", options.immediate);
    if (copies !== undefined) warnOfCopy(this);
    reserveStackForCompiling();
    this.#store.close();
    if (options.immediate) {
      const bringsMemory = Atomics.load(this.#words, BRINGS_MEMORY) !== 0;
      while (this.#store.take(received, false)) {
        if (bringsMemory) discard(received);
        received.trim();
        // Other threads may have called `taskDone()` too often: it may be false.
        this.#finishOne();
      }
    }
    this.#notEmpty.notifyAll();
    this.#notFull.notifyAll();
    checkStopAfterwards();
  }

  /**
   * Takes items until the queue is shut down and empty. It blocks the thread while the
   * queue is empty.
   *
   * @returns An iterator over the items.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<number>();
   * queue.putSync(1);
   * queue.putSync(2);
   * queue.shutdown();
   * assertEquals([...queue], [1, 2]);
   * ```
   */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    try {
      for (;;) yield this.getSync();
    } catch (error) {
      if (!(error instanceof ShutDown)) throw error;
    }
  }

  /**
   * Takes items until the queue is shut down and empty. It waits while the queue is
   * empty.
   *
   * @returns An iterator over the items.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<number>();
   * queue.putSync(1);
   * queue.shutdown();
   * for await (const item of queue) assertEquals(item, 1);
   * ```
   */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const left = new AbortController();
    return endingWaitOnReturn(this.#items(left.signal), () => left.abort());
  }

  async *#items(left: AbortSignal): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) yield await this.get({ signal: left });
    } catch (error) {
      if (!left.aborted && !(error instanceof ShutDown)) throw error;
    }
  }

  /**
   * The text that Python prints for a queue.
   *
   * @returns For example `<queue.Queue object at 0x1140ac6a0>`.
   */
  toString(): string {
    const address = formatAddress(this.#words[ADDRESS]);
    return `<queue.${this[handle]().type} object at ${address}>`;
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
   * The handle that is sent in place of the queue.
   *
   * @ignore
   */
  [handle](): Handle {
    return { type: "Queue", buffer: this.#store.buffer };
  }

  /**
   * The way by which `select` takes items.
   *
   * @ignore
   */
  [source](): Source<T> {
    return { list: this.#notEmpty, tryGet: () => this.#tryGet() };
  }

  /**
   * Opens the store of the items.
   *
   * @ignore
   */
  [openStore](source: number | SharedArrayBuffer): Store {
    return new Ring(source);
  }

  /**
   * Puts an item if there is room, in a thread that has heeded its order to end. The
   * thread isn't ended by it, as it would be by {@linkcode putNowait}.
   *
   * @ignore
   */
  [putLast](item: T): void {
    try {
      this.#putNow(item, true);
    } finally {
      checkStopAfterwards();
    }
  }

  /** Encodes an item, and leaves its shared memory with the main thread. */
  #load(item: T, isLast = false): Cargo {
    if (copies !== undefined) warnOfCopy(this);
    if (!isLast) checkStop();
    let cargo: Cargo;
    try {
      cargo = encode(item, this.#store);
    } catch (error) {
      throw refusedBy(this.#load, error);
    }
    if (!this.#store.canEverHold(cargo)) {
      const { length } = cargo;
      cargo.memory = undefined;
      cargo.trim();
      throw new RangeError(
        `Cannot put into queue: the item's ${length} bytes and their ` +
          `header exceed the queue's capacity of ${this.#store.capacity} bytes`,
      );
    }
    if (cargo.memory !== undefined) {
      Atomics.store(this.#words, BRINGS_MEMORY, 1);
      leaveMemory(cargo.memory);
    }
    return cargo;
  }

  #putNow(item: T, isLast = false): void {
    const cargo = this.#load(item, isLast);
    try {
      if (this.#tryPut(cargo) === PENDING) throw new Full(this.#fullMessage());
    } catch (error) {
      this.#unload(cargo);
      throw error;
    }
  }

  /** Takes the memory back of an item that could not be put. */
  #unload(cargo: Cargo): void {
    if (cargo.memory !== undefined) takeMemoryBack(cargo.memory);
    cargo.memory = undefined;
    cargo.trim();
  }

  #tryPut(cargo: Cargo): true | Pending {
    reserveStack();
    const result = this.#store.put(cargo);
    if (result === "full") return PENDING;
    if (result === "closed") {
      throw new ShutDown("Cannot put into queue: it was shut down");
    }
    if (result === "refused") {
      throw this.#store.refusal!(decoder.decode(cargo));
    }
    if (isRecording) {
      recordPoint(Mark.PUT, this.#words[ADDRESS], this.#store.lastPut);
    }
    this.#notEmpty.notify();
    if (cargo.memory !== undefined) cargo.memory = undefined;
    cargo.trim();
    return true;
  }

  #tryGet(): T | Pending {
    // Before an item is taken: a thread that is to end would take it along.
    checkStop();
    reserveStack();
    if (this.#store.take(received)) {
      if (isRecording) {
        recordPoint(Mark.GET, this.#words[ADDRESS], this.#store.lastTake);
      }
      this.#notFull.notify();
      return decoder.decode(received) as T;
    }
    if (!this.#store.isClosed) return PENDING;
    // An item may have been put after the attempt and before the shutdown.
    if (this.#store.count > 0) return this.#tryGet();
    throw new ShutDown("Cannot get from queue: it was shut down");
  }

  /** Counts one more item as done; false if all of them are. */
  #finishOne(): boolean {
    const words = this.#words;
    for (;;) {
      const dones = Atomics.load(words, DONES);
      const left = this.#store.putsSince(dones);
      if (left === 0) return false;
      const next = (dones + STEP) | 0;
      if (Atomics.compareExchange(words, DONES, dones, next) === dones) {
        if (left === 1) this.#allDone.notifyAll();
        return true;
      }
    }
  }

  get #unfinished(): number {
    return this.#store.putsSince(Atomics.load(this.#words, DONES));
  }

  #isDone(): true | Pending {
    return this.#unfinished > 0 ? PENDING : true;
  }

  #fullMessage(): string {
    return `Cannot put into queue: it is full, its size is ${this.#store.count}`;
  }

  #joinTimeout(timeout: number | undefined): DOMException {
    return new DOMException(
      `Cannot join queue: after ${timeout} seconds, the number of unfinished ` +
        `tasks was ${this.#unfinished}`,
      "TimeoutError",
    );
  }
}

/** Encodes an item. Its property getters may put another item meanwhile. */
function encode(item: unknown, store: Store): Cargo {
  if (encoding) {
    const cargo = new Cargo();
    store.order?.(item, cargo);
    new Encoder({ takesMemory: true }).encode(item, cargo);
    return cargo;
  }
  encoding = true;
  try {
    store.order?.(item, sending);
    encoder.encode(item, sending);
    return sending;
  } catch (error) {
    // The encoder must not keep the values alive that it has seen so far.
    sending.trim();
    encoder.begin(sending);
    throw error;
  } finally {
    encoding = false;
  }
}

/**
 * Decodes one value of each kind, so that the decoder's code is compiled. An item that
 * was taken must not fail to be decoded because the stack is too small to compile it.
 * It may be called by a property getter of an item that is being encoded.
 */
function decodeSample(): void {
  const encoder = new Encoder();
  const decoder = new Decoder();
  const cargo = new Cargo();
  let deep: unknown[] = [
    Object(1),
    /./,
    new Date(0),
    new DataView(new ArrayBuffer(1)),
  ];
  for (let i = 0; i < 10; i++) deep = [deep];
  const texts = ["short", "\u{20ac}", "\ud800", 1n, 1n << 64n, true, null];
  const collections = [new Map([[1, 1]]), new Set([1]), [1], [1.5]];
  // The names of the last one are encoded in another way.
  const objects = [{ a: 1 }, { a: 1 }, { "\u{20ac}": 1 }];
  const sparse = Object.assign([], { 1: 1 });
  const error = new Error("", { cause: deep });
  encoder.encode(
    [texts, collections, objects, sparse, error, deep, undefined],
    cargo,
  );
  // The second time, the names are known, and decoded in another way.
  decoder.decode(cargo);
  decoder.decode(cargo);
}

/** Fetches the shared memory of an item that is thrown away. */
function discard(cargo: Cargo): void {
  try {
    decoder.decode(cargo);
  } catch {
    // A part of it can't be created here. It isn't needed.
  }
}

function checkArguments(maxsize: number, capacity: number): void {
  checkMaxsize("create queue", maxsize);
  checkNumber("create queue", "capacity", capacity);
  if (
    !Number.isInteger(capacity) || capacity < RECORD_BYTES ||
    capacity > LARGEST_CAPACITY
  ) {
    throw new RangeError(
      `Cannot create queue: capacity must be an integer from ${RECORD_BYTES} ` +
        `to ${LARGEST_CAPACITY} bytes, received ${capacity}`,
    );
  }
}

function checkMaxsize(action: string, maxsize: number): void {
  checkNumber(action, "maxsize", maxsize);
  if (!Number.isInteger(maxsize) && maxsize !== Infinity) {
    throw new RangeError(
      `Cannot ${action}: maxsize must be an integer, received ${maxsize}`,
    );
  }
}

/** The number that is stored for a `maxsize`. 0 stands for no limit. */
function limitOf(maxsize: number): number {
  return maxsize > LARGEST_MAXSIZE ? 0 : Math.max(0, maxsize);
}
