// Copyright 2026 the lab9 authors. MIT license.

import { Promise } from "../platform/platform.ts";
import { hold } from "./keep_alive.ts";
import { damagedMemory, Mutex } from "./mutex.ts";
import { Mark, recordSpan } from "./recorder.ts";
import { offAbort, onAbort } from "./signals.ts";
import {
  ALERTED,
  allocateWaiter,
  cancel,
  checkStop,
  checkStopAfterwards,
  currentWaiter,
  heed,
  heedStop,
  isDeserted,
  isStopping,
  LINKED,
  MAX_WAITERS,
  NEED,
  NEXT,
  park,
  PARKED,
  parkSync,
  PREVIOUS,
  releaseWaiter,
  rouse,
  SLEEPER,
  STATE,
  STRIDE,
  waiterWords,
  WOKEN,
} from "./waiters.ts";
import { rehearse, reserveStack } from "./reserve_stack.ts";

/** What an attempt returns if it has to wait. */
export const PENDING: unique symbol = Symbol("pending");
export type Pending = typeof PENDING;

const HEAD = 1;
const TAIL = 2;

/** Is called at the beginning and at the end of each wait. */
export interface Witness {
  /**
   * Is called when a wait begins.
   *
   * @param blocksForever Whether the wait blocks its thread and has no timeout.
   */
  enter(waiter: number, blocksForever: boolean): void;
  /** Is called when the wait has ended. */
  leave(waiter: number): void;
}

/** How an awaited wait may end early. */
export interface WaitOptions {
  /** A time on `performance.now()`'s clock. */
  deadline: number;
  signal?: AbortSignal;
  /** Whether the wait keeps the process from ending. @default {true} */
  keepAlive?: boolean;
  witness?: Witness;
  /** How much room the wait needs, in a list that knows the room. @default {0} */
  need?: number;
}

/** Options of a wait list. */
export interface WaitListOptions {
  /** Returns how much room there is now, if waits need different amounts. */
  room?: () => number;
  /** The index of the word with the address of the object that is waited for. */
  address?: number;
}

/** Functions that end the awaited waits of this thread, when the thread ends. */
const pendingWaits = new Set<(reason: unknown) => void>();

/** Registers a function that ends an awaited wait, until the result is disposed of. */
export function registerWait(abandon: (reason: unknown) => void): Disposable {
  pendingWaits.add(abandon);
  return { [Symbol.dispose]: () => void pendingWaits.delete(abandon) };
}

/** Whether this thread awaits anything. */
export function hasPendingWaits(): boolean {
  return pendingWaits.size > 0;
}

/** Ends every awaited wait of this thread, at once: the thread may have no other turn. */
export function abandonWaits(reason: unknown): void {
  for (const abandon of [...pendingWaits]) abandon(reason);
}

/**
 * Replaces the blocking wait of a thread that was ordered to end. It enters no list:
 * a thread that has heeded the order before is ended at once, and then another thread
 * may get its waiter.
 *
 * @throws {Stopped} If the attempt would have to wait.
 */
export function tryLast<T>(attempt: () => T | Pending): T {
  const result = attempt();
  if (result === PENDING) throw heed();
  return result;
}

/**
 * A list of waiting threads in shared memory. What the threads wait for stands in
 * other words; the list only puts threads to sleep and wakes them.
 *
 * Words: a mutex, the first waiter, and the last waiter. 0 is no waiter.
 *
 * Protocol. A thread puts its waiter into the list, tries once more, and sleeps. A
 * waker first changes what is waited for, and then looks at the list's head. Both
 * orders are sequentially consistent: either the thread's second try sees the change,
 * or the waker sees the waiter. Each notify takes one waiter out of the list, under
 * the mutex. So no waiter is woken twice.
 *
 * A thread that was woken but doesn't need the wake passes it on to the next waiter.
 * It doesn't need the wake if its second try succeeded, it timed out, or it was ended.
 * It also passes the wake on if its try after the wake throws, as it does in a thread
 * that is to end.
 *
 * A list may have the option `room`, because its waiters need different amounts of
 * room, as items of different sizes do. A notify of such a list wakes the first waiter
 * whose need fits into the room at that moment, or no waiter if none fits. A thread
 * that was woken and finds that another has taken the room passes the wake on, because
 * a waiter with a smaller need may fit. This comes to an end, because each wake needs
 * room that is free.
 *
 * No thread is ended at once while it blocks in a list. Otherwise the list would hold a
 * waiter that another thread may have got, and that thread's wakes would be lost. A
 * thread is ended at once when it heeds its order to end for the second time. A thread
 * that was ordered to end enters no list. So a thread in a list heeds the order for the
 * first time, which throws.
 *
 * At the end of the stack, a call throws. So a wait reserves stack before it enters the
 * list, and a waker before it changes what the others wait for (see
 * `reserve_stack.ts`).
 */
export class WaitList {
  static readonly WORDS = 3;

  #words: Int32Array;
  #index: number;
  #mutex: Mutex;
  #mark: Mark;
  #room: (() => number) | undefined;
  #address: number | undefined;

  /**
   * A list in these words.
   *
   * @param mark How its waits are recorded.
   */
  constructor(
    words: Int32Array,
    index: number,
    mark: Mark = Mark.NONE,
    { room, address }: WaitListOptions = {},
  ) {
    this.#words = words;
    this.#index = index;
    this.#mark = mark;
    this.#room = room;
    this.#address = address;
    this.#mutex = new Mutex(words, index);
  }

  /** The address of what is waited for; 0 if it has none. */
  get #object(): number {
    return this.#address === undefined ? 0 : this.#words[this.#address];
  }

  /** How many are in the list. */
  get count(): number {
    const waiters = waiterWords();
    let count = 0;
    this.#mutex.lock();
    let waiter = this.#words[this.#index + HEAD];
    while (waiter !== 0 && count < MAX_WAITERS) {
      waiter = waiters[waiter * STRIDE + NEXT];
      count++;
    }
    this.#mutex.unlock();
    return count;
  }

  /** Whether anyone is in the list. A waker asks after it has changed something. */
  get hasWaiters(): boolean {
    return Atomics.load(this.#words, this.#index + HEAD) !== 0;
  }

  /**
   * Wakes the waiter that has waited longest, of those that the room suffices for.
   */
  notify(): void {
    if (!this.hasWaiters) return;
    const room = this.#room === undefined ? Infinity : this.#room();
    const waiters = waiterWords();
    let waiter = 0;
    let sleeper = 0;
    this.#mutex.lock();
    try {
      waiter = this.#words[this.#index + HEAD];
      for (let steps = 0;; steps++) {
        if (steps > MAX_WAITERS) {
          throw damagedMemory("a list of waits has no end");
        }
        const isOver = waiter !== 0 && isDeserted(waiter);
        if (
          !isOver && (waiter === 0 || waiters[waiter * STRIDE + NEED] <= room)
        ) {
          break;
        }
        const next = waiters[waiter * STRIDE + NEXT];
        if (isOver) this.#wake(waiters, waiter);
        waiter = next;
      }
      if (waiter !== 0) sleeper = this.#wake(waiters, waiter);
    } finally {
      this.#mutex.unlock();
    }
    if (sleeper !== 0) rouse(sleeper);
  }

  /** Wakes every waiter that is in the list now. */
  notifyAll(): void {
    if (!this.hasWaiters) return;
    const sleepers: number[] = [];
    this.#mutex.lock();
    try {
      for (;;) {
        const waiter = this.#words[this.#index + HEAD];
        if (waiter === 0) break;
        if (sleepers.length > MAX_WAITERS) {
          throw damagedMemory("a list of waits has no end");
        }
        sleepers.push(this.#wake(waiterWords(), waiter));
      }
    } finally {
      this.#mutex.unlock();
    }
    sleepers.forEach(rouse);
  }

  /**
   * Blocks until the attempt returns something.
   *
   * @returns What the attempt returned, or `PENDING` when the deadline passed.
   * @throws {Stopped} If the thread is ordered to end.
   */
  waitSync<T>(
    attempt: () => T | Pending,
    deadline: number,
    witness?: Witness,
    need = 0,
  ): T | Pending {
    if (isStopping()) return tryLast(attempt);
    using _span = recordSpan(this.#mark, this.#object);
    reserveStack();
    const waiter = currentWaiter();
    witness?.enter(waiter, deadline === Infinity);
    try {
      for (;;) {
        this.enter(waiter, need);
        let result: T | Pending = PENDING;
        let state: number = PARKED;
        try {
          result = attempt();
          if (result === PENDING) state = parkSync(deadline);
        } finally {
          // The thread wasn't woken, so its waiter is still in the list. If a waker has
          // just taken it out, the wake is passed on.
          if (state !== WOKEN && !this.leave(waiter)) this.notify();
        }
        if (result !== PENDING) return result;
        result = this.#tryAgain(attempt, state);
        if (result !== PENDING || state === PARKED) return result;
      }
    } finally {
      witness?.leave(waiter);
    }
  }

  /**
   * Blocks until a notify takes this waiter out of the list.
   *
   * @param prepare Is called when the waiter is in the list.
   * @returns Whether it was notified; false when the deadline passed.
   * @throws {Stopped} If the thread is ordered to end.
   */
  waitForNotifySync(prepare: () => void, deadline: number): boolean {
    checkStop();
    using _span = recordSpan(this.#mark, this.#object);
    reserveStack();
    const waiter = currentWaiter();
    this.enter(waiter);
    let isOver = false;
    try {
      prepare();
      if (parkSync(deadline) === WOKEN) return isOver = true;
      isOver = true;
      // If it isn't in the list any more, it was notified at the last moment.
      return !this.leave(waiter);
    } finally {
      if (!isOver && !this.leave(waiter)) this.notify();
    }
  }

  /**
   * Awaits until the attempt returns something.
   *
   * @returns What the attempt returned, or `PENDING` when the deadline passed.
   */
  async wait<T>(
    attempt: () => T | Pending,
    options: WaitOptions,
  ): Promise<T | Pending> {
    options.signal?.throwIfAborted();
    using waiter = new AsyncWaiter(this, options);
    using _span = recordSpan(this.#mark, this.#object);
    for (;;) {
      waiter.enter();
      const early = attempt();
      if (early !== PENDING) return early;
      const state = await waiter.park(options.deadline);
      waiter.goOn(state);
      if (state !== WOKEN && waiter.leave()) this.notify();
      if (isStopping()) {
        // The attempt must not be the one to see the order. If another function of the
        // thread has seen the order before, the attempt would end the thread at once,
        // before its functions have released what they hold.
        this.notify();
        await heedStop();
      }
      const result = this.#tryAgain(attempt, state);
      if (result !== PENDING || state === PARKED) return result;
    }
  }

  /** Tries after the sleep. If that fails, the wake is passed on. */
  #tryAgain<T>(attempt: () => T | Pending, state: number): T | Pending {
    try {
      const result = attempt();
      const isUnused = result === PENDING && state === WOKEN;
      if (isUnused && this.#room !== undefined) this.notify();
      return result;
    } catch (error) {
      this.notify();
      throw error;
    }
  }

  /** Awaits as {@linkcode waitForNotifySync} blocks. */
  async waitForNotify(
    prepare: () => void,
    options: WaitOptions,
  ): Promise<boolean> {
    options.signal?.throwIfAborted();
    using waiter = new AsyncWaiter(this, options);
    using _span = recordSpan(this.#mark, this.#object);
    waiter.enter();
    prepare();
    const state = await waiter.park(options.deadline);
    waiter.goOn(state);
    return state === WOKEN || waiter.leave();
  }

  /**
   * Puts a waiter at the end of the list.
   *
   * @param need How much room it needs.
   * @param sleeper The waiter that the thread sleeps on, if it is another one.
   */
  enter(waiter: number, need = 0, sleeper = 0): void {
    const words = this.#words;
    const tail = this.#index + TAIL;
    const waiters = waiterWords();
    const at = waiter * STRIDE;
    this.#mutex.lock();
    if (sleeper !== 0) waiters[at + SLEEPER] = sleeper;
    Atomics.store(waiters, at + STATE, sleeper === 0 ? PARKED : LINKED);
    const last = words[tail];
    waiters[at + NEED] = need;
    waiters[at + PREVIOUS] = last;
    waiters[at + NEXT] = 0;
    words[tail] = waiter;
    if (last !== 0) waiters[last * STRIDE + NEXT] = waiter;
    else Atomics.store(words, this.#index + HEAD, waiter);
    this.#mutex.unlock();
  }

  /** Leaves the list; false if a waker had taken the waiter out already. */
  leave(waiter: number): boolean {
    const waiters = waiterWords();
    this.#mutex.lock();
    try {
      const isListed = waiters[waiter * STRIDE + PREVIOUS] !== 0 ||
        this.#words[this.#index + HEAD] === waiter;
      if (isListed) this.#wake(waiters, waiter);
      return isListed;
    } finally {
      this.#mutex.unlock();
      cancel(waiter);
    }
  }

  /**
   * Takes a waiter out of the list and ends its wait. The mutex is held.
   *
   * @returns The waiter that its thread sleeps on.
   */
  #wake(waiters: Int32Array, waiter: number): number {
    const words = this.#words;
    const at = waiter * STRIDE;
    const previous = waiters[at + PREVIOUS];
    const next = waiters[at + NEXT];
    if (previous !== 0) waiters[previous * STRIDE + NEXT] = next;
    else Atomics.store(words, this.#index + HEAD, next);
    if (next !== 0) waiters[next * STRIDE + PREVIOUS] = previous;
    else words[this.#index + TAIL] = previous;
    waiters[at + PREVIOUS] = 0;
    waiters[at + NEXT] = 0;
    const state = at + STATE;
    const was = Atomics.compareExchange(waiters, state, PARKED, WOKEN);
    if (was !== LINKED) return waiter;
    const sleeper = waiters[at + SLEEPER];
    Atomics.store(waiters, state, WOKEN);
    const head = sleeper * STRIDE + STATE;
    Atomics.compareExchange(waiters, head, PARKED, ALERTED);
    return sleeper;
  }
}

// What a change calls to wake others.
rehearse(WaitList, () => {
  const words = new Int32Array(new SharedArrayBuffer(4 * WaitList.WORDS));
  const list = new WaitList(words, 0, Mark.NONE, {
    room: () => Infinity,
  });
  const waiter = allocateWaiter();
  for (const how of ["notify", "notifyAll"] as const) {
    list.enter(waiter);
    list[how]();
  }
  list.enter(waiter);
  list.leave(waiter);
  releaseWaiter(waiter);
  if (!isStopping()) checkStopAfterwards();
});

/** The waiter of an awaited wait, for as long as that lasts. */
class AsyncWaiter implements Disposable {
  readonly #waiter: number;
  readonly #list: WaitList;
  readonly #signal: AbortSignal | undefined;
  readonly #witness: Witness | undefined;
  readonly #alive: Disposable | undefined;
  readonly #need: number;
  #isListed = false;
  #isOver = false;
  #reason: unknown;
  /** Rejects when the wait is abandoned. A wake takes a turn of the event loop more. */
  readonly #abandoned = Promise.withResolvers<never>();
  readonly #abandon = (reason: unknown): void => {
    if (this.#isOver) return;
    this.#reason = reason;
    this.#abandoned.reject(reason);
    this.#close();
  };
  readonly #onAbort = (): void => this.#abandon(this.#signal!.reason);

  constructor(
    list: WaitList,
    { signal, witness, keepAlive = true, need = 0 }: WaitOptions,
  ) {
    reserveStack();
    this.#list = list;
    this.#need = need;
    this.#waiter = allocateWaiter();
    this.#signal = signal;
    this.#witness = witness;
    this.#abandoned.promise.catch(() => {});
    try {
      witness?.enter(this.#waiter, false);
    } catch (error) {
      releaseWaiter(this.#waiter);
      throw error;
    }
    this.#alive = keepAlive ? hold() : undefined;
    if (signal !== undefined) onAbort(signal, this.#onAbort);
    pendingWaits.add(this.#abandon);
  }

  enter(): void {
    this.#list.enter(this.#waiter, this.#need);
    this.#isListed = true;
  }

  /** Leaves the list; true if a waker had taken the waiter out already. */
  leave(): boolean {
    if (!this.#isListed) return false;
    this.#isListed = false;
    return !this.#list.leave(this.#waiter);
  }

  /**
   * Sleeps; the states are those of `park`. The wait calls `goOn()` afterwards.
   *
   * @throws {Stopped} If the thread is ordered to end.
   */
  async park(deadline: number): Promise<number> {
    if (isStopping()) await heedStop();
    return await Promise.race([
      park(this.#waiter, deadline, () => this.#isOver),
      this.#abandoned.promise,
    ]);
  }

  /**
   * Takes note of the wake, in the step in which the wait goes on. If the wait was
   * abandoned between the wake and this step, the wake was passed on, and another wait
   * may have the waiter. So this wait must not enter the list again.
   *
   * @throws What the wait was abandoned with.
   */
  goOn(state: number): void {
    if (this.#isOver) throw this.#reason;
    if (state === WOKEN) this.#isListed = false;
  }

  [Symbol.dispose](): void {
    this.#close();
    // Not before the promise of a wait that was abandoned has settled.
    this.#alive?.[Symbol.dispose]();
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // If a waker has just taken the waiter out, the wake is passed on.
    if (this.leave()) this.#list.notify();
    this.#witness?.leave(this.#waiter);
    if (this.#signal !== undefined) offAbort(this.#signal, this.#onAbort);
    pendingWaits.delete(this.#abandon);
    rouse(this.#waiter);
    releaseWaiter(this.#waiter);
  }
}
