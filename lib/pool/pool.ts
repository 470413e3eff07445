// Copyright 2026 the lab9 authors. MIT license.

import { processors } from "../platform/platform.ts";
import { checkCallback, checkOptions } from "../checks.ts";
import { checkSeconds } from "../sync/deadline.ts";
import { type AnyFunction, handle, idOf } from "../codec/references.ts";
import { callIn, contextOf } from "../thread/context.ts";
import { outputOf } from "../thread/output.ts";
import { copyPermissions, isolationOf } from "../thread/worker_kind.ts";
import { checkMayStart, isMainThread } from "../thread/thread_table.ts";
import { PooledWorker } from "../thread/worker.ts";
import { AnyPool } from "./any_pool.ts";
import { Call } from "./call.ts";
import { Calls, NO_OPTIONS } from "./calls.ts";
import { Dispatcher } from "./dispatcher.ts";
import {
  type AnyIterable,
  type ApplyOptions,
  checkArray,
  checkCount,
  checkFunction,
  type CloseOptions,
  type ImapOptions,
  type ItemResult,
  type MapOptions,
  type PoolOptions,
  type WorkerEndReason,
} from "./options.ts";
import {
  broadcastTo,
  feed,
  streamItems,
  takeTurn,
  type Turn,
} from "./own_tasks.ts";
import type { PoolStats, Times } from "./stats.ts";
import { Mode, Task } from "./task.ts";

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
export class Pool extends AnyPool {
  #dispatcher: Dispatcher;
  #calls: Calls;
  #grace: number;

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
   * after another, when the first is ready. With an initializer, permissions or
   * isolation, all start now.
   *
   * @param workers How many workers.
   * @param options The options.
   * @throws {RangeError} If the number of workers or of tasks per worker is not
   * a positive integer, or a worker can't do with the memory limit.
   * @throws {TypeError} If a number or a list isn't one, the initializer was
   * never exposed, the permissions are none that Deno knows, or the isolation is
   * none.
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
    const isolation = isolationOf("create pool", options, copy);
    const output = outputOf("create pool", options);
    contextOf("create pool", options.context);
    checkMayStart("create pool");
    // It loads its modules while the rest of the pool is made.
    if (isMainThread()) PooledWorker.prestart({ permissions: copy, isolation });
    const dispatcher = new Dispatcher(workers, {
      initializer,
      initargs,
      maxTasks: maxTasksPerChild,
      permissions: copy,
      isolation,
      output,
      maxsize,
      grace,
      tasksPerWorker,
      finalizer,
      idleTimeout,
      onWorkerStart,
      onWorkerEnd,
    });
    const calls = new Calls(dispatcher, options.context);
    super(calls);
    this.#calls = calls;
    this.#dispatcher = dispatcher;
    this.#grace = grace;
    droppedPools.register(this, dispatcher);
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
    this.#calls.check("broadcast function", fn, NO_OPTIONS);
    checkArray("broadcast function: args", args);
    const context = this.#calls.contextOf("broadcast function", NO_OPTIONS);
    // Its tasks are of one call, made now: the pool may be closed meanwhile, and
    // have no room for others.
    using call = new Call(this.#dispatcher, NO_OPTIONS).open();
    await call.orCalledOff(this.ready());
    const id = idOf(context === undefined ? takeTurn : callIn)!;
    const results = broadcastTo(this.workers, (broadcast) => {
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
    this.#calls.check("stream function", fn, options);
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
}
