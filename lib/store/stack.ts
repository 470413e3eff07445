// Copyright 2026 the lab9 authors. MIT license.

import type { Cargo } from "../codec/cargo.ts";
import { countOf, STEP, stepsIn } from "../sync/mutex.ts";
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

/** A word of the header, besides the store's: the place of the next record. */
const TOP = 1;

/** How many bits of a record's last word are its kind. The others are its number. */
const KIND_BITS = 3;
const KIND_MASK = (1 << KIND_BITS) - 1;

/**
 * Last in, first out: records of any length in shared memory, for any number of
 * producers and consumers.
 *
 * Protocol. Producers and consumers work at the same end, so there is only the mutex of
 * puts. Records stand one after another. A record can be read from its end: its last two
 * words are its length, and its kind with its number among the puts.
 *  - A producer writes the record above `TOP`, where no thread reads, and then `TOP`. It
 *    counts `PUTS` up when it unlocks.
 *  - A consumer copies the topmost record, and then writes `TOP` and `TAKES`. It calls
 *    nothing that could throw between the two writes.
 *  - When the memory grows, no record moves.
 */
export class Stack extends Store {
  #size = 0;
  #bytes!: Uint8Array;
  #ints!: Int32Array;
  #floats!: Float64Array;

  constructor(source: number | SharedArrayBuffer) {
    super(source);
    this.#view();
  }

  protected roomForRecords(): number {
    return this.capacity - Atomics.load(this.words, TOP);
  }

  put(cargo: Cargo): PutResult {
    const words = this.words;
    const length = cargo.length;
    const size = recordSize(length);
    let added = 0;
    this.putMutex.lock();
    try {
      if (words[CLOSED] !== 0) return "closed";
      const puts = words[PUTS];
      const limit = words[LIMIT];
      const isFull = limit > 0 && countOf(puts - words[TAKES]) >= limit;
      if (isFull || !this.#hasRoom(size)) return "full";
      const start = words[TOP];
      const top = start + size;
      if (length <= INLINE_BYTES) this.#floats[start >> 3] = cargo.number;
      else this.#copyIn(cargo, start);
      this.#ints[(top >> 2) - 2] = length;
      const count = countOf(puts);
      this.#ints[(top >> 2) - 1] = (count << KIND_BITS) | cargo.kind;
      this.lastPut = count << KIND_BITS >>> KIND_BITS;
      words[TOP] = top;
      added = STEP;
      return "put";
    } finally {
      this.putMutex.unlock(added);
    }
  }

  take(cargo: Cargo, isRead = true): boolean {
    const words = this.words;
    if (this.isEmpty) return false;
    this.putMutex.lock();
    try {
      const takes = words[TAKES];
      if (stepsIn(words[PUTS]) === takes) return false;
      if (words[SIZE] !== this.#size) this.#view();
      const top = words[TOP];
      const length = this.#ints[(top >> 2) - 2];
      const kind = this.#ints[(top >> 2) - 1];
      const start = top - recordSize(length);
      if (start < 0 || top > this.#size) throw damaged();
      if (length <= INLINE_BYTES) cargo.number = this.#floats[start >> 3];
      else this.#copyOut(cargo, start, length);
      cargo.length = length;
      cargo.kind = kind & KIND_MASK;
      if (isRead) cargo.checkStack();
      this.lastTake = kind >>> KIND_BITS;
      words[TOP] = start;
      Atomics.store(words, TAKES, (takes + STEP) | 0);
      return true;
    } finally {
      this.putMutex.unlock();
    }
  }

  #hasRoom(size: number): boolean {
    const needed = this.words[TOP] + size;
    if (needed > this.capacity) return false;
    if (this.words[SIZE] !== this.#size) this.#view();
    if (needed > this.#size) {
      const larger = storeSize(needed);
      this.buffer.grow(HEADER_BYTES + larger);
      Atomics.store(this.words, SIZE, larger);
      this.#view();
    }
    return true;
  }

  #view(): void {
    const size = Atomics.load(this.words, SIZE);
    this.#bytes = new Uint8Array(this.buffer, HEADER_BYTES, size);
    this.#ints = new Int32Array(this.buffer, HEADER_BYTES, size / 4);
    this.#floats = new Float64Array(this.buffer, HEADER_BYTES, size / 8);
    this.#size = size;
  }

  #copyIn({ bytes, ints, length }: Cargo, start: number): void {
    if (length > SMALL_COPY_BYTES) {
      this.#bytes.set(bytes.subarray(0, length), start);
      return;
    }
    const target = this.#ints;
    const first = start >> 2;
    for (let i = 0, n = (length + 3) >> 2; i < n; i++) {
      target[first + i] = ints[i];
    }
  }

  #copyOut(cargo: Cargo, start: number, length: number): void {
    cargo.reserve(length);
    if (length > SMALL_COPY_BYTES) {
      cargo.bytes.set(this.#bytes.subarray(start, start + length));
      return;
    }
    const source = this.#ints;
    const target = cargo.ints;
    const first = start >> 2;
    for (let i = 0, n = (length + 3) >> 2; i < n; i++) {
      target[i] = source[first + i];
    }
  }
}
