// Copyright 2026 the lab9 authors. MIT license.

/**
 * How a worker gets a job and gives the answer: in shared memory. A message would
 * take several times as long, and a port for the answer as long again. A job or an
 * answer is sent as a message only if it can't be written here: if it holds shared
 * memory or an object of the platform, or has more than 64 KB.
 *
 * Protocol. `FORM`, `LENGTH` and the bytes after the words are the record. It belongs
 * to one side at a time. Each side writes the word that passes it on last.
 *  - While `SLOT` is 0, the worker is idle and the record is the main thread's. The
 *    main thread writes or posts the job, moves `SLOT` from 0 to the thread's slot,
 *    and notifies. The worker sleeps only while `SLOT` is 0.
 *  - From then on the record is the worker's. It loads the modules that the job
 *    needs, sets `CLAIMED` in `SLOT`, and begins the thread. It writes or posts the
 *    answer, moves `SLOT` back to 0, and ends the slot in the thread table. From then
 *    on the record is the main thread's again.
 *  - Until `CLAIMED` is set, the main thread may take the job back: it moves `SLOT`
 *    to `DISMISSED`. The worker then never touches the thread's slot.
 *  - A worker that closes itself leaves all wait lists, claims the job if there is one,
 *    and decides the outcome of its thread, unless the thread was given up. Then it
 *    moves `SLOT` to `GONE`, and notifies. It may do so at any time. `SLOT` stays
 *    `GONE`. Another worker may get the waiter, and another thread may get the slot of a
 *    thread that was given up.
 *  - Either side sets `LAST` if the worker is to run no other job: the worker closes
 *    itself when it has answered. To dismiss an idle worker, the main thread also
 *    moves `SLOT` to `DISMISSED`.
 *  - If the job brought no port and the answer can't be written here, the worker
 *    writes `HELD` into `FORM` and keeps the answer. After the thread's end the main
 *    thread sends a port and sleeps while `FORM` is `HELD`. The worker posts the
 *    answer and writes `POSTED`. If it closes itself, it writes `LOST`. It notifies
 *    in either case.
 *  - If an isolated worker dies and can't say so itself, its outer worker writes
 *    `DEATH`; see `new_worker.ts`. The main thread then moves `SLOT` to `GONE`.
 *  - `DELIVERIES` counts what the main thread has sent through the worker's line, and
 *    `SENT` counts what the worker has sent; see `line.ts`.
 *
 * @module
 */

import { now } from "../platform/platform.ts";
import { Cargo, Kind } from "../codec/cargo.ts";
import { Decoder } from "../codec/decoder.ts";
import { Encoder } from "../codec/encoder.ts";
import { hold } from "../sync/keep_alive.ts";
import { type Guard, Mutex } from "../sync/mutex.ts";

/** Values of `FORM`: where the record is. */
export const Form = {
  /** In the bytes. */
  BYTES: 0,
  /** In a message. */
  POSTED: 1,
  /** In the worker, until the main thread asks for it. */
  HELD: 2,
  /** Nowhere: the worker closed itself while it held the record. */
  LOST: 3,
} as const;
export type Form = (typeof Form)[keyof typeof Form];

/** Values of `DEATH`: how an isolated worker has died. */
export const Death = {
  NONE: 0,
  /** Its heap was exhausted. */
  EXHAUSTED: 1,
  /** The user's code closed it. */
  CLOSED: 2,
} as const;
export type Death = (typeof Death)[keyof typeof Death];

/** Value of `SLOT`: the worker has closed itself, or is about to. */
export const GONE = -1;
/** Value of `SLOT`: the worker is ordered to close itself. */
export const DISMISSED = -2;

/** The slot of the thread to run; 0 while the worker is idle. */
export const SLOT = 0;
/** A bit of `SLOT`. The worker sets it when the thread begins. */
const CLAIMED = 1 << 30;
/** Where the record is: see {@linkcode Form}. */
const FORM = 1;
/** How many bytes the record has. */
const LENGTH = 2;
/** 1 if the worker is to run no other job. */
const LAST = 3;
/** How many messages the main thread has sent through the line. */
const DELIVERIES = 4;
/** How many messages the worker has sent through the line. */
export const SENT = 5;
/** How the worker has died: see {@linkcode Death}. */
export const DEATH = 6;
/** The words of a worker that may be ended by force: see `Mutex.guard`. */
const GUARD_WORDS = { DEPTH: 7, ENDING: 8 } as const;
/**
 * How long {@linkcode Handover.keepFromMutexes} waits at most for the worker to
 * release its mutexes. By then it has got a core, however busy the machine is.
 */
const MUTEX_MS = 5000;
/** How long it waits before it looks again. */
const LOOK_MS = 1;
const HEADER_BYTES = 64;
/** How many bytes a record may have. */
const CAPACITY = 1 << 16;
/** The size of a handover's memory. */
export const HANDOVER_BYTES = HEADER_BYTES + CAPACITY;

/** Records hold packed values only, in which references stand for functions. */
const decoder = new Decoder({ refusesFunctions: true });
const incoming = new Cargo();

/** The memory for one worker's jobs and answers, for both sides. */
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

  /** Where the record is. */
  get form(): Form {
    return Atomics.load(this.#words, FORM) as Form;
  }

  set form(form: Form) {
    Atomics.store(this.#words, FORM, form);
    Atomics.notify(this.#words, FORM);
  }

  /** Writes the record into the bytes; false if that can't be done. */
  put(record: unknown): boolean {
    try {
      this.#encoder.encode(record, this.#outgoing);
    } catch {
      // It is posted instead. What can't be posted either will throw there.
      // The encoder must not keep alive what it has seen so far.
      this.#encoder.begin(this.#outgoing);
      return false;
    }
    const { length, bytes } = this.#outgoing;
    this.#bytes.set(bytes.subarray(0, length));
    this.#words[LENGTH] = length;
    this.#words[FORM] = Form.BYTES;
    return true;
  }

  /** Reads the record from the bytes. */
  take(): unknown {
    const length = Math.min(this.#words[LENGTH], CAPACITY);
    incoming.reserve(length);
    incoming.bytes.set(this.#bytes.subarray(0, length));
    incoming.kind = Kind.BYTES;
    incoming.length = length;
    return decoder.decode(incoming);
  }

  /** Whether the worker is to run no other job. */
  get isLast(): boolean {
    return Atomics.load(this.#words, LAST) !== 0;
  }

  /** Orders the worker to run no other job. */
  setLast(): void {
    Atomics.store(this.#words, LAST, 1);
  }

  /** Orders an idle worker to close itself. */
  dismiss(): void {
    this.setLast();
    Atomics.compareExchange(this.#words, SLOT, 0, DISMISSED);
    Atomics.notify(this.#words, SLOT);
  }

  /** Waits until the worker has closed itself; false if the deadline passed. */
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

  /**
   * How many messages the worker has sent through the line. To compare this number
   * costs less than to read the line.
   */
  get sent(): number {
    return Atomics.load(this.#words, SENT);
  }

  /** Counts a message that the worker has sent. */
  noteSent(): void {
    Atomics.add(this.#words, SENT, 1);
  }

  /** How many messages the main thread has sent through the line. */
  get deliveries(): number {
    return Atomics.load(this.#words, DELIVERIES);
  }

  /** Counts a message that the main thread has sent, and wakes the thread. */
  deliver(): void {
    Atomics.add(this.#words, DELIVERIES, 1);
    Atomics.notify(this.#words, DELIVERIES);
  }

  /** Blocks until more than `before` messages were sent; false if time ran out. */
  deliveredSync(before: number, ms: number): boolean {
    Atomics.wait(this.#words, DELIVERIES, before, ms);
    return this.deliveries !== before;
  }

  /** The slot of the thread that the worker runs; 0 if it runs none. */
  get slot(): number {
    const slot = Atomics.load(this.#words, SLOT);
    return slot > 0 ? slot & ~CLAIMED : 0;
  }

  /** Whether the worker has closed itself. */
  get isGone(): boolean {
    return Atomics.load(this.#words, SLOT) === GONE;
  }

  /**
   * From now on the worker's mutexes record in the words whether one is held.
   *
   * @returns The guard, for other code in which the worker must not be ended.
   */
  guardMutexes(): Guard {
    return Mutex.guard(this.#words, GUARD_WORDS);
  }

  /**
   * Keeps a worker that is about to be ended by force from taking mutexes, and waits
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

  /** How the worker has died, if it couldn't say so itself. */
  get death(): Death {
    return Atomics.load(this.#words, DEATH) as Death;
  }

  /** Passes the job to the worker; false if the worker has closed itself. */
  assign(slot: number): boolean {
    if (Atomics.compareExchange(this.#words, SLOT, 0, slot) === GONE) {
      return false;
    }
    Atomics.notify(this.#words, SLOT);
    return true;
  }

  /** Waits for a job. It resolves to the thread's slot, `GONE` or `DISMISSED`. */
  async assigned(): Promise<number> {
    for (;;) {
      const slot = Atomics.load(this.#words, SLOT);
      if (slot !== 0) return slot;
      const wait = Atomics.waitAsync(this.#words, SLOT, 0);
      if (wait.async) await wait.value;
    }
  }

  /** Claims the job, for the worker; false if the job was taken back. */
  claim(slot: number): boolean {
    const claimed = slot | CLAIMED;
    return Atomics.compareExchange(this.#words, SLOT, slot, claimed) === slot;
  }

  /**
   * Claims the job if there is one, for a worker that is about to close itself.
   *
   * @returns The slot of its thread; 0 if there is none, or it was taken back.
   */
  keep(): number {
    const { slot } = this;
    return slot === 0 || this.claim(slot) || this.slot === slot ? slot : 0;
  }

  /** Takes the job back; false if the worker has begun it. */
  takeBack(slot: number): boolean {
    const isTaken =
      Atomics.compareExchange(this.#words, SLOT, slot, DISMISSED) === slot;
    Atomics.notify(this.#words, SLOT);
    return isTaken;
  }

  /** Makes the worker idle again, which has done the job. */
  finish(slot: number): void {
    Atomics.compareExchange(this.#words, SLOT, slot | CLAIMED, 0);
  }

  /**
   * Records that the worker has closed itself, or was closed.
   *
   * @returns The slot of the thread that it ran; 0 or less if it ran none.
   */
  leave(): number {
    const slot = Atomics.exchange(this.#words, SLOT, GONE);
    Atomics.notify(this.#words, SLOT);
    if (this.form === Form.HELD) this.form = Form.LOST;
    return slot > 0 ? slot & ~CLAIMED : slot;
  }

  /** Waits until the worker has posted the answer that it held. */
  async handedOut(): Promise<void> {
    using _alive = hold();
    while (this.form === Form.HELD) {
      const wait = Atomics.waitAsync(this.#words, FORM, Form.HELD);
      if (wait.async) await wait.value;
    }
  }

  /** Blocks until the worker has posted the answer; false if the deadline passed. */
  handedOutSync(deadline: number): boolean {
    while (this.form === Form.HELD) {
      const left = deadline - now();
      if (left <= 0) return false;
      Atomics.wait(this.#words, FORM, Form.HELD, left);
    }
    return true;
  }
}
