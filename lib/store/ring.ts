// Copyright 2026 the lab9 authors. MIT license.

import type { Cargo } from "../codec/cargo.ts";
import { countOf, Mutex, STEP, stepsIn } from "../sync/mutex.ts";
import { pause } from "../sync/spin.ts";
import {
  CLOSED,
  damaged,
  HEADER_BYTES,
  INLINE_BYTES,
  LIMIT,
  type PutResult,
  PUTS,
  recordSize,
  SIZE,
  SMALL_COPY_BYTES,
  Store,
  storeSize,
  TAKES,
} from "./store.ts";

// Words of the header, besides the store's.

/** The position of the next record to put. */
const TAIL = 1;
/** The value of `HEAD` that producers have read last. `HEAD` may have moved on. */
const HEAD_SEEN = 3;
/** The value of `TAKES` that producers have read last. */
const TAKES_SEEN = 4;
/** The position of the next record to take, and the mutex of takes. */
const HEAD = 16;
/** The value of `PUTS` that consumers have read last. */
const PUTS_SEEN = 17;

/** A consumer pauses unless so many records are stored: see `letPutsRunAhead`. */
const LEAD = 32;
/** How many pauses it makes: two microseconds, in which some forty records are put. */
const LEAD_PAUSES = 80;

/** How many bytes of records `takeSome` takes at most. */
const SOME_BYTES = 2048;

/** The bytes of a cache line. Cores fetch a line as a whole from each other. */
const LINE_BYTES = 64;
/** How many bytes of the ring a producer fetches at once. */
const STRETCH_BYTES = 512;

/**
 * First in, first out: records of any length in shared memory, for any number
 * of producers and consumers.
 *
 * Protocol. Producers have one mutex, consumers another, so that a put and a
 * get don't wait for each other. A position counts bytes since the beginning
 * and wraps at 32 bits. Its place in the ring is its remainder by the ring's
 * size, which is a power of two.
 *  - A producer writes the record, then `TAIL`, then counts `PUTS` up. The
 *    count makes the record visible: before it a consumer sees the old state,
 *    after it the whole record.
 *  - A consumer copies the record out, then writes `TAKES`, then moves `HEAD`
 *    on. `HEAD` gives the bytes back to producers, and makes `TAKES` visible.
 *  - `PUTS` and `HEAD` have the mutexes in their lowest bits: counts go up by
 *    `STEP`, and records are multiples of more. So one atomic step publishes
 *    the record and unlocks.
 *  - Words that only holders of a mutex write are read plainly under it: an
 *    atomic access takes longer than the rest of a put or a get.
 *  - Growing takes both mutexes, the producers' first, and moves what is
 *    stored.
 *  - A ring with only one producer (`isOnlyPutter`) needs no mutex of puts. The producer
 *    writes `PUTS` without locking it. So such a ring is never closed, and its limit
 *    never changes.
 */
export class Ring extends Store {
  #takeMutex: Mutex;
  #mask = 0;
  #bytes!: Uint8Array;
  #ints!: Int32Array;
  #floats!: Float64Array;
  #isOnlyPutter: boolean;

  /**
   * A new ring with a capacity in bytes, or the ring in a buffer.
   *
   * @param isOnlyPutter Whether no other thread puts.
   */
  constructor(source: number | SharedArrayBuffer, isOnlyPutter = false) {
    super(source);
    this.#isOnlyPutter = isOnlyPutter;
    this.#takeMutex = new Mutex(this.words, HEAD);
    this.#view();
  }

  protected roomForRecords(): number {
    // Read in this order: the consumer that has moved `HEAD` last sees no less room than
    // there is.
    const head = stepsIn(Atomics.load(this.words, HEAD));
    return this.capacity - ((Atomics.load(this.words, TAIL) - head) | 0);
  }

  put(cargo: Cargo): PutResult {
    if (this.#isOnlyPutter) return this.#putAlone(cargo);
    let added = 0;
    this.putMutex.lock();
    try {
      const result = this.#write(cargo);
      if (result === "put") added = STEP;
      return result;
    } finally {
      this.putMutex.unlock(added);
    }
  }

  #putAlone(cargo: Cargo): PutResult {
    const words = this.words;
    const result = this.#write(cargo);
    if (result === "put") Atomics.store(words, PUTS, (words[PUTS] + STEP) | 0);
    return result;
  }

  /** Writes the record, which the next count of `PUTS` makes visible. */
  #write(cargo: Cargo): PutResult {
    const words = this.words;
    const length = cargo.length;
    const size = recordSize(length);
    if (words[CLOSED] !== 0) return "closed";
    const puts = words[PUTS];
    const limit = words[LIMIT];
    if (limit > 0 && countOf(puts - words[TAKES_SEEN]) >= limit) {
      this.#seeTakes();
      if (countOf(puts - words[TAKES_SEEN]) >= limit) return "full";
    }
    if (!this.#hasRoom(size)) return "full";
    const count = countOf(puts);
    const tail = words[TAIL];
    const at = (tail & this.#mask) >> 2;
    this.#ints[at] = length;
    this.#ints[at + 1] = cargo.kind;
    if (length <= INLINE_BYTES) this.#floats[(at >> 1) + 1] = cargo.number;
    else this.#copyIn(cargo, (tail + 8) | 0);
    const next = (tail + size) | 0;
    if (((tail ^ next) & -STRETCH_BYTES) !== 0) this.#fetch(next);
    // From here on, nothing that could throw.
    words[TAIL] = next;
    this.lastPut = count;
    return "put";
  }

  override letPutsRunAhead(): void {
    const words = this.words;
    if (words[TAKES] !== words[PUTS_SEEN] || words[CLOSED] !== 0) return;
    const stored = this.count;
    // It doesn't matter if these values are outdated.
    const limit = words[LIMIT];
    const lead = limit > 0 ? Math.min(LEAD, limit >> 1) : LEAD;
    // If there is only one record, no more may come.
    if (stored > 1 && stored < lead) pause(LEAD_PAUSES);
  }

  take(cargo: Cargo, isRead = true): boolean {
    const words = this.words;
    // Producers become slower if the words that they write are read. So these are read
    // only if that is necessary.
    if (words[TAKES] === words[PUTS_SEEN] && this.isEmpty) return false;
    let added = 0;
    this.#takeMutex.lock();
    try {
      const takes = words[TAKES];
      if (takes === words[PUTS_SEEN]) {
        words[PUTS_SEEN] = stepsIn(Atomics.load(words, PUTS));
        if (takes === words[PUTS_SEEN]) return false;
      }
      if (words[SIZE] !== this.#mask + 1) this.#view();
      const head = stepsIn(words[HEAD]);
      const at = (head & this.#mask) >> 2;
      const length = this.#ints[at];
      if (length > this.#mask + 1) throw damaged();
      const size = recordSize(length);
      cargo.kind = this.#ints[at + 1];
      cargo.length = length;
      if (length <= INLINE_BYTES) cargo.number = this.#floats[(at >> 1) + 1];
      else this.#copyOut(cargo, (head + 8) | 0);
      if (isRead) cargo.checkStack();
      const count = countOf(takes);
      // From here on, nothing that could throw.
      words[TAKES] = (takes + STEP) | 0;
      this.lastTake = count;
      added = size;
      return true;
    } finally {
      this.#takeMutex.unlock(added);
    }
  }

  /**
   * Moves several small records into the cargo, each with its header. A record that is
   * larger than `SOME_BYTES` is left for `take`.
   *
   * @returns The number of records: 0 if the next one is too large, -1 if there is none.
   */
  takeSome(cargo: Cargo): number {
    const words = this.words;
    if (words[TAKES] === words[PUTS_SEEN] && this.isEmpty) return -1;
    let added = 0;
    this.#takeMutex.lock();
    try {
      words[PUTS_SEEN] = stepsIn(Atomics.load(words, PUTS));
      if (words[SIZE] !== this.#mask + 1) this.#view();
      const takes = words[TAKES];
      const stored = countOf(words[PUTS_SEEN] - takes);
      const head = stepsIn(words[HEAD]);
      const ints = this.#ints;
      let bytes = 0;
      let count = 0;
      for (; count < stored; count++) {
        const length = ints[((head + bytes) & this.#mask) >> 2];
        if (length > this.#mask + 1) throw damaged();
        const size = recordSize(length);
        if (bytes + size > SOME_BYTES) break;
        bytes += size;
      }
      cargo.length = bytes;
      this.#copyOut(cargo, head);
      words[TAKES] = (takes + count * STEP) | 0;
      added = bytes;
      return count;
    } finally {
      this.#takeMutex.unlock(added);
    }
  }

  /**
   * Writes to each cache line of the stretch where the next records will stand. Consumers
   * have read these lines, so each has to be fetched from another core, which takes longer
   * than a put. Without this, puts would wait for one line after another. Here the fetches
   * overlap.
   */
  #fetch(next: number): void {
    const ints = this.#ints;
    const end = ((next & -STRETCH_BYTES) + STRETCH_BYTES) | 0;
    // It must not write into stored records.
    if (((end - this.words[HEAD_SEEN]) | 0) > this.#mask + 1) return;
    let at = (next + LINE_BYTES - 1) & -LINE_BYTES;
    for (; at !== end; at = (at + LINE_BYTES) | 0) {
      ints[(at & this.#mask) >> 2] = 0;
    }
  }

  #hasRoom(size: number): boolean {
    const words = this.words;
    if (words[SIZE] !== this.#mask + 1) this.#view();
    const tail = words[TAIL];
    const roomNow = Math.min(this.#mask + 1, this.capacity);
    if (size + ((tail - words[HEAD_SEEN]) | 0) <= roomNow) return true;
    this.#seeTakes();
    const needed = size + ((tail - words[HEAD_SEEN]) | 0);
    if (needed > this.capacity) return false;
    if (needed > roomNow) this.#grow(needed);
    return true;
  }

  /**
   * Reads the words that consumers write. `HEAD` is read first, because it makes `TAKES`
   * visible. Both are read again before positions or counts wrap.
   */
  #seeTakes(): void {
    const words = this.words;
    words[HEAD_SEEN] = stepsIn(Atomics.load(words, HEAD));
    words[TAKES_SEEN] = Atomics.load(words, TAKES);
  }

  #grow(needed: number): void {
    const words = this.words;
    const old = words[SIZE];
    const size = storeSize(needed);
    this.#takeMutex.lock();
    try {
      this.buffer.grow(HEADER_BYTES + size);
      const bytes = new Uint8Array(this.buffer, HEADER_BYTES, size);
      // The records are moved in runs that end where the old ring ends. A run may have the
      // same place in the larger ring.
      const tail = words[TAIL];
      for (let from = stepsIn(words[HEAD]); from !== tail;) {
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
    // This is written last, because it says that the views have that size.
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
    if (first < length) this.#bytes.set(cargo.bytes.subarray(first, length), 0);
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
