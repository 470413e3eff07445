// Copyright 2026 the lab9 authors. MIT license.

import type { Cargo } from "../codec/cargo.ts";
import { countOf, Mutex, stepsIn } from "../sync/mutex.ts";

/**
 * The outcome of a put. An item is refused if it can't be ordered among the stored
 * items.
 */
export type PutResult = "put" | "full" | "closed" | "refused";

// Words of the header. The words that producers write and the words that consumers write
// are on different cache lines.

/** How many records were put, times `STEP`, and the mutex of puts in the lowest bits. */
export const PUTS = 0;
/** How many records were taken, times `STEP`. */
export const TAKES = 18;
/** The size of the memory for records, in bytes. */
export const SIZE = 32;
/** How many bytes the records may take together. */
const CAPACITY = 33;
/** 1 once the store is closed. */
export const CLOSED = 34;
/** How many records there may be; 0 is any number. */
export const LIMIT = 35;
/** The first of the words for the owner of the store. */
export const OWNER_WORDS = 48;
export const HEADER_BYTES = 512;

export const FIRST_SIZE = 1 << 12;
/** With a larger capacity, positions of 32 bits would not be unique. */
export const LARGEST_CAPACITY = 1 << 30;

/** The bytes of a record's header: its length, its kind, and the first eight bytes. */
export const RECORD_BYTES = 16;
/** How many bytes of a value fit into the record's header. */
export const INLINE_BYTES = 8;
/** Up to this many bytes, a loop over words is faster than a call of `set`. */
export const SMALL_COPY_BYTES = 512;

/** The bytes that a record takes in a ring or on a stack. */
export function recordSize(length: number): number {
  return length <= INLINE_BYTES
    ? RECORD_BYTES
    : (length + 8 + RECORD_BYTES - 1) & -RECORD_BYTES;
}

/** The error of a take that finds something that no put has written. */
export function damaged(): Error {
  return new Error("Cannot take from queue: its memory is damaged");
}

/** The smallest power of two that holds that many bytes of records. */
export function storeSize(capacity: number): number {
  let size = FIRST_SIZE;
  while (size < capacity && size < LARGEST_CAPACITY) size *= 2;
  return size;
}

/**
 * The key of the method that opens a queue's store: a new store with a capacity in bytes,
 * or the store in a buffer.
 */
export const openStore: unique symbol = Symbol("lab9.openStore");

/**
 * Records of any length in shared memory, for any number of producers and
 * consumers. The subclass decides in which order they are taken.
 *
 * Protocol. A put writes the record and the words that lead to it. Then it unlocks the
 * mutex of puts, and in the same step counts `PUTS` up. A take reads the record, then
 * writes `TAKES`. When the memory has grown, `SIZE` is written last. A thread that holds
 * a mutex compares `SIZE` with the size of its own view. `CLOSED` and `LIMIT` are written
 * under the mutex of puts, so that no later put succeeds that they forbid.
 *
 * Values are encoded before the mutex is locked, and decoded after it is unlocked. So no
 * code of the user's runs under a mutex, and no thread can be ended there. Calls that may
 * throw for lack of stack or memory come before the first change.
 */
export abstract class Store {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  /** The bytes that records may take together. */
  readonly capacity: number;
  /** The number of puts before this object's last put; wraps. */
  lastPut = 0;
  /** The number of puts before the record that this object took last; wraps. */
  lastTake = 0;

  protected readonly putMutex: Mutex;

  /** A new store with a capacity in bytes, or the store in a buffer. */
  constructor(source: number | SharedArrayBuffer) {
    if (typeof source === "number") {
      this.buffer = new SharedArrayBuffer(HEADER_BYTES + FIRST_SIZE, {
        maxByteLength: HEADER_BYTES + storeSize(source),
      });
      this.words = new Int32Array(this.buffer, 0, HEADER_BYTES / 4);
      this.words[SIZE] = FIRST_SIZE;
      this.words[CAPACITY] = source;
    } else {
      this.buffer = source;
      this.words = new Int32Array(this.buffer, 0, HEADER_BYTES / 4);
    }
    this.capacity = this.words[CAPACITY];
    this.putMutex = new Mutex(this.words, PUTS);
  }

  /** How many records are stored. */
  get count(): number {
    const words = this.words;
    for (;;) {
      const taken = Atomics.load(words, TAKES);
      const put = Atomics.load(words, PUTS);
      // Both belong to one moment only if nothing was taken in between.
      if (Atomics.load(words, TAKES) === taken) return countOf(put - taken);
    }
  }

  /** Whether the store was empty at some moment of this call. */
  protected get isEmpty(): boolean {
    // Read in this order. Equal counts mean that the store was empty at the first read.
    const takes = Atomics.load(this.words, TAKES);
    return takes === stepsIn(Atomics.load(this.words, PUTS));
  }

  /**
   * How many records were put since a moment.
   *
   * @param steps How many had been put then, times `STEP`.
   */
  putsSince(steps: number): number {
    return countOf(Atomics.load(this.words, PUTS) - steps);
  }

  /** How many records there may be; 0 is any number. */
  get limit(): number {
    return Atomics.load(this.words, LIMIT);
  }

  set limit(limit: number) {
    this.#setUnderMutex(LIMIT, limit);
  }

  get isClosed(): boolean {
    return Atomics.load(this.words, CLOSED) !== 0;
  }

  /** Refuses every put from now on. What is stored can still be taken. */
  close(): void {
    this.#setUnderMutex(CLOSED, 1);
  }

  #setUnderMutex(index: number, value: number): void {
    this.putMutex.lock();
    Atomics.store(this.words, index, value);
    this.putMutex.unlock();
  }

  /**
   * Writes into the cargo what the store orders the item by. Stores that order items by
   * the time of the put have no such method.
   *
   * @throws {TypeError} If the item has no priority.
   */
  order?(item: unknown, cargo: Cargo): void;

  /** The error for an item that a put has refused. Most stores refuse none. */
  refusal?(item: unknown): TypeError;

  /**
   * How much room is left, in the unit of {@linkcode needOf}. It is 0 if the store has as
   * many records as it may have.
   */
  get room(): number {
    const { limit } = this;
    return limit > 0 && this.count >= limit ? 0 : this.roomForRecords();
  }

  /** How much room is left, if there may be another record. */
  protected abstract roomForRecords(): number;

  /** How much room the cargo takes. */
  needOf(cargo: Cargo): number {
    return recordSize(cargo.length);
  }

  /** Whether the cargo fits into an empty store. */
  canEverHold({ length }: Cargo): boolean {
    // The size of a larger record doesn't fit into 32 bits.
    return length <= this.capacity && recordSize(length) <= this.capacity;
  }

  /** Stores the cargo. */
  abstract put(cargo: Cargo): PutResult;

  /**
   * Pauses a consumer that takes one record after another and has caught up with the
   * producers. Without the pause it would take each record as soon as it is there. Each
   * look would fetch the cache lines that the next put writes, and both sides would run at
   * half their speed.
   */
  letPutsRunAhead(): void {}

  /**
   * Moves the next record into the cargo; false if there is none.
   *
   * @param isRead Whether the record will be decoded.
   * @throws {RangeError} If it will be decoded, but is nested too deep for the stack that
   * is left. Then it stays in the store.
   */
  abstract take(cargo: Cargo, isRead?: boolean): boolean;
}
