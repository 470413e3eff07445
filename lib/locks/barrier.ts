// Copyright 2026 the lab9 authors. MIT license.

import {
  constructOn,
  copies,
  formatAddress,
  noteMade,
  randomAddress,
  takeMemory,
  warnOfCopy,
} from "../sync/memory.ts";
import {
  type AsyncWaitOptions,
  checkSeconds,
  deadlineOf,
  waitDeadline,
  waitDeadlineSync,
  type WaitOptions,
} from "../sync/deadline.ts";
import {
  checkCallback,
  checkInteger,
  checkOptions,
  refusePromise,
} from "../checks.ts";
import { Mutex } from "../sync/mutex.ts";
import { checkExposed } from "../codec/packing.ts";
import {
  checkStop,
  checkStopAfterwards,
  countStake,
  currentThreadId,
  endsSoFar,
  hasEnded,
  heedStop,
  isAlive,
  isStopping,
  MAX_WAITERS,
} from "../sync/waiters.ts";
import { Mark } from "../sync/recorder.ts";
import {
  reserveStack,
  reserveStackForCompiling,
} from "../sync/reserve_stack.ts";
import {
  type AnyFunction,
  functionOf,
  type Handle,
  handle,
  idOf,
  registerErrorClass,
  registerShareable,
  revive,
} from "../codec/references.ts";
import {
  PENDING,
  type Pending,
  WaitList,
  type Witness,
} from "../sync/wait_list.ts";
import { enterStakeWait, leaveStakeWait } from "./wait_graph.ts";

/** Options of {@linkcode Barrier}'s constructor. */
export interface BarrierOptions {
  /**
   * An exposed function that the last thread to arrive calls before all go on.
   * If it throws, the barrier is broken. It must not be async, because the other threads
   * would go on before it is done.
   */
  action?: () => void;
  /**
   * How long a wait without a timeout of its own takes at most, in seconds.
   *
   * @default {Infinity}
   */
  timeout?: number;
}

/**
 * Thrown to the threads that wait at a barrier that is broken or reset.
 * Python's `threading.BrokenBarrierError`.
 *
 * @example Usage
 * ```ts
 * import { Barrier, BrokenBarrierError } from "@lab9/concurrency";
 * import { assertThrows } from "@std/assert";
 *
 * const barrier = new Barrier(2);
 * barrier.abort();
 * assertThrows(() => barrier.waitSync(), BrokenBarrierError);
 * ```
 */
export class BrokenBarrierError extends Error {
  static {
    registerErrorClass(this);
  }

  /** The error's name, `"BrokenBarrierError"`. */
  override name = "BrokenBarrierError";
}

// Protocol. All words are written under the mutex. After a change of `STATE`, all waiters
// are woken. `COUNT` is how many threads have arrived and not left. `ARRIVED` has the ids
// of these threads. Each thread's id stands at the thread's index, which is below `TOP`.
//  - A thread that arrives waits while the threads of the last round leave. Then it counts
//    itself in. The last one to arrive sets `ACTING`, runs the action without the mutex,
//    and sets `DRAINING`. The others wait for that, and leave.
//  - A thread that leaves, for whatever reason, counts itself out. The last one to leave
//    sets `FILLING` for the next round.
//  - The threads of a round that was reset leave with an error. So do all threads at a
//    broken barrier, until it is reset. A complete round can't be broken: if the barrier
//    breaks while the round's threads leave, it is broken for the threads that come after
//    them.
//  - A thread may find that another one has ended: that one was given up, or has closed its
//    worker, maybe in the action. It counts the ended thread out, and breaks the barrier,
//    because the ended thread won't come again. Before a thread enters itself here, it
//    counts its wait in its own waiter. The thread that ends it looks there, and alerts all
//    threads that wait at barriers, so that they look again. An ended thread that runs on
//    finds that it was counted out.
const MUTEX = 0;
const STATE = 1;
const COUNT = 2;
const PARTIES = 3;
const ADDRESS = 4;
const WAITERS = 5;
const TOP = 12;
const ARRIVED = 13;
/** An index into the view of doubles. */
const TIMEOUT = 5;

const State = {
  FILLING: 0,
  ACTING: 1,
  DRAINING: 2,
  /** Leaving a complete round, the last before the barrier is broken. */
  DRAINING_LAST: 3,
  RESETTING: 4,
  BROKEN: 5,
} as const;

/**
 * A barrier, at which a fixed number of threads wait for each other, round after round.
 * Python's `threading.Barrier`.
 *
 * A thread that ends while it waits, or in the action, breaks the barrier: if it is
 * terminated, closes its worker, or returns without awaiting its wait.
 *
 * @example Usage
 * ```ts
 * import { Barrier } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const barrier = new Barrier(2);
 * const arrivals = await Promise.all([barrier.wait(), barrier.wait()]);
 * assertEquals(arrivals, [0, 1]);
 * ```
 */
export class Barrier {
  static {
    registerShareable(import.meta, "Barrier", this);
  }

  /**
   * Creates the object for a handle.
   *
   * @ignore
   */
  static [revive]({ buffer, action }: Handle): Barrier {
    const barrier = constructOn(Barrier, this, buffer);
    barrier.#actionId = action;
    return barrier;
  }

  /**
   * The action's id. It goes with the object, and isn't in the memory: there
   * another thread could put a function that it may not run itself.
   */
  #actionId: number | undefined;
  #words: Int32Array;
  #doubles: Float64Array;
  #arrived: Int32Array;
  #endsSeen: number | undefined;
  #mutex: Mutex;
  #waiters: WaitList;

  /**
   * Creates a barrier.
   *
   * @param parties How many threads wait for each other.
   * @param options The options.
   * @throws {TypeError} If `parties` or the timeout is not a number, or the action was
   * never exposed.
   * @throws {RangeError} If `parties` is not a positive integer, or the timeout is
   * negative.
   *
   * @example Usage
   * ```ts
   * import { Barrier } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(new Barrier(3, { timeout: 10 }).parties, 3);
   * ```
   */
  constructor(parties: number, options: BarrierOptions = {}) {
    const buffer = takeMemory();
    checkOptions("create barrier", options);
    const { action, timeout = Infinity } = options;
    if (buffer === undefined) {
      checkInteger("create barrier", "parties", parties, 1, 2 ** 31 - 1);
      checkSeconds("create barrier", "timeout", timeout);
      if (action !== undefined) {
        checkExposed("create barrier", "the action", action);
      }
    }
    const bytes = buffer ?? new SharedArrayBuffer(bytesFor(parties));
    this.#words = new Int32Array(bytes);
    this.#doubles = new Float64Array(bytes, 0, TIMEOUT + 1);
    this.#arrived = this.#words.subarray(ARRIVED);
    this.#mutex = new Mutex(this.#words, MUTEX);
    this.#waiters = new WaitList(this.#words, WAITERS, Mark.LOCK);
    if (buffer !== undefined) return;
    this.#words[PARTIES] = parties;
    this.#words[ADDRESS] = randomAddress();
    noteMade(this);
    this.#doubles[TIMEOUT] = timeout;
    this.#actionId = action && idOf(action);
  }

  /**
   * How many threads wait for each other. Python's `Barrier.parties`.
   *
   * @returns The number of threads.
   */
  get parties(): number {
    return this.#words[PARTIES];
  }

  /**
   * How many threads wait at the barrier now. Python's `Barrier.n_waiting`.
   *
   * @returns The number of threads.
   */
  get nWaiting(): number {
    checkStopAfterwards();
    return this.#nWaiting;
  }

  get #nWaiting(): number {
    this.#countOutDead();
    return this.#state === State.FILLING ? Atomics.load(this.#words, COUNT) : 0;
  }

  /**
   * Whether the barrier is broken. Python's `Barrier.broken`.
   *
   * @returns Whether a wait would throw.
   */
  get broken(): boolean {
    checkStopAfterwards();
    return this.#isBroken;
  }

  get #isBroken(): boolean {
    this.#countOutDead();
    return isBroken(this.#state);
  }

  /**
   * Waits until as many threads wait as there are parties. Python's
   * `Barrier.wait`.
   *
   * @param options A timeout, and a signal that ends the wait. A wait that ends early
   * breaks the barrier.
   * @returns A promise that resolves to a number from 0 to `parties` - 1. Each thread of a
   * round gets another number.
   * @throws {TypeError} If the barrier's action is async, or returns a promise.
   * @throws {RangeError} If the timeout is negative.
   * @throws {BrokenBarrierError} If the barrier is broken or reset, the timeout
   * passes first, or a thread that waits at it or runs its action ends.
   *
   * @example Usage
   * ```ts
   * import { Barrier } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(await new Barrier(1).wait(), 0);
   * ```
   */
  async wait(options: AsyncWaitOptions = {}): Promise<number> {
    const { timeout, deadline } = this.#limits(options, waitDeadline);
    const { signal } = options;
    const action = this.#action;
    if (copies !== undefined) warnOfCopy(this);
    if (isStopping()) await heedStop();
    signal?.throwIfAborted();
    reserveStackForCompiling();
    using visit = new Visit();
    const until = async <T>(attempt: () => T | Pending): Promise<T> => {
      // The thread may have ended since the last turn.
      if (isStopping()) await heedStop();
      const early = attempt();
      if (early !== PENDING) return early;
      const limits = { deadline, signal, witness: visit };
      const result = await this.#waiters.wait(attempt, limits);
      return this.#inTime(result, timeout);
    };
    try {
      visit.index = await until(this.#arrive);
      if (visit.index === this.parties - 1) this.#act(visit, action);
      await until(() => this.#pass(visit));
      return visit.index;
    } catch (error) {
      // A thread that leaves because of a signal, or is being ended, does not come
      // again.
      if (!(error instanceof BrokenBarrierError)) this.#breakFor(visit);
      throw error;
    } finally {
      this.#depart(visit);
    }
  }

  /**
   * Blocks the thread until as many threads wait as there are parties. Python's
   * `Barrier.wait`.
   *
   * @param options A timeout. A wait that ends early breaks the barrier.
   * @returns A number from 0 to `parties` - 1. Each thread of a round gets another number.
   * @throws {TypeError} If the barrier's action is async, or returns a promise.
   * @throws {RangeError} If the timeout is negative.
   * @throws {BrokenBarrierError} If the barrier is broken or reset, the timeout
   * passes first, or a thread that waits at it or runs its action ends.
   *
   * @example Usage
   * ```ts
   * import { Barrier } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(new Barrier(1).waitSync(), 0);
   * ```
   */
  waitSync(options: WaitOptions = {}): number {
    const { timeout, deadline } = this.#limits(options, waitDeadlineSync);
    const action = this.#action;
    if (copies !== undefined) warnOfCopy(this);
    reserveStackForCompiling();
    using visit = new Visit();
    const until = <T>(attempt: () => T | Pending): T => {
      const early = attempt();
      if (early !== PENDING) return early;
      const result = this.#waiters.waitSync(attempt, deadline, visit);
      return this.#inTime(result, timeout);
    };
    try {
      visit.index = until(this.#arrive);
      if (visit.index === this.parties - 1) this.#act(visit, action);
      until(() => this.#pass(visit));
      return visit.index;
    } catch (error) {
      // A thread that leaves because of a signal, or is being ended, does not come
      // again.
      if (!(error instanceof BrokenBarrierError)) this.#breakFor(visit);
      throw error;
    } finally {
      this.#depart(visit);
    }
  }

  /**
   * Makes the barrier usable again. Each thread that waits at it gets a
   * {@linkcode BrokenBarrierError}. Python's `Barrier.reset`.
   *
   * @example Usage
   * ```ts
   * import { Barrier } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const barrier = new Barrier(1);
   * barrier.abort();
   * barrier.reset();
   * assertEquals(await barrier.wait(), 0);
   * ```
   */
  reset(): void {
    if (copies !== undefined) warnOfCopy(this);
    reserveStackForCompiling();
    this.#change((state, count) => {
      if (count === 0) return State.FILLING;
      return isComplete(state) ? State.DRAINING : State.RESETTING;
    });
    checkStopAfterwards();
  }

  /**
   * Breaks the barrier. Until it is reset, each thread that waits at it, or comes to wait,
   * gets a {@linkcode BrokenBarrierError}. Python's `Barrier.abort`.
   *
   * @example Usage
   * ```ts
   * import { Barrier } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const barrier = new Barrier(2);
   * barrier.abort();
   * assertEquals(barrier.broken, true);
   * ```
   */
  abort(): void {
    if (copies !== undefined) warnOfCopy(this);
    reserveStackForCompiling();
    this.#break();
    checkStopAfterwards();
  }

  #break(): void {
    this.#change((state) =>
      isComplete(state) ? State.DRAINING_LAST : State.BROKEN
    );
  }

  /**
   * The text that Python prints for a barrier.
   *
   * @returns For example `<threading.Barrier at 0x1140ac6a0: waiters=1/3>`.
   */
  toString(): string {
    const address = formatAddress(this.#words[ADDRESS]);
    const state = this.#isBroken
      ? "broken"
      : `waiters=${this.#nWaiting}/${this.parties}`;
    return `<threading.Barrier at ${address}: ${state}>`;
  }

  /**
   * The text that `console.log` prints.
   *
   * @returns The same as {@linkcode toString}.
   */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /**
   * The handle that is sent in place of the barrier.
   *
   * @ignore
   */
  [handle](): Handle {
    const buffer = this.#words.buffer as SharedArrayBuffer;
    return { type: "Barrier", buffer, action: this.#actionId };
  }

  get #state(): number {
    return Atomics.load(this.#words, STATE);
  }

  #limits(
    options: AsyncWaitOptions,
    check: typeof waitDeadline,
  ): { timeout: number; deadline: number } {
    check("wait at barrier", options);
    const { timeout = this.#doubles[TIMEOUT] } = options;
    return { timeout, deadline: deadlineOf("wait at barrier", timeout) };
  }

  /** Arrives at the barrier. It returns the thread's index in the round. */
  #arrive = (): number | Pending => {
    checkStop();
    this.#countOutDead();
    const words = this.#words;
    this.#mutex.lock();
    try {
      const state = words[STATE];
      if (isBroken(state)) throw broken("it is broken");
      if (state !== State.FILLING) return PENDING;
      const index = words[COUNT];
      Atomics.store(this.#arrived, index, currentThreadId());
      // After the thread's id was written, as in `Ownership`.
      if (hasEnded()) {
        Atomics.store(this.#arrived, index, 0);
        throw new Error("Cannot wait at barrier: the thread has ended");
      }
      Atomics.store(words, TOP, index + 1);
      Atomics.store(words, COUNT, index + 1);
      if (index + 1 === words[PARTIES]) {
        Atomics.store(words, STATE, State.ACTING);
      }
      return index;
    } finally {
      this.#mutex.unlock();
    }
  };

  /** Whether the round is complete. */
  #pass(visit: Visit): true | Pending {
    this.#countOutDead();
    // If it was counted out, as dead, the state may be another round's.
    if (!this.#isIn(visit)) throw broken("it was broken meanwhile");
    switch (this.#state) {
      case State.DRAINING:
      case State.DRAINING_LAST:
        return true;
      case State.RESETTING:
        throw broken("it was reset");
      case State.BROKEN:
        throw broken("it was broken meanwhile");
    }
    return PENDING;
  }

  /** The action. It throws if the action can't be called, before the thread arrives. */
  get #action(): AnyFunction | undefined {
    if (this.#actionId === undefined) return undefined;
    const action = functionOf(this.#actionId);
    checkCallback("wait at barrier", "the action", action);
    return action;
  }

  /** Runs the action, when all threads have arrived, and lets them leave. */
  #act(visit: Visit, action: AnyFunction | undefined): void {
    try {
      refusePromise("wait at barrier", "the action", action?.());
    } catch (error) {
      this.#breakFor(visit);
      throw error;
    }
    this.#change((state) =>
      state === State.ACTING && this.#isIn(visit) ? State.DRAINING : state
    );
  }

  /** Whether the thread has arrived, and was not counted out. */
  #isIn({ index, threadId }: Visit): boolean {
    return index >= 0 && this.#arrived[index] === threadId;
  }

  #breakFor(visit: Visit): void {
    if (visit.index < 0 || this.#isIn(visit)) this.#break();
  }

  #depart(visit: Visit): void {
    if (visit.index < 0) return;
    this.#change((state) => {
      if (!this.#isIn(visit)) return state;
      this.#countOut(visit.index);
      return this.#afterLeaving(state);
    });
  }

  /** Counts out threads that have ended, and breaks the barrier because of them. */
  #countOutDead(): void {
    // Every wait calls this. It looks only if any thread has ended since the last call.
    const ends = endsSoFar();
    if (ends === this.#endsSeen) return;
    this.#endsSeen = ends;
    const arrived = this.#arrived;
    const isDead = (index: number) => {
      const threadId = Atomics.load(arrived, index);
      return threadId !== 0 && !isAlive(threadId);
    };
    const top = Math.min(Atomics.load(this.#words, TOP), arrived.length);
    let first = 0;
    while (first < top && !isDead(first)) first++;
    if (first === top) return;
    this.#change((state) => {
      const before = this.#words[COUNT];
      const top = Math.min(this.#words[TOP], arrived.length);
      for (let index = 0; index < top; index++) {
        if (isDead(index)) this.#countOut(index);
      }
      const isAny = this.#words[COUNT] < before;
      return isAny ? this.#afterLeaving(afterDeath(state)) : state;
    });
  }

  /** Counts a thread out. The mutex is held. */
  #countOut(index: number): void {
    Atomics.store(this.#arrived, index, 0);
    Atomics.sub(this.#words, COUNT, 1);
  }

  /** The state after some threads have left. The last one ends the round. */
  #afterLeaving(state: number): number {
    if (this.#words[COUNT] > 0) return state;
    if (state === State.DRAINING_LAST) return State.BROKEN;
    const isRoundOver = state === State.DRAINING || state === State.RESETTING;
    return isRoundOver ? State.FILLING : state;
  }

  /** Changes the state, and wakes all waiters. */
  #change(next: (state: number, count: number) => number): void {
    const words = this.#words;
    reserveStack();
    this.#mutex.lock();
    try {
      Atomics.store(words, STATE, next(words[STATE], words[COUNT]));
    } finally {
      this.#mutex.unlock();
    }
    this.#waiters.notifyAll();
  }

  #inTime<T>(result: T | Pending, timeout: number): T {
    if (result !== PENDING) return result;
    this.#break();
    throw broken(`after ${timeout} seconds, not all had come`);
  }
}

/** One thread's wait, from its beginning to its end. */
class Visit implements Witness, Disposable {
  readonly threadId: number = currentThreadId();
  /** Which of the round's threads it is, once it has arrived. */
  index = -1;

  constructor() {
    countStake(this.threadId, 1);
  }

  enter(waiter: number): void {
    enterStakeWait(waiter);
  }

  leave(waiter: number): void {
    leaveStakeWait(waiter);
  }

  [Symbol.dispose](): void {
    countStake(this.threadId, -1);
  }
}

/** The size of a barrier's memory. There can't be more waits than waiters. */
function bytesFor(parties: number): number {
  return (ARRIVED + Math.min(parties, MAX_WAITERS)) * 4;
}

/** The state after one of the round's threads has ended. */
function afterDeath(state: number): number {
  if (state === State.RESETTING) return state;
  return isComplete(state) ? State.DRAINING_LAST : State.BROKEN;
}

/** Whether the round is complete: its threads leave. */
function isComplete(state: number): boolean {
  return state === State.DRAINING || state === State.DRAINING_LAST;
}

function isBroken(state: number): boolean {
  return state === State.BROKEN || state === State.DRAINING_LAST;
}

function broken(reason: string): BrokenBarrierError {
  return new BrokenBarrierError(`Cannot wait at barrier: ${reason}`);
}
