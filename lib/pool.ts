// Copyright 2026 the lab9 authors. MIT license.

import { Call } from "./pool/call.ts";
import { Dispatcher } from "./pool/dispatcher.ts";
import { leave, streamChunks } from "./pool/stream.ts";
import { Mode } from "./pool/task.ts";
import { checkSeconds } from "./shared/deadline.ts";
import { kindOf } from "./shared/kind_of.ts";
import { unexposed } from "./shared/packing.ts";
import { Mark, recordSpan } from "./shared/recorder.ts";
import { type AnyFunction, idOf, originOf } from "./shared/references.ts";
import { isMainThread } from "./thread/thread_table.ts";
import type { WorkerPermissions } from "./thread/worker.ts";

/** Options of {@linkcode Pool}'s constructor. */
export interface PoolOptions {
  /** An exposed function that each worker calls before its first task. */
  initializer?: AnyFunction;
  /**
   * What the initializer is called with.
   *
   * @default {[]}
   */
  initargs?: readonly unknown[];
  /**
   * How many tasks a worker does before a fresh one takes its place. A chunk of
   * a map counts as one.
   *
   * @default {Infinity}
   */
  maxTasksPerChild?: number;
  /**
   * What the workers may do: never more than whoever makes the pool.
   *
   * @default {"none"}
   */
  permissions?: WorkerPermissions;
}

/** Options of {@linkcode Pool.apply}. */
export interface ApplyOptions {
  /** Calls the task off: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * How long the call may take, in seconds. After that it is called off.
   *
   * @default {Infinity}
   */
  timeout?: number;
}

/** Options of {@linkcode Pool.imap} and {@linkcode Pool.imapUnordered}. */
export interface ImapOptions extends ApplyOptions {
  /**
   * How many items a worker is sent at a time.
   *
   * @default {1}
   */
  chunkSize?: number;
}

/** Options of {@linkcode Pool.map} and {@linkcode Pool.starmap}. */
export interface MapOptions extends ApplyOptions {
  /**
   * How many items a worker is sent at a time. The default is Python's: a
   * quarter of each worker's share, rounded up.
   */
  chunkSize?: number;
  /** Called whenever a chunk is done, with the numbers of items. */
  onProgress?: (done: number, total: number) => void;
}

/** Items that may come one after another. */
export type AnyIterable<T> = Iterable<T> | AsyncIterable<T>;

/** How many chunks an imap has under way for each worker. */
const CHUNKS_AHEAD = 2;

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
  return navigator.hardwareConcurrency;
}

/**
 * A number of workers that call functions for you. Python's
 * `multiprocessing.Pool`.
 *
 * The functions have to be exposed (see {@linkcode expose}); they may be async.
 * Arguments and results travel by structured clone; shared objects, such as
 * queues, and exposed functions may stand anywhere in them.
 *
 * What a function throws keeps its class, message and own properties, and has
 * the worker's stack as its `cause`. A worker that dies takes only its own task
 * with it, which rejects with {@linkcode WorkerLostError}; another worker takes
 * its place.
 *
 * @example Usage
 * ```ts
 * import { Pool } from "@lab9/concurrency";
 * import { taylorExp } from "../labs/pool.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await using pool = new Pool(2);
 * assertEquals(await pool.map(taylorExp, [0, 1]), [1, 2.7182818284590455]);
 * ```
 */
export class Pool implements AsyncDisposable {
  #dispatcher: Dispatcher;
  #workers: number;
  #isRunning = true;

  /**
   * Makes a pool and starts its workers.
   *
   * @param workers How many workers.
   * @param options The options.
   * @throws {RangeError} If the number of workers or of tasks per worker is not
   * a positive integer.
   * @throws {TypeError} If a number or a list isn't one, or the initializer was
   * never exposed.
   * @throws {Error} If the calling thread is not the main one.
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
    const {
      initializer,
      initargs = [],
      maxTasksPerChild = Infinity,
      permissions = "none",
    } = options;
    checkCount("create pool", "workers", workers);
    if (maxTasksPerChild !== Infinity) {
      checkCount("create pool", "maxTasksPerChild", maxTasksPerChild);
    }
    if (initializer !== undefined) checkFunction("create pool", initializer);
    checkArray("create pool: initargs", initargs);
    if (!isMainThread()) {
      throw new Error(
        "Cannot create pool: only the main thread can start workers",
      );
    }
    this.#workers = workers;
    this.#dispatcher = new Dispatcher(workers, {
      initializer,
      initargs,
      maxTasks: maxTasksPerChild,
      permissions,
    });
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
   * Calls a function once, in any worker. Python's `Pool.apply` and
   * `Pool.apply_async`.
   *
   * @param fn The function.
   * @param args What it is called with.
   * @param options How the call may end early.
   * @returns A promise that resolves to what the function returned. It rejects
   * with what the function threw.
   * @throws {TypeError} If the function was never exposed.
   * @throws {DOMException} A `DataCloneError` if an argument can't be cloned; a
   * `TimeoutError` if the timeout passes.
   * @throws {WorkerLostError} If the worker died of it.
   * @throws {Error} If the pool is not running.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   * import { taylorExp } from "../labs/pool.ts";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new Pool(1);
   * assertEquals(await pool.apply(taylorExp, [1]), 2.7182818284590455);
   * ```
   *
   * @typeParam A The types of the function's arguments.
   * @typeParam R The type of what the function returns.
   */
  async apply<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    args: NoInfer<A> | readonly [] = [],
    options: ApplyOptions = {},
  ): Promise<Awaited<R>> {
    const { signal, timeout } = options;
    this.#check("apply function", fn, options);
    checkArray("apply function: args", args);
    const task = { fn: idOf(fn)!, mode: Mode.APPLY, payload: args };
    using call = new Call(this.#dispatcher, false);
    call.limit({ signal, timeout });
    using _span = recordSpan(Mark.POOL);
    return await call.submit(task) as Awaited<R>;
  }

  /**
   * Calls a function for each item, in chunks, and collects the results in the
   * order of the items. Python's `Pool.map`.
   *
   * @param fn The function. It is called with the item alone.
   * @param items The items. All of them are read first; see
   * {@linkcode imap} for what need not fit in memory.
   * @param options Chunk size, progress, and how the call may end early.
   * @returns A promise that resolves to the results. It rejects with the first
   * error, and what was not begun is called off.
   * @throws {TypeError} If the function was never exposed.
   * @throws {RangeError} If the chunk size is not a positive integer.
   * @throws {DOMException} A `DataCloneError` if an item can't be cloned; a
   * `TimeoutError` if the timeout passes.
   * @throws {WorkerLostError} If a worker died of it.
   * @throws {Error} If the pool is not running.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   * import { taylorExp } from "../labs/pool.ts";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new Pool(2);
   * assertEquals(await pool.map(taylorExp, [0, 1]), [1, 2.7182818284590455]);
   * ```
   *
   * @typeParam T The type of the items.
   * @typeParam R The type of what the function returns.
   */
  async map<T, R>(
    fn: (item: T) => R,
    items: AnyIterable<T>,
    options: MapOptions = {},
  ): Promise<Awaited<R>[]> {
    return await this.#mapChunks(Mode.MAP, fn, items, options);
  }

  /**
   * As {@linkcode map}, for a function of several arguments: each item is the
   * list of them. Python's `Pool.starmap`.
   *
   * @param fn The function.
   * @param items The lists of arguments.
   * @param options Chunk size, progress, and how the call may end early.
   * @returns A promise that resolves to the results. It rejects with the first
   * error, and what was not begun is called off.
   * @throws {TypeError} If the function was never exposed, or an item is not
   * iterable.
   * @throws {RangeError} If the chunk size is not a positive integer.
   * @throws {DOMException} A `DataCloneError` if an item can't be cloned; a
   * `TimeoutError` if the timeout passes.
   * @throws {WorkerLostError} If a worker died of it.
   * @throws {Error} If the pool is not running.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   * import { taylorExp } from "../labs/pool.ts";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new Pool(2);
   * assertEquals(await pool.starmap(taylorExp, [[0, 9], [1, 3]]), [1, 2.5]);
   * ```
   *
   * @typeParam A The types of the function's arguments.
   * @typeParam R The type of what the function returns.
   */
  async starmap<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    items: AnyIterable<NoInfer<Readonly<A>>>,
    options: MapOptions = {},
  ): Promise<Awaited<R>[]> {
    return await this.#mapChunks(Mode.STARMAP, fn, items, options);
  }

  /**
   * Calls a function for each item and yields the results in the order of the
   * items, as they come. Python's `Pool.imap`, except that items are read only
   * as results are taken: they may be endless.
   *
   * @param fn The function. It is called with the item alone.
   * @param items The items.
   * @param options Chunk size, and how the call may end early.
   * @returns An iterator over the results. It throws the first error; leaving it
   * early calls off what is under way.
   * @throws {TypeError} If the function was never exposed.
   * @throws {RangeError} If the chunk size is not a positive integer.
   * @throws {Error} If the pool is not running.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   * import { taylorExp } from "../labs/pool.ts";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new Pool(2);
   * const results = pool.imap(taylorExp, [0, 1]);
   * assertEquals(await Array.fromAsync(results), [1, 2.7182818284590455]);
   * ```
   *
   * @typeParam T The type of the items.
   * @typeParam R The type of what the function returns.
   */
  imap<T, R>(
    fn: (item: T) => R,
    items: AnyIterable<T>,
    options: ImapOptions = {},
  ): AsyncGenerator<Awaited<R>, void, undefined> {
    return this.#stream(Mode.MAP, fn, items, options, true);
  }

  /**
   * As {@linkcode imap}, except that results are yielded in the order in which
   * they are done. Python's `Pool.imap_unordered`.
   *
   * @param fn The function. It is called with the item alone.
   * @param items The items.
   * @param options Chunk size, and how the call may end early.
   * @returns An iterator over the results. It throws the first error; leaving it
   * early calls off what is under way.
   * @throws {TypeError} If the function was never exposed.
   * @throws {RangeError} If the chunk size is not a positive integer.
   * @throws {Error} If the pool is not running.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   * import { taylorExp } from "../labs/pool.ts";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new Pool(2);
   * const results = pool.imapUnordered(taylorExp, [0, 0]);
   * assertEquals(await Array.fromAsync(results), [1, 1]);
   * ```
   *
   * @typeParam T The type of the items.
   * @typeParam R The type of what the function returns.
   */
  imapUnordered<T, R>(
    fn: (item: T) => R,
    items: AnyIterable<T>,
    options: ImapOptions = {},
  ): AsyncGenerator<Awaited<R>, void, undefined> {
    return this.#stream(Mode.MAP, fn, items, options, false);
  }

  /**
   * As {@linkcode imapUnordered}, for a function of several arguments: each item
   * is the list of them. Python has no such method.
   *
   * @param fn The function.
   * @param items The lists of arguments.
   * @param options Chunk size, and how the call may end early.
   * @returns An iterator over the results. It throws the first error; leaving it
   * early calls off what is under way.
   * @throws {TypeError} If the function was never exposed, or an item is not
   * iterable.
   * @throws {RangeError} If the chunk size is not a positive integer.
   * @throws {Error} If the pool is not running.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@lab9/concurrency";
   * import { taylorExp } from "../labs/pool.ts";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new Pool(2);
   * const results = pool.starmapUnordered(taylorExp, [[1, 3], [1, 3]]);
   * assertEquals(await Array.fromAsync(results), [2.5, 2.5]);
   * ```
   *
   * @typeParam A The types of the function's arguments.
   * @typeParam R The type of what the function returns.
   */
  starmapUnordered<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    items: AnyIterable<NoInfer<Readonly<A>>>,
    options: ImapOptions = {},
  ): AsyncGenerator<Awaited<R>, void, undefined> {
    return this.#stream(Mode.STARMAP, fn, items, options, false);
  }

  /**
   * Takes no more tasks. The workers end when what was submitted is done.
   * Python's `Pool.close`.
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
  close(): void {
    this.#isRunning = false;
    this.#dispatcher.close();
  }

  /**
   * Waits for the workers' end, after {@linkcode close} or
   * {@linkcode terminate}. Python's `Pool.join`.
   *
   * @returns A promise that resolves when all workers have ended.
   * @throws {Error} If the pool is still running.
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
  async join(): Promise<void> {
    if (this.#isRunning) {
      throw new Error("Cannot join pool: it is still running, close it first");
    }
    await this.#dispatcher.ended();
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
    this.#isRunning = false;
    const reason = new DOMException("The pool was terminated", "AbortError");
    await this.#dispatcher.stop(reason);
  }

  /**
   * Closes the pool and waits for its workers' end.
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
    await this.join();
  }

  #check(action: string, fn: AnyFunction, options: ApplyOptions): void {
    if (!this.#isRunning) throw new Error("Pool is not running");
    checkFunction(action, fn);
    if (!this.#dispatcher.knows(originOf(fn)!.url)) {
      throw new TypeError(
        `Cannot ${action}: '${
          originOf(fn)!.name
        }' was exposed after the pool ` +
          "was made, import its module first",
      );
    }
    if (options.timeout !== undefined) {
      checkSeconds(action, "timeout", options.timeout);
    }
    options.signal?.throwIfAborted();
  }

  async #mapChunks<T, R>(
    mode: Mode,
    fn: AnyFunction,
    items: AnyIterable<T>,
    options: MapOptions,
  ): Promise<Awaited<R>[]> {
    const action = mode === Mode.MAP ? "map function" : "starmap function";
    this.#check(action, fn, options);
    if (options.chunkSize !== undefined) {
      checkCount(action, "chunkSize", options.chunkSize);
    }
    checkIterable(action, items);
    using call = new Call(this.#dispatcher, false);
    call.limit(options);
    const list = isAsync(items)
      ? await collect(items, call)
      : Array.from(items);
    if (mode === Mode.STARMAP) checkTuples(action, list);
    const total = list.length;
    const { chunkSize = defaultChunkSize(total, this.#workers) } = options;
    const results = new Array<Awaited<R>>(total);
    let done = 0;
    const doChunk = async (start: number) => {
      const payload = list.slice(start, start + chunkSize);
      const task = { fn: idOf(fn)!, mode, payload };
      const values = await call.submit(task) as Awaited<R>[];
      for (let i = 0; i < values.length; i++) results[start + i] = values[i];
      done += values.length;
      options.onProgress?.(done, total);
    };
    using _span = recordSpan(Mark.POOL);
    const chunks: Promise<void>[] = [];
    for (let start = 0; start < total; start += chunkSize) {
      chunks.push(doChunk(start));
    }
    try {
      await Promise.all(chunks);
    } catch (error) {
      call.cancel(error);
      // The other chunks' rejections say nothing new.
      await Promise.allSettled(chunks);
      throw error;
    }
    return results;
  }

  #stream<T, R>(
    mode: Mode,
    fn: AnyFunction,
    items: AnyIterable<T>,
    options: ImapOptions,
    ordered: boolean,
  ): AsyncGenerator<Awaited<R>, void, undefined> {
    this.#check("imap function", fn, options);
    const { chunkSize = 1 } = options;
    checkCount("imap function", "chunkSize", chunkSize);
    checkIterable("imap function", items);
    const call = new Call(this.#dispatcher, true);
    const submit = async (payload: T[]) => {
      if (mode === Mode.STARMAP) checkTuples("starmap function", payload);
      const task = { fn: idOf(fn)!, mode, payload };
      return await call.submit(task) as Awaited<R>[];
    };
    return streamChunks(call, chunksOf(items, chunkSize), submit, {
      limits: options,
      ahead: this.#workers * CHUNKS_AHEAD,
      ordered,
    });
  }
}

/** Python's: a quarter of each worker's share of the items, rounded up. */
function defaultChunkSize(items: number, workers: number): number {
  return Math.max(1, Math.ceil(items / (workers * 4)));
}

function checkIterable(action: string, items: unknown): void {
  const isIterable = typeof items === "string" ||
    typeof items === "object" && items !== null &&
      (Symbol.iterator in items || Symbol.asyncIterator in items);
  if (!isIterable) {
    throw new TypeError(
      `Cannot ${action}: items must be iterable, received ${kindOf(items)}`,
    );
  }
}

function isAsync<T>(items: AnyIterable<T>): items is AsyncIterable<T> {
  return Symbol.asyncIterator in Object(items);
}

async function collect<T>(items: AsyncIterable<T>, call: Call): Promise<T[]> {
  const source = items[Symbol.asyncIterator]();
  const list: T[] = [];
  try {
    for (;;) {
      const next = await call.orCalledOff(source.next());
      if (next.done) return list;
      list.push(next.value);
    }
  } catch (error) {
    leave(source);
    throw error;
  }
}

async function* chunksOf<T>(
  items: AnyIterable<T>,
  size: number,
): AsyncGenerator<T[], void, undefined> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function checkCount(action: string, what: string, count: number): void {
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

function checkFunction(action: string, fn: AnyFunction): void {
  if (typeof fn !== "function") {
    throw new TypeError(
      `Cannot ${action}: it must be a function, received ${kindOf(fn)}`,
    );
  }
  if (idOf(fn) === undefined) throw new TypeError(unexposed(fn));
}

function checkTuples(action: string, items: readonly unknown[]): void {
  for (const item of items) checkArray(`${action}: each item`, item);
}

function checkArray(what: string, value: unknown): void {
  if (!Array.isArray(value)) {
    throw new TypeError(
      `Cannot ${what} must be an array, received ${kindOf(value)}`,
    );
  }
}
