// Copyright 2026 the lab9 authors. MIT license.

import "./preload.ts";
import {
  processors,
  Promise as Promises,
  structuredClone,
} from "../platform/platform.ts";
import { checkArray, checkCallback, checkOptions } from "../checks.ts";
import { checkSeconds } from "../sync/deadline.ts";
import { hold } from "../sync/keep_alive.ts";
import { checkExposed, pack } from "../codec/packing.ts";
import { type AnyFunction, handle, idOf } from "../codec/references.ts";
import { callIn, type Context, contextOf } from "../thread/context.ts";
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
  checkCount,
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
  nextBroadcast,
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

/**
 * Closes pools that were garbage-collected while they were open. It forgets a pool
 * that is closed: the dispatcher may then hold the error that the pool was terminated
 * with, and V8 keeps with an error's stack the pool whose method made the error. So
 * the registry, which holds the dispatcher, would hold the pool.
 */
const droppedPools = new FinalizationRegistry<Dispatcher>((dispatcher) => {
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
 * A pool of workers that call functions. Python's `multiprocessing.Pool`.
 *
 * The functions have to be exposed (see {@linkcode expose}); they may be async.
 * Arguments and results travel by structured clone. Shared objects, such as
 * queues, and exposed functions may stand anywhere in them. Large values can be
 * moved instead of copied, see {@linkcode transfer}.
 *
 * An error that a function throws keeps its class, message and own properties, and
 * has the worker's stack as its `cause`. When a worker dies, only the tasks that it
 * ran reject, with {@linkcode WorkerLostError}, and another worker takes its place.
 * With the option `settled`, an error stands in its item's place, and the other
 * items go on.
 *
 * `await using` closes the pool and waits for the calls that were made, as
 * `concurrent.futures` does. It can't know whether the block threw. A task that
 * never ends must not hold back the block's error. So the pool is terminated if,
 * after its block, its tasks only wait for five seconds: none computes, and none
 * ends. They reject with an `AbortError`, and a warning says so. So does a call that
 * waits for its next item for so long. An initializer or a finalizer that waits for
 * so long ends, too. Await in the block what may wait for longer.
 *
 * A pool that is dropped without {@linkcode Pool.close} is closed when it is
 * garbage-collected. A warning is printed for the first such pool.
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
   * Refuses to send the pool to another thread.
   *
   * @ignore
   */
  [handle](): never {
    throw new DOMException(
      "Cannot send a Pool to a thread: its workers belong to the thread that " +
        "made it",
      "DataCloneError",
    );
  }

  /**
   * Creates a pool and starts its first worker. A worker's start blocks the main
   * thread for some 10 to 20 ms. So the other workers start when there are tasks for
   * them or, one after another, when the first worker is ready. With an initializer,
   * permissions or isolation, all workers start at once.
   *
   * @param workers The number of workers.
   * @param options The options.
   * @throws {RangeError} If the number of workers or of tasks per worker is not a
   * positive integer, or the memory limit is too small for a worker.
   * @throws {TypeError} If an option has the wrong type, the initializer was never
   * exposed, or the permissions or the isolation are unknown.
   * @throws {Deno.errors.NotCapable} If the permissions exceed the script's own.
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
    if (initializer !== undefined) {
      checkExposed("create pool", "the initializer", initializer);
    }
    if (finalizer !== undefined) {
      checkExposed("create pool", "the finalizer", finalizer);
    }
    checkSeconds("create pool", "idleTimeout", idleTimeout);
    checkArray("create pool", "initargs", initargs);
    for (const [name, fn] of Object.entries({ onWorkerStart, onWorkerEnd })) {
      if (fn !== undefined) checkCallback("create pool", name, fn);
    }
    const copy = copyPermissions("create pool", permissions);
    const isolation = isolationOf("create pool", options, copy);
    const output = outputOf("create pool", options);
    contextOf("create pool", options.context);
    checkMayStart("create pool");
    // A worker loads its modules while the rest of the pool is made.
    if (isMainThread()) PooledWorker.prestart({ permissions: copy, isolation });
    const registration = {};
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
      onClosed: () => droppedPools.unregister(registration),
    });
    const calls = new Calls(dispatcher, options.context);
    super(calls);
    this.#calls = calls;
    this.#dispatcher = dispatcher;
    this.#grace = grace;
    droppedPools.register(this, dispatcher, registration);
  }

  /**
   * Calls a function once in each worker, when the worker has done its current task.
   * Workers that are missing are started. Each worker gets a copy of the arguments, as
   * they are now, even of what {@linkcode transfer} has marked. Python's pools have
   * nothing like it.
   *
   * @param fn The function.
   * @param args The function's arguments.
   * @returns A promise that resolves to the results, in any order. It rejects with
   * the first error; the other workers call the function all the same.
   * @throws {TypeError} If the function was not exposed before the pool was made, or the
   * arguments are not an array.
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
    checkArray("broadcast function", "args", args);
    const context = this.#calls.contextOf("broadcast function", NO_OPTIONS);
    // All tasks belong to one call that is made now. So they are accepted even if
    // the pool is closed meanwhile, or has no room for other calls.
    using stack = new DisposableStack();
    stack.use(hold());
    const dispatcher = this.#dispatcher;
    const call = stack.use(new Call(dispatcher, NO_OPTIONS).open());
    const newTask = copiesOf(
      taskOf(takeTurn, [nextBroadcast(), fn, args], context),
    );
    const ready = () => call.orCalledOff(dispatcher.ready());
    // There are fewer workers than were asked for if one can't be started.
    await ready();
    const parts = broadcastTo(this.workers, ready, async () => {
      const turn = await call.submit(newTask()) as Turn;
      if (turn === undefined) dispatcher.givenBack++;
      return turn;
    });
    // When a part fails, the other workers still have their turns. A pool that is
    // joined waits for them: a part submitted afterwards would start a worker again.
    const open = stack.move();
    Promises.allSettled(parts).then(() => open.dispose());
    return await Promises.all(parts) as Awaited<R>[];
  }

  /**
   * Calls a generator function in a worker and yields what the generator yields. The
   * generator begins when the first item is asked for, and is never more than two
   * items ahead of the reader. When the reader leaves early, or the call is called
   * off, the generator ends in the worker: its `finally` runs. An iterator that is
   * dropped is left when it is garbage-collected. Python's pools have nothing like it.
   *
   * A stream occupies its worker until it ends. One that was made before the pool was
   * closed can be read to its end.
   *
   * @param fn The generator function, sync or async; or any other function that
   * returns an iterable.
   * @param args The function's arguments.
   * @param options How the call may end early.
   * @returns An iterator over the items. What the generator throws is thrown after
   * the items that it has yielded before.
   * @throws {TypeError} If the function was not exposed before the pool was made, or an
   * option has the wrong type.
   * @throws {RangeError} If a time is negative, or the priority is NaN.
   * @throws {Full} If `maxsize` tasks wait already.
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
   * Calls a generator function without arguments in a worker.
   *
   * @param fn The generator function.
   * @param args No arguments.
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
    checkArray("stream function", "args", args);
    const context = this.#calls.contextOf("stream function", options);
    // The task belongs to a call that is made now, as those of an imap().
    const call = new Call(this.#dispatcher, options);
    return streamItems(call, (queue) => {
      const task = taskOf(feed, [queue, fn, args], context);
      return call.submit(task) as Promise<void>;
    }, this.#grace);
  }
}

/**
 * Makes copies of a task. Their payload goes by message: it is what it is now, and
 * what is marked for moving is copied, since each worker needs it.
 */
function copiesOf({ fn, mode, payload }: Task): () => Task {
  const packed = { ...pack(payload, -2), transferables: [] };
  const mail = structuredClone(packed);
  return () => {
    const task = new Task(fn, mode, false, []);
    task.payload = undefined;
    task.mail = mail;
    return task;
  };
}

/** A task that calls a function of the library's. */
function taskOf(
  fn: AnyFunction,
  args: readonly unknown[],
  context: Context | undefined,
): Task {
  return context === undefined
    ? new Task(idOf(fn)!, Mode.APPLY, false, args)
    : new Task(idOf(callIn)!, Mode.APPLY, false, [context, fn, args]);
}
