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
  type WaitOptions,
} from "../sync/deadline.ts";
import { Decoder } from "../codec/decoder.ts";
import { Encoder } from "../codec/encoder.ts";
import { leaveMemory, takeMemoryBack } from "../codec/left_memory.ts";
import { incomparable } from "../store/key.ts";
import { checkOptions, kindOf } from "../checks.ts";
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

/**
 * Thrown when an item is put into a full queue without waiting, or none left
 * in time. Python's `queue.Full`.
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
 * Thrown when an item is got from an empty queue without waiting, or none
 * came in time. Python's `queue.Empty`.
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
 * Thrown when a queue that was shut down is put into, or has nothing left to
 * get. Python's `queue.ShutDown`.
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
   * The most bytes of shared memory that the stored items may take. A put
   * waits while an item doesn't fit, as it does when the queue is full. The
   * queue starts small and grows as needed.
   *
   * @default {268435456}
   */
  capacity?: number;
}

/** Options of {@linkcode Queue.shutdown}. */
export interface ShutdownOptions {
  /**
   * Whether to throw away what is stored, instead of letting it be got.
   *
   * @default {false}
   */
  immediate?: boolean;
}

const DEFAULT_CAPACITY = 1 << 28;
/**
 * The largest number of a word. A larger `maxsize` is never reached: it is no
 * limit.
 */
const LARGEST_MAXSIZE = 2 ** 31 - 1;

// The queue's own words in the store's header.
const ADDRESS = OWNER_WORDS;
const NOT_EMPTY = OWNER_WORDS + 16;
const NOT_FULL = NOT_EMPTY + 16;
const ALL_DONE = NOT_FULL + 16;
/** How many items were reported as done, in the steps that puts are counted in. */
const DONES = ALL_DONE + 3;
/** 1 once an item was put that shared memory goes along with. */
const BRINGS_MEMORY = DONES + 1;

/** The key of what `select` needs of a queue. */
export const source: unique symbol = Symbol("lab9.source");

/** Where items come from, and the list of threads that wait for them. */
export interface Source<T> {
  readonly list: WaitList;
  readonly tryGet: () => T | Pending;
}

/** How often a getter looks again before it sleeps: some ten microseconds. */
const GET_SPINS = 200;
/** How often a putter looks again, and its pause in between: as long in all. */
const PUT_SPINS = 50;
const PUT_PAUSES = 8;

const encoder = new Encoder({ takesMemory: true });
const decoder = new Decoder({ takesMemory: true });
const received = new Cargo();
let sending = new Cargo();
let encoding = false;

/**
 * A first in, first out queue in shared memory, for any number of threads.
 * Python's `queue.Queue`.
 *
 * A put in one thread wakes a get in another directly; the main thread has no
 * part in it. Pass the queue to a thread in its arguments. Items travel by
 * structured clone; an exposed function travels by reference. Other shared
 * objects, such as a queue for the reply, and shared memory may stand in them,
 * too: they go by way of the main thread, which must not be busy outside of the
 * library meanwhile.
 *
 * Every operation that can wait comes twice: `get` returns a promise, `getSync`
 * blocks the calling thread. In a worker, block; on the main thread, await.
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
   * Whether functions may come through the queue.
   *
   * @ignore
   */
  static readonly [carriesItems] = true;

  /**
   * Makes the object that a handle stands for.
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
   * Makes an empty queue.
   *
   * @param maxsize The most items that the queue holds; a put into a full queue
   * waits. Zero or less: no limit but the `capacity`.
   * @param options The options.
   * @throws {TypeError} If `maxsize` or the capacity is not a number.
   * @throws {RangeError} If `maxsize` is not an integer, or the capacity isn't
   * between 16 bytes and 1 GiB.
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
   * The most items that the queue holds; 0 if there is no limit. Python's
   * `Queue.maxsize`. It may be changed at any time: a queue that then holds more
   * is full until enough of them are got.
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
   * How many items are stored now. Another thread may change it at any time.
   * Python's `Queue.qsize()`.
   *
   * @returns The number of items.
   */
  get size(): number {
    if (copies !== undefined) warnOfCopy(this);
    return this.#store.count;
  }

  /**
   * Whether nothing is stored now. Python's `Queue.empty()`.
   *
   * @returns Whether a get would wait.
   */
  get isEmpty(): boolean {
    return this.size === 0;
  }

  /**
   * Whether there are `maxsize` items now. Python's `Queue.full()`.
   *
   * @returns Whether a put would wait.
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
    return this.#store.isClosed;
  }

  /**
   * How many items were put and not yet reported by {@linkcode taskDone}, up to
   * 2 ** 30 - 1; from there it begins again. Python's `Queue.unfinished_tasks`.
   *
   * @returns The number of items.
   */
  get unfinishedTasks(): number {
    return this.#store.putsSince(Atomics.load(this.#words, DONES));
  }

  /**
   * Puts an item at the end, waiting while the queue is full. Python's
   * `Queue.put`.
   *
   * @param item The item. It is cloned before the call returns.
   * @param options How long to wait at most, and a signal to stop waiting.
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
    options.signal?.throwIfAborted();
    if (isStopping()) await heedStop();
    const cargo = this.#load(item);
    try {
      if (this.#tryPut(cargo) !== PENDING) return;
      // While this one is awaited, others are put.
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
    // A get wakes only one, but its room may do for several smaller items.
    this.#notFull.notify();
  }

  /**
   * Puts an item at the end, blocking the thread while the queue is full.
   * Python's `Queue.put`.
   *
   * @param item The item.
   * @param options How long to wait at most.
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
    const deadline = waitDeadline("put into queue", options);
    const cargo = this.#load(item);
    try {
      for (let spin = 0; spin < PUT_SPINS; spin++) {
        if (this.#tryPut(cargo) !== PENDING) return;
        // A thread that sleeps has waited longer.
        if (this.#notFull.hasWaiters) break;
        // Each look writes; in between the getters have the line to themselves.
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
    // A get wakes only one, but its room may do for several smaller items.
    this.#notFull.notify();
  }

  /**
   * Puts an item at the end if there is room now. Python's `Queue.put_nowait`.
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
    const cargo = this.#load(item);
    try {
      if (this.#tryPut(cargo) === PENDING) throw new Full(this.#fullMessage());
    } catch (error) {
      this.#unload(cargo);
      throw error;
    }
  }

  /**
   * Takes the oldest item, waiting while the queue is empty. Python's
   * `Queue.get`.
   *
   * @param options How long to wait at most, and a signal to stop waiting.
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
    options.signal?.throwIfAborted();
    if (isStopping()) await heedStop();
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
   * Takes the oldest item, blocking the thread while the queue is empty.
   * Python's `Queue.get`.
   *
   * @param options How long to wait at most.
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
    const deadline = waitDeadline("get from queue", options);
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
   * Takes the oldest item if there is one now. Python's `Queue.get_nowait`.
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
   * Says that an item which was got has been dealt with. Python's
   * `Queue.task_done`.
   *
   * @throws {RangeError} If it is called more often than items were put.
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
    if (!this.#finishOne()) {
      throw new RangeError("taskDone() called too many times");
    }
    checkStopAfterwards();
  }

  /**
   * Waits until {@linkcode taskDone} was called for every item that was put.
   * Python's `Queue.join`.
   *
   * @param options How long to wait at most, and a signal to stop waiting.
   * @returns A promise that resolves when nothing is unfinished.
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
    options.signal?.throwIfAborted();
    if (isStopping()) await heedStop();
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
   * @param options How long to wait at most.
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
    const deadline = waitDeadline("join queue", options);
    if (copies !== undefined) warnOfCopy(this);
    checkStop();
    if (this.#isDone() !== PENDING) return;
    const result = this.#allDone.waitSync(() => this.#isDone(), deadline);
    if (result === PENDING) throw this.#joinTimeout(options?.timeout);
  }

  /**
   * Ends the queue: every put from now on throws {@linkcode ShutDown}, and so
   * does every get once nothing is stored. All that wait are woken. Python's
   * `Queue.shutdown`.
   *
   * @param options Whether to throw away what is stored; it counts as done.
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
    if (copies !== undefined) warnOfCopy(this);
    reserveStackForCompiling();
    this.#store.close();
    if (options.immediate) {
      const bringsMemory = Atomics.load(this.#words, BRINGS_MEMORY) !== 0;
      while (this.#store.take(received, false)) {
        if (bringsMemory) discard(received);
        received.trim();
        // Someone may have said so already, more often than was got.
        this.#finishOne();
      }
    }
    this.#notEmpty.notifyAll();
    this.#notFull.notifyAll();
    checkStopAfterwards();
  }

  /**
   * Takes items until the queue is shut down and empty, blocking the thread
   * while there are none.
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
   * Takes items until the queue is shut down and empty, awaiting while there
   * are none.
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
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) yield await this.get();
    } catch (error) {
      if (!(error instanceof ShutDown)) throw error;
    }
  }

  /**
   * How Python prints a queue.
   *
   * @returns For example `<queue.Queue object at 0x1140ac6a0>`.
   */
  toString(): string {
    const address = formatAddress(this.#words[ADDRESS]);
    return `<queue.${this[handle]().type} object at ${address}>`;
  }

  /** What `console.log` prints. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /**
   * What is sent in place of the queue.
   *
   * @ignore
   */
  [handle](): Handle {
    return { type: "Queue", buffer: this.#store.buffer };
  }

  /**
   * What `select` needs of the queue.
   *
   * @ignore
   */
  [source](): Source<T> {
    return { list: this.#notEmpty, tryGet: () => this.#tryGet() };
  }

  /**
   * Opens what the items are kept in.
   *
   * @ignore
   */
  [openStore](source: number | SharedArrayBuffer): Store {
    return new Ring(source);
  }

  #load(item: T): Cargo {
    if (copies !== undefined) warnOfCopy(this);
    checkStop();
    const cargo = encode(item, this.#store);
    if (!this.#store.canEverHold(cargo)) {
      cargo.memory = undefined;
      throw new RangeError(
        `Cannot put into queue: the item's ${cargo.length} bytes and their ` +
          `header exceed the queue's capacity of ${this.#store.capacity} bytes`,
      );
    }
    if (cargo.memory !== undefined) {
      Atomics.store(this.#words, BRINGS_MEMORY, 1);
      leaveMemory(cargo.memory);
    }
    return cargo;
  }

  /** Ends a put that has failed. */
  #unload(cargo: Cargo): void {
    if (cargo.memory !== undefined) takeMemoryBack(cargo.memory);
    cargo.memory = undefined;
  }

  #tryPut(cargo: Cargo): true | Pending {
    reserveStack();
    const result = this.#store.put(cargo);
    if (result === "full") return PENDING;
    if (result === "closed") {
      throw new ShutDown("Cannot put into queue: it was shut down");
    }
    if (result === "refused") {
      throw incomparable(decoder.decode(cargo));
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
    // Before an item is taken: it would be lost with the thread.
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
    // Something may have been put between the look and the closing.
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

  #isDone(): true | Pending {
    return this.unfinishedTasks > 0 ? PENDING : true;
  }

  #fullMessage(): string {
    return `Cannot put into queue: it is full, its size is ${this.size}`;
  }

  #joinTimeout(timeout: number | undefined): DOMException {
    return new DOMException(
      `Cannot join queue: after ${timeout} seconds, the number of unfinished ` +
        `tasks was ${this.unfinishedTasks}`,
      "TimeoutError",
    );
  }
}

/** Encodes an item. Its getters may put into a queue while that goes on. */
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
  } finally {
    encoding = false;
  }
}

/**
 * Decodes what an item may be made of: once an item is taken, that must not fail.
 */
function decodeSample(): void {
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
  // The names of the last one are written one by one.
  const objects = [{ a: 1 }, { a: 1 }, { "\u{20ac}": 1 }];
  const sparse = Object.assign([], { 1: 1 });
  const error = new Error("", { cause: deep });
  encoder.encode(
    [texts, collections, objects, sparse, error, deep, undefined],
    cargo,
  );
  // Names that are known are looked at in another way.
  decoder.decode(cargo);
  decoder.decode(cargo);
}

/** Fetches the memory that was left for an item, which nobody gets. */
function discard(cargo: Cargo): void {
  try {
    decoder.decode(cargo);
  } catch {
    // Something in it can't be made here: it isn't wanted.
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

function checkNumber(action: string, what: string, value: unknown): void {
  if (typeof value === "number") return;
  throw new TypeError(
    `Cannot ${action}: ${what} must be a number, received ${kindOf(value)}`,
  );
}

/** A `maxsize` as the word has it; 0 is no limit. */
function limitOf(maxsize: number): number {
  return maxsize > LARGEST_MAXSIZE ? 0 : Math.max(0, maxsize);
}
