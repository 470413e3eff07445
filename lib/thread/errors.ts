// Copyright 2026 the lab9 authors. MIT license.

import { registerErrorClass } from "../codec/references.ts";

/**
 * Thrown by a wait for a thread or a task whose worker is gone: the worker closed
 * itself, broke down, or was given up.
 *
 * @example Usage
 * ```ts
 * import { WorkerLostError } from "@lab9/concurrency";
 * import { assertInstanceOf } from "@std/assert";
 *
 * assertInstanceOf(new WorkerLostError("The worker is gone"), Error);
 * ```
 */
export class WorkerLostError extends Error {
  static {
    registerErrorClass(this);
  }

  /** The error's name, `"WorkerLostError"`. */
  override name = "WorkerLostError";
}

/**
 * Errors for which no unhandled rejection is reported: something else tells the user
 * of them.
 */
export const unheeded: WeakSet<object> = new WeakSet();
