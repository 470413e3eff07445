// Copyright 2026 the lab9 authors. MIT license.

import { checkOptions, kindOf } from "../checks.ts";
import { handle } from "../codec/references.ts";
import { AnyPool } from "../pool/any_pool.ts";
import { Calls } from "../pool/calls.ts";
import { checkCount } from "../pool/options.ts";
import { contextOf, type ContextOptions } from "../thread/context.ts";
import { checkMainThread } from "../thread/thread_table.ts";
import { ClusterDispatcher } from "./cluster_dispatcher.ts";
import { FarModules, readModules } from "./far_modules.ts";
import { PACE, type Pace } from "./pace.ts";
import { Store } from "./store.ts";

/** The name of pools and hosts that say none. */
export const DEFAULT_NAME = "lab9";

/** Options of {@linkcode ClusterPool.connect}. */
export interface ClusterPoolOptions extends ContextOptions {
  /**
   * What the pool and its hosts have in common. They see nothing of other names.
   *
   * @default {"lab9"}
   */
  name?: string;
  /**
   * How many tasks may wait for a worker. A call beyond that rejects with
   * {@linkcode Full}; see {@linkcode AnyPool.room}. A map is taken as a whole,
   * however many chunks it has.
   *
   * @default {Infinity}
   */
  maxsize?: number;
}

/**
 * A pool whose workers are on other machines: the methods, options and errors of
 * {@linkcode Pool}, over a Redis or a PostgreSQL that its hosts share. Python's
 * `concurrent.futures` pools have nothing like it; Celery and Dask do.
 *
 * A host is a process that was started with the module of the functions, on the
 * same code: it refuses a function of other code. It does chunks on all its
 * cores. What a host that dies was at is given to another; each item is answered
 * once.
 *
 * Values travel as bytes. So what is in the memory of this process, such as a
 * queue, is refused with a `DataCloneError`, and what is marked for moving is
 * copied. While no host is there, calls wait.
 *
 * A pool keeps its process alive until it is closed.
 *
 * @example Usage
 * ```ts no-eval
 * import { ClusterPool } from "@lab9/concurrency/cluster";
 * import { expose } from "@lab9/concurrency";
 *
 * export function square(x: number): number {
 *   return x * x;
 * }
 * expose(import.meta, { square });
 *
 * if (import.meta.main) {
 *   const url = "redis://127.0.0.1";
 *   await using pool = await ClusterPool.connect(url, { name: "lab" });
 *   console.log(await pool.map(square, [1, 2, 3])); // [ 1, 4, 9 ]
 * }
 * ```
 */
export class ClusterPool extends AnyPool {
  /**
   * A pool stays in its thread.
   *
   * @ignore
   */
  [handle](): never {
    throw new DOMException(
      "Cannot send a ClusterPool to a thread: only the main thread has its " +
        "connection",
      "DataCloneError",
    );
  }

  /**
   * Connects a pool to the store that its hosts are connected to. Functions that
   * are exposed later aren't known to it.
   *
   * @param url Where the store is: `redis://…`, `rediss://…` or `postgres://…`.
   * @param options The pool's name, and options.
   * @returns A promise that resolves to the pool.
   * @throws {TypeError} If the URL is none of a store, or an option isn't what
   * it should be.
   * @throws {RangeError} If a number is out of range.
   * @throws {Error} If the store can't be reached, or the calling thread isn't
   * the main one. The error never shows the URL's password.
   *
   * @example Usage
   * ```ts no-eval
   * import { ClusterPool } from "@lab9/concurrency/cluster";
   *
   * const url = "postgres://lab9@127.0.0.1/lab9";
   * await using pool = await ClusterPool.connect(url, { name: "lab" });
   * await pool.ready(); // A host is there.
   * ```
   */
  static async connect(
    url: string,
    options: ClusterPoolOptions = {},
  ): Promise<ClusterPool> {
    return new ClusterPool(await connect(url, options, PACE));
  }
}

/** Connects to a store; what a pool is made of. */
export async function connect(
  url: string,
  options: ClusterPoolOptions,
  pace: Pace,
): Promise<Calls> {
  const action = "connect pool";
  checkOptions(action, options);
  const { name = DEFAULT_NAME, maxsize = Infinity, context } = options;
  checkName(action, name);
  if (maxsize !== Infinity) checkCount(action, "maxsize", maxsize);
  contextOf(action, context);
  checkMainThread(action);
  const modules = new FarModules(await readModules());
  modules.enterAliases();
  const store = await Store.open(action, url, name);
  const dispatcher = new ClusterDispatcher(store, {
    name,
    modules,
    maxsize,
    pace,
  });
  try {
    await dispatcher.start();
  } catch (error) {
    await store.close();
    throw error;
  }
  return new Calls(dispatcher, context);
}

/** Checks a name of a pool and its hosts, which names keys in the store. */
export function checkName(action: string, name: unknown): void {
  if (typeof name !== "string") {
    throw new TypeError(
      `Cannot ${action}: name must be a string, received ${kindOf(name)}`,
    );
  }
  if (!/^[\w-]{1,64}$/.test(name)) {
    throw new RangeError(
      `Cannot ${action}: name must be 1 to 64 letters, digits, "_" or "-", ` +
        `received ${JSON.stringify(name)}`,
    );
  }
}
