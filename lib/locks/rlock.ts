// Copyright 2026 the lab9 authors. MIT license.

import { registerShareable } from "../codec/references.ts";
import { isReentrant, Lock } from "./lock.ts";

/**
 * A lock that the thread which holds it may acquire again, and has to release as
 * often. Only that thread can release it. Python's `threading.RLock`.
 *
 * It belongs to a thread, not to one of the things that a thread awaits: on the
 * main thread, two functions that await in turns are not kept apart by it. A
 * {@linkcode Lock} does that.
 *
 * @example Usage
 * ```ts
 * import { RLock } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new RLock();
 * {
 *   using _outer = lock.acquireSync();
 *   using _inner = lock.acquireSync(); // a Lock would wait for ever
 * }
 * assertEquals(lock.isLocked, false);
 * ```
 */
export class RLock extends Lock {
  static {
    registerShareable(import.meta, "RLock", this);
  }

  /**
   * Whether the holder may acquire the lock again.
   *
   * @ignore
   */
  override get [isReentrant](): boolean {
    return true;
  }
}
