// Copyright 2026 the lab9 authors. MIT license.

import { processors, Promise as Promises } from "../sync/globals.ts";
import {
  broadcastTo,
  feed,
  streamItems,
  takeTurn,
  type Turn,
} from "./own_tasks.ts";
import { Call } from "./call.ts";
import {
  type AnyIterable,
  type ApplyOptions,
  checkArray,
  checkCount,
  checkFunction,
  checkIterable,
  type CloseOptions,
  type ImapOptions,
  type ItemResult,
  type MapOptions,
  type PoolOptions,
} from "./options.ts";
import { ChunkRunner } from "./chunks.ts";
import { Dispatcher } from "./dispatcher.ts";
import { countOf, isAsync, Source, streamChunks } from "./stream.ts";
import type { PoolStats, Times } from "./stats.ts";
import { Mode, Task } from "./task.ts";
import type { WorkerEndReason } from "./workers.ts";
import { checkCallback, checkOptions, checkSignal, kindOf } from "../checks.ts";
import { type AsyncWaitOptions, checkSeconds } from "../sync/deadline.ts";
import { isRecording, Mark, recordSpan } from "../sync/recorder.ts";
import {
  type AnyFunction,
  handle,
  idOf,
  originOf,
} from "../codec/references.ts";
import {
  callIn,
  type Context,
  contextOf,
  type ContextStorage,
} from "../thread/context.ts";
import { outputOf } from "../thread/output.ts";
import { copyPermissions } from "../thread/permissions.ts";
import { checkMayStart, isMainThread } from "../thread/thread_table.ts";
import { PooledWorker } from "../thread/worker.ts";

export type {
  AnyIterable,
  ApplyOptions,
  CloseOptions,
  ImapOptions,
  ItemResult,
  MapOptions,
  PoolOptions,
  PoolStats,
  Times,
  WorkerEndReason,
};

/** How many chunks an imap has under way for each worker. */
const CHUNKS_AHEAD = 2;
/** A longer array isn't made at once by V8, but as a dictionary. */
const LONGEST_FAST = 1 << 25;
const NO_OPTIONS: ApplyOptions = {};

/** Whether the warning that pools are to be closed was printed. */
let hasWarned = false;

/** Closes pools that nobody can close any more. */
const droppedPools = new FinalizationRegistry<Dispatcher>((dispatcher) => {
  if (!dispatcher.isOpen) return;
  dispatcher.close();
  if (hasWarned) return;
  hasWarned = true;
  console.warn(
    "A Pool was dropped without close(), so its workers end only now: make it " +
      "by `await using pool = new Pool()`, or close it",
  );
});

/**
 * The number of processors. Python's `os.cpu_count`.
 *
 * @returns The number, at least 1.
 *
 * @example Usage
 * ```ts
 * import { cpuCount } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(cpuCount(), navigator.hardwareConcurrency);
 * ```
 */
export function cpuCount(): number {
  return processors();
}

/**
 * A number of workers that call functions for you. Python's
 * `multiprocessing.Pool`.
 *
 * The functions have to be exposed (see {@linkcode expose}); they may be async.
 * Arguments and results travel by structured clone; shared objects, such as
 * queues, and exposed functions may stand anywhere in them. What is large can be
 * moved instead of copied, see {@linkcode transfer}.
 *
 * What a function throws keeps its class, message and own properties, and has
 * the worker's stack as its `cause`. A worker that dies takes only its own task
 * with it, which rejects with {@linkcode WorkerLostError}; another worker takes
 * its place. With the option `settled`, an error stands in its item's place,
 * and the other items go on.
 *
 * `await using` closes the pool and waits for what was submitted, as
 * `concurrent.futures` does. It can't know whether the block threw. So that an
 * error isn't held back by a task that never ends, a pool whose tasks only wait
 * (none computes, and none ends) for five seconds after its block is terminated:
 * they reject with an `AbortError`, and one warning says so. What takes longer
 * than that is awaited in the block.
 *
 * A pool that is dropped without {@linkcode Pool.close} is closed when it is
 * garbage-collected, and the first of them is warned of.
 *
 * @example Usage
 * ```ts no-eval
 * import { expose, Pool } from "@lab9/concurrency";
 *
 * export function square(x: number): number {
 *   return x * x;
 * }
 * expose(import.meta, { square });
 *
 * if (import.meta.main) {
 *   await using pool = new Pool(2);
 *   console.log(await pool.map(square, [1, 2, 3])); // [ 1, 4, 9 ]
 * }
 * ```
 */
export class Pool implements AsyncDisposable {
  #dispatcher: Dispatcher;
  #workers: number;
  /** The storages whose values go along with every call. */
  #context: readonly ContextStorage[] | undefined;
  #grace: number;
  /** The ids of functions that were found to be fit for this pool. */
  #known = new Map<AnyFunction, number>();

  /**
   * A pool stays in its thread.
   *
   * @ignore
   */
  [handle](): never {
    throw new DOMException(
      "Cannot send a Pool to a thread: only the main thread has its workers",
      "DataCloneError",
    );
  }

  /**
   * Makes a pool and starts its first worker. To start one blocks the main thread
   * for some 10 to 20 ms, so the others start when tasks come for them or, one
   * after another, when the first is ready. With an initializer or permissions,
   * all start now.
   *
   * @param workers How many workers.
   * @param options The options.
   * @throws {RangeError} If the number of workers or of tasks per worker is not
   * a positive integer.
   * @throws {TypeError} If a number or a list isn't one, the initializer was
   * never exposed, or the permissions are none that Deno knows.
   * @throws {Deno.errors.NotCapable} If the permissions are more than the
   * script's own.
   * @throws {Error} If the calling thread is a worker that loads its modules.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new Pool(2);
   * assertEquals(pool.workers, 2);
   * ```
   */
  constructor(workers: number = cpuCount(), options: PoolOptions = {}) {
    checkOptions("create pool", options);
    const {
      initializer,
      initargs = [],
      maxTasksPerChild = Infinity,
      permissions = "none",
      maxsize = Infinity,
      grace = 0.25,
      tasksPerWorker = 1,
      finalizer,
      idleTimeout = Infinity,
      onWorkerStart,
      onWorkerEnd,
    } = options;
    checkCount("create pool", "workers", workers);
    if (maxTasksPerChild !== Infinity) {
      checkCount("create pool", "maxTasksPerChild", maxTasksPerChild);
    }
    checkCount("create pool", "tasksPerWorker", tasksPerWorker);
    checkSeconds("create pool", "grace", grace);
    if (maxsize !== Infinity) checkCount("create pool", "maxsize", maxsize);
    if (initializer !== undefined) checkFunction("create pool", initializer);
    if (finalizer !== undefined) checkFunction("create pool", finalizer);
    checkSeconds("create pool", "idleTimeout", idleTimeout);
    checkArray("create pool: initargs", initargs);
    for (const [name, fn] of Object.entries({ onWorkerStart, onWorkerEnd })) {
      if (fn !== undefined) checkCallback("create pool", name, fn);
    }
    const copy = copyPermissions("create pool", permissions);
    const output = outputOf("create pool", options);
    contextOf("create pool", options.context);
    this.#context = options.context;
    checkMayStart("create pool");
    this.#workers = workers;
    this.#grace = grace;
    // It loads its modules while the rest of the pool is made.
    if (isMainThread()) PooledWorker.prestart(copy);
    this.#dispatcher = new Dispatcher(workers, {
      initializer,
      initargs,
      maxTasks: maxTasksPerChild,
      permissions: copy,
      output,
      maxsize,
      grace,
      tasksPerWorker,
      finalizer,
      idleTimeout,
      onWorkerStart,
      onWorkerEnd,
    });
    droppedPools.register(this, this.#dispatcher);
  }

  /**
   * How many workers the pool has.
   *
   * @returns The number.
   */
  get workers(): number {
    return this.#workers;
  }

  /**
   * How many tasks no worker has begun. Of a map, each chunk is a task.
   *
   * @returns The number.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new Pool(1);
   * assertEquals(pool.size, 0);
   * ```
   */
  get size(): number {
    return this.#dispatcher.waiting;
  }

  /**
   * How many tasks run in workers now.
   *
   * @returns The number.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new Pool(1);
   * assertEquals(pool.running, 0);
   * ```
   */
  get running(): number {
    return this.#dispatcher.running;
  }

  /**
   * What the pool has done until now. Times are kept in steps of an eighth, so
   * that they take no memory, however many tasks there were.
   *
   * @returns The numbers of tasks and workers, and how long tasks have waited and
   * run, in milliseconds.
   *
   * @example Usage
   * ```ts no-eval
   * import { expose, Pool } from "@lab9/concurrency";
   *
   * export function square(x: number): number {
   *   return x * x;
   * }
   * expose(import.meta, { square });
   *
   * if (import.meta.main) {
   *   await using pool = new Pool(1);
   *   await pool.apply(square, [3]);
   *   const { done, failed, runMs } = pool.stats();
   *   console.log(done, failed, runMs.p50 <= runMs.max); // 1 0 true
   * }
   * ```
   */
  stats(): PoolStats {
    return this.#dispatcher.stats();
  }

  /**
   * Starts the workers that are missing, and waits until all are ready: they have
   * called the initializer. Then a call needn't wait for a worker's start.
   *
   * @returns A promise that resolves when all workers are ready.
   * @throws {Error} If the pool is not running. If an initializer throws, what it
   * threw.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new Pool(2);
   * await pool.ready();
   * assertEquals(pool.stats().workers, 2);
   * ```
   */
  async ready(): Promise<void> {
    this.#checkOpen();
    await this.#dispatcher.ready();
  }

  /**
   * Waits until the pool has nothing to do: no task waits or runs.
   *
   * @param options How long to wait at most, and a signal that ends the wait.
   * @returns A promise that resolves when the pool is idle.
   * @throws {DOMException} A `TimeoutError` if the timeout passes.
   * @throws {TypeError} If an option isn't what it should be.
   * @throws {RangeError} If the timeout is negative.
   *
   * @example Usage
   * ```ts no-eval
   * import { expose, Pool } from "@lab9/concurrency";
   *
   * export function square(x: number): number {
   *   return x * x;
   * }
   * expose(import.meta, { square });
   *
   * if (import.meta.main) {
   *   await using pool = new Pool(2);
   *   for (const x of [1, 2, 3]) pool.apply(square, [x]);
   *   await pool.idle();
   *   console.log(pool.stats().done); // 3
   * }
   * ```
   */
  async idle(options?: AsyncWaitOptions): Promise<void> {
    await this.#dispatcher.idle(options);
  }

  /**
   * Waits until the pool takes another call, if it has a `maxsize`. A place that
   * isn't used soon is offered to the next that waits.
   *
   * @param options How long to wait at most, and a signal that ends the wait.
   * @returns A promise that resolves when there is a place.
   * @throws {Error} If the pool is not running.
   * @throws {DOMException} A `TimeoutError` if the timeout passes.
   * @throws {TypeError} If an option isn't what it should be.
   * @throws {RangeError} If the timeout is negative.
   *
   * @example Usage
   * ```ts no-eval
   * import { expose, Pool } from "@lab9/concurrency";
   *
   * export function square(x: number): number {
   *   return x * x;
   * }
   * expose(import.meta, { square });
   *
   * if (import.meta.main) {
   *   await using pool = new Pool(2, { maxsize: 4 });
   *   let sum = 0;
   *   for (let x = 0; x < 1000; x++) {
   *     await pool.room();
   *     pool.apply(square, [x]).then((result) => sum += result);
   *   }
   *   await pool.idle();
   *   console.log(sum); // 332833500
   * }
   * ```
   */
  async room(options?: AsyncWaitOptions): Promise<void> {
    await this.#dispatcher.room(options);
  }

  /**
   * Calls a function once, in any worker. Python's `Pool.apply`; as it gives a
   * promise, also `Pool.apply_async` and `concurrent.futures`' `Executor.submit`.
   *
   * @param fn The function.
   * @param args What it is called with.
   * @param options How the call may end early.
   * @returns A promise that resolves to what the function returned. It rejects
   * with what the function threw. As with any promise, a rejection that nobody
   * handles ends the process: a call that isn't awaited needs a `catch`.
   * @throws {TypeError} If the function was never exposed, or an option isn't
   * what it should be.
   * @throws {DOMException} A `DataCloneError` if an argument can't be cloned; a
   * `TimeoutError` if the timeout passes.
   * @throws {WorkerLostError} If the worker died of it.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If the pool has a `maxsize`, and so many tasks wait.
   *
   * @example Usage
   * ```ts no-eval
   * import { expose, Pool } from "@lab9/concurrency";
   *
   * export function square(x: number): number {
   *   return x * x;
   * }
   * expose(import.meta, { square });
   *
   * if (import.meta.main) {
   *   await using pool = new Pool(1);
   *   console.log(await pool.apply(square, [3])); // 9
   * }
   * ```
   *
   * @typeParam A The types of the function's arguments.
   * @typeParam R The type of what the function returns.
   */
  apply<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    args: NoInfer<Readonly<A>>,
    options?: ApplyOptions,
  ): Promise<Awaited<R>>;
  /**
   * The same for a function that can do without arguments.
   *
   * @param fn The function.
   * @param args None.
   * @param options How the call may end early.
   * @returns A promise that resolves to what the function returned.
   *
   * @typeParam R The type of what the function returns.
   */
  apply<R>(
    fn: () => R,
    args?: readonly [],
    options?: ApplyOptions,
  ): Promise<Awaited<R>>;
  apply(
    fn: AnyFunction,
    args: unknown = [],
    options: ApplyOptions = NO_OPTIONS,
  ): Promise<unknown> {
    try {
      let id = this.#check("apply function", fn, options);
      checkArray("apply function: args", args);
      let list = args as readonly unknown[];
      const context = this.#contextOf("apply function", options);
      if (context !== undefined) {
        id = idOf(callIn)!;
        list = [context, fn, list];
      }
      const task = new Task(id, Mode.APPLY, false, list);
      const { signal, timeout, runTimeout, priority } = options;
      if (isRecording) return this.#applyRecorded(task, options);
      // What can't end early needs no more than its task.
      return signal === undefined && timeout === undefined &&
          runTimeout === undefined && priority === undefined
        ? this.#dispatcher.submit(task)
        : this.#applyLimited(task, options);
    } catch (error) {
      return Promises.reject(error);
    }
  }

  /**
   * Calls a function for each item, in chunks, and collects the results in the
   * order of the items. Python's `Pool.map` and `Pool.map_async`.
   *
   * @param fn The function. It is called with the item alone.
   * @param items The items. All of them are read first; see
   * {@linkcode imap} for what need not fit in memory.
   * @param options Chunk size, progress, whether results are settled, and how
   * the call may end early.
   * @returns A promise that resolves to the results. It rejects with the first
   * error; what was not begun is called off, and what runs finishes. If results
   * are settled, it resolves to what `Promise.allSettled` would.
   * @throws {TypeError} If the function was never exposed, or an option isn't
   * what it should be.
   * @throws {RangeError} If the chunk size is not a positive integer.
   * @throws {DOMException} A `DataCloneError` if an item can't be cloned; a
   * `TimeoutError` if the timeout passes.
   * @throws {WorkerLostError} If a worker died of it.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If the pool has a `maxsize`, and so many tasks wait.
   *
   * @example Usage
   * ```ts no-eval
   * import { expose, Pool } from "@lab9/concurrency";
   *
   * export function square(x: number): number {
   *   return x * x;
   * }
   * expose(import.meta, { square });
   *
   * if (import.meta.main) {
   *   await using pool = new Pool(2);
   *   console.log(await pool.map(square, [1, 2, 3])); // [ 1, 4, 9 ]
   * }
   * ```
   *
   * @typeParam T The type of the items.
   * @typeParam R The type of what the function returns.
   * @typeParam S Whether results are settled.
   */
  async map<T, R, S extends boolean = false>(
    fn: (item: T) => R,
    items: AnyIterable<T>,
    options: MapOptions<S> = {},
  ): Promise<ItemResult<R, S>[]> {
    return await this.#mapChunks(Mode.MAP, fn, items, options);
  }

  /**
   * As {@linkcode map}, for a function of several arguments: each item is the
   * list of them. Python's `Pool.starmap` and `Pool.starmap_async`.
   *
   * @param fn The function.
   * @param items The lists of arguments.
   * @param options Chunk size, progress, whether results are settled, and how
   * the call may end early.
   * @returns A promise that resolves to the results. It rejects with the first
   * error; what was not begun is called off, and what runs finishes. If results
   * are settled, it resolves to what `Promise.allSettled` would.
   * @throws {TypeError} If the function was never exposed, or an item is not
   * an array.
   * @throws {RangeError} If the chunk size is not a positive integer.
   * @throws {DOMException} A `DataCloneError` if an item can't be cloned; a
   * `TimeoutError` if the timeout passes.
   * @throws {WorkerLostError} If a worker died of it.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If the pool has a `maxsize`, and so many tasks wait.
   *
   * @example Usage
   * ```ts no-eval
   * import { expose, Pool } from "@lab9/concurrency";
   *
   * export function power(base: number, exponent: number): number {
   *   return base ** exponent;
   * }
   * expose(import.meta, { power });
   *
   * if (import.meta.main) {
   *   await using pool = new Pool(2);
   *   console.log(await pool.starmap(power, [[2, 3], [5, 2]])); // [ 8, 25 ]
   * }
   * ```
   *
   * @typeParam A The types of the function's arguments.
   * @typeParam R The type of what the function returns.
   * @typeParam S Whether results are settled.
   */
  async starmap<A extends readonly unknown[], R, S extends boolean = false>(
    fn: (...args: A) => R,
    items: AnyIterable<NoInfer<Readonly<A>>>,
    options: MapOptions<S> = {},
  ): Promise<ItemResult<R, S>[]> {
    return await this.#mapChunks(Mode.STARMAP, fn, items, options);
  }

  /**
   * Calls a function for each item and yields the results in the order of the
   * items, as they come. Python's `Pool.imap` and `concurrent.futures`'
   * `Executor.map`, except that items are read only as results are taken: they
   * may be endless.
   *
   * @param fn The function. It is called with the item alone.
   * @param items The items.
   * @param options Chunk size, progress, whether results are settled, and how
   * the call may end early.
   * @returns An iterator over the results. It throws the first error, unless
   * results are settled. What runs then finishes; leaving the iterator early
   * ends it.
   * @throws {TypeError} If the function was never exposed, or an option isn't
   * what it should be.
   * @throws {RangeError} If the chunk size is not a positive integer.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If the pool has a `maxsize`, and so many tasks wait.
   *
   * @example Usage
   * ```ts no-eval
   * import { expose, Pool } from "@lab9/concurrency";
   *
   * export function square(x: number): number {
   *   return x * x;
   * }
   * expose(import.meta, { square });
   *
   * if (import.meta.main) {
   *   await using pool = new Pool(2);
   *   for await (const result of pool.imap(square, [1, 2, 3])) {
   *     console.log(result); // 1 4 9
   *   }
   * }
   * ```
   *
   * @example Errors in their place
   * ```ts no-eval
   * import { expose, Pool } from "@lab9/concurrency";
   *
   * export function parse(text: string): unknown {
   *   return JSON.parse(text);
   * }
   * expose(import.meta, { parse });
   *
   * if (import.meta.main) {
   *   await using pool = new Pool(2);
   *   const results = pool.imap(parse, ["1", "{", "3"], { settled: true });
   *   for await (const result of results) {
   *     console.log(result.status); // fulfilled rejected fulfilled
   *   }
   * }
   * ```
   *
   * @typeParam T The type of the items.
   * @typeParam R The type of what the function returns.
   * @typeParam S Whether results are settled.
   */
  imap<T, R, S extends boolean = false>(
    fn: (item: T) => R,
    items: AnyIterable<T>,
    options: ImapOptions<S> = {},
  ): AsyncGenerator<ItemResult<R, S>, void, undefined> {
    return this.#stream(Mode.MAP, fn, items, options, true);
  }

  /**
   * As {@linkcode imap}, except that results are yielded in the order in which
   * they are done. Python's `Pool.imap_unordered`; what `concurrent.futures`'
   * `as_completed` is used for.
   *
   * @param fn The function. It is called with the item alone.
   * @param items The items.
   * @param options Chunk size, progress, whether results are settled, and how
   * the call may end early.
   * @returns An iterator over the results. It throws the first error, unless
   * results are settled. What runs then finishes; leaving the iterator early
   * ends it.
   * @throws {TypeError} If the function was never exposed, or an option isn't
   * what it should be.
   * @throws {RangeError} If the chunk size is not a positive integer.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If the pool has a `maxsize`, and so many tasks wait.
   *
   * @example Usage
   * ```ts no-eval
   * import { expose, Pool } from "@lab9/concurrency";
   *
   * export function square(x: number): number {
   *   return x * x;
   * }
   * expose(import.meta, { square });
   *
   * if (import.meta.main) {
   *   await using pool = new Pool(2);
   *   const results = await Array.fromAsync(pool.imapUnordered(square, [1, 2]));
   *   console.log(results.sort()); // [ 1, 4 ]
   * }
   * ```
   *
   * @typeParam T The type of the items.
   * @typeParam R The type of what the function returns.
   * @typeParam S Whether results are settled.
   */
  imapUnordered<T, R, S extends boolean = false>(
    fn: (item: T) => R,
    items: AnyIterable<T>,
    options: ImapOptions<S> = {},
  ): AsyncGenerator<ItemResult<R, S>, void, undefined> {
    return this.#stream(Mode.MAP, fn, items, options, false);
  }

  /**
   * As {@linkcode imap}, for a function of several arguments: each item
   * is the list of them. Python's `Pool` has no such method.
   *
   * @param fn The function.
   * @param items The lists of arguments.
   * @param options Chunk size, progress, whether results are settled, and how
   * the call may end early.
   * @returns An iterator over the results. It throws the first error, unless
   * results are settled. What runs then finishes; leaving the iterator early
   * ends it.
   * @throws {TypeError} If the function was never exposed, or an item is not
   * an array.
   * @throws {RangeError} If the chunk size is not a positive integer.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If the pool has a `maxsize`, and so many tasks wait.
   *
   * @example Usage
   * ```ts no-eval
   * import { expose, Pool } from "@lab9/concurrency";
   *
   * export function power(base: number, exponent: number): number {
   *   return base ** exponent;
   * }
   * expose(import.meta, { power });
   *
   * if (import.meta.main) {
   *   await using pool = new Pool(2);
   *   for await (const result of pool.istarmap(power, [[2, 3], [5, 2]])) {
   *     console.log(result); // 8 25
   *   }
   * }
   * ```
   *
   * @typeParam A The types of the function's arguments.
   * @typeParam R The type of what the function returns.
   * @typeParam S Whether results are settled.
   */
  istarmap<A extends readonly unknown[], R, S extends boolean = false>(
    fn: (...args: A) => R,
    items: AnyIterable<NoInfer<Readonly<A>>>,
    options: ImapOptions<S> = {},
  ): AsyncGenerator<ItemResult<R, S>, void, undefined> {
    return this.#stream(Mode.STARMAP, fn, items, options, true);
  }

  /**
   * As {@linkcode imapUnordered}, for a function of several arguments: each item
   * is the list of them. Python's `Pool` has no such method.
   *
   * @param fn The function.
   * @param items The lists of arguments.
   * @param options Chunk size, progress, whether results are settled, and how
   * the call may end early.
   * @returns An iterator over the results. It throws the first error, unless
   * results are settled. What runs then finishes; leaving the iterator early
   * ends it.
   * @throws {TypeError} If the function was never exposed, or an item is not
   * an array.
   * @throws {RangeError} If the chunk size is not a positive integer.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If the pool has a `maxsize`, and so many tasks wait.
   *
   * @example Usage
   * ```ts no-eval
   * import { expose, Pool } from "@lab9/concurrency";
   *
   * export function power(base: number, exponent: number): number {
   *   return base ** exponent;
   * }
   * expose(import.meta, { power });
   *
   * if (import.meta.main) {
   *   await using pool = new Pool(2);
   *   const results = pool.starmapUnordered(power, [[2, 3], [2, 3]]);
   *   console.log(await Array.fromAsync(results)); // [ 8, 8 ]
   * }
   * ```
   *
   * @typeParam A The types of the function's arguments.
   * @typeParam R The type of what the function returns.
   * @typeParam S Whether results are settled.
   */
  starmapUnordered<A extends readonly unknown[], R, S extends boolean = false>(
    fn: (...args: A) => R,
    items: AnyIterable<NoInfer<Readonly<A>>>,
    options: ImapOptions<S> = {},
  ): AsyncGenerator<ItemResult<R, S>, void, undefined> {
    return this.#stream(Mode.STARMAP, fn, items, options, false);
  }

  /**
   * Calls a function once in each worker, after what the worker does now. Workers
   * that are missing are started. Python's pools have nothing like it.
   *
   * @param fn The function.
   * @param args What it is called with.
   * @returns A promise that resolves to the results, in no order. It rejects with
   * the first error.
   * @throws {TypeError} If the function was never exposed.
   * @throws {Error} If the pool is not running.
   *
   * @example Usage
   * ```ts no-eval
   * import { expose, Pool } from "@lab9/concurrency";
   *
   * let factor = 1;
   * export function setFactor(value: number): number {
   *   return factor = value;
   * }
   * export function scale(x: number): number {
   *   return x * factor;
   * }
   * expose(import.meta, { setFactor, scale });
   *
   * if (import.meta.main) {
   *   await using pool = new Pool(2);
   *   console.log(await pool.broadcast(setFactor, [10])); // [ 10, 10 ]
   *   console.log(await pool.map(scale, [1, 2, 3])); // [ 10, 20, 30 ]
   * }
   * ```
   *
   * @typeParam A The types of the function's arguments.
   * @typeParam R The type of what the function returns.
   */
  async broadcast<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    args: NoInfer<Readonly<A>> = [] as never,
  ): Promise<Awaited<R>[]> {
    this.#check("broadcast function", fn, NO_OPTIONS);
    checkArray("broadcast function: args", args);
    const context = this.#contextOf("broadcast function", NO_OPTIONS);
    // Its tasks are of one call, made now: the pool may be closed meanwhile, and
    // have no room for others.
    using call = new Call(this.#dispatcher, NO_OPTIONS).open();
    await call.orCalledOff(this.ready());
    const id = idOf(context === undefined ? takeTurn : callIn)!;
    const results = broadcastTo(this.#workers, (broadcast) => {
      const turn = [broadcast, fn, args];
      const list = context === undefined ? turn : [context, takeTurn, turn];
      const task = new Task(id, Mode.APPLY, false, list);
      return call.submit(task) as Promise<Turn>;
    });
    return await results as Awaited<R>[];
  }

  /**
   * Calls a generator function in a worker and yields what it yields, as it is
   * taken: the generator begins when the first item is asked for, and is never
   * more than two items ahead. When the reader leaves early, or the call is called
   * off, the generator ends in the worker: its `finally` runs. Python's pools have
   * nothing like it.
   *
   * A stream occupies its worker until it ends.
   *
   * @param fn The generator function, sync or async; or any other function that
   * returns an iterable.
   * @param args What it is called with.
   * @param options How the call may end early.
   * @returns An iterator over the items. It throws what the generator throws, after
   * what that has yielded before.
   * @throws {TypeError} If the function was never exposed, or an option isn't
   * what it should be.
   * @throws {Full} If the pool has a `maxsize`, and so many tasks wait.
   * @throws {Error} If the pool is not running.
   *
   * @example Usage
   * ```ts no-eval
   * import { expose, Pool } from "@lab9/concurrency";
   *
   * export function* primes(): Generator<number> {
   *   for (let n = 2;; n++) {
   *     let divisor = 2;
   *     while (n % divisor !== 0) divisor++;
   *     if (divisor === n) yield n;
   *   }
   * }
   * expose(import.meta, { primes });
   *
   * if (import.meta.main) {
   *   await using pool = new Pool(1);
   *   for await (const prime of pool.stream(primes)) {
   *     if (prime > 10) break;
   *     console.log(prime); // 2 3 5 7
   *   }
   * }
   * ```
   *
   * @typeParam A The types of the function's arguments.
   * @typeParam T The type of the items.
   */
  stream<A extends readonly unknown[], T>(
    fn: (...args: A) => AnyIterable<T>,
    args: NoInfer<Readonly<A>>,
    options?: ApplyOptions,
  ): AsyncGenerator<T, void, undefined>;
  /**
   * The same for a function that can do without arguments.
   *
   * @param fn The generator function.
   * @param args None.
   * @param options How the call may end early.
   * @returns An iterator over the items.
   *
   * @typeParam T The type of the items.
   */
  stream<T>(
    fn: () => AnyIterable<T>,
    args?: readonly [],
    options?: ApplyOptions,
  ): AsyncGenerator<T, void, undefined>;
  stream(
    fn: AnyFunction,
    args: unknown = [],
    options: ApplyOptions = NO_OPTIONS,
  ): AsyncGenerator<unknown, void, undefined> {
    this.#check("stream function", fn, options);
    checkArray("stream function: args", args);
    const list = args as readonly unknown[];
    const { signal } = options;
    return streamItems((queue, left) => {
      const signals = signal === undefined ? [left] : [signal, left];
      return this.apply(feed, [queue, fn, list], {
        ...options,
        signal: AbortSignal.any(signals),
      });
    }, this.#grace);
  }

  /**
   * Takes no more tasks. The workers end when what was submitted is done, and
   * what is read of iterators that were made before. Python's `Pool.close`.
   *
   * @param options Whether what no worker has begun is rejected.
   * @throws {TypeError} If the options are no object.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   *
   * const pool = new Pool(1);
   * pool.close();
   * await pool.join();
   * ```
   */
  close(options: CloseOptions = {}): void {
    checkOptions("close pool", options);
    if (options.immediate) {
      const message = "The pool was closed before a worker began the task";
      this.#dispatcher.closeAtOnce(new DOMException(message, "AbortError"));
    } else {
      this.#dispatcher.close();
    }
  }

  /**
   * Waits for the workers' end, after {@linkcode close} or
   * {@linkcode terminate}. Python's `Pool.join`. It waits for no iterator that
   * nobody reads: one that is read later starts workers again.
   *
   * @param options How long to wait at most, and a signal that ends the wait.
   * @returns A promise that resolves when all workers have ended.
   * @throws {Error} If the pool is still running.
   * @throws {DOMException} A `TimeoutError` if the timeout passes.
   * @throws {TypeError} If an option isn't what it should be.
   * @throws {RangeError} If the timeout is negative.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   *
   * const pool = new Pool(1);
   * pool.close();
   * await pool.join();
   * ```
   */
  async join(options?: AsyncWaitOptions): Promise<void> {
    if (this.#dispatcher.isOpen) {
      throw new Error("Cannot join pool: it is still running, close it first");
    }
    await this.#dispatcher.ended(options);
  }

  /**
   * Ends the workers without finishing what was submitted: it rejects with an
   * `AbortError`. Python's `Pool.terminate`.
   *
   * @returns A promise that resolves when the workers have ended or were given
   * up (see {@linkcode Thread.terminate}).
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   *
   * const pool = new Pool(1);
   * await pool.terminate();
   * ```
   */
  async terminate(): Promise<void> {
    const reason = new DOMException("The pool was terminated", "AbortError");
    await this.#dispatcher.stop(reason);
  }

  /**
   * Closes the pool and waits for its workers' end; see {@linkcode Pool} for
   * tasks that never end.
   *
   * @returns A promise that resolves when all workers have ended.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   *
   * {
   *   await using pool = new Pool(1);
   * } // The workers have ended here.
   * ```
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#dispatcher.endedOrStuck();
  }

  #applyLimited(task: Task, limits: ApplyOptions): Promise<unknown> {
    const call = new Call(this.#dispatcher, limits);
    call.begin();
    return call.submit(task);
  }

  async #applyRecorded(task: Task, limits: ApplyOptions): Promise<unknown> {
    using _span = recordSpan(Mark.POOL);
    return await this.#applyLimited(task, limits);
  }

  #checkOpen(): void {
    if (!this.#dispatcher.isOpen) throw new Error("Pool is not running");
  }

  /** The id of the function, if it may be called now. */
  #check(action: string, fn: AnyFunction, options: ApplyOptions): number {
    this.#checkOpen();
    const id = this.#known.get(fn) ?? this.#learn(action, fn);
    if (options !== NO_OPTIONS) checkLimits(action, options);
    this.#dispatcher.checkRoom();
    return id;
  }

  /** What goes along with a call; undefined if nothing does. */
  #contextOf(action: string, options: ApplyOptions): Context | undefined {
    const storages = options.context ?? this.#context;
    return storages === undefined ? undefined : contextOf(action, storages);
  }

  #learn(action: string, fn: AnyFunction): number {
    checkFunction(action, fn);
    const { url, name } = originOf(fn)!;
    if (!this.#dispatcher.knows(url)) {
      throw new TypeError(
        `Cannot ${action}: '${name}' was exposed after the pool was made, ` +
          "import its module first",
      );
    }
    const id = idOf(fn)!;
    this.#known.set(fn, id);
    return id;
  }

  async #mapChunks<T, R>(
    mode: Mode,
    fn: AnyFunction,
    items: AnyIterable<T>,
    options: MapOptions,
  ): Promise<R[]> {
    const action = mode === Mode.MAP ? "map function" : "starmap function";
    let id = this.#checkItems(action, fn, items, options);
    const context = this.#contextOf(action, options);
    if (context !== undefined) {
      id = idOf(callIn)!;
      items = withContext(context, fn, mode, items) as AnyIterable<T>;
      mode = Mode.STARMAP;
    }
    using call = new Call(this.#dispatcher, options).open();
    const list = isAsync(items) ? await collect(items, call) : listOf(items);
    const total = list.length;
    const { chunkSize = defaultChunkSize(total, this.#workers) } = options;
    const { settled: isSettled = false, onProgress } = options;
    const runner = new ChunkRunner(call, {
      fn: id,
      mode,
      isSettled,
      total,
      onProgress,
    });
    using _span = recordSpan(Mark.POOL);
    const isPlaced = !isSettled && total <= LONGEST_FAST;
    const results = { list: [] as unknown[] };
    const chunks: Promise<unknown[]>[] = [];
    for (let at = 0; at < total; at += chunkSize) {
      const end = Math.min(at + chunkSize, total);
      const into = isPlaced ? { results, at } : undefined;
      chunks.push(runner.run(list, at, end, into));
    }
    // While it is made, the workers have begun.
    if (isPlaced) results.list = new Array(total);
    try {
      const lists = await Promises.all(chunks);
      return (isPlaced ? results.list : lists.flat()) as R[];
    } catch (error) {
      // What a worker has begun is its neighbours', and finishes.
      call.cancelWaiting(error);
      throw error;
    }
  }

  #stream<T, R>(
    mode: Mode,
    fn: AnyFunction,
    items: AnyIterable<T>,
    options: ImapOptions,
    ordered: boolean,
  ): AsyncGenerator<R, void, undefined> {
    const action = mode === Mode.MAP ? "imap function" : "starmap function";
    let id = this.#checkItems(action, fn, items, options);
    const context = this.#contextOf(action, options);
    if (context !== undefined) {
      id = idOf(callIn)!;
      items = withContext(context, fn, mode, items) as AnyIterable<T>;
      mode = Mode.STARMAP;
    }
    const { chunkSize = 1, settled: isSettled = false, onProgress } = options;
    const call = new Call(this.#dispatcher, options);
    const runner = new ChunkRunner(call, {
      fn: id,
      mode,
      isSettled,
      total: countOf(items),
      onProgress,
    });
    const runChunk = (items: T[]) =>
      runner.run(items, 0, items.length) as Promise<R[]>;
    return streamChunks(call, new Source(items), runChunk, {
      chunkSize,
      ahead: this.#workers * CHUNKS_AHEAD,
      ordered,
    });
  }

  #checkItems(
    action: string,
    fn: AnyFunction,
    items: unknown,
    options: MapOptions | ImapOptions,
  ): number {
    const id = this.#check(action, fn, options);
    const { chunkSize, onProgress } = options;
    if (chunkSize !== undefined) checkCount(action, "chunkSize", chunkSize);
    if (onProgress !== undefined && typeof onProgress !== "function") {
      throw new TypeError(
        `Cannot ${action}: onProgress must be a function, received ${
          kindOf(onProgress)
        }`,
      );
    }
    checkIterable(action, items);
    return id;
  }
}

/** The arguments of {@linkcode callIn} for each item. */
function withContext(
  context: Context,
  fn: AnyFunction,
  mode: Mode,
  items: AnyIterable<unknown>,
): AnyIterable<unknown> {
  const wrap = (item: unknown) => [
    context,
    fn,
    mode === Mode.MAP ? [item] : item,
  ];
  if (Array.isArray(items)) return items.map(wrap);
  if (isAsync(items)) return wrapAsync(items, wrap);
  return Iterator.from(items as Iterable<unknown>).map(wrap);
}

async function* wrapAsync(
  items: AsyncIterable<unknown>,
  wrap: (item: unknown) => unknown,
): AsyncGenerator<unknown> {
  for await (const item of items) yield wrap(item);
}

function checkPriority(action: string, priority: number): void {
  if (typeof priority !== "number") {
    throw new TypeError(
      `Cannot ${action}: priority must be a number, received ${
        kindOf(priority)
      }`,
    );
  }
  if (Number.isNaN(priority)) {
    throw new RangeError(`Cannot ${action}: priority must not be NaN`);
  }
}

function checkLimits(action: string, options: ApplyOptions): void {
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

/** Python's: a quarter of each worker's share of the items, rounded up. */
function defaultChunkSize(items: number, workers: number): number {
  return Math.max(1, Math.ceil(items / (workers * 4)));
}

/** The items as a list; an array is one that nothing has to be copied of. */
function listOf<T>(items: Iterable<T>): readonly T[] {
  const isPlain = Array.isArray(items) &&
    items[Symbol.iterator] === Array.prototype[Symbol.iterator];
  return isPlain ? items : [...items];
}

async function collect<T>(items: AsyncIterable<T>, call: Call): Promise<T[]> {
  const source = new Source(items);
  const list: T[] = [];
  try {
    for (;;) {
      const next = await call.orRefused(source.read(1));
      if (next.length === 0) return list;
      list.push(next[0]);
    }
  } finally {
    source.leave();
  }
}
