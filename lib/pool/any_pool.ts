// Copyright 2026 the lab9 authors. MIT license.

import type { AnyFunction } from "../codec/references.ts";
import type { AsyncWaitOptions } from "../sync/deadline.ts";
import { checkOptions } from "../checks.ts";
import { type Calls, NO_OPTIONS } from "./calls.ts";
import type {
  AnyIterable,
  ApplyOptions,
  CloseOptions,
  ImapOptions,
  ItemResult,
  MapOptions,
} from "./options.ts";
import type { AnyDispatcher } from "./any_dispatcher.ts";
import type { PoolStats } from "./stats.ts";
import { Mode } from "./task.ts";

/**
 * What every pool can do, wherever its workers are: those of a {@linkcode Pool}
 * are threads of this process, those of a cluster's pool are threads of other
 * processes and machines. A function that takes an `AnyPool` takes either.
 *
 * @example Usage
 * ```ts no-eval
 * import { type AnyPool, expose, Pool } from "@lab9/concurrency";
 *
 * export function square(x: number): number {
 *   return x * x;
 * }
 * expose(import.meta, { square });
 *
 * async function sumOfSquares(pool: AnyPool, xs: number[]): Promise<number> {
 *   return (await pool.map(square, xs)).reduce((a, b) => a + b, 0);
 * }
 *
 * if (import.meta.main) {
 *   await using pool = new Pool(2);
 *   console.log(await sumOfSquares(pool, [1, 2, 3])); // 14
 * }
 * ```
 */
export abstract class AnyPool implements AsyncDisposable {
  #dispatcher: AnyDispatcher;
  #calls: Calls;

  /**
   * A pool of the library's makes itself.
   *
   * @ignore
   */
  constructor(calls: Calls) {
    this.#calls = calls;
    this.#dispatcher = calls.dispatcher;
  }

  /**
   * How many workers the pool has.
   *
   * @returns The number.
   */
  get workers(): number {
    return this.#dispatcher.workers;
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
    this.#calls.checkOpen();
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
    await this.#dispatcher.calls.idle(options);
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
    await this.#dispatcher.room.wait(options);
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
    return this.#calls.apply(fn, args, options);
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
    return await this.#calls.map(Mode.MAP, fn, items, options);
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
    return await this.#calls.map(Mode.STARMAP, fn, items, options);
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
    return this.#calls.stream(Mode.MAP, fn, items, options, true);
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
    return this.#calls.stream(Mode.MAP, fn, items, options, false);
  }

  /**
   * As {@linkcode imap}, for a function of several arguments: each item is the
   * list of them. It is Python's `itertools.starmap` on the workers of a pool.
   * Python's `Pool` has no such method; people patch one into it that they call
   * `istarmap`.
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
   *   for await (const result of pool.starmapOrdered(power, [[2, 3], [5, 2]])) {
   *     console.log(result); // 8 25
   *   }
   * }
   * ```
   *
   * @typeParam A The types of the function's arguments.
   * @typeParam R The type of what the function returns.
   * @typeParam S Whether results are settled.
   */
  starmapOrdered<A extends readonly unknown[], R, S extends boolean = false>(
    fn: (...args: A) => R,
    items: AnyIterable<NoInfer<Readonly<A>>>,
    options: ImapOptions<S> = {},
  ): AsyncGenerator<ItemResult<R, S>, void, undefined> {
    return this.#calls.stream(Mode.STARMAP, fn, items, options, true);
  }

  /**
   * As {@linkcode starmapOrdered}, except that results are yielded in the order
   * in which they are done. Python's `Pool` has no such method.
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
    return this.#calls.stream(Mode.STARMAP, fn, items, options, false);
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
}
