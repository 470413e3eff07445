// Copyright 2026 the lab9 authors. MIT license.

import type { Cargo } from "../codec/cargo.ts";
import { countOf, Mutex, stepsIn } from "../sync/mutex.ts";

/**
 * The outcome of a put. An item is refused that can't be ordered among those
 * stored.
 */
export type PutResult = "put" | "full" | "closed" | "refused";

// Words of the header. What producers write and what consumers write stand on
// cache lines of their own.
/** How many records were put, in steps, and the mutex of puts. */
export const PUTS = 0;
/** How many records were taken, in steps. */
export const TAKES = 18;
export const SIZE = 32;
const CAPACITY = 33;
export const CLOSED = 34;
/** How many records there may be; 0 is any number. */
export const LIMIT = 35;
/** Where the header's words for the store's owner begin. */
export const OWNER_WORDS = 48;
export const HEADER_BYTES = 512;

export const FIRST_SIZE = 1 << 12;
/** How many positions 32 bits can distinguish. */
export const LARGEST_CAPACITY = 1 << 30;

/**
 * The bytes in front of a record: its length, its kind, and eight of payload.
 */
export const RECORD_BYTES = 16;
export const INLINE_BYTES = 8;
/** Up to this many bytes, a loop over words is faster than a call of `set`. */
export const SMALL_COPY_BYTES = 512;

/** The bytes that a record takes in a ring or on a stack. */
export function recordSize(length: number): number {
  return length <= INLINE_BYTES
    ? RECORD_BYTES
    : (length + 8 + RECORD_BYTES - 1) & -RECORD_BYTES;
}

/** What a take throws when it finds something that no put has written. */
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
 * The method that gives a queue its store: a new one of that many bytes, or one
 * that another thread made.
 */
export const openStore: unique symbol = Symbol("lab9.openStore");

/**
 * Records of any length in shared memory, for any number of producers and
 * consumers. The subclass decides in which order they are taken.
 *
 * Protocol. A put writes the record and the words that lead to it, then unlocks
 * the mutex of puts, whose word counts them. A take reads the record, then
 * writes `TAKES`. `SIZE` is written last when the memory has grown; a thread
 * that holds a mutex compares it with the size of its own view. `CLOSED` and
 * `LIMIT` are written under the mutex of puts, so that no later put succeeds
 * that they forbid.
 *
 * Values are encoded before a mutex is taken, and decoded after it is released:
 * no user's code runs in between, and no thread can be ended there. Whatever
 * may throw there (for lack of stack or memory) does so before anything has
 * changed.
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

  /** A new store of so many bytes at most, or one that another thread made. */
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

  /** Whether nothing was stored at some moment of the look. */
  protected get isEmpty(): boolean {
    // Read in this order: equal counts mean that the store was empty at the
    // first read.
    const takes = Atomics.load(this.words, TAKES);
    return takes === stepsIn(Atomics.load(this.words, PUTS));
  }

  /** How many records were put since so many steps had been counted. */
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
   * Writes into the cargo what its item will be ordered by, in stores that
   * order by more than the time of the put.
   *
   * @throws {TypeError} If the item has nothing that it can be ordered by.
   */
  order?(item: unknown, cargo: Cargo): void;

  /** The error for an item that a put has refused, in stores that refuse items. */
  refusal?(item: unknown): TypeError;

  /**
   * The room that is left, in the unit of {@linkcode needOf}; 0 if the store
   * has as many records as it may have. It includes what takes have given back.
   */
  get room(): number {
    const { limit } = this;
    return limit > 0 && this.count >= limit ? 0 : this.roomForRecords();
  }

  protected abstract roomForRecords(): number;

  /** The room that the cargo takes. */
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
   * Pauses a consumer that takes one record after another and has caught up
   * with the producers. Without the pause it would take each record as soon as
   * it is there, and each look would pull the memory away that the next put
   * writes: both sides would run at half their speed.
   */
  letPutsRunAhead(): void {}

  /**
   * Moves the next record into the cargo; false if there is none. It may be one
   * that nobody reads.
   *
   * @throws {RangeError} If it is nested too deep for what is left of the stack:
   * it stays where it is.
   */
  abstract take(cargo: Cargo, isRead?: boolean): boolean;
}
