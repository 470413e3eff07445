// Copyright 2026 the lab9 authors. MIT license.

import { Promise } from "../platform/platform.ts";
import { hold } from "./keep_alive.ts";
import { Mark, recordSpan } from "./recorder.ts";
import { reserveStack } from "./reserve_stack.ts";
import { offAbort, onAbort } from "./signals.ts";
import {
  PENDING,
  type Pending,
  registerWait,
  tryLast,
  type WaitList,
  type WaitOptions,
} from "./wait_list.ts";
import {
  allocateWaiter,
  cancel,
  currentWaiter,
  heedStop,
  isStopping,
  park,
  PARKED,
  parkSync,
  releaseWaiter,
  rouse,
  STATE,
  STRIDE,
  waiterWords,
} from "./waiters.ts";

/**
 * A wait in several lists at once.
 *
 * Protocol. There is a linked waiter in each list, and one waiter that the thread
 * sleeps on, the sleeper. The sleeper is parked before the lists are entered, so that
 * no wake is missed. Several lists may wake it at the same time, but the attempt takes
 * from one only. So when the thread leaves the lists, it passes each wake on to the
 * next waiter of its list. A waiter that is woken in vain looks and sleeps again.
 */
class LinkedWaiters implements Disposable {
  readonly sleeper: number;
  #lists: readonly WaitList[];
  #waiters: number[] = [];
  #isListed = false;

  constructor(lists: readonly WaitList[], sleeper: number) {
    this.#lists = lists;
    this.sleeper = sleeper;
    try {
      for (const _ of lists) this.#waiters.push(allocateWaiter());
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  enter(): void {
    this.#isListed = true;
    Atomics.store(waiterWords(), this.sleeper * STRIDE + STATE, PARKED);
    for (const [i, list] of this.#lists.entries()) {
      list.enter(this.#waiters[i], 0, this.sleeper);
    }
  }

  leave(): void {
    if (!this.#isListed) return;
    this.#isListed = false;
    for (const [i, list] of this.#lists.entries()) {
      if (!list.leave(this.#waiters[i])) list.notify();
    }
    cancel(this.sleeper);
  }

  [Symbol.dispose](): void {
    this.leave();
    for (const waiter of this.#waiters.splice(0)) releaseWaiter(waiter);
  }
}

/**
 * Blocks in all lists until the attempt returns something.
 *
 * @returns What the attempt returned, or `PENDING` when the deadline passed.
 * @throws {Stopped} If the thread is ordered to end.
 */
export function waitForSeveralSync<T>(
  lists: readonly WaitList[],
  attempt: () => T | Pending,
  deadline: number,
): T | Pending {
  if (isStopping()) return tryLast(attempt);
  using _span = recordSpan(Mark.QUEUE);
  reserveStack();
  using waiters = new LinkedWaiters(lists, currentWaiter());
  for (;;) {
    waiters.enter();
    let state = PARKED;
    let result = attempt();
    if (result === PENDING) {
      state = parkSync(deadline);
      result = attempt();
    }
    waiters.leave();
    if (result !== PENDING || state === PARKED) return result;
  }
}

/** As {@linkcode waitForSeveralSync}, but awaits. */
export async function waitForSeveral<T>(
  lists: readonly WaitList[],
  attempt: () => T | Pending,
  { deadline, signal }: WaitOptions,
): Promise<T | Pending> {
  reserveStack();
  using wait = new AwaitedWait(lists, signal);
  using _span = recordSpan(Mark.QUEUE);
  for (;;) {
    wait.waiters.enter();
    let state = PARKED;
    let result = attempt();
    if (result === PENDING) {
      state = await wait.park(deadline);
      wait.goOn();
      // The attempt must not be the one to see the order: see `WaitList.wait`.
      if (isStopping()) await heedStop();
      result = attempt();
    }
    wait.waiters.leave();
    if (result !== PENDING || state === PARKED) return result;
  }
}

/** What an awaited wait needs, until it ends or is called off. */
class AwaitedWait implements Disposable {
  readonly waiters: LinkedWaiters;
  readonly #signal: AbortSignal | undefined;
  readonly #alive: Disposable;
  readonly #registered: Disposable;
  readonly #abandoned = Promise.withResolvers<never>();
  #isOver = false;
  #reason: unknown;
  readonly #onAbort = (): void => this.#abandon(this.#signal!.reason);

  constructor(lists: readonly WaitList[], signal: AbortSignal | undefined) {
    const sleeper = allocateWaiter();
    try {
      this.waiters = new LinkedWaiters(lists, sleeper);
    } catch (error) {
      releaseWaiter(sleeper);
      throw error;
    }
    this.#abandoned.promise.catch(() => {});
    this.#signal = signal;
    this.#alive = hold();
    this.#registered = registerWait((reason) => this.#abandon(reason));
    if (signal !== undefined) onAbort(signal, this.#onAbort);
  }

  /** Sleeps; the states are those of `park`. The wait calls `goOn()` afterwards. */
  async park(deadline: number): Promise<number> {
    if (isStopping()) await heedStop();
    return await Promise.race([
      park(this.waiters.sleeper, deadline, () => this.#isOver),
      this.#abandoned.promise,
    ]);
  }

  /**
   * Goes on after the sleep, unless the wait was abandoned between the wake and this
   * step: then it has no waiters any more, and each wake was passed on.
   *
   * @throws What the wait was abandoned with.
   */
  goOn(): void {
    if (this.#isOver) throw this.#reason;
  }

  [Symbol.dispose](): void {
    this.#close();
    this.#alive[Symbol.dispose]();
  }

  #abandon(reason: unknown): void {
    if (this.#isOver) return;
    this.#reason = reason;
    this.#abandoned.reject(reason);
    this.#close();
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.waiters[Symbol.dispose]();
    if (this.#signal !== undefined) offAbort(this.#signal, this.#onAbort);
    this.#registered[Symbol.dispose]();
    rouse(this.waiters.sleeper);
    releaseWaiter(this.waiters.sleeper);
  }
}
