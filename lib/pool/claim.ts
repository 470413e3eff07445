// Copyright 2026 the lab9 authors. MIT license.

import { REASON_WORDS, writeReason } from "../codec/abort_signals.ts";
import { HISTOGRAM_WORDS, merge } from "./stats.ts";

const FIRST_SLOT = 4 + 2 * HISTOGRAM_WORDS;
const SLOT_WORDS = 1 + REASON_WORDS;

/**
 * Words of a worker's own that the main thread reads, also when it is gone. For
 * each task that it may do at a time there is a slot: the id of the task that it
 * has taken and not answered (see `workerLoop`), and why that was called off. The
 * main thread writes the reason before it takes the task's ticket away.
 */
export const Claim = {
  /** 1 once its initializer has done. */
  READY: 0,
  /** How often the main thread has asked whether the worker only waits. */
  PING: 1,
  /** The last of these questions that the worker had a turn to answer. */
  PONG: 2,
  /** 1 once it is to take no more tasks. */
  RETIRED: 3,
  /** Histograms of how long its tasks have waited, and run. */
  WAITED: 4,
  RAN: 4 + HISTOGRAM_WORDS,

  /** How many words there are for so many slots. */
  words: (slots: number): number => FIRST_SLOT + slots * SLOT_WORDS,
  /** Where the id of a slot's task stands. */
  taskOf: (slot: number): number => FIRST_SLOT + slot * SLOT_WORDS,
  /** Where the reason stands why a slot's task was called off. */
  reasonOf: (slot: number): number => FIRST_SLOT + slot * SLOT_WORDS + 1,
} as const;

/** A worker's claim, as the main thread reads and writes it. */
export class WorkerClaim {
  readonly words: Int32Array;
  #slots: number;

  /** The worker does so many tasks at a time. */
  constructor(slots: number) {
    this.#slots = slots;
    this.words = new Int32Array(new SharedArrayBuffer(Claim.words(slots) * 4));
  }

  /** Whether the initializer has done. */
  get isReady(): boolean {
    return Atomics.load(this.words, Claim.READY) !== 0;
  }

  /** Resolves when the worker is ready for tasks, or was given up. */
  async ready(): Promise<void> {
    await Atomics.waitAsync(this.words, Claim.READY, 0).value;
  }

  /** The worker has ended, and won't be ready if it wasn't. */
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

  /** Says why the task is about to be called off, if the worker is at it. */
  tellReason(task: number, reason: unknown): boolean {
    const slot = this.#slotOf(task);
    if (slot < 0) return false;
    writeReason(this.words, Claim.reasonOf(slot), reason);
    return true;
  }

  #slotOf(task: number): number {
    for (let slot = 0; slot < this.#slots; slot++) {
      if (Atomics.load(this.words, Claim.taskOf(slot)) === task) return slot;
    }
    return -1;
  }

  /** Adds how long the worker's tasks have waited, and run. */
  addTimes(waited: Float64Array, ran: Float64Array): void {
    merge(waited, this.words, Claim.WAITED);
    merge(ran, this.words, Claim.RAN);
  }

  /** Asks the worker for a sign; see {@linkcode WorkerClaim.hasAnswered}. */
  ping(): void {
    Atomics.add(this.words, Claim.PING, 1);
    Atomics.notify(this.words, Claim.PING);
  }

  /** Whether the worker has answered the last ping, so it doesn't compute. */
  get hasAnswered(): boolean {
    return Atomics.load(this.words, Claim.PONG) ===
      Atomics.load(this.words, Claim.PING);
  }

  /** If the worker is at the task, it takes no other after it; see the loop. */
  holdAt(task: number): boolean {
    const slot = this.#slotOf(task);
    if (slot < 0) return false;
    const at = Claim.taskOf(slot);
    if (Atomics.compareExchange(this.words, at, task, -task) !== task) {
      return false;
    }
    Atomics.store(this.words, Claim.RETIRED, 1);
    return true;
  }
}

// The worker's side of tickets; see `TaskTable`.

/** Whether the task is still wanted; if so, it has begun. */
export function beginTask(
  tickets: Int32Array,
  { id, ticket }: { id: number; ticket: number },
): boolean {
  return Atomics.compareExchange(tickets, ticket, id, -id) === id;
}

/** Whether a task that has begun is still wanted. */
export function isBegun(
  tickets: Int32Array,
  { id, ticket }: { id: number; ticket: number },
): boolean {
  return Atomics.load(tickets, ticket) === -id;
}
