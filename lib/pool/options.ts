// Copyright 2026 the lab9 authors. MIT license.

import { type AnyFunction, idOf } from "../codec/references.ts";
import type { ContextOptions } from "../thread/context.ts";
import type { OutputOptions } from "../thread/output.ts";
import type {
  IsolationOptions,
  WorkerPermissions,
} from "../thread/worker_kind.ts";
import { kindOf } from "../checks.ts";
import { unexposed } from "../codec/packing.ts";

/** Why a worker of a pool has ended; see {@linkcode PoolOptions}. */
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
   * itself: because the pool was closed, it had done its tasks, or was idle. Of one
   * that is ended it isn't called.
   */
  finalizer?: AnyFunction;
  /**
   * After how many seconds without a task a worker ends. Another starts when there
   * is work again; none starts before.
   *
   * @default {Infinity}
   */
  idleTimeout?: number;
  /**
   * How many tasks a worker does before a fresh one takes its place. A chunk of
   * a map counts as one.
   *
   * @default {Infinity}
   */
  maxTasksPerChild?: number;
  /**
   * What the workers may do: never more than the thread that makes the pool.
   *
   * @default {"none"}
   */
  permissions?: WorkerPermissions;
  /**
   * How many tasks may wait for a worker. A call beyond that rejects with
   * {@linkcode Full}; see {@linkcode Pool.room}. A map is taken as a whole,
   * however many chunks it has.
   *
   * @default {Infinity}
   */
  maxsize?: number;
  /**
   * How many seconds a task has to end that was called off; see
   * {@linkcode currentTask}. After that it is ended together with its worker.
   *
   * @default {0.25}
   */
  grace?: number;
  /**
   * How many async tasks a worker does at a time. While one awaits, others go on:
   * that is for tasks that mostly wait, for a network, say. Tasks that compute or
   * block hold up their neighbours.
   *
   * @default {1}
   */
  tasksPerWorker?: number;
  /** Called whenever a worker is ready for tasks: its initializer has done. */
  onWorkerStart?: () => void;
  /**
   * Called whenever a worker has ended, with the reason: `"closed"` if the pool
   * was closed, `"recycled"` if it had done `maxTasksPerChild` tasks,
   * `"idle"` if it had none for `idleTimeout` seconds,
   * `"calledOff"` if its task was, `"terminated"` with the pool, `"failed"` if its
   * initializer or finalizer threw, and `"lost"` if it died, for example because
   * its heap exceeded the `memoryLimit`.
   */
  onWorkerEnd?: (reason: WorkerEndReason) => void;
}

/** Options of {@linkcode Pool.close}. */
export interface CloseOptions {
  /**
   * Whether what no worker has begun rejects with an `AbortError`. What runs
   * finishes. `concurrent.futures`' `shutdown(cancel_futures=True)`.
   *
   * @default {false}
   */
  immediate?: boolean;
}

/** Options of {@linkcode Pool.apply}. */
export interface ApplyOptions extends ContextOptions {
  /** Calls the task off: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * How long the call may take, in seconds. After that it is called off.
   * Python's `AsyncResult.get(timeout)`, except that the task ends too.
   *
   * @default {Infinity}
   */
  timeout?: number;
  /**
   * What waits with the lowest priority runs first; of the same, what was
   * submitted first. As with {@linkcode PriorityQueue}.
   *
   * @default {0}
   */
  priority?: number;
  /**
   * How long a task may run, in seconds, counted from its start. After that it is
   * called off. Of a map, each chunk is a task.
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
   * How many items a worker is sent at a time. The default is Python's: a
   * quarter of each worker's share, rounded up.
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
   * Called whenever a chunk is done, with the numbers of items. If it returns a
   * promise, the chunk waits for that. The call rejects with what it throws or
   * rejects with, and ends what is under way.
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
   * How many items a worker is sent at a time.
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
   * Called whenever a chunk is done, with the numbers of items. The total is
   * undefined if the items don't tell their number, as arrays and sets do. If it
   * returns a promise, the chunk waits for that. The iterator throws what it
   * throws or rejects with.
   */
  onProgress?: (done: number, total: number | undefined) => void;
}

/** Items that may come one after another. */
export type AnyIterable<T> = Iterable<T> | AsyncIterable<T>;

/**
 * What a pool gives for an item.
 *
 * @typeParam R The type of what the function returns.
 * @typeParam S Whether results are settled.
 */
export type ItemResult<R, S extends boolean> = S extends true
  ? PromiseSettledResult<Awaited<R>>
  : Awaited<R>;

export function checkCount(action: string, what: string, count: number): void {
  if (typeof count !== "number") {
    throw new TypeError(
      `Cannot ${action}: ${what} must be a number, received ${typeof count}`,
    );
  }
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot ${action}: ${what} must be a positive integer, received ${count}`,
    );
  }
}

export function checkFunction(action: string, fn: AnyFunction): void {
  if (typeof fn !== "function") {
    throw new TypeError(
      `Cannot ${action}: it must be a function, received ${kindOf(fn)}`,
    );
  }
  if (idOf(fn) === undefined) throw new TypeError(unexposed(fn));
}

export function checkArray(what: string, value: unknown): void {
  if (!Array.isArray(value)) {
    throw new TypeError(
      `Cannot ${what} must be an array, received ${kindOf(value)}`,
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
