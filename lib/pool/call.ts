// Copyright 2026 the lab9 authors. MIT license.

import { hold } from "../sync/keep_alive.ts";
import type { Dispatcher, OpenCall, TaskOptions } from "./dispatcher.ts";

/** How a call may end early. */
export interface CallLimits {
  signal?: AbortSignal;
  /** In seconds. */
  timeout?: number;
}

/** A timer's time is kept in 31 bits: more of it would be over at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

let lastCall = 0;

/**
 * One call of a pool's method: its tasks, and its early end. Once it was called
 * off, nothing more is submitted; until it is disposed of, a pool that was closed
 * goes on taking its tasks.
 */
export class Call implements OpenCall, Disposable {
  readonly id: number = ++lastCall;
  readonly isLazy: boolean;
  #dispatcher: Dispatcher;
  #signal: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #calledOff: { reason: unknown } | undefined;
  #leave: (reason: unknown) => void = () => {};
  #onAbort = (): void => this.cancel(this.#signal!.reason);

  /** A lazy call submits when somebody asks it to: maybe never. */
  constructor(dispatcher: Dispatcher, isLazy: boolean) {
    this.#dispatcher = dispatcher;
    this.isLazy = isLazy;
    dispatcher.enter(this);
  }

  /** From now on, time runs and the signal is heard. */
  limit({ signal, timeout = Infinity }: CallLimits): void {
    if (timeout !== Infinity) {
      this.#expire(performance.now() + timeout * 1000, timeout);
    }
    this.#signal = signal;
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /**
   * Has a worker do a task.
   *
   * @returns A promise that resolves to what came of it.
   * @throws At once if the call was called off, or the task can't be sent.
   */
  submit(task: Omit<TaskOptions, "call">): Promise<unknown> {
    this.#calledOff ??= this.#dispatcher.refusal;
    this.throwIfCalledOff();
    return this.#dispatcher.submit({ ...task, call: this.id });
  }

  /** Throws what the call was called off with. */
  throwIfCalledOff(): void {
    if (this.#calledOff) throw this.#calledOff.reason;
  }

  /** Awaits something, unless the call is called off first; one at a time. */
  async orCalledOff<T>(awaited: Promise<T>): Promise<T> {
    const calledOff = Promise.withResolvers<never>();
    if (this.#calledOff) calledOff.reject(this.#calledOff.reason);
    this.#leave = calledOff.reject;
    // Somebody waits for the timer, if for nothing else.
    using _alive = this.#timer === undefined ? undefined : hold();
    return await Promise.race([calledOff.promise, awaited]);
  }

  /** Calls off what is left. */
  cancel(reason: unknown): void {
    if (this.#calledOff) return;
    this.callOff(reason);
    this.#dispatcher.cancel(this.id, reason);
  }

  /** The same, for a dispatcher that has ended its tasks already. */
  callOff(reason: unknown): void {
    this.#calledOff ??= { reason };
    this.#leave(reason);
  }

  [Symbol.dispose](): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    // Deno loads its timers when they are first looked at: 10 ms.
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#dispatcher.leave(this);
  }

  #expire(deadline: number, timeout: number): void {
    const left = deadline - performance.now();
    if (left <= 0) {
      const message = `The call took longer than ${timeout} seconds`;
      this.cancel(new DOMException(message, "TimeoutError"));
      return;
    }
    this.#timer = setTimeout(
      () => this.#expire(deadline, timeout),
      Math.min(left, LONGEST_DELAY_MS),
    );
    // An iterator that nobody takes from doesn't keep the process alive.
    Deno.unrefTimer(this.#timer);
  }
}
