// Copyright 2026 the lab9 authors. MIT license.

import { now, queueMicrotask } from "../platform/platform.ts";
import { pause, Spin, turn } from "../sync/spin.ts";
import { Cargo, Kind, TooLarge } from "../codec/cargo.ts";
import { PENDING, type Pending, WaitList } from "../sync/wait_list.ts";
import { Decoder, explain } from "../codec/decoder.ts";
import { Encoder } from "../codec/encoder.ts";
import type { Mark } from "../sync/recorder.ts";
import { reserveStack } from "../sync/reserve_stack.ts";
import { Lookout } from "./lookout.ts";
import { Ring } from "../store/ring.ts";
import { OWNER_WORDS, recordSize } from "../store/store.ts";

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
/** The id of the thread that is on the lookout, or 0. */
const LOOKOUT = OWNER_WORDS + 49;
/** 1 while the only sender does nothing: no taker stays on the lookout then. */
const SENDER_RESTS = OWNER_WORDS + 50;

/**
 * How many pauses a sole taker makes before it looks, for each record that it expects:
 * each look fetches the cache lines that the next send writes. Together the pauses take
 * at most as long as a wake.
 */
const PAUSES_EACH = 2;
const MOST_PAUSES = 80;
/** A taker gives its event loop a turn when the last one is so long ago. */
const TURN_MS = 1;

export interface ChannelOptions {
  /** The memory of a channel that another thread has made. */
  buffer?: SharedArrayBuffer;
  /** Waits of takers are recorded with it. */
  mark?: Mark;
  /** Whether no other thread sends. */
  isOnlySender?: boolean;
  /** Whether no other thread takes. */
  isOnlyTaker?: boolean;
  /**
   * Whether this taker takes no more records. If it waits, the next record ends its wait.
   * Then it must call {@linkcode Channel.wakeTaker}, so that another taker gets the record.
   */
  hasEnded?: () => boolean;
}

/** Encodes a record of up to three values. A rest parameter would make a list of them. */
type Write<A, B, C> = (encoder: Encoder, a: A, b: B, c: C) => void;

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
 * Protocol of the lookout. Before a taker sleeps, it spins. One taker spins at a
 * time: it moves `LOOKOUT` from 0, or from the id of a thread that has died, to its own
 * thread's id, looks for records, moves the word back to 0, and then counts the records
 * that are left. A sender reads `LOOKOUT` after it has put a record, and wakes nobody
 * while a thread that is alive is on the lookout. Both orders are sequentially
 * consistent: either the sender reads 0, or the taker on the lookout sees the record, and
 * takes it or wakes another taker. A thread that sees that a taker has died calls
 * {@linkcode Channel.wakeTaker}.
 *
 * A wake takes longer than many a task, and the woken thread may take the sender's
 * processor away. So a taker stays on the lookout while it does what a record asks
 * for, if it expects to be done within microseconds (`looksSoon`). It leaves the
 * lookout before it waits in any way of the library's. It may be mistaken: what it
 * does computes for long, or waits for another record in a way that the library
 * doesn't know. So the only sender looks after the records that it has sent: it calls
 * {@linkcode Channel.restSender} in one of the next turns of its event loop, and
 * before it blocks. That writes 1 to `SENDER_RESTS`, then 0 to `LOOKOUT` and to
 * `WAKING`, and wakes a taker if there are records. A taker that stays on the
 * lookout reads `SENDER_RESTS` after it has moved `LOOKOUT`, and leaves at once if it
 * is 1. Both orders are sequentially consistent: either the taker reads 1, or the
 * sender writes 0 after it. So while the sender rests, each taker that has taken a
 * record wakes the next one. With the next record the sender writes 0 to
 * `SENDER_RESTS`. A taker that has lost the lookout, and doesn't know, only wakes
 * others needlessly.
 */
export class Channel {
  #ring: Ring;
  #notEmpty: WaitList;
  #notFull: WaitList;
  #encoder = newEncoder();
  #cargo = new Cargo(CAPACITY);
  /** Whether a record is being written, so that the encoder and its cargo are in use. */
  #isWriting = false;
  /** The record that {@linkcode Channel.send} sends. */
  #outgoing = this.#cargo;
  #incoming = new Cargo();
  #decoder = new Decoder();
  #spin = new Spin();
  #lookout: Lookout;
  #isOnlyTaker: boolean;
  #hasEnded: () => boolean;
  /** Whether this thread is the only sender, and has sent nothing since its last rest. */
  #rests: boolean;
  /**
   * Whether this taker will look again within microseconds. It decides that while it
   * reads a record, by how long the record's task will take. A sole taker always will.
   */
  looksSoon: boolean;
  /** How many of the records that were taken at once are left. */
  #left = 0;
  /** Where the next of them stands. */
  #at = 0;
  /** When the event loop of this thread last had a turn for the channel. */
  #turnedAt = 0;
  /** Whether this thread will look again at the end of its turn. */
  #looksAgain = false;

  constructor(options: ChannelOptions = {}) {
    const { buffer, mark, isOnlySender = false, isOnlyTaker = false } = options;
    this.#hasEnded = options.hasEnded ?? (() => false);
    this.looksSoon = isOnlyTaker;
    this.#isOnlyTaker = isOnlyTaker;
    this.#rests = isOnlySender;
    this.#ring = new Ring(buffer ?? CAPACITY, isOnlySender);
    this.#lookout = new Lookout(this.#ring.words, LOOKOUT);
    this.#notEmpty = new WaitList(this.#ring.words, NOT_EMPTY, mark);
    this.#notFull = new WaitList(this.#ring.words, NOT_FULL);
  }

  /** The channel's memory, for handing it to another thread. */
  get buffer(): SharedArrayBuffer {
    return this.#ring.buffer;
  }

  /**
   * Encodes a record, by a function of the encoder and what is to be written;
   * {@linkcode send} then sends it. Property getters of the values may
   * write and send other records meanwhile.
   *
   * @returns False if it is larger than what the channel can ever hold.
   * @throws {DOMException} A `DataCloneError` if a value can't be encoded, or
   * holds one that is marked for moving.
   */
  write<A>(write: (encoder: Encoder, a: A) => void, a: A): boolean;
  write<A, B, C>(write: Write<A, B, C>, a: A, b: B, c: C): boolean;
  write<A, B, C>(write: Write<A, B, C>, a: A, b?: B, c?: C): boolean {
    if (this.#isWriting) {
      return this.#encode(newEncoder(), new Cargo(CAPACITY), write, a, b!, c!);
    }
    this.#isWriting = true;
    try {
      return this.#encode(this.#encoder, this.#cargo, write, a, b!, c!);
    } finally {
      this.#isWriting = false;
    }
  }

  #encode<A, B, C>(
    encoder: Encoder,
    cargo: Cargo,
    write: Write<A, B, C>,
    a: A,
    b: B,
    c: C,
  ): boolean {
    encoder.begin(cargo);
    try {
      write(encoder, a, b, c);
      encoder.end();
      this.#outgoing = cargo;
      if (this.#ring.canEverHold(cargo)) return true;
      cargo.trim();
    } catch (error) {
      // The encoder must not keep the values alive that it has seen so far.
      cargo.trim();
      encoder.begin(cargo);
      if (!(error instanceof TooLarge)) throw error;
    }
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
    const cargo = this.#isWriting ? new Cargo(CAPACITY) : this.#cargo;
    cargo.reserve(record.length);
    cargo.bytes.set(record);
    cargo.kind = Kind.BYTES;
    cargo.length = record.length;
    this.#outgoing = cargo;
  }

  /**
   * Sends the record that was written.
   *
   * @returns False if there is no room now.
   */
  send(): boolean {
    if (this.#rests) this.#goOn();
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
    if (!this.#beginNext()) return undefined;
    let record: T;
    // A `finally` would take longer.
    try {
      record = read(this.#decoder);
    } catch (error) {
      this.#endTake();
      throw explain(error);
    }
    this.#endTake();
    return record;
  }

  #endTake(): void {
    this.#decoder.end();
    if (this.#lookout.isMine && !this.#staysOnLookout) this.rest();
  }

  /** Begins to decode the next record; false if there is none. */
  #beginNext(): boolean {
    const incoming = this.#incoming;
    if (this.#left === 0 && this.#isOnlyTaker) {
      const count = this.#ring.takeSome(incoming);
      if (count < 0) return false;
      this.#left = count;
      this.#at = 0;
      if (count > 0) this.#notFull.notify();
    }
    if (this.#left > 0) {
      const length = incoming.ints[this.#at >> 2];
      this.#decoder.begin(incoming, this.#at + 8, length);
      this.#at += recordSize(length);
      this.#left--;
      return true;
    }
    if (!this.#ring.take(incoming, false)) return false;
    this.#notFull.notify();
    this.#decoder.begin(incoming);
    return true;
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
   * @param expected How many records will come, as far as the taker knows.
   * @returns What `read` returns; undefined once the channel is closed and empty, the
   * taker has ended, or the deadline has passed.
   */
  async receive<T>(
    read: (decoder: Decoder) => T,
    deadline = Infinity,
    expected = 1,
  ): Promise<T | undefined> {
    if (!this.#isOnlyTaker) this.#ring.letPutsRunAhead();
    else if (expected > 1) pause(Math.min(expected * PAUSES_EACH, MOST_PAUSES));
    if (now() - this.#turnedAt > TURN_MS) {
      this.rest();
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

  /** How many records are in the channel. */
  get count(): number {
    return this.#ring.count;
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
    if (!this.#lookout.take()) return this.take(read);
    let found: T | undefined;
    try {
      return found = this.#spin.until(() => this.take(read));
    } finally {
      if (found === undefined) this.rest();
    }
  }

  /**
   * Is called when this taker may not look again soon: others are woken from now on.
   */
  rest(): void {
    this.looksSoon = this.#isOnlyTaker;
    if (!this.#lookout.isMine) return;
    this.#lookout.leave();
    this.wakeTaker();
  }

  /** Whether this taker is on the lookout, and nobody has taken it off. */
  get isOnLookout(): boolean {
    return this.#lookout.isKept;
  }

  /** Whether this taker stays on the lookout while it does what a record asks for. */
  get #staysOnLookout(): boolean {
    return this.looksSoon &&
      Atomics.load(this.#ring.words, SENDER_RESTS) === 0;
  }

  /** The only sender will look after what it sends now, in one of its next turns. */
  #goOn(): void {
    reserveStack();
    this.#rests = false;
    Atomics.store(this.#ring.words, SENDER_RESTS, 0);
    const rest = () => this.restSender();
    turn().then(rest, rest);
  }

  /**
   * Is called before the only sender does nothing for a while. It wakes a taker if
   * there are records, even if another one is on the lookout or was woken: that one may
   * have come to a long task, or to a task that waits for another task.
   */
  restSender(): void {
    if (this.#rests) return;
    this.#rests = true;
    const { words } = this.#ring;
    Atomics.store(words, SENDER_RESTS, 1);
    this.#lookout.clear();
    // A taker that was woken may stay on the lookout, or not come to look.
    Atomics.store(words, WAKING, 0);
    this.wakeTaker();
  }

  #wakeOne(): void {
    if (!this.#notEmpty.hasWaiters || this.#lookout.isHeld) return;
    if (Atomics.exchange(this.#ring.words, WAKING, 1) === 0) {
      this.#notEmpty.notify();
    } else if (!this.#looksAgain) this.#lookAgain();
  }

  #lookAgain(): void {
    this.#looksAgain = true;
    queueMicrotask(() => {
      this.#looksAgain = false;
      Atomics.store(this.#ring.words, WAKING, 0);
      if (this.#ring.count > 0) this.#wakeOne();
    });
  }

  /** Tries to take a record, as a taker in the wait list does. */
  #takeOrEnd<T>(read: (decoder: Decoder) => T): T | undefined | Pending {
    Atomics.store(this.#ring.words, WAKING, 0);
    if (this.#hasEnded()) return undefined;
    const record = this.take(read);
    if (record !== undefined) {
      if (!this.looksSoon || !this.#lookout.take()) this.wakeTaker();
      else if (!this.#staysOnLookout) this.rest();
      return record;
    }
    // Records that were put before the channel was closed are still taken.
    const hasEnded = this.isClosed && this.#ring.count === 0;
    return hasEnded ? undefined : PENDING;
  }
}

function newEncoder(): Encoder {
  return new Encoder({ refusesMarked: true, largestBuffer: LARGEST_BUFFER });
}
