// Copyright 2026 the lab9 authors. MIT license.

import { handle } from "../codec/references.ts";
import { AnyPool } from "../pool/any_pool.ts";
import type {
  AnyIterable,
  ApplyOptions,
  CloseOptions,
  ImapOptions,
  ItemResult,
  MapOptions,
} from "../pool/options.ts";
import type { PoolStats, Times } from "../pool/stats.ts";
import type { AsyncWaitOptions, WaitOptions } from "../sync/deadline.ts";
import type { ContextOptions, ContextStorage } from "../thread/context.ts";
import { type ClusterPoolOptions, connect } from "./connect.ts";
import { PACE } from "./pace.ts";

export type {
  AnyIterable,
  ApplyOptions,
  AsyncWaitOptions,
  CloseOptions,
  ClusterPoolOptions,
  ContextOptions,
  ContextStorage,
  ImapOptions,
  ItemResult,
  MapOptions,
  PoolStats,
  Times,
  WaitOptions,
};
export { AnyPool };

/**
 * A pool whose workers are on other machines. It has the methods, options and errors
 * of {@linkcode Pool}. The pool and its hosts share a Redis or a PostgreSQL. Python's
 * `multiprocessing` and `concurrent.futures` have nothing like it; Celery and Dask
 * do.
 *
 * A host is a process that was started with the module of the functions. It runs
 * chunks on all cores of its machine. It refuses a function if the code of its module
 * differs from the pool's. When a host dies, its chunks are given to other hosts.
 * Each item is answered once.
 *
 * Values travel as bytes. So a value that stands in the memory of this process, such
 * as a queue, is refused with a `DataCloneError`, and a value that is marked for
 * moving is copied. While there is no host, calls wait; {@linkcode AnyPool.ready}
 * waits for a host. {@linkcode AnyPool.workers} is 8 until the first host is known,
 * so that a map has chunks of a sensible size.
 *
 * A pool keeps its process alive until it is closed.
 *
 * @example Usage
 * ```ts
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
   * Refuses to send the pool to another thread.
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
   * Connects a pool to the store that it shares with its hosts. The pool can call
   * only functions that were exposed before.
   *
   * @param url The URL of the store: `redis://…`, `rediss://…` or `postgres://…`.
   * @param options The pool's name, and options.
   * @returns A promise that resolves to the pool.
   * @throws {TypeError} If the URL is not that of a store, or an option has the wrong
   * type.
   * @throws {RangeError} If a number is out of range.
   * @throws {Error} If the store can't be reached, or the calling thread isn't
   * the main one. The error never shows the URL's password.
   *
   * @example Usage
   * ```ts
   * import { ClusterPool } from "@lab9/concurrency/cluster";
   *
   * if (import.meta.main) {
   *   const url = "postgres://lab9@127.0.0.1/lab9";
   *   await using pool = await ClusterPool.connect(url, { name: "lab" });
   *   await pool.ready(); // A host is there.
   * }
   * ```
   */
  static async connect(
    url: string,
    options: ClusterPoolOptions = {},
  ): Promise<ClusterPool> {
    return new ClusterPool(await connect(url, options, PACE));
  }
}
