// Copyright 2026 the lab9 authors. MIT license.

/**
 * Workers whose heap is limited, and which can be ended while they compute.
 *
 * Deno 2.9 limits the heap of one kind of worker only, that of
 * `node:worker_threads`, and gives it no permissions of its own. So there are two:
 *  - The outer one is a web worker, by which the main thread gives permissions. It
 *    starts the inner one and hands messages on. It computes nothing, so it can
 *    be ended at any time, and the inner one ends with it.
 *  - The inner one runs threads as any worker does. It loads modules with the
 *    permissions that it has itself, so at first it may read what the main thread
 *    may, and gives that up before the first module runs. It holds a Web Lock:
 *    only then does Deno end it while it computes.
 *
 * Protocol of its death. Deno raises the limit when the heap is exhausted, and ends
 * what runs. If that was in a callback of the platform's, the worker ends, and
 * Deno tells the outer one. If it was in a microtask or a message's listener, only
 * that is ended: so the inner one looks now and then whether the limit is still
 * the same, and tells the outer one if not. That writes `DEATH` into the handover
 * (see `handover.ts`), counts `SENT`, and calls the main thread until it ends both.
 *
 * Nothing of this is documented for Deno. Tests tell when it changes.
 *
 * @module
 */

import { isBrowser } from "../platform/platform.ts";
import { FOR_LOADING, type Places } from "../platform/isolated_worker.ts";
import { kindOf } from "../checks.ts";
import { CALL_WORDS } from "../sync/waiters.ts";
import { DEATH, Death, GONE, SENT, SLOT } from "./handover.ts";
import type { WorkerPermissions } from "./permissions.ts";

/**
 * Options of threads and pools, for code that may need any memory or any time.
 *
 * @example Usage
 * ```ts no-eval
 * import { expose, Pool, WorkerLostError } from "@lab9/concurrency";
 *
 * export function fill(): never {
 *   const kept: unknown[] = [];
 *   for (;;) kept.push({ x: kept.length });
 * }
 * expose(import.meta, { fill });
 *
 * if (import.meta.main) {
 *   await using pool = new Pool(2, { memoryLimit: 64 });
 *   const error = await pool.apply(fill).catch((error) => error);
 *   console.log(error instanceof WorkerLostError); // true
 * }
 * ```
 */
export interface IsolationOptions {
  /**
   * How large the heap of a worker may be, in megabytes, at least 16. A task
   * that exhausts it rejects with {@linkcode WorkerLostError}; the process goes on.
   * Typed arrays and the memory of WebAssembly aren't counted. Implies
   * `isolation: "killable"`.
   *
   * @default {Infinity}
   */
  memoryLimit?: number;
  /**
   * `"killable"` has workers that are ended even while they compute, when the time
   * has passed that they have to end by themselves. Each takes some 20 MB and
   * half a second to start. Of permissions to read, it can be given all or
   * none.
   */
  isolation?: "killable";
}

/** How a worker is isolated. */
export interface Isolation {
  /** In megabytes; what Deno's heaps have if it isn't given. */
  memoryLimit?: number;
}

/** A worker with less can't load the library. */
const LEAST_MB = 16;
/** Where the death of an isolated worker is told. */
export const PLACES: Places = { DEATH, SENT, SLOT, GONE, Death, CALL_WORDS };

/**
 * What the options say; undefined if workers are as they always are.
 *
 * @throws {TypeError} If an option is none, or there are permissions to read some
 * files and not others.
 * @throws {RangeError} If the limit is no size that a worker can have.
 * @throws {Error} If this is a browser.
 */
export function isolationOf(
  action: string,
  { memoryLimit, isolation }: IsolationOptions,
  permissions: WorkerPermissions,
): Isolation | undefined {
  if (isolation !== undefined && isolation !== "killable") {
    throw new TypeError(
      `Cannot ${action}: isolation must be "killable" or left out, received ${
        typeof isolation === "string"
          ? JSON.stringify(isolation)
          : kindOf(isolation)
      }`,
    );
  }
  if (memoryLimit === undefined && isolation === undefined) return undefined;
  if (isBrowser) {
    throw new Error(
      `Cannot ${action}: only Deno has workers with a memoryLimit or isolation, ` +
        "leave them out in a browser",
    );
  }
  if (memoryLimit !== undefined) checkLimit(action, memoryLimit);
  checkPermissions(action, permissions);
  return memoryLimit === undefined ? {} : { memoryLimit };
}

function checkLimit(action: string, limit: number): void {
  if (typeof limit !== "number") {
    throw new TypeError(
      `Cannot ${action}: memoryLimit must be a number, received ${
        kindOf(limit)
      }`,
    );
  }
  if (limit >= LEAST_MB && limit < Infinity) return;
  throw new RangeError(
    `Cannot ${action}: memoryLimit is in megabytes and must be finite and at ` +
      `least ${LEAST_MB}, which a worker needs for itself, received ${limit}`,
  );
}

function checkPermissions(action: string, permissions: WorkerPermissions) {
  if (typeof permissions === "string") return;
  for (const name of FOR_LOADING) {
    if (!Array.isArray(permissions[name])) continue;
    throw new TypeError(
      `Cannot ${action}: a worker with a memoryLimit or isolation can be given ` +
        `the permission '${name}' as a whole or not at all, received a list: ` +
        `pass { ${name}: true } or leave it out`,
    );
  }
}
