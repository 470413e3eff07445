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
   * How long a thread waits for the lock before it asks the holder to drop it,
   * in seconds. Python's `sys.setswitchinterval`.
   *
   * @default {0.005}
   */
  switchInterval?: number;
}

const HOLDER = 0;
const LAST_HOLDER = 1;
const SWITCHES = 2;
const DROP_REQUEST = 3;
const TAKERS = 4;
const ID = 5;
const FREED = 8;
const TAKEN = 12;
/** An index into the view of doubles. */
const SWITCH_INTERVAL = 8;
const BYTES = 72;

/** How long a waiter sleeps at most before it looks whether the holder lives. */
const LOOK_MS = 50;
/** How long a dropper lets a free lock wait to be taken by another. */
const HAND_OVER_MS = 1000;

/**
 * A global interpreter lock, as CPython has one: of the threads that share it, one
 * runs at a time. Deno itself has none.
 *
 * A holder that ends without letting go (it has closed its worker, or was given
 * up) holds it no longer: the next thread that needs the lock takes it.
 *
 * Protocol, CPython's. Threads are known by their ids (0: nobody), which no
 * two threads ever share.
 *  - A taker moves `HOLDER` from 0, or from a thread that has ended, to itself. If
 *    it has waited a whole switch interval in which the lock did not change hands,
 *    it sets `DROP_REQUEST`. It looks at its own id last: a thread that was
 *    given up meanwhile takes nothing.
 *  - The thread that has taken it clears `DROP_REQUEST`, counts the switch if
 *    `LAST_HOLDER`
 *    was another, and wakes the thread that waits for that (`TAKEN`).
 *  - The holder looks at `DROP_REQUEST` at its checkpoints. If it is set, it
 *    writes 0 to `HOLDER`, wakes a taker, and waits until `LAST_HOLDER` is
 *    another: otherwise it would take the lock again before the other has woken.
 *  - `TAKERS` counts those who wait, so that the wait for another to take the
 *    lock ends when there is none left: a taker may be terminated. A taker that has
 *    ended without counting itself out is not waited for longer than a second.
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
   * Makes the object that a handle stands for.
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
   * Makes a lock that nobody holds.
   *
   * @param options The options.
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
   * How long a thread waits before it asks the holder to drop the lock. Python's
   * `sys.getswitchinterval`.
   *
   * @returns The time in seconds.
   */
  get switchInterval(): number {
    return this.#intervalMs / 1000;
  }

  /**
   * Runs a function while holding the lock, blocking the thread until it has
   * it. A thread that holds it already just runs the function.
   *
   * @param fn The function. It must not be async: no thread keeps the lock while
   * it awaits.
   * @returns What the function returns.
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
   * @typeParam T The type of what the function returns.
   */
  run<T>(fn: () => T): T {
    checkCallback("run with the Gil", "the function", fn);
    if (copies !== undefined) warnOfCopy(this);
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
   * Lets another thread have the lock, if one has asked for it. Call it now and
   * then in a loop: CPython does at every turn. In a thread that doesn't hold
   * the lock it only ends the thread, if that is to end.
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
    // For taking it again, too.
    reserveStackForHold();
    this.#drop();
    this.#take();
  }

  /**
   * Runs a function without the lock, and takes it again afterwards. CPython's
   * `Py_BEGIN_ALLOW_THREADS`, as around waiting and numpy's array operations. In
   * a thread that doesn't hold the lock it just runs the function.
   *
   * @param fn The function.
   * @returns What the function returns.
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
   * @typeParam T The type of what the function returns.
   */
  allowThreads<T>(fn: () => T): T {
    checkCallback("allow threads", "the function", fn);
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
   * What is sent in place of the lock.
   *
   * @ignore
   */
  [handle](): Handle {
    return { type: "Gil", buffer: this.#words.buffer as SharedArrayBuffer };
  }

  /** Takes it again; not for a thread that is being ended, which has thrown. */
  #retake(): void {
    if (isStopping()) throw stopped();
    this.#take();
  }

  get #isHolder(): boolean {
    return Atomics.load(this.#words, HOLDER) === currentThreadId();
  }

  /** The caller has reserved the stack, for giving it back, too. */
  #take(): void {
    checkStop();
    if (this.#tryTake() !== PENDING) return;
    const words = this.#words;
    Atomics.add(words, TAKERS, 1);
    try {
      while (!this.#takeWithinInterval());
    } finally {
      Atomics.sub(words, TAKERS, 1);
      // A dropper may be waiting for a taker that was terminated.
      this.#taken.notifyAll();
    }
  }

  /** Waits for a switch interval; at its end, asks the holder to drop the lock. */
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

  /** Whether the holder has ended, and the lock is the running thread's now. */
  #takeFromDead(holder: number, me: number): boolean {
    return !isAlive(holder) &&
      Atomics.compareExchange(this.#words, HOLDER, holder, me) === holder;
  }

  /** A thread that counts as ended holds nothing: others would take it away. */
  #giveBack(): never {
    if (this.#letGo()) this.#freed.notify();
    throw new Error("Cannot take the Gil: the thread has ended");
  }

  #drop(): void {
    reserveStack();
    const words = this.#words;
    const wasAsked = Atomics.load(words, DROP_REQUEST) !== 0;
    recordPoint(Mark.RELEASE, words[ID], words[SWITCHES]);
    if (!this.#letGo()) return;
    this.#freed.notify();
    // A thread that is being ended doesn't take it again.
    if (!wasAsked || isStopping()) return;
    const isTaken = () => this.#hasSwitched() ? true : PENDING;
    if (isTaken() === PENDING) {
      this.#taken.waitSync(isTaken, now() + HAND_OVER_MS);
    }
  }

  /** Lets go; false if another has taken the lock from this thread, as ended. */
  #letGo(): boolean {
    const me = currentThreadId();
    return Atomics.compareExchange(this.#words, HOLDER, me, 0) === me;
  }

  /** Whether another has taken the lock, or there is no other. */
  #hasSwitched(): boolean {
    return Atomics.load(this.#words, LAST_HOLDER) !== currentThreadId() ||
      Atomics.load(this.#words, TAKERS) === 0;
  }
}

function callSync<T>(action: string, fn: () => T): T {
  return refusePromise(action, "the function", fn());
}
