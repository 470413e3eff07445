// Copyright 2026 the lab9 authors. MIT license.

import { Promise } from "./globals.ts";
import { hold } from "./keep_alive.ts";
import { damagedMemory, Mutex } from "./mutex.ts";
import { Mark, recordSpan } from "./recorder.ts";
import { offAbort, onAbort } from "./signals.ts";
import {
  allocateCell,
  cancel,
  CELLS,
  currentCell,
  heedStop,
  isDeserted,
  isStopping,
  lot,
  NEED,
  NEXT,
  park,
  PARKED,
  parkSync,
  PREVIOUS,
  releaseCell,
  rouse,
  STATE,
  STRIDE,
  WOKEN,
} from "./waiters.ts";
import { reserveStack } from "./reserve_stack.ts";

/** What an attempt returns while what it waits for is not there. */
export const PENDING: unique symbol = Symbol("pending");
export type Pending = typeof PENDING;

const HEAD = 1;
const TAIL = 2;

/** Told of each wait while it lasts. */
export interface Witness {
  /** A cell begins to wait; whether its whole thread does so, until it is woken. */
  enter(cell: number, blocksForever: boolean): void;
  leave(cell: number): void;
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

/** The awaited waits of this thread, for ending them with the thread. */
const pendingWaits = new Set<(reason: unknown) => void>();

/** Whether this thread awaits anything. */
export function hasPendingWaits(): boolean {
  return pendingWaits.size > 0;
}

/** Ends every awaited wait of this thread, which may have no other turn. */
export function abandonWaits(reason: unknown): void {
  for (const abandon of [...pendingWaits]) abandon(reason);
}

/**
 * A list of waiting threads in shared memory. What they wait for is somebody
 * else's words; this only puts to sleep and wakes.
 *
 * Words: a mutex, the first cell, the last cell (0: none).
 *
 * Protocol. A waiter puts its cell into the list, tries once more, and sleeps.
 * A waker changes the world first and looks at the list's head afterwards. Both
 * orders are sequentially consistent, so either the waiter's second try sees
 * the change or the waker sees the waiter. Each notify takes one cell out of
 * the list, under the mutex: no wake is spent on someone who was woken already.
 * A waiter that was woken but leaves without the wake being what helped it (it
 * succeeded on its second try, timed out, was ended, or its try after the wake
 * throws, as it does in a thread that is to end) passes the wake on.
 *
 * In a list that is given the room, waiters differ in how much they need, as
 * items of different sizes do: a notify wakes the first whose need fits the room
 * there is at that moment, and nobody if none fits. A waiter that was woken and
 * finds the room taken by another passes the wake on, because a smaller one may
 * still fit. This ends: each wake needs room that is there.
 *
 * Where the stack is exhausted, a call throws: a wait makes sure before it enters
 * the list that there is enough of the stack, and a waker before it changes what
 * the others wait for (see `reserve_stack.ts`).
 */
export class WaitList {
  static readonly WORDS = 3;

  #words: Int32Array;
  #index: number;
  #mutex: Mutex;
  #mark: Mark;
  #room: (() => number) | undefined;

  /**
   * What is waited for is recorded as the mark says. Where waits need different
   * amounts of room, `room` returns how much there is now.
   */
  constructor(
    words: Int32Array,
    index: number,
    mark: Mark = Mark.NONE,
    room?: () => number,
  ) {
    this.#words = words;
    this.#index = index;
    this.#mark = mark;
    this.#room = room;
    this.#mutex = new Mutex(words, index);
  }

  /** How many are in the list. */
  get count(): number {
    const cells = lot();
    let count = 0;
    this.#mutex.lock();
    let cell = this.#words[this.#index + HEAD];
    while (cell !== 0 && count < CELLS) {
      cell = cells[cell * STRIDE + NEXT];
      count++;
    }
    this.#mutex.unlock();
    return count;
  }

  /** Whether anyone is in the list. Look after changing the world. */
  get hasWaiters(): boolean {
    return Atomics.load(this.#words, this.#index + HEAD) !== 0;
  }

  /** Wakes the one that has waited longest, of those that the room suffices for. */
  notify(): void {
    if (!this.hasWaiters) return;
    const room = this.#room === undefined ? Infinity : this.#room();
    const cells = lot();
    let cell = 0;
    this.#mutex.lock();
    try {
      cell = this.#words[this.#index + HEAD];
      for (let steps = 0;; steps++) {
        if (steps > CELLS) throw damagedMemory("a list of waits has no end");
        const isOver = cell !== 0 && isDeserted(cell);
        if (!isOver && (cell === 0 || cells[cell * STRIDE + NEED] <= room)) {
          break;
        }
        const next = cells[cell * STRIDE + NEXT];
        if (isOver) this.#wake(cells, cell);
        cell = next;
      }
      if (cell !== 0) this.#wake(cells, cell);
    } finally {
      this.#mutex.unlock();
    }
    if (cell !== 0) rouse(cell);
  }

  /** Wakes everyone who is in the list now. */
  notifyAll(): void {
    if (!this.hasWaiters) return;
    const cells: number[] = [];
    this.#mutex.lock();
    try {
      for (;;) {
        const cell = this.#words[this.#index + HEAD];
        if (cell === 0) break;
        if (cells.length > CELLS) {
          throw damagedMemory("a list of waits has no end");
        }
        cells.push(cell);
        this.#wake(lot(), cell);
      }
    } finally {
      this.#mutex.unlock();
    }
    cells.forEach(rouse);
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
    using _span = recordSpan(this.#mark);
    reserveStack();
    const cell = currentCell();
    witness?.enter(cell, deadline === Infinity);
    try {
      for (;;) {
        this.enter(cell, need);
        let result: T | Pending = PENDING;
        let state: number = PARKED;
        try {
          result = attempt();
          if (result === PENDING) state = parkSync(deadline);
        } finally {
          // Not reached by a wake: leave the list, and pass on a wake that came
          // all the same.
          if (state !== WOKEN && !this.leave(cell)) this.notify();
        }
        if (result !== PENDING) return result;
        result = this.#tryAgain(attempt, state);
        if (result !== PENDING || state === PARKED) return result;
      }
    } finally {
      witness?.leave(cell);
    }
  }

  /**
   * Blocks until a notify picks this waiter, whatever has become of the world
   * since.
   *
   * @param prepare Called once the waiter is in the list.
   * @returns Whether it was picked; false when the deadline passed.
   * @throws {Stopped} If the thread is ordered to end.
   */
  waitForNotifySync(prepare: () => void, deadline: number): boolean {
    using _span = recordSpan(this.#mark);
    reserveStack();
    const cell = currentCell();
    this.enter(cell);
    let isOver = false;
    try {
      prepare();
      if (parkSync(deadline) === WOKEN) return isOver = true;
      isOver = true;
      // Out of the list already: it was picked at the last moment.
      return !this.leave(cell);
    } finally {
      if (!isOver && !this.leave(cell)) this.notify();
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
    using _span = recordSpan(this.#mark);
    for (;;) {
      waiter.enter();
      const early = attempt();
      if (early !== PENDING) return early;
      const state = await waiter.park(options.deadline);
      if (state !== WOKEN && waiter.leave()) this.notify();
      const result = this.#tryAgain(attempt, state);
      if (result !== PENDING || state === PARKED) return result;
    }
  }

  /** Tries after sleeping. Where that fails, a wake is for somebody else. */
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
    using _span = recordSpan(this.#mark);
    waiter.enter();
    prepare();
    return await waiter.park(options.deadline) === WOKEN || waiter.leave();
  }

  /** Puts a cell that needs so much room at the list's end. */
  enter(cell: number, need = 0): void {
    const words = this.#words;
    const tail = this.#index + TAIL;
    const cells = lot();
    const at = cell * STRIDE;
    this.#mutex.lock();
    Atomics.store(cells, at + STATE, PARKED);
    const last = words[tail];
    cells[at + NEED] = need;
    cells[at + PREVIOUS] = last;
    cells[at + NEXT] = 0;
    words[tail] = cell;
    if (last !== 0) cells[last * STRIDE + NEXT] = cell;
    else Atomics.store(words, this.#index + HEAD, cell);
    this.#mutex.unlock();
  }

  /** Leaves the list; false if a waker had taken the cell out already. */
  leave(cell: number): boolean {
    const cells = lot();
    this.#mutex.lock();
    try {
      const isListed = cells[cell * STRIDE + PREVIOUS] !== 0 ||
        this.#words[this.#index + HEAD] === cell;
      if (isListed) this.#wake(cells, cell);
      return isListed;
    } finally {
      this.#mutex.unlock();
      cancel(cell);
    }
  }

  /** Takes a cell out of the list and ends its wait. The mutex is held. */
  #wake(cells: Int32Array, cell: number): void {
    const words = this.#words;
    const at = cell * STRIDE;
    const previous = cells[at + PREVIOUS];
    const next = cells[at + NEXT];
    if (previous !== 0) cells[previous * STRIDE + NEXT] = next;
    else Atomics.store(words, this.#index + HEAD, next);
    if (next !== 0) cells[next * STRIDE + PREVIOUS] = previous;
    else words[this.#index + TAIL] = previous;
    cells[at + PREVIOUS] = 0;
    cells[at + NEXT] = 0;
    Atomics.compareExchange(cells, at + STATE, PARKED, WOKEN);
  }
}

/** The cell of an awaited wait, for as long as that lasts. */
class AsyncWaiter implements Disposable {
  readonly #cell: number;
  readonly #list: WaitList;
  readonly #signal: AbortSignal | undefined;
  readonly #witness: Witness | undefined;
  readonly #alive: Disposable | undefined;
  readonly #need: number;
  #isListed = false;
  #isOver = false;
  #reason: unknown;
  /** Does not wait for a turn of the event loop, as a wake does. */
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
    this.#cell = allocateCell();
    this.#signal = signal;
    this.#witness = witness;
    this.#abandoned.promise.catch(() => {});
    try {
      witness?.enter(this.#cell, false);
    } catch (error) {
      releaseCell(this.#cell);
      throw error;
    }
    this.#alive = keepAlive ? hold() : undefined;
    if (signal !== undefined) onAbort(signal, this.#onAbort);
    pendingWaits.add(this.#abandon);
  }

  enter(): void {
    this.#list.enter(this.#cell, this.#need);
    this.#isListed = true;
  }

  /** Leaves the list; true if a waker had taken the cell out already. */
  leave(): boolean {
    if (!this.#isListed) return false;
    this.#isListed = false;
    return !this.#list.leave(this.#cell);
  }

  /**
   * Sleeps; the states are those of `park`.
   *
   * @throws {Stopped} If the thread is ordered to end.
   */
  async park(deadline: number): Promise<number> {
    if (isStopping()) await heedStop();
    const state = await Promise.race([
      park(this.#cell, deadline, () => this.#isOver),
      this.#abandoned.promise,
    ]);
    if (this.#isOver) throw this.#reason;
    if (state === WOKEN) this.#isListed = false;
    return state;
  }

  [Symbol.dispose](): void {
    this.#close();
    // Not before the promise of a wait that was abandoned has settled.
    this.#alive?.[Symbol.dispose]();
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // A wake that came all the same is somebody else's.
    if (this.leave()) this.#list.notify();
    this.#witness?.leave(this.#cell);
    if (this.#signal !== undefined) offAbort(this.#signal, this.#onAbort);
    pendingWaits.delete(this.#abandon);
    rouse(this.#cell);
    releaseCell(this.#cell);
  }
}
