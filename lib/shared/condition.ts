// Copyright 2026 the lab9 authors. MIT license.

import { hold } from "./keep_alive.ts";
import { Mutex } from "./mutex.ts";
import {
  allocateCell,
  cancel,
  currentCell,
  link,
  NEXT,
  park,
  parkSync,
  prepare,
  PREVIOUS,
  releaseCell,
  setLink,
  unpark,
} from "./parking.ts";

/** What an attempt returns while what it waits for is not there. */
export const PENDING: unique symbol = Symbol("pending");
export type Pending = typeof PENDING;

const HEAD = 1;
const TAIL = 2;

/** How an awaited wait may end early. */
export interface WaitOptions {
  /** A time on `performance.now()`'s clock. */
  deadline: number;
  signal?: AbortSignal;
  /** Whether the wait keeps the process from ending. @default {true} */
  keepAlive?: boolean;
}

/** The awaited waits of this thread, for ending them with the thread. */
const pendingWaits = new Set<(reason: unknown) => void>();

/** Ends every awaited wait of this thread: its cells leave their lists. */
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
 * succeeded on its second try, timed out, or was ended) passes the wake on.
 */
export class Condition {
  static readonly WORDS = 3;

  #words: Int32Array;
  #index: number;
  #mutex: Mutex;

  constructor(words: Int32Array, index: number) {
    this.#words = words;
    this.#index = index;
    this.#mutex = new Mutex(words, index);
  }

  /** Whether anyone is in the list. Look after changing the world. */
  get hasWaiters(): boolean {
    return Atomics.load(this.#words, this.#index + HEAD) !== 0;
  }

  /** Wakes whoever has waited longest. */
  notify(): void {
    if (!this.hasWaiters) return;
    this.#mutex.lock();
    const cell = this.#words[this.#index + HEAD];
    if (cell !== 0) this.#remove(cell);
    this.#mutex.unlock();
    if (cell !== 0) unpark(cell);
  }

  /** Wakes everyone who is in the list now. */
  notifyAll(): void {
    if (!this.hasWaiters) return;
    const cells: number[] = [];
    this.#mutex.lock();
    for (let cell = this.#words[this.#index + HEAD]; cell !== 0;) {
      const next = link(cell, NEXT);
      this.#remove(cell);
      cells.push(cell);
      cell = next;
    }
    this.#mutex.unlock();
    cells.forEach(unpark);
  }

  /**
   * Blocks until the attempt returns something.
   *
   * @returns What the attempt returned, or `PENDING` when the deadline passed.
   * @throws {Stopped} If the thread is ordered to end.
   */
  waitSync<T>(attempt: () => T | Pending, deadline: number): T | Pending {
    const cell = currentCell();
    for (;;) {
      this.#enter(cell);
      let result: T | Pending = PENDING;
      let woken = false;
      try {
        result = attempt();
        if (result === PENDING) woken = parkSync(deadline);
      } finally {
        // Not reached by a wake: leave the list, and pass on a wake that came
        // all the same.
        if (!woken && !this.#leave(cell)) this.notify();
      }
      if (result !== PENDING) return result;
      result = attempt();
      if (result !== PENDING || !woken) return result;
    }
  }

  /**
   * Awaits until the attempt returns something.
   *
   * @returns What the attempt returned, or `PENDING` when the deadline passed.
   */
  async wait<T>(
    attempt: () => T | Pending,
    { deadline, signal, keepAlive = true }: WaitOptions,
  ): Promise<T | Pending> {
    const cell = allocateCell();
    using _alive = keepAlive ? hold() : undefined;
    let abandoned = false;
    let reason: unknown;
    let listed = false;
    const leave = () => {
      if (!listed) return;
      listed = false;
      if (!this.#leave(cell)) this.notify();
    };
    const abandon = (why: unknown) => {
      if (abandoned) return;
      abandoned = true;
      reason = why;
      leave();
      unpark(cell);
    };
    const onAbort = () => abandon(signal!.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    pendingWaits.add(abandon);
    try {
      for (;;) {
        this.#enter(cell);
        listed = true;
        const early = attempt();
        if (early !== PENDING) return early;
        const woken = await park(cell, deadline);
        if (abandoned) throw reason;
        if (woken) listed = false;
        else leave();
        const result = attempt();
        if (result !== PENDING || !woken) return result;
      }
    } finally {
      leave();
      signal?.removeEventListener("abort", onAbort);
      pendingWaits.delete(abandon);
      releaseCell(cell);
    }
  }

  #enter(cell: number): void {
    const words = this.#words;
    const tail = this.#index + TAIL;
    this.#mutex.lock();
    prepare(cell);
    const last = words[tail];
    setLink(cell, PREVIOUS, last);
    setLink(cell, NEXT, 0);
    words[tail] = cell;
    if (last !== 0) setLink(last, NEXT, cell);
    else Atomics.store(words, this.#index + HEAD, cell);
    this.#mutex.unlock();
  }

  /** Leaves the list; false if a waker had taken the cell out already. */
  #leave(cell: number): boolean {
    this.#mutex.lock();
    const listed = this.#isListed(cell);
    if (listed) this.#remove(cell);
    this.#mutex.unlock();
    cancel(cell);
    return listed;
  }

  #isListed(cell: number): boolean {
    return link(cell, PREVIOUS) !== 0 ||
      this.#words[this.#index + HEAD] === cell;
  }

  #remove(cell: number): void {
    const words = this.#words;
    const previous = link(cell, PREVIOUS);
    const next = link(cell, NEXT);
    if (previous !== 0) setLink(previous, NEXT, next);
    else Atomics.store(words, this.#index + HEAD, next);
    if (next !== 0) setLink(next, PREVIOUS, previous);
    else words[this.#index + TAIL] = previous;
    setLink(cell, PREVIOUS, 0);
    setLink(cell, NEXT, 0);
  }
}
