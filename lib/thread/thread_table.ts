// Copyright 2026 the lab9 authors. MIT license.

/**
 * The table of the process's threads, in shared memory. Every thread has a slot in it.
 *
 * Protocol of a slot.
 *  - The main thread takes a free slot for a new thread under the table's mutex and
 *    fills it. It writes `STATUS` last. From then on the slot is the new thread's.
 *  - When the thread begins, it moves `STATUS` from `STARTING` to `RUNNING` and wakes
 *    the wait list `BEGUN`.
 *  - When the thread ends, it moves `OUTCOME` away from `NONE`, writes `ENDED` into
 *    `STATUS` and wakes both wait lists.
 *  - A thread that gives another one up ends its slot in the same way. Only the thread
 *    that has moved `OUTCOME` away from `NONE` writes `ENDED`.
 *  - The main thread frees the slot when the end was seen. Another thread may get it
 *    then. `IDENT` differs for every thread, so it shows whether that has happened.
 *
 * @module
 */

import {
  PENDING,
  type Pending,
  WaitList,
  type Witness,
} from "../sync/wait_list.ts";
import { DEEPEST } from "../codec/tags.ts";
import { areModulesLoading } from "../sync/memory.ts";
import { Mutex } from "../sync/mutex.ts";
import { setIdentOf } from "../locks/ownership.ts";
import { currentWaiter, MAX_WAITERS, threadIdAt } from "../sync/waiters.ts";
import { endThread, enterJoin, leaveJoin } from "../locks/wait_graph.ts";

/** Values of `STATUS`. */
export const Status = { FREE: 0, STARTING: 1, RUNNING: 2, ENDED: 3 } as const;

/** Values of `OUTCOME`: how a thread ended. */
export const Outcome = {
  /** It has not ended. */
  NONE: 0,
  RETURNED: 1,
  THREW: 2,
  /** The user's code called `self.close()` or `Deno.exit()`. */
  CLOSED: 3,
  /** It was ordered to end. */
  TERMINATED: 4,
  /** It was given up while it computed, or its worker failed. */
  LOST: 5,
  /** The worker could not load a module. */
  BROKE_DOWN: 6,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** How many slots the table has. */
const SLOTS = 1 << 13;
/** How many words a slot has. */
const WORDS = 64;

// The words of a slot.

/** One of {@linkcode Status}. */
const STATUS = 0;
/** One of {@linkcode Outcome}. */
const OUTCOME = 1;
/** 1 if the thread is a daemon. */
const DAEMON = 2;
/** The waiter that the thread blocks on. */
const WAITER = 3;
/** The wait list of those that wait for the thread's end. */
const FINISHED = 4;
/** How many characters of the name are stored. */
const NAME_LENGTH = 7;
/** The thread's ident: an index into the view of doubles, of words 8 and 9. */
const IDENT = 4;
/** The wait list of those that wait for the thread's begin. */
const BEGUN = 10;
/** How deep the answer is nested. */
const LEVELS = 13;
/** The characters of the name, of 16 bits. */
const NAME = 14;
const NAME_CHARACTERS = (WORDS - NAME) * 2;

// The words of slot 0, which belongs to no thread.

/** The mutex under which slots are taken. */
const TABLE_MUTEX = 0;
/** The largest slot that was ever taken. */
const LAST_SLOT = 1;
/** The ident of the next thread: an index into the view of doubles. */
const NEXT_IDENT = 1;
/** How many threads without a name were made. */
export const THREADS = 4;

/** The current slot of a worker that has run no thread yet. */
export const NO_SLOT = 0;
/** The main thread's slot. */
export const MAIN_SLOT = 1;
/** Idents look as on Linux, where they are addresses of stacks of 8 MB. */
const IDENT_STEP = 8_392_704;
const FIRST_IDENT = 140_200_000_000_000;

let words: Int32Array | undefined;
let doubles: Float64Array;
/** The slot of the running thread. */
let current = MAIN_SLOT;
/** How many threads without a name modules have made while they were loading. */
let uncounted = 0;

function table(): Int32Array {
  if (words === undefined) {
    view(new SharedArrayBuffer(SLOTS * WORDS * 4));
    const random = Math.floor(Math.random() * 2 ** 16);
    doubles[NEXT_IDENT] = FIRST_IDENT + random * 4096;
    words![LAST_SLOT] = MAIN_SLOT - 1;
    allocateSlot({
      name: "MainThread",
      daemon: false,
      waiter: currentWaiter(),
    });
    words![MAIN_SLOT * WORDS + STATUS] = Status.RUNNING;
  }
  return words!;
}

function view(buffer: SharedArrayBuffer): void {
  words = new Int32Array(buffer);
  doubles = new Float64Array(buffer);
}

/** The table's memory, for a new worker. */
export function threadTable(): SharedArrayBuffer {
  return table().buffer as SharedArrayBuffer;
}

/** Sets the table of the process, in a new worker. */
export function adoptThreadTable(buffer: SharedArrayBuffer): void {
  view(buffer);
}

/** Sets the slot of the thread that runs here from now on. */
export function enterSlot(slot: number): void {
  current = slot;
}

/** The running thread's slot. */
export function currentSlot(): number {
  table();
  return current;
}

/** Whether the running thread is the main one. */
export function isMainThread(): boolean {
  return current === MAIN_SLOT;
}

/**
 * Checks that threads may be started. While a worker loads modules, they may not: the
 * top level of a module would start them again in every worker.
 *
 * @throws {Error} If this is a worker that loads modules.
 */
export function checkMayStart(action: string): void {
  if (isMainThread() || current !== NO_SLOT && !areModulesLoading()) return;
  throw new Error(
    `Cannot ${action}: only the main thread can start threads while modules ` +
      "load, this is a worker that is loading its modules, put code that only " +
      "the main thread is to run behind `if (import.meta.main)`",
  );
}

/**
 * Checks that this is the main thread.
 *
 * @throws {Error} If the running thread is not the main one.
 */
export function checkMainThread(action: string): void {
  checkMayStart(action);
  if (isMainThread()) return;
  throw new Error(
    `Cannot ${action}: only the main thread can do it, this is ${
      new Slot(current).name
    }`,
  );
}

/** The number of the next thread without a name. */
export function nextThreadNumber(): number {
  // Threads that modules make while they load aren't counted: each worker loads them.
  const counts = isMainThread() || current !== NO_SLOT && !areModulesLoading();
  return counts ? Atomics.add(table(), THREADS, 1) + 1 : ++uncounted;
}

/** Options of {@linkcode allocateSlot}. */
export interface SlotOptions {
  name: string;
  daemon: boolean;
  waiter: number;
}

/** Takes a slot for a thread that is about to start. */
export function allocateSlot({ name, daemon, waiter }: SlotOptions): number {
  const all = table();
  const mutex = new Mutex(all, TABLE_MUTEX);
  mutex.lock();
  const slot = freeSlot(all);
  if (slot < SLOTS) {
    const at = slot * WORDS;
    all[at + OUTCOME] = Outcome.NONE;
    all[at + DAEMON] = daemon ? 1 : 0;
    all[at + WAITER] = waiter;
    doubles[slot * WORDS / 2 + IDENT] = doubles[NEXT_IDENT];
    doubles[NEXT_IDENT] += IDENT_STEP;
    writeName(slot, name);
    Atomics.store(all, at + STATUS, Status.STARTING);
  }
  mutex.unlock();
  if (slot >= SLOTS) {
    throw new RangeError(
      `Cannot start thread: ${SLOTS - 2} threads are alive already`,
    );
  }
  return slot;
}

function freeSlot(all: Int32Array): number {
  for (let slot = MAIN_SLOT; slot <= all[LAST_SLOT]; slot++) {
    if (Atomics.load(all, slot * WORDS + STATUS) === Status.FREE) return slot;
  }
  return all[LAST_SLOT] + 1 < SLOTS ? ++all[LAST_SLOT] : SLOTS;
}

function writeName(slot: number, name: string): void {
  const length = Math.min(name.length, NAME_CHARACTERS);
  const characters = nameView(slot);
  for (let i = 0; i < length; i++) characters[i] = name.charCodeAt(i);
  table()[slot * WORDS + NAME_LENGTH] = length;
}

function nameView(slot: number): Uint16Array {
  return new Uint16Array(
    table().buffer,
    (slot * WORDS + NAME) * 4,
    NAME_CHARACTERS,
  );
}

/** What identifies a thread, even after its slot went to another one. */
export interface SlotNote extends SlotOptions {
  index: number;
  ident: number;
}

/**
 * The slot that a note describes; undefined if it is not a note. It is checked,
 * because the user's code in another thread may have sent anything.
 */
export function slotOf(note: unknown): Slot | undefined {
  const { index, ident, name, daemon, waiter } = Object(note) as SlotNote;
  const isNote = Number.isInteger(index) && index >= MAIN_SLOT &&
    index < SLOTS && Number.isSafeInteger(ident) && ident > 0 &&
    typeof name === "string" && typeof daemon === "boolean" &&
    Number.isInteger(waiter) && waiter > 0 && waiter < MAX_WAITERS;
  return isNote
    ? new Slot(index, { index, ident, name, daemon, waiter })
    : undefined;
}

/** The slot of one thread. Once another thread has the slot, the thread has ended. */
export class Slot implements Witness {
  readonly index: number;
  readonly ident: number;
  readonly name: string;
  readonly daemon: boolean;
  readonly waiter: number;
  #begun: WaitList;
  #finished: WaitList;

  /**
   * Reads the slot.
   *
   * @param noted What identifies its thread; the slot's present one by default.
   */
  constructor(index: number, noted?: SlotNote) {
    const all = table();
    const at = index * WORDS;
    this.index = index;
    this.ident = noted?.ident ?? doubles[index * WORDS / 2 + IDENT];
    this.name = noted?.name ?? String.fromCharCode(
      ...nameView(index).subarray(0, all[at + NAME_LENGTH]),
    );
    this.daemon = noted?.daemon ?? all[at + DAEMON] !== 0;
    this.waiter = noted?.waiter ?? all[at + WAITER];
    this.#begun = new WaitList(all, at + BEGUN);
    this.#finished = new WaitList(all, at + FINISHED);
  }

  /** One of {@linkcode Status}; also `ENDED` once another thread has the slot. */
  get status(): number {
    const status = Atomics.load(table(), this.index * WORDS + STATUS);
    const isOurs = doubles[this.index * WORDS / 2 + IDENT] === this.ident;
    return isOurs && status !== Status.FREE ? status : Status.ENDED;
  }

  get isAlive(): boolean {
    return this.status !== Status.ENDED;
  }

  get outcome(): Outcome {
    return Atomics.load(
      table(),
      this.index * WORDS + OUTCOME,
    ) as Outcome;
  }

  /** How deep the thread's answer is nested. Its worker has written that. */
  get levels(): number {
    const levels = Atomics.load(table(), this.index * WORDS + LEVELS);
    return Math.max(0, Math.min(levels, DEEPEST));
  }

  set levels(levels: number) {
    Atomics.store(table(), this.index * WORDS + LEVELS, levels);
  }

  /** Records that the thread begins. The thread itself calls it. */
  begin(): void {
    const at = this.index * WORDS + STATUS;
    Atomics.compareExchange(table(), at, Status.STARTING, Status.RUNNING);
    this.#begun.notifyAll();
  }

  /**
   * Ends the thread's life.
   *
   * @param isCutOff Whether the thread was cut off, maybe in the middle of this. Then
   * its end is completed.
   * @returns False if another thread has ended it before, or has begun to.
   */
  end(outcome: Outcome, isCutOff = false): boolean {
    const isFirst = this.decide(outcome);
    if (isFirst || isCutOff) this.complete();
    return isFirst;
  }

  /**
   * Decides how the thread ends. Who has decided it must then {@linkcode complete} the
   * end. Until then no other thread gets the slot.
   *
   * @returns False if it was decided before.
   */
  decide(outcome: Outcome): boolean {
    const at = this.index * WORDS + OUTCOME;
    const { NONE } = Outcome;
    return Atomics.compareExchange(table(), at, NONE, outcome) === NONE;
  }

  /** Completes the thread's end. */
  complete(): void {
    // Before the joins return, so that the locks that it held are poisoned by then.
    endThread(this.waiter);
    Atomics.store(table(), this.index * WORDS + STATUS, Status.ENDED);
    this.#begun.notifyAll();
    this.#finished.notifyAll();
  }

  /** Ends the main thread's life. It keeps its locks, because it may still run. */
  endMain(): void {
    const at = this.index * WORDS;
    Atomics.store(table(), at + OUTCOME, Outcome.RETURNED);
    Atomics.store(table(), at + STATUS, Status.ENDED);
    this.#finished.notifyAll();
  }

  /** Frees the slot for another thread, after the end. */
  free(): void {
    Atomics.store(table(), this.index * WORDS + STATUS, Status.FREE);
  }

  /** Waits for a status; false if the deadline passed. */
  async reached(
    status: number,
    deadline: number,
    keepAlive: boolean,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const attempt = () => this.#has(status);
    if (attempt() !== PENDING) return true;
    const options = { deadline, keepAlive, signal };
    return await this.#waiters(status).wait(attempt, options) !== PENDING;
  }

  /** Blocks until the thread's end; false if the deadline passed. */
  endedSync(deadline: number): boolean {
    const attempt = () => this.#has(Status.ENDED);
    const witness = deadline === Infinity ? this : undefined;
    return attempt() !== PENDING ||
      this.#finished.waitSync(attempt, deadline, witness) !== PENDING;
  }

  /** Enters into the wait graph that the waiter joins this thread. */
  enter(waiter: number): void {
    const threadId = threadIdAt(this.waiter);
    // The waiter isn't given to another thread before this one's end.
    enterJoin(waiter, this.isAlive ? threadId : 0);
  }

  /** Takes the join out of the wait graph. */
  leave(waiter: number): void {
    leaveJoin(waiter);
  }

  #waiters(status: number): WaitList {
    return status === Status.ENDED ? this.#finished : this.#begun;
  }

  #has(status: number): true | Pending {
    return this.status >= status ? true : PENDING;
  }
}

/**
 * The slots of the threads that are alive, that of the main thread first. As in
 * Python, the main thread is included even when it has ended.
 */
export function aliveSlots(): Slot[] {
  const all = table();
  const slots: Slot[] = [];
  for (let index = MAIN_SLOT; index <= all[LAST_SLOT]; index++) {
    const status = Atomics.load(all, index * WORDS + STATUS);
    const isAlive = status === Status.STARTING || status === Status.RUNNING;
    if (isAlive || index === MAIN_SLOT) {
      slots.push(new Slot(index));
    }
  }
  return slots.sort((a, b) => a.ident - b.ident);
}

setIdentOf((threadId) =>
  aliveSlots().find(({ waiter }) => threadIdAt(waiter) === threadId)?.ident ??
    threadId >>> 0
);
