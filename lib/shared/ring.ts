// Copyright 2026 the lab9 authors. MIT license.

import type { Cargo } from "./cargo.ts";
import { Mutex } from "./mutex.ts";

/** What came of a put. */
export type PutResult = "put" | "full" | "closed";

// Words of the header. What producers write and what consumers write stand on
// cache lines of their own.
const PUT_MUTEX = 0;
const TAIL = 1;
const PUT_COUNT = 2;
/** The producers' last look at `HEAD`: it can only have moved on since. */
const HEAD_SEEN = 3;
const TAKE_MUTEX = 16;
const HEAD = 17;
const TAKE_COUNT = 18;
const SIZE = 32;
const CAPACITY = 33;
const CLOSED = 34;
/** Where the header's words for the ring's owner begin. */
export const OWNER_WORDS = 48;
const HEADER_BYTES = 512;

const FIRST_SIZE = 1 << 12;
/** What the 32 bits of a position can tell apart. */
export const LARGEST_CAPACITY = 1 << 30;

/** Of a record: its length in bytes, its kind, and eight bytes of payload. */
export const RECORD_BYTES = 16;
const INLINE_BYTES = 8;
/** Below this, a loop over words copies sooner than a call of `set`. */
const SMALL_COPY_BYTES = 512;

function recordSize(length: number): number {
  return length <= INLINE_BYTES
    ? RECORD_BYTES
    : (length + 8 + RECORD_BYTES - 1) & -RECORD_BYTES;
}

/** The power of two that holds so many bytes of records. */
function ringSize(capacity: number): number {
  let size = FIRST_SIZE;
  while (size < capacity && size < LARGEST_CAPACITY) size *= 2;
  return size;
}

/**
 * First in, first out: records of any length in shared memory, for any number
 * of producers and consumers.
 *
 * Protocol. Producers have one mutex, consumers another, so that a put and a
 * get don't wait for each other. Positions count bytes since the beginning and
 * wrap with the 32 bits; a position's place is its remainder by the ring's size,
 * a power of two.
 *  - A producer writes the record, then `TAIL`, then `PUT_COUNT`. Only
 *    `PUT_COUNT` makes a record visible: up to then a consumer sees the old
 *    state, from then on the whole record.
 *  - A consumer copies the record out, then writes `HEAD`, then `TAKE_COUNT`.
 *    Only `HEAD` gives the bytes back to producers.
 *  - Growing takes both mutexes, producers' first, and moves what is stored. It
 *    writes `SIZE` last; everyone compares it with the size of their own view
 *    whenever they hold a mutex.
 *  - `CLOSED` is written under the producers' mutex: no put succeeds after it.
 *
 * Values are encoded before a mutex is taken and decoded after it is released:
 * no user's code runs in between, and a thread can't end there. What may throw
 * there (the stack may be exhausted, or memory) does so before anything counts.
 */
export class Ring {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  /** How many had been put before this object's last put; wraps. */
  lastPut = 0;
  /** How many had been taken before this object's last take; wraps. */
  lastTake = 0;
  #capacity: number;
  #putMutex: Mutex;
  #takeMutex: Mutex;
  #mask = 0;
  #bytes!: Uint8Array;
  #ints!: Int32Array;
  #floats!: Float64Array;

  /** A new ring of so many bytes at most, or one that another thread made. */
  constructor(source: number | SharedArrayBuffer) {
    if (typeof source === "number") {
      this.buffer = new SharedArrayBuffer(HEADER_BYTES + FIRST_SIZE, {
        maxByteLength: HEADER_BYTES + ringSize(source),
      });
      this.words = new Int32Array(this.buffer, 0, HEADER_BYTES / 4);
      this.words[SIZE] = FIRST_SIZE;
      this.words[CAPACITY] = source;
    } else {
      this.buffer = source;
      this.words = new Int32Array(this.buffer, 0, HEADER_BYTES / 4);
    }
    this.#capacity = this.words[CAPACITY];
    this.#putMutex = new Mutex(this.words, PUT_MUTEX);
    this.#takeMutex = new Mutex(this.words, TAKE_MUTEX);
    this.#view();
  }

  /** How many records are stored. */
  get count(): number {
    const words = this.words;
    for (;;) {
      const taken = Atomics.load(words, TAKE_COUNT);
      const put = Atomics.load(words, PUT_COUNT);
      // Both are of one moment only if nothing was taken between them.
      if (Atomics.load(words, TAKE_COUNT) === taken) return (put - taken) | 0;
    }
  }

  /** How many records were ever put; wraps with the 32 bits. */
  get putCount(): number {
    return Atomics.load(this.words, PUT_COUNT);
  }

  get isClosed(): boolean {
    return Atomics.load(this.words, CLOSED) !== 0;
  }

  /** The bytes that records may take together. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Whether such a record fits into an empty ring. */
  canEverHold(length: number): boolean {
    // A record's size is more than 32 bits can tell of a larger length.
    return length <= this.#capacity && recordSize(length) <= this.#capacity;
  }

  /** Stores the cargo, unless there are `limit` records (0: no limit). */
  put(cargo: Cargo, limit: number): PutResult {
    const words = this.words;
    const length = cargo.length;
    const size = recordSize(length);
    this.#putMutex.lock();
    try {
      if (Atomics.load(words, CLOSED) !== 0) return "closed";
      const count = Atomics.load(words, PUT_COUNT);
      const isFull = limit > 0 &&
        ((count - Atomics.load(words, TAKE_COUNT)) | 0) >= limit;
      if (isFull || !this.#hasRoom(size)) return "full";
      const tail = words[TAIL];
      const at = (tail & this.#mask) >> 2;
      this.#ints[at] = length;
      this.#ints[at + 1] = cargo.kind;
      if (length <= INLINE_BYTES) this.#floats[(at >> 1) + 1] = cargo.number;
      else this.#copyIn(cargo, (tail + 8) | 0);
      words[TAIL] = (tail + size) | 0;
      Atomics.store(words, PUT_COUNT, (count + 1) | 0);
      this.lastPut = count;
      return "put";
    } finally {
      this.#putMutex.unlock();
    }
  }

  /** Moves the oldest record into the cargo; false if there is none. */
  take(cargo: Cargo): boolean {
    const words = this.words;
    // In this order, equal counts say that it was empty when the first was read.
    if (Atomics.load(words, TAKE_COUNT) === Atomics.load(words, PUT_COUNT)) {
      return false;
    }
    this.#takeMutex.lock();
    try {
      const count = words[TAKE_COUNT];
      if (Atomics.load(words, PUT_COUNT) === count) return false;
      if (words[SIZE] !== this.#mask + 1) this.#view();
      const head = words[HEAD];
      const at = (head & this.#mask) >> 2;
      const length = this.#ints[at];
      const size = recordSize(length);
      cargo.kind = this.#ints[at + 1];
      cargo.length = length;
      if (length <= INLINE_BYTES) cargo.number = this.#floats[(at >> 1) + 1];
      else this.#copyOut(cargo, (head + 8) | 0);
      Atomics.store(words, HEAD, (head + size) | 0);
      Atomics.store(words, TAKE_COUNT, (count + 1) | 0);
      this.lastTake = count;
      return true;
    } finally {
      this.#takeMutex.unlock();
    }
  }

  /** Refuses every put from now on. What is stored can still be taken. */
  close(): void {
    this.#putMutex.lock();
    Atomics.store(this.words, CLOSED, 1);
    this.#putMutex.unlock();
  }

  #hasRoom(size: number): boolean {
    const words = this.words;
    if (words[SIZE] !== this.#mask + 1) this.#view();
    const tail = words[TAIL];
    const roomNow = Math.min(this.#mask + 1, this.#capacity);
    if (size + ((tail - words[HEAD_SEEN]) | 0) <= roomNow) return true;
    const head = words[HEAD_SEEN] = Atomics.load(words, HEAD);
    const needed = size + ((tail - head) | 0);
    if (needed > this.#capacity) return false;
    if (needed > roomNow) this.#grow(needed);
    return true;
  }

  #grow(needed: number): void {
    const words = this.words;
    const old = words[SIZE];
    const size = ringSize(needed);
    this.#takeMutex.lock();
    try {
      this.buffer.grow(HEADER_BYTES + size);
      const bytes = new Uint8Array(this.buffer, HEADER_BYTES, size);
      // Going from one lap of the old ring to the next, each stretch either
      // stays where it is or moves to its place in the larger ring.
      const tail = words[TAIL];
      for (let from = words[HEAD]; from !== tail;) {
        const place = from & (old - 1);
        const run = Math.min(old - place, (tail - from) | 0);
        const to = from & (size - 1);
        if (to !== place) bytes.copyWithin(to, place, place + run);
        from = (from + run) | 0;
      }
      Atomics.store(words, SIZE, size);
    } finally {
      this.#takeMutex.unlock();
    }
    this.#view();
  }

  #view(): void {
    const size = Atomics.load(this.words, SIZE);
    this.#mask = size - 1;
    this.#bytes = new Uint8Array(this.buffer, HEADER_BYTES, size);
    this.#ints = new Int32Array(this.buffer, HEADER_BYTES, size / 4);
    this.#floats = new Float64Array(this.buffer, HEADER_BYTES, size / 8);
  }

  #copyIn(cargo: Cargo, position: number): void {
    const { length } = cargo;
    if (length <= SMALL_COPY_BYTES) {
      const ints = this.#ints;
      const source = cargo.ints;
      const mask = this.#mask >> 2;
      const start = (position & this.#mask) >> 2;
      for (let i = 0, n = (length + 3) >> 2; i < n; i++) {
        ints[(start + i) & mask] = source[i];
      }
      return;
    }
    const start = position & this.#mask;
    const first = Math.min(length, this.#mask + 1 - start);
    this.#bytes.set(cargo.bytes.subarray(0, first), start);
    this.#bytes.set(cargo.bytes.subarray(first, length), 0);
  }

  #copyOut(cargo: Cargo, position: number): void {
    const { length } = cargo;
    cargo.reserve(length);
    if (length <= SMALL_COPY_BYTES) {
      const ints = this.#ints;
      const target = cargo.ints;
      const mask = this.#mask >> 2;
      const start = (position & this.#mask) >> 2;
      for (let i = 0, n = (length + 3) >> 2; i < n; i++) {
        target[i] = ints[(start + i) & mask];
      }
      return;
    }
    const start = position & this.#mask;
    const first = Math.min(length, this.#mask + 1 - start);
    cargo.bytes.set(this.#bytes.subarray(start, start + first));
    if (first < length) {
      cargo.bytes.set(this.#bytes.subarray(0, length - first), first);
    }
  }
}
