// Copyright 2026 the lab9 authors. MIT license.

import { registerShareable } from "../codec/references.ts";
import { isBounded, Semaphore } from "./semaphore.ts";

/**
 * A semaphore that never has more permits than at first: releasing one that was
 * not acquired is a mistake, and a RangeError. Python's
 * `threading.BoundedSemaphore`.
 *
 * @example Usage
 * ```ts
 * import { BoundedSemaphore } from "@lab9/concurrency";
 * import { assertThrows } from "@std/assert";
 *
 * const semaphore = new BoundedSemaphore(1);
 * semaphore.acquireSync();
 * semaphore.release();
 * assertThrows(() => semaphore.release(), RangeError);
 * ```
 */
export class BoundedSemaphore extends Semaphore {
  static {
    registerShareable(import.meta, "BoundedSemaphore", this);
  }

  /**
   * Whether there may be no more permits than at first.
   *
   * @ignore
   */
  override get [isBounded](): boolean {
    return true;
  }
}
