// Copyright 2026 the lab9 authors. MIT license.

/**
 * How a worker is handed a job and hands back the answer: in shared memory,
 * because a message takes several times as long, and a port for the answer as
 * long again. What shared memory can't carry (other shared memory, a value of
 * the platform's, more than a few thousand bytes) goes by message.
 *
 * Protocol. The record (`FORM`, `LENGTH` and the bytes) belongs to one side at a
 * time, and what hands it over is always written last:
 *  - While `SLOT` is 0 the worker is idle and the record is the starter's. It
 *    writes the job, or posts it, then moves `SLOT` from 0 to the thread's slot
 *    and notifies. The worker sleeps only while `SLOT` is 0.
 *  - From then on the record is the worker's. It loads the modules that the job
 *    needs, then sets `CLAIMED` in `SLOT` and begins the thread. It writes the
 *    answer, or posts it, then moves `SLOT` back to 0, then ends the slot in the
 *    thread table. That makes the record the starter's again.
 *  - Until `CLAIMED` is set the starter may take the job back: it moves `SLOT` to
 *    `DISMISSED`, and the worker never touches the thread's slot.
 *  - The worker moves `SLOT` to `GONE` at any time, for ever, and notifies: it
 *    closes itself, and has left every list. Its waiter can be another's now.
 *  - `LAST`, written by either side, says that the worker runs no other job: it
 *    leaves when it has answered. To one that is idle already the starter writes
 *    `DISMISSED` into `SLOT`.
 *  - An answer that can't stand here, to a job that brought no port, is `HELD`:
 *    after the thread's end the starter sends a port and sleeps while `FORM` is
 *    `HELD`. The worker posts the answer and writes `POSTED`, or, closing itself,
 *    `LOST`, and notifies.
 *
 *  - `DEATH` says how a worker has ended that couldn't say so itself; see
 *    `new_worker.ts`. The main thread then leaves in its place.
 *
 *  - `DELIVERIES` counts what the main thread has sent to the running one by the
 *    worker's line, and `SENT` what the worker has sent; see `line.ts`.
 *
 * @module
 */

import { now } from "../platform/platform.ts";
import { Cargo, Kind } from "../codec/cargo.ts";
import { Decoder } from "../codec/decoder.ts";
import { Encoder } from "../codec/encoder.ts";
import { hold } from "../sync/keep_alive.ts";
import { Mutex } from "../sync/mutex.ts";

/** Where a record is. */
export const Form = {
  /** In the bytes. */
  BYTES: 0,
  /** In a message. */
  POSTED: 1,
  /** With the worker, which waits to be asked for it. */
  HELD: 2,
  /** Nowhere: the worker closed itself before it was asked. */
  LOST: 3,
} as const;
export type Form = (typeof Form)[keyof typeof Form];

/** What `DEATH` says. */
export const Death = {
  NONE: 0,
  /** Its heap was exhausted. */
  EXHAUSTED: 1,
  /** Its code has closed it. */
  CLOSED: 2,
} as const;
export type Death = (typeof Death)[keyof typeof Death];

/** What `SLOT` says of a worker that closed itself, or is about to. */
export const GONE = -1;
/** What `SLOT` says to a worker that is to close itself. */
export const DISMISSED = -2;

export const SLOT = 0;
/** Set in `SLOT` by the worker when the thread begins. */
const CLAIMED = 1 << 30;
const FORM = 1;
const LENGTH = 2;
const LAST = 3;
const DELIVERIES = 4;
export const SENT = 5;
export const DEATH = 6;
/** See `Mutex.guard`. */
const GUARD_WORDS = { DEPTH: 7, ENDING: 8 } as const;
/**
 * How long who ends the worker by force waits for it to hold no mutex: it gets a
 * core by then, however many others want one.
 */
const MUTEX_MS = 5000;
/** How often it looks. */
const LOOK_MS = 1;
const HEADER_BYTES = 64;
const CAPACITY = 1 << 16;
/** The size of the memory between a worker and who starts threads in it. */
export const HANDOVER_BYTES = HEADER_BYTES + CAPACITY;

/** What stands here is packed: no function stands in it as such. */
const decoder = new Decoder({ refusesFunctions: true });
const incoming = new Cargo();

/** One worker's jobs and answers, seen from either side. */
export class Handover {
  readonly buffer: SharedArrayBuffer;
  #words: Int32Array;
  #bytes: Uint8Array;
  #encoder = new Encoder();
  #outgoing = new Cargo(CAPACITY);

  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(HANDOVER_BYTES);
    this.#words = new Int32Array(this.buffer, 0, HEADER_BYTES / 4);
    this.#bytes = new Uint8Array(this.buffer, HEADER_BYTES);
  }

  get form(): Form {
    return Atomics.load(this.#words, FORM) as Form;
  }

  set form(form: Form) {
    Atomics.store(this.#words, FORM, form);
    Atomics.notify(this.#words, FORM);
  }

  /** Writes the record; false if it can't stand here. */
  put(record: unknown): boolean {
    try {
      this.#encoder.encode(record, this.#outgoing);
    } catch {
      // A message can take more; what it can't either, it says itself.
      // What the encoder saw so far must not be kept alive by it.
      this.#encoder.begin(this.#outgoing);
      return false;
    }
    const { length, bytes } = this.#outgoing;
    this.#bytes.set(bytes.subarray(0, length));
    this.#words[LENGTH] = length;
    this.#words[FORM] = Form.BYTES;
    return true;
  }

  /** Reads the record, which stands here. */
  take(): unknown {
    const length = Math.min(this.#words[LENGTH], CAPACITY);
    incoming.reserve(length);
    incoming.bytes.set(this.#bytes.subarray(0, length));
    incoming.kind = Kind.BYTES;
    incoming.length = length;
    return decoder.decode(incoming);
  }

  /** Whether the worker runs no other job. */
  get isLast(): boolean {
    return Atomics.load(this.#words, LAST) !== 0;
  }

  /** Has the worker run no other job. */
  setLast(): void {
    Atomics.store(this.#words, LAST, 1);
  }

  /** Tells a worker that is idle to close itself. */
  dismiss(): void {
    this.setLast();
    Atomics.compareExchange(this.#words, SLOT, 0, DISMISSED);
    Atomics.notify(this.#words, SLOT);
  }

  /** Awaits that the worker leaves; false when the time has passed. */
  async left(deadline: number): Promise<boolean> {
    for (;;) {
      const slot = Atomics.load(this.#words, SLOT);
      if (slot === GONE) return true;
      const left = deadline - now();
      if (left <= 0) return false;
      const wait = Atomics.waitAsync(this.#words, SLOT, slot, left);
      if (wait.async) await wait.value;
    }
  }

  /** How much the worker has sent by the line: looking costs less than reading. */
  get sent(): number {
    return Atomics.load(this.#words, SENT);
  }

  /** The worker has sent something. */
  noteSent(): void {
    Atomics.add(this.#words, SENT, 1);
  }

  /** How much was sent to the running thread by the line. */
  get deliveries(): number {
    return Atomics.load(this.#words, DELIVERIES);
  }

  /** Something was sent to the running thread. */
  deliver(): void {
    Atomics.add(this.#words, DELIVERIES, 1);
    Atomics.notify(this.#words, DELIVERIES);
  }

  /** Blocks until more was sent than so much; false when the time has passed. */
  deliveredSync(before: number, ms: number): boolean {
    Atomics.wait(this.#words, DELIVERIES, before, ms);
    return this.deliveries !== before;
  }

  /** The slot of the thread that the worker runs; 0 if none. */
  get slot(): number {
    const slot = Atomics.load(this.#words, SLOT);
    return slot > 0 ? slot & ~CLAIMED : 0;
  }

  /** Whether the worker closed itself. */
  get isGone(): boolean {
    return Atomics.load(this.#words, SLOT) === GONE;
  }

  /** Says from now on whether the running thread holds a mutex. */
  guardMutexes(): void {
    Mutex.guard(this.#words, GUARD_WORDS);
  }

  /**
   * Has the worker, which may be ended by force, take no mutex any more, and waits
   * a moment until it holds none.
   */
  keepFromMutexes(): void {
    const { DEPTH, ENDING } = GUARD_WORDS;
    Atomics.store(this.#words, ENDING, 1);
    const deadline = now() + MUTEX_MS;
    for (;;) {
      const depth = Atomics.load(this.#words, DEPTH);
      if (depth === 0 || now() > deadline) return;
      Atomics.wait(this.#words, DEPTH, depth, LOOK_MS);
    }
  }

  /** How the worker has ended, if it couldn't say so itself. */
  get death(): Death {
    return Atomics.load(this.#words, DEATH) as Death;
  }

  /** Hands the job to the worker; false if it closed itself. */
  assign(slot: number): boolean {
    if (Atomics.compareExchange(this.#words, SLOT, 0, slot) === GONE) {
      return false;
    }
    Atomics.notify(this.#words, SLOT);
    return true;
  }

  /** Awaits a job; the slot that it is for, `GONE` or `DISMISSED`. */
  async assigned(): Promise<number> {
    for (;;) {
      const slot = Atomics.load(this.#words, SLOT);
      if (slot !== 0) return slot;
      const wait = Atomics.waitAsync(this.#words, SLOT, 0);
      if (wait.async) await wait.value;
    }
  }

  /** The worker begins the job; false if that was taken back. */
  claim(slot: number): boolean {
    const claimed = slot | CLAIMED;
    return Atomics.compareExchange(this.#words, SLOT, slot, claimed) === slot;
  }

  /** Takes a job back that the worker has not begun; false if it has. */
  takeBack(slot: number): boolean {
    const isTaken =
      Atomics.compareExchange(this.#words, SLOT, slot, DISMISSED) === slot;
    Atomics.notify(this.#words, SLOT);
    return isTaken;
  }

  /** The worker has done the job. */
  finish(slot: number): void {
    Atomics.compareExchange(this.#words, SLOT, slot | CLAIMED, 0);
  }

  /** The worker closes itself, or is closed; returns the slot that it had a job for, or 0. */
  leave(): number {
    const slot = Atomics.exchange(this.#words, SLOT, GONE);
    Atomics.notify(this.#words, SLOT);
    if (this.form === Form.HELD) this.form = Form.LOST;
    return slot > 0 ? slot & ~CLAIMED : slot;
  }

  /** Awaits the answer that was asked for. */
  async handedOut(): Promise<void> {
    using _alive = hold();
    while (this.form === Form.HELD) {
      const wait = Atomics.waitAsync(this.#words, FORM, Form.HELD);
      if (wait.async) await wait.value;
    }
  }

  /** Blocks until the answer that was asked for; false at the deadline. */
  handedOutSync(deadline: number): boolean {
    while (this.form === Form.HELD) {
      const left = deadline - now();
      if (left <= 0) return false;
      Atomics.wait(this.#words, FORM, Form.HELD, left);
    }
    return true;
  }
}
