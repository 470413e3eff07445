// Copyright 2026 the lab9 authors. MIT license.

import type { AnyFunction } from "../codec/references.ts";
import type { AsyncWaitOptions } from "../sync/deadline.ts";
import { checkStopAfterwards, heedStop, isStopping } from "../sync/waiters.ts";
import { checkFlag, checkOptions } from "../checks.ts";
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
 * What every pool can do. The workers of a {@linkcode Pool} are threads of this
 * process. The workers of a cluster's pool are threads of other processes, which
 * may run on other machines. A function that takes an `AnyPool` takes either.
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
   * Only the library's own pools call it.
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
   * How many tasks no worker has begun. Each chunk of a map is a task.
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
    checkStopAfterwards();
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
    checkStopAfterwards();
    return this.#dispatcher.running;
  }

  /**
   * What the pool has done until now. Times are counted in buckets that grow by an
   * eighth, so their memory doesn't grow with the number of tasks.
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
    checkStopAfterwards();
    return this.#dispatcher.stats();
  }

  /**
   * Starts the workers that are missing, and waits until all of them have called
   * the initializer. Calls that follow needn't wait for a worker's start.
   *
   * @returns A promise that resolves when all workers are ready. It rejects with
   * what an initializer throws.
   * @throws {Error} If the pool is not running.
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
    if (isStopping()) await heedStop();
    this.#calls.checkOpen();
    await this.#dispatcher.ready();
  }

  /**
   * Waits until the pool has nothing to do: no task waits or runs.
   *
   * @param options A timeout, and a signal that ends the wait.
   * @returns A promise that resolves when the pool is idle.
   * @throws {DOMException} A `TimeoutError` if the timeout passes.
   * @throws {TypeError} If an option has the wrong type.
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
    if (isStopping()) await heedStop();
    await this.#dispatcher.calls.idle(options);
  }

  /**
   * Waits until a pool with a `maxsize` takes another call. A place that isn't used
   * within about a millisecond is offered to the next caller of `room()`, too.
   *
   * @param options A timeout, and a signal that ends the wait.
   * @returns A promise that resolves when there is a place.
   * @throws {Error} If the pool is not running.
   * @throws {DOMException} A `TimeoutError` if the timeout passes.
   * @throws {TypeError} If an option has the wrong type.
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
    if (isStopping()) await heedStop();
    await this.#dispatcher.room.wait(options);
  }

  /**
   * Calls a function once, in any worker. Python's `Pool.apply`. It returns a
   * promise, so it is also Python's `Pool.apply_async` and the `Executor.submit` of
   * `concurrent.futures`.
   *
   * @param fn The function.
   * @param args The function's arguments.
   * @param options How the call may end early.
   * @returns A promise that resolves to what the function returned. It rejects
   * with what the function threw. As with any promise, a rejection that nobody
   * handles ends the process: a call that isn't awaited needs a `catch`.
   * @throws {TypeError} If the function was not exposed before the pool was made, or an
   * option has the wrong type.
   * @throws {RangeError} If a time is negative, or the priority is NaN.
   * @throws {DOMException} A `DataCloneError` if an argument can't be cloned; a
   * `TimeoutError` if a timeout passes.
   * @throws {WorkerLostError} If the worker died while it ran the task.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If `maxsize` tasks wait already.
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
   * Calls a function without arguments once, in any worker.
   *
   * @param fn The function.
   * @param args No arguments.
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
   * @param items The items. All of them are read before the first call. For items
   * that don't fit in memory, see {@linkcode imap}.
   * @param options The size of chunks, a callback for progress, whether results are
   * settled, and how the call may end early.
   * @returns A promise that resolves to the results. It rejects with the first
   * error. Then the tasks that have not begun are called off, and the tasks that run
   * finish. With `settled`, it resolves to what `Promise.allSettled` would.
   * @throws {TypeError} If the function was not exposed before the pool was made, or an
   * option has the wrong type.
   * @throws {RangeError} If the chunk size is not a positive integer, a time is negative,
   * or the priority is NaN.
   * @throws {DOMException} A `DataCloneError` if an item can't be cloned; a
   * `TimeoutError` if a timeout passes.
   * @throws {WorkerLostError} If a worker died while it ran one of the tasks.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If `maxsize` tasks wait already.
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
   * Calls a function of several arguments for each item, which is the list of its
   * arguments; otherwise as {@linkcode map}. Python's `Pool.starmap` and
   * `Pool.starmap_async`.
   *
   * @param fn The function.
   * @param items The lists of arguments.
   * @param options The size of chunks, a callback for progress, whether results are
   * settled, and how the call may end early.
   * @returns A promise that resolves to the results. It rejects with the first
   * error. Then the tasks that have not begun are called off, and the tasks that run
   * finish. With `settled`, it resolves to what `Promise.allSettled` would.
   * @throws {TypeError} If the function was not exposed before the pool was made, an item
   * is not an array, or an option has the wrong type.
   * @throws {RangeError} If the chunk size is not a positive integer, a time is negative,
   * or the priority is NaN.
   * @throws {DOMException} A `DataCloneError` if an item can't be cloned; a
   * `TimeoutError` if a timeout passes.
   * @throws {WorkerLostError} If a worker died while it ran one of the tasks.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If `maxsize` tasks wait already.
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
   * items. Python's `Pool.imap`, and the `Executor.map` of `concurrent.futures`. In
   * contrast to Python, items are read only as results are taken, so they may be
   * endless.
   *
   * @param fn The function. It is called with the item alone.
   * @param items The items.
   * @param options The size of chunks, a callback for progress, whether results are
   * settled, and how the call may end early.
   * @returns An iterator over the results. It throws the first error, unless
   * results are settled; the tasks that run then finish. A loop that leaves the
   * iterator early ends the tasks that run.
   * @throws {TypeError} If the function was not exposed before the pool was made, or an
   * option has the wrong type.
   * @throws {RangeError} If the chunk size is not a positive integer, a time is negative,
   * or the priority is NaN.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If `maxsize` tasks wait already.
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
   * they are done. Python's `Pool.imap_unordered`, and what `as_completed` of
   * `concurrent.futures` is used for.
   *
   * @param fn The function. It is called with the item alone.
   * @param items The items.
   * @param options The size of chunks, a callback for progress, whether results are
   * settled, and how the call may end early.
   * @returns An iterator over the results. It throws the first error, unless
   * results are settled; the tasks that run then finish. A loop that leaves the
   * iterator early ends the tasks that run.
   * @throws {TypeError} If the function was not exposed before the pool was made, or an
   * option has the wrong type.
   * @throws {RangeError} If the chunk size is not a positive integer, a time is negative,
   * or the priority is NaN.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If `maxsize` tasks wait already.
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
   * list of its arguments. It is Python's `itertools.starmap` on the workers of a
   * pool. Python's `Pool` has no such method; people patch one into it that they
   * call `istarmap`.
   *
   * @param fn The function.
   * @param items The lists of arguments.
   * @param options The size of chunks, a callback for progress, whether results are
   * settled, and how the call may end early.
   * @returns An iterator over the results. It throws the first error, unless
   * results are settled; the tasks that run then finish. A loop that leaves the
   * iterator early ends the tasks that run.
   * @throws {TypeError} If the function was not exposed before the pool was made, an item
   * is not an array, or an option has the wrong type.
   * @throws {RangeError} If the chunk size is not a positive integer, a time is negative,
   * or the priority is NaN.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If `maxsize` tasks wait already.
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
   * @param options The size of chunks, a callback for progress, whether results are
   * settled, and how the call may end early.
   * @returns An iterator over the results. It throws the first error, unless
   * results are settled; the tasks that run then finish. A loop that leaves the
   * iterator early ends the tasks that run.
   * @throws {TypeError} If the function was not exposed before the pool was made, an item
   * is not an array, or an option has the wrong type.
   * @throws {RangeError} If the chunk size is not a positive integer, a time is negative,
   * or the priority is NaN.
   * @throws {Error} If the pool is not running.
   * @throws {Full} If `maxsize` tasks wait already.
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
   * Refuses further calls. The workers end when the calls that were made before are
   * done, and the iterators of these calls that are read. Python's `Pool.close`.
   *
   * @param options Whether the tasks that no worker has begun are rejected.
   * @throws {TypeError} If the options are not an object, or `immediate` is not a
   * boolean.
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
    checkFlag("close pool", "immediate", options.immediate);
    if (options.immediate) {
      const message = "The pool was closed before a worker began the task";
      this.#dispatcher.closeAtOnce(new DOMException(message, "AbortError"));
    } else {
      this.#dispatcher.close();
    }
  }

  /**
   * Waits until the workers have ended, after {@linkcode close} or
   * {@linkcode terminate}. Python's `Pool.join`. It doesn't wait for an iterator
   * that nobody reads; such an iterator starts workers again when it is read.
   *
   * @param options A timeout, and a signal that ends the wait.
   * @returns A promise that resolves when all workers have ended.
   * @throws {Error} If the pool is still running.
   * @throws {DOMException} A `TimeoutError` if the timeout passes.
   * @throws {TypeError} If an option has the wrong type.
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
    if (isStopping()) await heedStop();
    if (this.#dispatcher.isOpen) {
      throw new Error("Cannot join pool: it is still running, close it first");
    }
    await this.#dispatcher.ended(options);
  }

  /**
   * Ends the workers at once. Pending calls reject with an `AbortError`. Python's
   * `Pool.terminate`.
   *
   * @returns A promise that resolves when each worker has ended or was given up (see
   * {@linkcode Thread.terminate}).
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
   * Closes the pool and waits until its workers have ended. {@linkcode Pool} says
   * what becomes of tasks that never end.
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
