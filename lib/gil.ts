// Copyright 2026 the lab9 authors. MIT license.

import {
  constructOn,
  copies,
  noteMade,
  randomAddress,
  takeMemory,
  warnOfCopy,
} from "./sync/memory.ts";
import { now } from "./platform/platform.ts";
import { PENDING, type Pending, WaitList } from "./sync/wait_list.ts";
import { checkSeconds } from "./sync/deadline.ts";
import { checkCallback, checkOptions, refusePromise } from "./checks.ts";
import {
  checkStop,
  currentThreadId,
  hasEnded,
  isAlive,
  isStopping,
  stopped,
} from "./sync/waiters.ts";
import { Mark, recordPoint } from "./sync/recorder.ts";
import { reserveStack, reserveStackForHold } from "./sync/reserve_stack.ts";
import {
  type Handle,
  handle,
  registerShareable,
  revive,
} from "./codec/references.ts";

/** Options of {@linkcode Gil}'s constructor. */
export interface GilOptions {
  /**
   * How long a thread waits for the lock before it asks the holder to release it, in
   * seconds. Python's `sys.setswitchinterval`.
   *
   * @default {0.005}
   */
  switchInterval?: number;
}

/** The id of the thread that holds the lock; 0 if none does. */
const HOLDER = 0;
/** The id of the thread that has acquired the lock last. */
const LAST_HOLDER = 1;
/** How often the lock went from one thread to another. */
const SWITCHES = 2;
/** 1 if a thread asks the holder to release the lock. */
const DROP_REQUEST = 3;
/** How many threads wait for the lock. */
const TAKERS = 4;
/** A random number that identifies the lock in recordings. */
const ID = 5;
/** The wait list of the threads that wait for the lock. */
const FREED = 8;
/** The wait list of the threads that wait until another one has acquired it. */
const TAKEN = 12;
/** The switch interval in seconds: an index into the view of doubles. */
const SWITCH_INTERVAL = 8;
const BYTES = 72;

/** How long a waiter sleeps at most before it checks whether the holder is alive. */
const LOOK_MS = 50;
/** How long a thread that has released the lock waits for another to acquire it. */
const HAND_OVER_MS = 1000;

// Protocol, as in CPython. A thread is known by its id, which no other thread ever has.
//  - To acquire the lock, a thread moves `HOLDER` from 0, or from the id of a thread
//    that has ended, to its own id. Then it checks whether it was itself given up
//    meanwhile: if so, it gives the lock back.
//  - If a thread has waited for a whole switch interval and the lock didn't change
//    hands in that time, it sets `DROP_REQUEST`.
//  - The thread that has acquired the lock clears `DROP_REQUEST`. If `LAST_HOLDER` was
//    another thread, it counts the switch and wakes the wait list `TAKEN`.
//  - The holder reads `DROP_REQUEST` at its checkpoints. If it is set, the holder
//    writes 0 into `HOLDER`, wakes a thread of the wait list `FREED`, and waits until
//    `LAST_HOLDER` is another thread. Otherwise it would acquire the lock again before
//    the other thread has woken.
//  - `TAKERS` counts the threads that wait for the lock. When it is 0, the wait for
//    another thread ends: that thread may have been terminated. A thread may also end
//    without counting itself out, so that wait lasts a second at most.

/**
 * A global interpreter lock, as CPython has one. Of the threads that share it, one
 * runs at a time. Deno itself has no such lock.
 *
 * If the holder ends without releasing the lock, because it has closed its worker or
 * was given up, the next thread that needs the lock gets it.
 *
 * @example Usage
 * ```ts
 * import { Gil } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const gil = new Gil();
 * const sum = gil.run(() => {
 *   let sum = 0;
 *   for (let i = 0; i < 100_000; i++) {
 *     sum += i;
 *     if (i % 1000 === 0) gil.checkpoint();
 *   }
 *   return sum;
 * });
 * assertEquals(sum, 4999950000);
 * ```
 */
export class Gil {
  static {
    registerShareable(import.meta, "Gil", this);
  }

  /**
   * Creates the object for a handle.
   *
   * @ignore
   */
  static [revive]({ buffer }: Handle): Gil {
    return constructOn(Gil, this, buffer);
  }

  #words: Int32Array;
  #freed: WaitList;
  #taken: WaitList;
  #intervalMs: number;

  /**
   * Creates a lock that no thread holds.
   *
   * @param options The options.
   * @throws {TypeError} If the switch interval is not a number.
   * @throws {RangeError} If the switch interval is not positive.
   *
   * @example Usage
   * ```ts
   * import { Gil } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const gil = new Gil({ switchInterval: 0.001 });
   * assertEquals(gil.switchInterval, 0.001);
   * ```
   */
  constructor(options: GilOptions = {}) {
    const buffer = takeMemory();
    checkOptions("create Gil", options);
    const { switchInterval = 0.005 } = options;
    checkSeconds("create Gil", "switchInterval", switchInterval);
    if (switchInterval === 0) {
      throw new RangeError(
        "Cannot create Gil: switchInterval must not be zero, received 0",
      );
    }
    const bytes = buffer ?? new SharedArrayBuffer(BYTES);
    const doubles = new Float64Array(bytes);
    if (buffer === undefined) doubles[SWITCH_INTERVAL] = switchInterval;
    this.#intervalMs = doubles[SWITCH_INTERVAL] * 1000;
    this.#words = new Int32Array(bytes);
    if (buffer === undefined) {
      this.#words[ID] = randomAddress();
      noteMade(this);
    }
    this.#freed = new WaitList(this.#words, FREED, Mark.GIL);
    this.#taken = new WaitList(this.#words, TAKEN, Mark.GIL);
  }

  /**
   * How long a thread waits before it asks the holder to release the lock. Python's
   * `sys.getswitchinterval`.
   *
   * @returns The time in seconds.
   */
  get switchInterval(): number {
    return this.#intervalMs / 1000;
  }

  /**
   * Acquires the lock, calls a function and releases the lock. It blocks the thread
   * until it has the lock. If the thread holds the lock already, the function is just
   * called.
   *
   * @param fn The function. It must not be async: a thread can't hold the lock while it
   * awaits.
   * @returns The function's result.
   * @throws {TypeError} If the function is async or returns a promise.
   *
   * @example Usage
   * ```ts
   * import { Gil } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(new Gil().run(() => 1 + 1), 2);
   * ```
   *
   * @typeParam T The type of the function's result.
   */
  run<T>(fn: () => T): T {
    checkCallback("run with the Gil", "the function", fn);
    if (copies !== undefined) warnOfCopy(this);
    checkStop();
    if (this.#isHolder) return callSync("run with the Gil", fn);
    reserveStackForHold();
    this.#take();
    try {
      return callSync("run with the Gil", fn);
    } finally {
      // A terminated thread may have lost the lock at a checkpoint.
      if (this.#isHolder) this.#drop();
    }
  }

  /**
   * Passes the lock to another thread if one has asked for it, and acquires it again.
   * Call it regularly in loops; CPython does so at every turn of a loop. It also ends
   * the thread if that is ordered to end. In a thread that doesn't hold the lock, it
   * does nothing else.
   *
   * @example Usage
   * ```ts
   * import { Gil } from "@lab9/concurrency";
   *
   * const gil = new Gil();
   * gil.run(() => {
   *   for (let i = 0; i < 1000; i++) gil.checkpoint();
   * });
   * ```
   */
  checkpoint(): void {
    checkStop();
    if (Atomics.load(this.#words, DROP_REQUEST) === 0 || !this.#isHolder) {
      return;
    }
    // Enough stack for both steps, so that the second one can't fail.
    reserveStackForHold();
    this.#drop();
    this.#take();
  }

  /**
   * Releases the lock, calls a function and acquires the lock again. It is CPython's
   * `Py_BEGIN_ALLOW_THREADS`, which CPython does around waits, and numpy around
   * operations on arrays. In a thread that doesn't hold the lock, the function is just
   * called.
   *
   * @param fn The function. It must not be async.
   * @returns The function's result.
   * @throws {TypeError} If the function is async or returns a promise.
   *
   * @example Usage
   * ```ts
   * import { Gil } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const gil = new Gil();
   * assertEquals(gil.run(() => gil.allowThreads(() => 3)), 3);
   * ```
   *
   * @typeParam T The type of the function's result.
   */
  allowThreads<T>(fn: () => T): T {
    checkCallback("allow threads", "the function", fn);
    checkStop();
    if (!this.#isHolder) return callSync("allow threads", fn);
    reserveStackForHold();
    this.#drop();
    try {
      return callSync("allow threads", fn);
    } finally {
      this.#retake();
    }
  }

  /**
   * The handle that is sent in place of the lock.
   *
   * @ignore
   */
  [handle](): Handle {
    return { type: "Gil", buffer: this.#words.buffer as SharedArrayBuffer };
  }

  /** Acquires the lock again. It throws if the thread is ordered to end. */
  #retake(): void {
    if (isStopping()) throw stopped();
    this.#take();
  }

  get #isHolder(): boolean {
    return Atomics.load(this.#words, HOLDER) === currentThreadId();
  }

  /** Acquires the lock. The caller has reserved the stack, also for the release. */
  #take(): void {
    checkStop();
    if (this.#tryTake() !== PENDING) return;
    const words = this.#words;
    Atomics.add(words, TAKERS, 1);
    try {
      while (!this.#takeWithinInterval());
    } finally {
      Atomics.sub(words, TAKERS, 1);
      // A thread that has released the lock may wait for this one, which may be ending.
      this.#taken.notifyAll();
    }
  }

  /**
   * Waits for the lock for a switch interval. If the lock didn't change hands in that
   * time, it asks the holder to release it.
   *
   * @returns Whether the thread has the lock.
   */
  #takeWithinInterval(): boolean {
    const words = this.#words;
    const switches = Atomics.load(words, SWITCHES);
    const end = now() + this.#intervalMs;
    for (;;) {
      const time = now();
      if (time >= end) break;
      const deadline = Math.min(end, time + LOOK_MS);
      const taken = this.#freed.waitSync(() => this.#tryTake(), deadline);
      if (taken !== PENDING) return true;
    }
    if (Atomics.load(words, SWITCHES) === switches) {
      Atomics.store(words, DROP_REQUEST, 1);
    }
    return false;
  }

  #tryTake(): true | Pending {
    const words = this.#words;
    const me = currentThreadId();
    const holder = Atomics.compareExchange(words, HOLDER, 0, me);
    if (holder !== 0 && !this.#takeFromDead(holder, me)) return PENDING;
    if (hasEnded()) this.#giveBack();
    Atomics.store(words, DROP_REQUEST, 0);
    if (Atomics.exchange(words, LAST_HOLDER, me) !== me) {
      const switches = Atomics.add(words, SWITCHES, 1);
      recordPoint(Mark.ACQUIRE, words[ID], switches);
      this.#taken.notifyAll();
    }
    return true;
  }

  /** Takes the lock over from a holder that has ended; false if it is alive. */
  #takeFromDead(holder: number, me: number): boolean {
    return !isAlive(holder) &&
      Atomics.compareExchange(this.#words, HOLDER, holder, me) === holder;
  }

  /** Releases the lock in a thread that was given up: others count it as ended. */
  #giveBack(): never {
    if (this.#letGo()) this.#freed.notify();
    throw new Error("Cannot take the Gil: the thread has ended");
  }

  /** Releases the lock. If another thread has asked for it, it waits for that one. */
  #drop(): void {
    reserveStack();
    const words = this.#words;
    const wasAsked = Atomics.load(words, DROP_REQUEST) !== 0;
    recordPoint(Mark.RELEASE, words[ID], words[SWITCHES]);
    if (!this.#letGo()) return;
    this.#freed.notify();
    // A thread that is ordered to end won't acquire the lock again.
    if (!wasAsked || isStopping()) return;
    const isTaken = () => this.#hasSwitched() ? true : PENDING;
    if (isTaken() === PENDING) {
      this.#taken.waitSync(isTaken, now() + HAND_OVER_MS);
    }
  }

  /** Frees the lock; false if another thread took it over, as of an ended thread. */
  #letGo(): boolean {
    const me = currentThreadId();
    return Atomics.compareExchange(this.#words, HOLDER, me, 0) === me;
  }

  /** Whether another thread has acquired the lock, or none waits for it. */
  #hasSwitched(): boolean {
    return Atomics.load(this.#words, LAST_HOLDER) !== currentThreadId() ||
      Atomics.load(this.#words, TAKERS) === 0;
  }
}

function callSync<T>(action: string, fn: () => T): T {
  return refusePromise(action, "the function", fn());
}
