// Copyright 2026 the lab9 authors. MIT license.

import { now, queueMicrotask } from "../platform/platform.ts";
import { Spin, turn } from "../sync/spin.ts";
import { Cargo, Kind, TooLarge } from "../codec/cargo.ts";
import { PENDING, type Pending, WaitList } from "../sync/wait_list.ts";
import { Decoder, explain } from "../codec/decoder.ts";
import { Encoder } from "../codec/encoder.ts";
import { currentThreadId, isAlive } from "../sync/waiters.ts";
import type { Mark } from "../sync/recorder.ts";
import { Ring } from "../store/ring.ts";
import { OWNER_WORDS } from "../store/store.ts";

/** The bytes that a channel can hold. A larger value goes by message. */
const CAPACITY = 1 << 28;
/**
 * The bytes of the largest buffer in a record. A larger buffer goes by message,
 * which copies it once. A record copies it four times.
 */
const LARGEST_BUFFER = 1 << 20;
/** The wait list of takers. */
const NOT_EMPTY = OWNER_WORDS;
/** The wait list of senders. */
const NOT_FULL = OWNER_WORDS + 16;
/** 1 while a taker has been woken and has not looked for a record yet. */
const WAKING = OWNER_WORDS + 32;
/** 1 while the channel is closed: takers end when it is empty. */
const CLOSED = OWNER_WORDS + 48;
/** The id of the thread that spins, or 0. */
const SPINNER = OWNER_WORDS + 49;

/** A taker gives its event loop a turn when the last one is so long ago. */
const TURN_MS = 1;

/**
 * Records from several senders to several takers, in shared memory. The writer
 * of a record decides what it holds; the reader must read the same.
 *
 * Protocol of waking. A wake costs the sender more than the send, so takers are
 * woken one at a time. A sender that has put a record and sees takers asleep moves
 * `WAKING` from 0 to 1 and wakes one taker. While the word is 1, nobody is woken. A
 * taker in the wait list, whether it was woken or is about to sleep, writes 0
 * before it looks for a record. So it sees every record that was put while the word
 * was 1. If it leaves records in the channel, it wakes the next taker. The other
 * work of its thread may keep a woken taker from looking. So a sender that has
 * woken nobody because the word was 1 looks again at the end of its own turn.
 *
 * Protocol of spinning. Before a taker sleeps, it spins. One taker spins at a time:
 * it moves `SPINNER` from 0 to its thread's id, looks for records, writes 0, and
 * then counts the records that are left. A sender reads `SPINNER` after it has put
 * a record, and wakes nobody while a thread that is alive spins. Both orders are
 * sequentially consistent: either the sender reads 0, or the spinner sees the
 * record, and takes it or wakes another taker. A thread that sees that a taker has
 * died calls {@linkcode Channel.wakeTaker}.
 */
export class Channel {
  #ring: Ring;
  #notEmpty: WaitList;
  #notFull: WaitList;
  #outgoing = new Cargo(CAPACITY);
  #incoming = new Cargo();
  #encoder = new Encoder({
    refusesMarked: true,
    largestBuffer: LARGEST_BUFFER,
  });
  #decoder = new Decoder();
  #spin = new Spin();
  /** When the event loop of this thread last had a turn for the channel. */
  #turnedAt = 0;
  /** Whether this thread will look again at the end of its turn. */
  #looksAgain = false;

  /** Waits of takers are recorded with the mark. */
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
    const cargo = this.#outgoing;
    this.#encoder.begin(cargo);
    try {
      write(this.#encoder);
      this.#encoder.end();
      if (this.#ring.canEverHold(cargo)) return true;
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      // The encoder must not keep the values alive that it has seen so far.
      this.#encoder.begin(cargo);
    }
    cargo.trim();
    return false;
  }

  /** Copies the record that was written, so that it can be sent later. */
  copyWritten(): Uint8Array<ArrayBuffer> {
    const { bytes, length } = this.#outgoing;
    const record = bytes.slice(0, length);
    this.#outgoing.trim();
    return record;
  }

  /** Writes a record that was copied; {@linkcode send} then sends it. */
  rewrite(record: Uint8Array): void {
    const cargo = this.#outgoing;
    cargo.reserve(record.length);
    cargo.bytes.set(record);
    cargo.kind = Kind.BYTES;
    cargo.length = record.length;
  }

  /**
   * Sends the record that was written.
   *
   * @returns False if there is no room now.
   */
  send(): boolean {
    if (this.#ring.put(this.#outgoing) !== "put") return false;
    this.#outgoing.trim();
    this.#wakeOne();
    return true;
  }

  /** Sends the record that was written, blocking while there is no room. */
  sendSync(): void {
    if (this.send()) return;
    this.#notFull.waitSync(() => this.send() || PENDING, Infinity);
  }

  /**
   * Calls a function now and whenever there may be more room, until it returns
   * true. It doesn't keep the process alive.
   */
  async waitForRoom(send: () => boolean): Promise<void> {
    await this.#notFull.wait(
      () => send() || PENDING,
      { deadline: Infinity, keepAlive: false },
    );
  }

  /** Wakes a sender that waits for room, so that it looks again. */
  wakeSender(): void {
    this.#notFull.notify();
  }

  /** Takes a record and reads it at once; undefined if there is none. */
  take<T>(read: (decoder: Decoder) => T): T | undefined {
    if (!this.#ring.take(this.#incoming)) return undefined;
    this.#notFull.notify();
    this.#decoder.begin(this.#incoming);
    try {
      return read(this.#decoder);
    } catch (error) {
      throw explain(error);
    } finally {
      this.#decoder.end();
    }
  }

  /** Takes a copy of a record, and reads its head; undefined if there is none. */
  takeCopy<T>(
    readHead: (decoder: Decoder) => T,
  ): { head: T; record: Uint8Array<ArrayBuffer> } | undefined {
    let record: Uint8Array<ArrayBuffer>;
    const head = this.take((decoder) => {
      const { bytes, length } = this.#incoming;
      record = bytes.slice(0, length);
      return readHead(decoder);
    });
    return head === undefined ? undefined : { head, record: record! };
  }

  /**
   * Takes a record, and waits for one if there is none.
   *
   * @returns What `read` returns; undefined once the channel is closed and empty, or
   * the deadline has passed.
   */
  async receive<T>(
    read: (decoder: Decoder) => T,
    deadline = Infinity,
  ): Promise<T | undefined> {
    this.#ring.letPutsRunAhead();
    if (now() - this.#turnedAt > TURN_MS) {
      await turn();
      this.#turnedAt = now();
    }
    const found = this.#spinFor(read);
    if (found !== undefined) return found;
    const start = now();
    const record = await this.#notEmpty.wait(
      () => this.#takeOrEnd(read),
      { deadline, keepAlive: false },
    );
    this.#spin.slept(now() - start);
    return record === PENDING ? undefined : record;
  }

  /** Wakes a taker in place of one that has died, in case it was the one to look. */
  wakeTaker(): void {
    if (this.#ring.count > 0) this.#wakeOne();
  }

  /** Lets takers end once the channel is empty. */
  close(): void {
    Atomics.store(this.#ring.words, CLOSED, 1);
    this.#notEmpty.notifyAll();
  }

  /** Opens the channel again. Takers that haven't ended yet go on. */
  reopen(): void {
    Atomics.store(this.#ring.words, CLOSED, 0);
  }

  get isClosed(): boolean {
    return Atomics.load(this.#ring.words, CLOSED) !== 0;
  }

  /** Looks for a record for a while; only once if another taker spins. */
  #spinFor<T>(read: (decoder: Decoder) => T): T | undefined {
    const { words } = this.#ring;
    const me = currentThreadId();
    const spinner = Atomics.load(words, SPINNER);
    if (spinner !== 0 && isAlive(spinner)) return this.take(read);
    if (Atomics.compareExchange(words, SPINNER, spinner, me) !== spinner) {
      return this.take(read);
    }
    try {
      return this.#spin.until(() => this.take(read));
    } finally {
      Atomics.store(words, SPINNER, 0);
      this.wakeTaker();
    }
  }

  #wakeOne(): void {
    if (!this.#notEmpty.hasWaiters) return;
    const spinner = Atomics.load(this.#ring.words, SPINNER);
    if (spinner !== 0 && isAlive(spinner)) return;
    if (Atomics.exchange(this.#ring.words, WAKING, 1) === 0) {
      this.#notEmpty.notify();
    } else if (!this.#looksAgain) {
      this.#looksAgain = true;
      queueMicrotask(() => {
        this.#looksAgain = false;
        Atomics.store(this.#ring.words, WAKING, 0);
        if (this.#ring.count > 0) this.#wakeOne();
      });
    }
  }

  /** Tries to take a record, as a taker in the wait list does. */
  #takeOrEnd<T>(read: (decoder: Decoder) => T): T | undefined | Pending {
    Atomics.store(this.#ring.words, WAKING, 0);
    const record = this.take(read);
    if (record !== undefined) {
      if (this.#ring.count > 0) this.#wakeOne();
      return record;
    }
    // Records that were put before the channel was closed are still taken.
    const hasEnded = this.isClosed && this.#ring.count === 0;
    return hasEnded ? undefined : PENDING;
  }
}
