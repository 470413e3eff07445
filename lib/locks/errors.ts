// Copyright 2026 the lab9 authors. MIT license.

import { registerErrorClass } from "../codec/references.ts";

/** A thread of a ring in which each waits for the next. */
export interface DeadlockedThread {
  /** The thread's name. */
  thread: string;
  /** The lock that it waits for, or the thread whose end it waits for. */
  waitsFor: string;
  /** The name of the thread that holds that lock, or is that thread. */
  heldBy: string;
}

/**
 * Thrown by the blocking call that would close a ring of threads, each of which
 * waits for a lock that the next one holds, or for the next one's end: none of
 * them could ever go on. Python has no such error: there they hang.
 *
 * The error is thrown only where the ring is certain: a wait with a timeout is in
 * none, nor is one that is awaited, since the thread may do something else
 * meanwhile.
 *
 * @example Usage
 * ```ts
 * import { DeadlockError } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const ring = [
 *   { thread: "Thread-1", waitsFor: "Lock b", heldBy: "Thread-2" },
 *   { thread: "Thread-2", waitsFor: "Lock a", heldBy: "Thread-1" },
 * ];
 * assertEquals(new DeadlockError("Cannot acquire lock", ring).ring, ring);
 * ```
 */
export class DeadlockError extends Error {
  static {
    registerErrorClass(this);
  }

  /** The error's name, `"DeadlockError"`. */
  override name = "DeadlockError";
  /** The threads, the one that closes the ring first. */
  ring: DeadlockedThread[];

  /**
   * Makes an error.
   *
   * @param message What can't be done.
   * @param ring The threads of the ring.
   */
  constructor(message?: string, ring: DeadlockedThread[] = []) {
    super(message);
    this.ring = ring;
  }
}

/**
 * Thrown to a thread that acquires a lock whose holder has ended without
 * releasing it: what the lock guards may be half-done. `release()`, by any
 * thread, makes the lock free again. By a second thread that got the error, it
 * does nothing. In Python the thread would wait for ever.
 *
 * @example Usage
 * ```ts
 * import { LockPoisonedError } from "@lab9/concurrency";
 * import { assertInstanceOf } from "@std/assert";
 *
 * assertInstanceOf(new LockPoisonedError("Its holder has ended"), Error);
 * ```
 */
export class LockPoisonedError extends Error {
  static {
    registerErrorClass(this);
  }

  /** The error's name, `"LockPoisonedError"`. */
  override name = "LockPoisonedError";
}
