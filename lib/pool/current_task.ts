// Copyright 2026 the lab9 authors. MIT license.

import type { AsyncLocalStorage } from "node:async_hooks";
import { FollowingSignal, readReason } from "../codec/abort_signals.ts";
import { newStorage } from "../platform/platform.ts";
import { setInFunction } from "../sync/memory.ts";
import { isStopping } from "../sync/waiters.ts";
import { Claim, type Tickets } from "./claim.ts";

/** A task of a pool, as {@linkcode currentTask} gives it to its function. */
export interface CurrentTask {
  /**
   * Is aborted when the task is called off: by the `signal` or the `timeout` of its
   * call, which give the reason, or when its pool is terminated. It is also aborted
   * when the worker has to end for another reason, such as the end of the thread that
   * made the pool.
   */
  readonly signal: AbortSignal;
}

/** A task that runs in this worker. */
export interface Runnable {
  id: number;
  ticket: number;
  /** The task's slot in the worker's claim. */
  slot: number;
  hasEnded: boolean;
  /** Made when the function calls {@linkcode currentTask}. */
  running: RunningTask | undefined;
}

/** The pool's tickets, and this worker's claim. */
let tickets: Tickets;
let claim: Int32Array;

/** The signals of the tasks that run in this worker. */
const signals = new Set<FollowingSignal>();

/** The task that runs, in a worker that does one at a time. */
let active: Runnable | undefined;
/** Holds the task that runs, in a worker that does several at a time. */
let storage: AsyncLocalStorage<Runnable> | undefined;
/** Whether this worker does several tasks at a time. */
let areSeveral = false;

/** Makes this thread a worker of a pool that does so many tasks at a time. */
export function enterPool(
  shared: { tickets: Tickets; claim: Int32Array },
  atATime: number,
): void {
  ({ tickets, claim } = shared);
  if (atATime === 1) return;
  storage = newStorage();
  areSeveral = true;
  setInFunction(() => runningTask() !== undefined);
}

/** Loads modules for a task. Their top level is no part of it. */
export function outsideTask<T>(load: () => Promise<T>): Promise<T> {
  return storage === undefined ? load() : storage.exit(load);
}

/** Runs a function as a part of a task. */
export function runAs<R extends Runnable, T>(
  task: R,
  run: (task: R) => T,
): T {
  if (storage !== undefined) return storage.run(task, run, task);
  active = task;
  if (!areSeveral) return run(task);
  // A browser has no storage: after an await it isn't known which task goes on.
  try {
    return run(task);
  } finally {
    active = undefined;
  }
}

/** The task of a pool that runs in this thread, if one does. */
export function runningTask(): Runnable | undefined {
  return storage === undefined ? active : storage.getStore();
}

/** Whether a running task was called off. */
export function isCalledOff(task: Runnable): boolean {
  return !tickets.isBegun(task);
}

/** See {@linkcode Tickets.words}. */
export function ticketWords(): Int32Array {
  return tickets.words;
}

/**
 * Marks a task as ended. This comes before its answer is sent: then the main thread
 * takes the ticket away, as if the task were called off.
 */
export function endTask(task: Runnable): void {
  task.running?.end();
  task.hasEnded = true;
  if (active === task) active = undefined;
}

/** Calls the listeners of the tasks that were called off. */
export function lookAtSignals(): void {
  for (const following of signals) following.look();
}

/** What {@linkcode currentTask} returns. */
export class RunningTask implements CurrentTask {
  #task: Runnable;
  #following: FollowingSignal | undefined;

  constructor(task: Runnable) {
    this.#task = task;
  }

  get signal(): AbortSignal {
    if (this.#following === undefined) {
      const task = this.#task;
      this.#following = new FollowingSignal({
        get isAborted() {
          return !task.hasEnded && (isCalledOff(task) || isStopping());
        },
        get reason() {
          return isCalledOff(task)
            ? readReason(claim, Claim.reasonOf(task.slot))
            : new DOMException("The task's worker is ending", "AbortError");
        },
      });
      if (!task.hasEnded) signals.add(this.#following);
    }
    return this.#following.signal;
  }

  end(): void {
    if (this.#following === undefined) return;
    this.#following.look();
    signals.delete(this.#following);
  }
}

/**
 * The task that runs in this thread. Its signal is aborted when the task is called
 * off, so that the task's function can end early.
 *
 * A task that ends then, by returning or by throwing, keeps its worker and what the
 * worker has in memory. A task that hasn't ended within
 * {@linkcode PoolOptions.grace} seconds is ended together with its worker. Python's
 * pools have nothing like it.
 *
 * @returns The task.
 * @throws {Error} If no task of a pool runs in this thread.
 *
 * @example Usage
 * ```ts no-eval
 * import { currentTask, expose, Pool } from "@lab9/concurrency";
 *
 * export function search(): string {
 *   const { signal } = currentTask();
 *   while (!signal.aborted); // work goes here
 *   return "nobody wants to know";
 * }
 * let searches = 0;
 * export function count(): number {
 *   return ++searches;
 * }
 * expose(import.meta, { search, count });
 *
 * if (import.meta.main) {
 *   await using pool = new Pool(1, { grace: 5 });
 *   await pool.apply(count);
 *   try {
 *     await pool.apply(search, [], { timeout: 0.1 });
 *   } catch (error) {
 *     console.log((error as Error).name); // TimeoutError
 *   }
 *   console.log(await pool.apply(count)); // 2
 * }
 * ```
 */
export function currentTask(): CurrentTask {
  const task = runningTask();
  if (task !== undefined) return task.running ??= new RunningTask(task);
  throw new Error(
    "Cannot get the current task: this thread runs no task of a pool",
  );
}
