// Copyright 2026 the lab9 authors. MIT license.

import { Cargo } from "../shared/cargo.ts";
import { PENDING, type Pending, WaitList } from "../shared/wait_list.ts";
import { Decoder } from "../shared/decoder.ts";
import { Encoder } from "../shared/encoder.ts";
import type { Mark } from "../shared/recorder.ts";
import { Ring } from "../shared/ring.ts";
import { OWNER_WORDS } from "../shared/store.ts";

/** Room for records; what is larger goes by message. */
const CAPACITY = 1 << 28;
const NOT_EMPTY = OWNER_WORDS;
const NOT_FULL = OWNER_WORDS + 16;

/** How often a taker looks again before it awaits: some ten microseconds. */
const SPINS = 100;

/**
 * Records from several senders to several takers, in shared memory. The writer
 * of a record decides what it holds; the reader must read the same.
 */
export class Channel {
  #ring: Ring;
  #notEmpty: WaitList;
  #notFull: WaitList;
  #outgoing = new Cargo();
  #incoming = new Cargo();
  #encoder = new Encoder({ refusesMarked: true });
  #decoder = new Decoder();

  /** What a taker waits for is recorded as the mark says. */
  constructor(buffer?: SharedArrayBuffer, mark?: Mark) {
    this.#ring = new Ring(buffer ?? CAPACITY);
    this.#notEmpty = new WaitList(this.#ring.words, NOT_EMPTY, mark);
    this.#notFull = new WaitList(this.#ring.words, NOT_FULL);
  }

  /** The channel's memory, for handing it to another thread. */
  get buffer(): SharedArrayBuffer {
    return this.#ring.buffer;
  }

  /**
   * Encodes a record; {@linkcode send} then sends it.
   *
   * @returns False if it is larger than what the channel can ever hold.
   * @throws {DOMException} A `DataCloneError` if a value can't be encoded, or
   * holds one that is marked for moving.
   */
  write(write: (encoder: Encoder) => void): boolean {
    this.#encoder.begin(this.#outgoing);
    write(this.#encoder);
    this.#encoder.end();
    return this.#ring.canEverHold(this.#outgoing);
  }

  /** Sends the record that was written; false if there is no room now. */
  send(): boolean {
    if (this.#ring.put(this.#outgoing, 0) !== "put") return false;
    this.#outgoing.trim();
    this.#notEmpty.notify();
    return true;
  }

  /** Sends the record that was written, blocking while there is no room. */
  sendSync(): void {
    if (this.send()) return;
    this.#notFull.waitSync(() => this.send() || PENDING, Infinity);
  }

  /** Takes a record and reads it at once; undefined if there is none. */
  take<T>(read: (decoder: Decoder) => T): T | undefined {
    if (!this.#ring.take(this.#incoming)) return undefined;
    this.#notFull.notify();
    this.#decoder.begin(this.#incoming);
    try {
      return read(this.#decoder);
    } finally {
      this.#decoder.end();
    }
  }

  /** Takes a record, awaiting one; undefined once the channel has ended. */
  async receive<T>(read: (decoder: Decoder) => T): Promise<T | undefined> {
    for (let spin = 0; spin < SPINS; spin++) {
      const record = this.take(read);
      if (record !== undefined) return record;
      Atomics.pause();
    }
    const record = await this.#notEmpty.wait(
      () => this.#takeOrEnd(read),
      { deadline: Infinity, keepAlive: false },
    );
    return record === PENDING ? undefined : record;
  }

  /** Lets takers end once they have taken what is there. */
  close(): void {
    this.#ring.close();
    this.#notEmpty.notifyAll();
  }

  #takeOrEnd<T>(read: (decoder: Decoder) => T): T | undefined | Pending {
    const record = this.take(read);
    if (record !== undefined) return record;
    // What was put before the closing may have been seen by nobody yet.
    const hasEnded = this.#ring.isClosed && this.#ring.count === 0;
    return hasEnded ? undefined : PENDING;
  }
}
