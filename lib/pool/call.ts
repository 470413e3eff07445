// Copyright 2026 the lab9 authors. MIT license.

import {
  now,
  Promise,
  startTimer,
  stopTimer,
  unrefTimer,
} from "../platform/platform.ts";
import { hold } from "../sync/keep_alive.ts";
import { offAbort, onAbort } from "../sync/signals.ts";
import type { AnyDispatcher } from "./any_dispatcher.ts";
import type { Task, TaskOwner } from "./task.ts";
import type { OpenCall } from "./waits.ts";

/** How a call may end early. */
export interface CallLimits {
  signal?: AbortSignal;
  /** In seconds. */
  timeout?: number;
  /** The same for each task, from its start. */
  runTimeout?: number;
  priority?: number;
}

/** A timer's time is kept in 31 bits: more of it would be over at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * One call of a pool's method: its tasks, and its early end. Once it was called
 * off, nothing more is submitted.
 *
 * Its timer runs, its signal is listened to and the pool knows it only while
 * something of it can end early: it has tasks, or somebody waits for it. So an
 * iterator that nobody takes from leaves nothing behind, and a call that has
 * failed still limits the tasks that it has left running.
 */
export class Call implements OpenCall, TaskOwner, Disposable, AsyncDisposable {
  #dispatcher: AnyDispatcher;
  #tasks = new Set<Task>();
  #timeout: number;
  #runTimeout: number | undefined;
  #priority: number;
  /** On `now()`'s clock. */
  #deadline = Infinity;
  #signal: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #calledOff: { reason: unknown } | undefined;
  /** How many wait for an item or a result. */
  #readers = 0;
  /** What waits to hear that the call was called off. */
  #leave: Set<(reason: unknown) => void> | undefined;
  /** How many wait for the call: while somebody does, it is active. */
  #users = 0;
  #isActive = false;
  #end: (() => void) | undefined;
  #onAbort = (): void => this.cancel(this.#signal!.reason);

  constructor(
    dispatcher: AnyDispatcher,
    { signal, timeout = Infinity, runTimeout, priority = 0 }: CallLimits,
  ) {
    this.#priority = priority;
    this.#runTimeout = runTimeout;
    this.#dispatcher = dispatcher;
    this.#signal = signal;
    this.#timeout = timeout;
  }

  /** From now on, time runs. */
  begin(): void {
    this.#deadline = now() + this.#timeout * 1000;
  }

  /** The same, for a call that somebody waits for until it is disposed of. */
  open(): this {
    this.begin();
    this.#use();
    this.#end = () => this.#unuse();
    return this;
  }

  /** The same, for an iterator: a closed pool keeps its workers for it. */
  openLazily(): this {
    this.begin();
    this.#dispatcher.calls.keep();
    this.#end = () => this.#dispatcher.calls.release();
    return this;
  }

  /** Nobody waits any more. What was submitted and still runs keeps its limits. */
  [Symbol.dispose](): void {
    this.#end?.();
    this.#end = undefined;
  }

  /** The same; if the pool was joined, it awaits the workers' end as well. */
  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    await this.#dispatcher.endedIfJoined();
  }

  /**
   * Has a worker do a task.
   *
   * @returns A promise that resolves to what came of it.
   * @throws At once if the call was called off, or the task can't be sent.
   */
  submit(task: Task): Promise<unknown> {
    this.#activate();
    try {
      this.throwIfCalledOff();
      task.owner = this;
      task.runTimeout = this.#runTimeout;
      task.priority = this.#priority;
      const promise = this.#dispatcher.submit(task);
      this.#tasks.add(task);
      return promise;
    } finally {
      this.#restIfIdle();
    }
  }

  onSettled(task: Task): void {
    this.#tasks.delete(task);
    this.#restIfIdle();
  }

  get isCalledOff(): boolean {
    return this.#calledOff !== undefined;
  }

  /** Throws if the call was called off, or should have been by now. */
  checkLimits(): void {
    if (!this.#isActive) this.#applyLimits();
    this.throwIfCalledOff();
  }

  /** Throws what the call was called off with. */
  throwIfCalledOff(): void {
    if (this.#calledOff) throw this.#calledOff.reason;
  }

  /** Awaits something, unless the call is called off first. */
  async orCalledOff<T>(awaited: PromiseLike<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    awaited.then(resolve, reject);
    this.#use();
    // Somebody waits for the timer, if for nothing else.
    using _alive = this.#timer === undefined ? undefined : hold();
    const leave = this.#leave ??= new Set();
    leave.add(reject);
    try {
      if (this.#calledOff) reject(this.#calledOff.reason);
      return await promise;
    } finally {
      leave.delete(reject);
      this.#unuse();
    }
  }

  /** Calls off what is left, and ends the workers that are at it. */
  cancel(reason: unknown): void {
    this.callOff(reason);
    this.#dispatcher.cancel(this.#tasks, reason);
  }

  /** Calls off what no worker has begun, and leaves the rest alone. */
  cancelWaiting(reason: unknown): void {
    this.callOff(reason);
    this.#dispatcher.cancelWaiting(this.#tasks, reason);
  }

  /** It can submit nothing any more. What has begun finishes. */
  refuse(reason: unknown): void {
    // When nothing of it runs, who waits does so for an item.
    if (this.#readers > 0 && this.#tasks.size === 0) this.callOff(reason);
  }

  /** As {@linkcode orCalledOff}, for an item or a result. */
  async orRefused<T>(awaited: PromiseLike<T>): Promise<T> {
    const { refused } = this.#dispatcher.calls;
    if (refused && this.#tasks.size === 0) throw refused.reason;
    this.#readers++;
    try {
      return await this.orCalledOff(awaited);
    } finally {
      this.#readers--;
    }
  }

  /** The call is called off by a dispatcher that has ended its tasks already. */
  callOff(reason: unknown): void {
    this.#calledOff ??= { reason };
    if (this.#leave) { for (const leave of this.#leave) leave(reason); }
  }

  #use(): void {
    this.#users++;
    this.#activate();
  }

  #unuse(): void {
    this.#users--;
    this.#restIfIdle();
  }

  #activate(): void {
    if (this.#isActive) return;
    this.#isActive = true;
    this.#dispatcher.calls.enter(this);
    this.#applyLimits();
    if (this.#calledOff) return;
    if (this.#signal) onAbort(this.#signal, this.#onAbort);
    if (this.#deadline !== Infinity) this.#startTimer();
  }

  /** Calls off what should have been called off while nobody looked. */
  #applyLimits(): void {
    this.#calledOff ??= this.#dispatcher.refusal;
    if (this.#signal?.aborted) return this.#onAbort();
    if (this.#deadline > now()) return;
    const message = `The call took longer than ${this.#timeout} seconds`;
    this.cancel(new DOMException(message, "TimeoutError"));
  }

  #restIfIdle(): void {
    if (!this.#isActive || this.#users > 0 || this.#tasks.size > 0) return;
    this.#isActive = false;
    if (this.#signal) offAbort(this.#signal, this.#onAbort);
    // Deno loads its timers when they are first looked at: 10 ms.
    if (this.#timer !== undefined) stopTimer(this.#timer);
    this.#timer = undefined;
    this.#dispatcher.calls.leave(this);
  }

  #startTimer(): void {
    const left = this.#deadline - now();
    this.#timer = startTimer(() => {
      if (this.#deadline > now()) this.#startTimer();
      else this.#applyLimits();
    }, Math.max(0, Math.min(left, LONGEST_DELAY_MS)));
    // A wait keeps the process alive; this doesn't.
    unrefTimer(this.#timer);
  }
}
