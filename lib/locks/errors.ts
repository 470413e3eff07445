// Copyright 2026 the lab9 authors. MIT license.

import { registerErrorClass } from "../codec/references.ts";

/** A thread of a deadlock: see {@linkcode DeadlockError}. */
export interface DeadlockedThread {
  /** The thread's name. */
  thread: string;
  /** The name of the lock that it waits for, or of the thread that it joins. */
  waitsFor: string;
  /** The name of the thread that holds that lock, or that it joins. */
  heldBy: string;
}

/**
 * Thrown by a blocking call that would cause a deadlock: a ring of threads, each of
 * which waits for a lock that the next one holds, or for the end of the next one. None
 * of them could ever go on. Python has no such error: its threads hang.
 *
 * The error is thrown only if the deadlock is certain. A wait with a timeout is part of
 * no deadlock. Nor is a wait that is awaited, because its thread may do something else
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
  /** The threads of the ring. The first one has got the error. */
  ring: DeadlockedThread[];

  /**
   * Creates an error.
   *
   * @param message The message.
   * @param ring The threads of the ring.
   */
  constructor(message?: string, ring: DeadlockedThread[] = []) {
    super(message);
    this.ring = ring;
  }
}

/**
 * Thrown to a thread that acquires a lock whose holder has ended without releasing it.
 * What the lock guards may be half done. `release()` makes the lock free again, whichever
 * thread calls it. If several threads have got the error, only the first `release()` has
 * an effect. In Python the thread would wait for ever.
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
