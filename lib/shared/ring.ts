// Copyright 2026 the lab9 authors. MIT license.

import type { Cargo } from "./cargo.ts";
import { Mutex } from "./mutex.ts";
import {
  CLOSED,
  damaged,
  HEADER_BYTES,
  INLINE_BYTES,
  PUT_COUNT,
  PUT_MUTEX,
  type PutResult,
  recordSize,
  SIZE,
  SMALL_COPY_BYTES,
  Store,
  storeSize,
  TAKE_COUNT,
} from "./store.ts";

// Words of the header, besides the store's.
const TAIL = 1;
/** The producers' last look at `HEAD`: it can only have moved on since. */
const HEAD_SEEN = 3;
const TAKE_MUTEX = 16;
const HEAD = 17;
/** The consumers' last look at `PUT_COUNT`: it can only have moved on since. */
const PUT_SEEN = 19;

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
 *  - A consumer copies the record out, then writes `TAKE_COUNT`, then `HEAD`.
 *    Only `HEAD` gives the bytes back to producers; it makes `TAKE_COUNT` visible.
 *  - What only holders of a mutex write is read plainly under it: an atomic access
 *    takes longer than all else that a put or a get does.
 *  - Growing takes both mutexes, producers' first, and moves what is stored.
 */
export class Ring extends Store {
  #putMutex: Mutex;
  #takeMutex: Mutex;
  #mask = 0;
  #bytes!: Uint8Array;
  #ints!: Int32Array;
  #floats!: Float64Array;

  constructor(source: number | SharedArrayBuffer) {
    super(source);
    this.#putMutex = new Mutex(this.words, PUT_MUTEX);
    this.#takeMutex = new Mutex(this.words, TAKE_MUTEX);
    this.#view();
  }

  canEverHold({ length }: Cargo): boolean {
    // A record's size is more than 32 bits can tell of a larger length.
    return length <= this.capacity && recordSize(length) <= this.capacity;
  }

  put(cargo: Cargo, limit: number): PutResult {
    const words = this.words;
    const length = cargo.length;
    const size = recordSize(length);
    this.#putMutex.lock();
    try {
      if (words[CLOSED] !== 0) return "closed";
      const count = words[PUT_COUNT];
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

  take(cargo: Cargo): boolean {
    const words = this.words;
    // The first says whether it is worth to ask. Of the second, in this order,
    // equal counts say that it was empty when the first of them was read.
    if (
      words[TAKE_COUNT] === words[PUT_SEEN] &&
      Atomics.load(words, TAKE_COUNT) === Atomics.load(words, PUT_COUNT)
    ) return false;
    this.#takeMutex.lock();
    try {
      const count = words[TAKE_COUNT];
      // What producers write is looked at no more often than needed.
      if (count === words[PUT_SEEN]) {
        words[PUT_SEEN] = Atomics.load(words, PUT_COUNT);
        if (count === words[PUT_SEEN]) return false;
      }
      if (words[SIZE] !== this.#mask + 1) this.#view();
      const head = words[HEAD];
      const at = (head & this.#mask) >> 2;
      const length = this.#ints[at];
      if (length > this.#mask + 1) throw damaged();
      const size = recordSize(length);
      cargo.kind = this.#ints[at + 1];
      cargo.length = length;
      if (length <= INLINE_BYTES) cargo.number = this.#floats[(at >> 1) + 1];
      else this.#copyOut(cargo, (head + 8) | 0);
      words[TAKE_COUNT] = (count + 1) | 0;
      Atomics.store(words, HEAD, (head + size) | 0);
      this.lastTake = count;
      return true;
    } finally {
      this.#takeMutex.unlock();
    }
  }

  #hasRoom(size: number): boolean {
    const words = this.words;
    if (words[SIZE] !== this.#mask + 1) this.#view();
    const tail = words[TAIL];
    const roomNow = Math.min(this.#mask + 1, this.capacity);
    if (size + ((tail - words[HEAD_SEEN]) | 0) <= roomNow) return true;
    const head = words[HEAD_SEEN] = Atomics.load(words, HEAD);
    const needed = size + ((tail - head) | 0);
    if (needed > this.capacity) return false;
    if (needed > roomNow) this.#grow(needed);
    return true;
  }

  #grow(needed: number): void {
    const words = this.words;
    const old = words[SIZE];
    const size = storeSize(needed);
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
    this.#bytes = new Uint8Array(this.buffer, HEADER_BYTES, size);
    this.#ints = new Int32Array(this.buffer, HEADER_BYTES, size / 4);
    this.#floats = new Float64Array(this.buffer, HEADER_BYTES, size / 8);
    // Last: it tells that the views are of that size.
    this.#mask = size - 1;
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
