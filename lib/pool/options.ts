// Copyright 2026 the lab9 authors. MIT license.

import type { AnyFunction } from "../codec/references.ts";
import type { ContextOptions } from "../thread/context.ts";
import type { OutputOptions } from "../thread/output.ts";
import type {
  IsolationOptions,
  WorkerPermissions,
} from "../thread/worker_kind.ts";
import { checkNumber, checkOptions, checkSignal, kindOf } from "../checks.ts";
import { checkSeconds } from "../sync/deadline.ts";

/** Why a worker of a pool has ended; see {@linkcode PoolOptions.onWorkerEnd}. */
export type WorkerEndReason =
  | "closed"
  | "recycled"
  | "idle"
  | "calledOff"
  | "terminated"
  | "failed"
  | "lost";

/** Options of {@linkcode Pool}'s constructor. */
export interface PoolOptions
  extends OutputOptions, ContextOptions, IsolationOptions {
  /** An exposed function that each worker calls before its first task. */
  initializer?: AnyFunction;
  /**
   * What the initializer is called with. Each worker gets a copy.
   *
   * @default {[]}
   */
  initargs?: readonly unknown[];
  /**
   * An exposed function that a worker calls, without arguments, before it ends by
   * itself: because the pool was closed, or because of `maxTasksPerChild` or
   * `idleTimeout`. A worker that is terminated or dies doesn't call it.
   */
  finalizer?: AnyFunction;
  /**
   * After how many seconds without a task a worker ends. Workers start only when
   * there are tasks for them.
   *
   * @default {Infinity}
   */
  idleTimeout?: number;
  /**
   * How many tasks a worker does before another takes its place. A chunk of a map
   * counts as one task.
   *
   * @default {Infinity}
   */
  maxTasksPerChild?: number;
  /**
   * The workers' permissions. They can't exceed those of the thread that makes the
   * pool.
   *
   * @default {"none"}
   */
  permissions?: WorkerPermissions;
  /**
   * How many tasks may wait for a worker. When so many wait, a call rejects with
   * {@linkcode Full}; see {@linkcode Pool.room}. A map is accepted as a whole,
   * however many chunks it has.
   *
   * @default {Infinity}
   */
  maxsize?: number;
  /**
   * How many seconds a task may run on after it was called off; see
   * {@linkcode currentTask}. After that it is ended together with its worker.
   *
   * @default {0.25}
   */
  grace?: number;
  /**
   * How many async tasks a worker does at a time. While one task awaits, the others
   * go on. This suits tasks that mostly wait, such as for a network. A task that
   * computes or blocks holds up the worker's other tasks.
   *
   * @default {1}
   */
  tasksPerWorker?: number;
  /** Called when a worker's initializer has returned, so that it is ready. */
  onWorkerStart?: () => void;
  /**
   * Called when a worker has ended, with the reason: `"closed"` if the pool was
   * closed, `"recycled"` if it had done `maxTasksPerChild` tasks, `"idle"` if it had
   * no task for `idleTimeout` seconds, `"calledOff"` if it was ended because of a
   * task that was called off, `"terminated"` if the pool was terminated, `"failed"`
   * if its initializer or finalizer threw, and `"lost"` if it died, for example
   * because its heap exceeded the `memoryLimit`.
   */
  onWorkerEnd?: (reason: WorkerEndReason) => void;
}

/** Options of {@linkcode Pool.close}. */
export interface CloseOptions {
  /**
   * Whether the tasks that no worker has begun reject with an `AbortError`. The
   * tasks that run finish. It is `shutdown(cancel_futures=True)` of Python's
   * `concurrent.futures`.
   *
   * @default {false}
   */
  immediate?: boolean;
}

/** Options of {@linkcode Pool.apply}. */
export interface ApplyOptions extends ContextOptions {
  /** Calls the task off. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * How long the call may take, in seconds. After that it is called off.
   * Python's `AsyncResult.get(timeout)`, except that the task ends too.
   *
   * @default {Infinity}
   */
  timeout?: number;
  /**
   * Among the tasks that wait, the task with the lowest number runs first, as in a
   * {@linkcode PriorityQueue}. Tasks of the same priority run in the order of their
   * submission.
   *
   * @default {0}
   */
  priority?: number;
  /**
   * How long a task may run, in seconds, counted from its start. After that it is
   * called off. Each chunk of a map is a task.
   *
   * @default {Infinity}
   */
  runTimeout?: number;
}

/**
 * Options of {@linkcode Pool.map} and {@linkcode Pool.starmap}.
 *
 * @typeParam S Whether results are settled.
 */
export interface MapOptions<S extends boolean = boolean> extends ApplyOptions {
  /**
   * How many items a task has. The default is Python's: a quarter of each worker's
   * share of the items, rounded up.
   */
  chunkSize?: number;
  /**
   * Whether each item's outcome is returned as by `Promise.allSettled`, instead
   * of throwing the first error.
   *
   * @default {false}
   */
  settled?: S;
  /**
   * Called when a chunk is done, with the number of items that are done and the
   * number of all items. If it returns a promise, the call waits for the promise. If
   * it throws or rejects, the call rejects with the same error and its tasks end.
   */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Options of {@linkcode Pool.imap} and its like.
 *
 * @typeParam S Whether results are settled.
 */
export interface ImapOptions<S extends boolean = boolean> extends ApplyOptions {
  /**
   * How many items a task has.
   *
   * @default {1}
   */
  chunkSize?: number;
  /**
   * Whether each item's outcome is returned as by `Promise.allSettled`, instead
   * of throwing the first error.
   *
   * @default {false}
   */
  settled?: S;
  /**
   * Called when a chunk is done, with the number of items that are done and the
   * number of all items. The second is undefined if the iterable has no length or
   * size, as arrays and sets have. If the callback returns a promise, the chunk's
   * results wait for the promise. If it throws or rejects, the iterator throws the
   * same error.
   */
  onProgress?: (done: number, total: number | undefined) => void;
}

/** Items that are there, or that come one after another. */
export type AnyIterable<T> = Iterable<T> | AsyncIterable<T>;

/**
 * The result of an item.
 *
 * @typeParam R The type of what the function returns.
 * @typeParam S Whether results are settled.
 */
export type ItemResult<R, S extends boolean> = S extends true
  ? PromiseSettledResult<Awaited<R>>
  : Awaited<R>;

export function checkCount(action: string, what: string, count: number): void {
  checkNumber(action, what, count);
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot ${action}: ${what} must be a positive integer, received ${count}`,
    );
  }
}

export function checkIterable(action: string, items: unknown): void {
  const isIterable = typeof items === "string" ||
    typeof items === "object" && items !== null &&
      (Symbol.iterator in items || Symbol.asyncIterator in items);
  if (!isIterable) {
    throw new TypeError(
      `Cannot ${action}: items must be iterable, received ${kindOf(items)}`,
    );
  }
}

function checkPriority(action: string, priority: number): void {
  checkNumber(action, "priority", priority);
  if (Number.isNaN(priority)) {
    throw new RangeError(`Cannot ${action}: priority must not be NaN`);
  }
}

/** Checks the options that every call has. It throws the reason of an aborted signal. */
export function checkLimits(action: string, options: ApplyOptions): void {
  checkOptions(action, options);
  checkSignal(action, options.signal);
  if (options.timeout !== undefined) {
    checkSeconds(action, "timeout", options.timeout);
  }
  const { priority } = options;
  if (priority !== undefined) checkPriority(action, priority);
  if (options.runTimeout !== undefined) {
    checkSeconds(action, "runTimeout", options.runTimeout);
  }
  options.signal?.throwIfAborted();
}
