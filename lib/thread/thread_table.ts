// Copyright 2026 the lab9 authors. MIT license.

/**
 * The threads of the process, in shared memory, so that each of them can tell
 * which there are.
 *
 * Protocol of a slot. The thread that starts another takes a free slot under the
 * table's mutex, fills it, and writes `STATUS` last. From then on the new thread
 * owns it. It writes `RUNNING` and wakes those that wait on `BEGUN`. At its end
 * it writes `OUTCOME` and `ENDED`, and wakes those that wait on either list. A
 * thread that gives it up races it for that end: only the one that moves
 * `OUTCOME` away from `NONE` goes on to write `ENDED`. The starter frees the
 * slot when it has seen the end. The ident in a slot shows whether it went to
 * another thread since.
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

export const Status = { FREE: 0, STARTING: 1, RUNNING: 2, ENDED: 3 } as const;

/** How a thread ended. */
export const Outcome = {
  NONE: 0,
  RETURNED: 1,
  THREW: 2,
  /** By `self.close()` or `Deno.exit()` in the worker. */
  CLOSED: 3,
  /** By order, at one of its waits. */
  TERMINATED: 4,
  /** Given up: it computes on, or its worker failed. */
  LOST: 5,
  /** A module threw while the worker loaded it. */
  BROKE_DOWN: 6,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

const SLOTS = 1 << 13;
const WORDS = 64;
const STATUS = 0;
const OUTCOME = 1;
const DAEMON = 2;
const WAITER = 3;
/** Two wait lists. */
const FINISHED = 4;
const BEGUN = 10;
const NAME_LENGTH = 7;
/** An index into the view of doubles. */
const IDENT = 4;
/** How deep the answer is nested. */
const LEVELS = 13;
const NAME = 14;
const NAME_CHARACTERS = (WORDS - NAME) * 2;

// Words of slot 0, which is nobody's.
const TABLE_MUTEX = 0;
const LAST_SLOT = 1;
/** An index into the view of doubles. */
const NEXT_IDENT = 1;
/** How many threads without a name there were. */
const THREADS = 4;

/** In place of a slot, in a worker that has run no thread yet. */
export const NO_SLOT = 0;
/** The main thread's slot. */
export const MAIN_SLOT = 1;
/** Idents look like Linux's: addresses a thread's stack apart. */
const IDENT_STEP = 8_392_704;
const FIRST_IDENT = 140_200_000_000_000;

let words: Int32Array | undefined;
let doubles: Float64Array;
let current = MAIN_SLOT;
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

/** The table's memory, for handing it to a new thread. */
export function threadTable(): SharedArrayBuffer {
  return table().buffer as SharedArrayBuffer;
}

/** Joins the table of the process; a new worker does this first. */
export function adoptThreadTable(buffer: SharedArrayBuffer): void {
  view(buffer);
}

/** Says which thread runs here from now on. */
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
 * Refuses to start anything while a worker loads modules: whoever does it there
 * does so at the top level of a module, as a rule, and every worker would do it
 * again. The sentence names the way out.
 *
 * @throws {Error} If the running thread is a worker that loads modules.
 */
export function checkMayStart(action: string): void {
  if (isMainThread() || current !== NO_SLOT && !areModulesLoading()) return;
  throw new Error(
    `Cannot ${action}: only the main thread can start threads while modules ` +
      "load and this is a worker that loads its modules, put what only the main " +
      "thread is to run behind `if (import.meta.main)`",
  );
}

/**
 * Refuses what only the main thread may do.
 *
 * @throws {Error} If the running thread is not the main one.
 */
export function checkMainThread(action: string): void {
  checkMayStart(action);
  if (isMainThread()) return;
  throw new Error(
    `Cannot ${action}: only the main thread can and this is ${
      new Slot(current).name
    }`,
  );
}

/** The number of the next thread without a name. */
export function nextThreadNumber(): number {
  // What modules make while they load isn't counted: each worker loads them.
  const counts = isMainThread() || current !== NO_SLOT && !areModulesLoading();
  return counts ? Atomics.add(table(), THREADS, 1) + 1 : ++uncounted;
}

/** What a slot is filled with. */
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

/** What tells a thread that had a slot. */
export interface SlotNote extends SlotOptions {
  index: number;
  ident: number;
}

/**
 * The slot that was noted; undefined if this is no note. It may come from a
 * thread that may do less than this one.
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

/** A slot, as long as it belongs to one thread. */
export class Slot implements Witness {
  readonly index: number;
  readonly ident: number;
  readonly name: string;
  readonly daemon: boolean;
  readonly waiter: number;
  #begun: WaitList;
  #finished: WaitList;

  /** The slot as it is now, or as it was noted when it was a thread's. */
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

  /** One of {@linkcode Status}; `ENDED` too once another thread has the slot. */
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

  /** How deep the answer is nested, as the thread's worker has written. */
  get levels(): number {
    const levels = Atomics.load(table(), this.index * WORDS + LEVELS);
    return Math.max(0, Math.min(levels, DEEPEST));
  }

  set levels(levels: number) {
    Atomics.store(table(), this.index * WORDS + LEVELS, levels);
  }

  /** The thread runs; called by the thread itself. */
  begin(): void {
    const at = this.index * WORDS + STATUS;
    Atomics.compareExchange(table(), at, Status.STARTING, Status.RUNNING);
    this.#begun.notifyAll();
  }

  /**
   * Ends the thread's life; false if someone else did before, or has begun to.
   *
   * @param isCutOff Whether who has begun to doesn't go on.
   */
  end(outcome: Outcome, isCutOff = false): boolean {
    const all = table();
    const at = this.index * WORDS;
    const { NONE } = Outcome;
    const isFirst =
      Atomics.compareExchange(all, at + OUTCOME, NONE, outcome) === NONE;
    if (!isFirst && !isCutOff) return false;
    // After a join, the locks that it held are known to be poisoned.
    endThread(this.waiter);
    Atomics.store(all, at + STATUS, Status.ENDED);
    this.#begun.notifyAll();
    this.#finished.notifyAll();
    return isFirst;
  }

  /** Ends the main thread's life, who may have more to do: its locks stay its. */
  endMain(): void {
    const at = this.index * WORDS;
    Atomics.store(table(), at + OUTCOME, Outcome.RETURNED);
    Atomics.store(table(), at + STATUS, Status.ENDED);
    this.#finished.notifyAll();
  }

  /** Makes the slot another thread's; the starter calls it, after the end. */
  free(): void {
    Atomics.store(table(), this.index * WORDS + STATUS, Status.FREE);
  }

  /** Awaits a status; false when the deadline passed. */
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

  /** Blocks until the end; false when the deadline passed. */
  endedSync(deadline: number): boolean {
    const attempt = () => this.#has(Status.ENDED);
    const witness = deadline === Infinity ? this : undefined;
    return attempt() !== PENDING ||
      this.#finished.waitSync(attempt, deadline, witness) !== PENDING;
  }

  /** Tells the graph of waits who is joined, for as long as that lasts. */
  enter(waiter: number): void {
    const threadId = threadIdAt(this.waiter);
    // The waiter is another thread's only after this one's end.
    enterJoin(waiter, this.isAlive ? threadId : 0);
  }

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
 * The slots of the threads that are alive, the main one first: as in Python, it
 * is there when it has ended, too.
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
