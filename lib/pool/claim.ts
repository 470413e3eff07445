// Copyright 2026 the lab9 authors. MIT license.

import { REASON_WORDS, writeReason } from "../codec/abort_signals.ts";
import { HISTOGRAM_WORDS, merge } from "./stats.ts";

const FIRST_SLOT = 6 + 2 * HISTOGRAM_WORDS;
const SLOT_WORDS = 1 + REASON_WORDS;

/**
 * The words that a worker shares with the main thread, which reads them even when
 * the worker has ended. A worker that does several tasks at a time has a slot for
 * each. A slot holds the id of a task that the worker has taken and not answered
 * (see `workerLoop`), and the reason with which the task was called off. The main
 * thread writes the reason before it takes the task's ticket away.
 */
export const Claim = {
  /** 1 once the worker's initializer has returned. */
  READY: 0,
  /** The number of the main thread's pings. */
  PING: 1,
  /** The number of the last ping that the worker has answered. */
  PONG: 2,
  /** 1 once the worker is to be ended because of a task: it takes no others. */
  RETIRED: 3,
  /** The id of the task in which the worker's thread blocks, or blocked last; or 0. */
  BLOCKING: 4,
  /** The number of tasks whose payload the worker has asked for and not got. */
  ASKING: 5,
  /** The histogram of how long the worker's tasks have waited. */
  WAITED: 6,
  /** The histogram of how long the worker's tasks have run. */
  RAN: 6 + HISTOGRAM_WORDS,

  /** The number of words of a claim with so many slots. */
  words: (slots: number): number => FIRST_SLOT + slots * SLOT_WORDS,
  /** The index of a slot's task id. */
  taskOf: (slot: number): number => FIRST_SLOT + slot * SLOT_WORDS,
  /** The index of the reason with which a slot's task was called off. */
  reasonOf: (slot: number): number => FIRST_SLOT + slot * SLOT_WORDS + 1,
} as const;

/** A worker's claim, as the main thread reads and writes it. */
export class WorkerClaim {
  readonly words: Int32Array;
  #slots: number;

  /** A new claim with a slot for each task that the worker does at a time. */
  constructor(slots: number) {
    this.#slots = slots;
    this.words = new Int32Array(new SharedArrayBuffer(Claim.words(slots) * 4));
  }

  /** Whether the initializer has returned. */
  get isReady(): boolean {
    return Atomics.load(this.words, Claim.READY) !== 0;
  }

  /** Resolves when the worker is ready for tasks, or was given up. */
  async ready(): Promise<void> {
    await Atomics.waitAsync(this.words, Claim.READY, 0).value;
  }

  /** Ends the wait for a worker that has ended before it was ready. */
  giveUp(): void {
    Atomics.notify(this.words, Claim.READY);
  }

  /** The ids of the tasks that the worker has taken and not answered. */
  get tasks(): number[] {
    const tasks: number[] = [];
    for (let slot = 0; slot < this.#slots; slot++) {
      const id = Math.abs(Atomics.load(this.words, Claim.taskOf(slot)));
      if (id !== 0) tasks.push(id);
    }
    return tasks;
  }

  /** Whether the worker waits for a task's payload. */
  get isAsking(): boolean {
    return Atomics.load(this.words, Claim.ASKING) > 0;
  }

  /** Whether the worker is also at tasks other than those that are to end it. */
  get hasOthers(): boolean {
    for (let slot = 0; slot < this.#slots; slot++) {
      if (Atomics.load(this.words, Claim.taskOf(slot)) > 0) return true;
    }
    return false;
  }

  /** Whether the task that blocked last is one that is to end the worker. */
  get hasBlockedForHeld(): boolean {
    const task = Atomics.load(this.words, Claim.BLOCKING);
    return task !== 0 && this.slotOf(-task) >= 0;
  }

  /** Whether the worker is at the task, which isn't to end it, in that slot. */
  isAt(task: number, slot: number): boolean {
    return Atomics.load(this.words, Claim.taskOf(slot)) === task;
  }

  /**
   * Writes the reason with which a task is about to be called off.
   *
   * @returns Whether the worker is at the task.
   */
  giveReason(task: number, reason: unknown): boolean {
    const slot = this.slotOf(task);
    if (slot < 0) return false;
    writeReason(this.words, Claim.reasonOf(slot), reason);
    return true;
  }

  /** The task's slot; -1 if the worker isn't at the task. */
  slotOf(task: number): number {
    for (let slot = 0; slot < this.#slots; slot++) {
      if (Atomics.load(this.words, Claim.taskOf(slot)) === task) return slot;
    }
    return -1;
  }

  /** Adds the worker's histograms to others. */
  addTimes(waited: Float64Array, ran: Float64Array): void {
    merge(waited, this.words, Claim.WAITED);
    merge(ran, this.words, Claim.RAN);
  }

  /** Asks the worker to answer; see {@linkcode WorkerClaim.hasAnswered}. */
  ping(): void {
    Atomics.add(this.words, Claim.PING, 1);
    Atomics.notify(this.words, Claim.PING);
  }

  /** Whether the worker has answered the last ping. A worker that computes can't. */
  get hasAnswered(): boolean {
    return Atomics.load(this.words, Claim.PONG) ===
      Atomics.load(this.words, Claim.PING);
  }

  /**
   * Keeps a worker that is at a task from taking another; see `workerLoop`.
   *
   * @returns Whether the worker is at the task.
   */
  holdAt(task: number): boolean {
    const slot = this.slotOf(task);
    if (slot < 0) return false;
    const at = Claim.taskOf(slot);
    if (Atomics.compareExchange(this.words, at, task, -task) !== task) {
      return false;
    }
    Atomics.store(this.words, Claim.RETIRED, 1);
    return true;
  }
}

/** The tickets of a pool's tasks, as a worker reads and writes them; see `TaskTable`. */
export class Tickets {
  #buffer: SharedArrayBuffer;
  #words: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#buffer = buffer;
    this.#words = wordsOf(buffer);
  }

  /**
   * The words of the tickets: at least those of the tasks that have begun. A loop
   * over short items reads them plainly.
   */
  get words(): Int32Array {
    return this.#words;
  }

  /** Begins a task; false if it was called off. */
  begin({ id, ticket }: Ticket): boolean {
    if (ticket >= this.#words.length) this.#words = wordsOf(this.#buffer);
    return Atomics.compareExchange(this.#words, ticket, id, -id) === id;
  }

  /** Whether a task that has begun was not called off since. */
  isBegun({ id, ticket }: Ticket): boolean {
    return Atomics.load(this.#words, ticket) === -id;
  }
}

/** A task's number, and the index of its ticket. */
interface Ticket {
  id: number;
  ticket: number;
}

/**
 * The words of a buffer that may grow. The view has a fixed length: V8 reads a view
 * that follows the buffer's length by a call, which takes longer than a short item.
 */
export function wordsOf(buffer: SharedArrayBuffer): Int32Array {
  return new Int32Array(buffer, 0, buffer.byteLength / 4);
}
