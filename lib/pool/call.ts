// Copyright 2026 the lab9 authors. MIT license.

import { now, Promise } from "../platform/platform.ts";
import { type Alarm, clearAlarm, setAlarm } from "../sync/alarms.ts";
import { hold } from "../sync/keep_alive.ts";
import { offAbort, onAbort } from "../sync/signals.ts";
import type { AnyDispatcher } from "./any_dispatcher.ts";
import type { ApplyOptions } from "./options.ts";
import type { Task, TaskOwner } from "./task.ts";
import type { OpenCall } from "./waits.ts";

/**
 * One call of a pool's method: its tasks, its limits, and whether it was called off.
 * A call that was called off submits nothing more.
 *
 * A call is active while it has tasks or somebody waits for it. Only an active call
 * has an alarm, listens to its signal and is known to the pool. So an iterator that
 * nobody reads leaves nothing behind. A call that has failed stays active until the
 * tasks that it has left running have ended, so its limits hold for them.
 */
export class Call implements OpenCall, TaskOwner, Disposable, AsyncDisposable {
  #dispatcher: AnyDispatcher;
  #tasks = new Set<Task>();
  #timeout: number;
  #runTimeout: number | undefined;
  #priority: number;
  /** When the call's timeout passes, on the clock of `now()`. */
  #deadline = Infinity;
  #signal: AbortSignal | undefined;
  /** It rings when the timeout passes. It keeps no process alive. */
  #alarm: Alarm | undefined;
  #calledOff: { reason: unknown } | undefined;
  /** The number of waits for an item or a result. */
  #readers = 0;
  /** Functions that reject the waits which end when the call is called off. */
  #leave: Set<(reason: unknown) => void> | undefined;
  /** The number of waits for the call. */
  #users = 0;
  #isActive = false;
  #end: (() => void) | undefined;
  #onAbort = (): void => this.cancel(this.#signal!.reason);

  constructor(
    dispatcher: AnyDispatcher,
    { signal, timeout = Infinity, runTimeout, priority = 0 }: ApplyOptions,
  ) {
    this.#priority = priority;
    this.#runTimeout = runTimeout;
    this.#dispatcher = dispatcher;
    this.#signal = signal;
    this.#timeout = timeout;
  }

  /** Starts the time of the call's timeout. */
  begin(): void {
    if (this.#timeout === Infinity) return;
    this.#deadline = now() + this.#timeout * 1000;
  }

  /** Begins a call that somebody waits for until it is disposed of. */
  open(): this {
    this.begin();
    this.#use();
    this.#end = () => this.#unuse();
    return this;
  }

  /** Begins the call of an iterator. A closed pool keeps its workers for it. */
  openLazily(): this {
    this.begin();
    this.#dispatcher.calls.keep();
    this.#end = () => this.#dispatcher.calls.release();
    return this;
  }

  /** Ends the wait for the call. The limits still hold for tasks that run. */
  [Symbol.dispose](): void {
    this.#end?.();
    this.#end = undefined;
  }

  /** Ends the wait for the call. In a joined pool it awaits the workers' end, too. */
  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    await this.#dispatcher.endedIfJoined();
  }

  /**
   * Submits a task of the call.
   *
   * @returns A promise that resolves to the task's result.
   * @throws Synchronously, if the call was called off or the task can't be sent.
   */
  submit(task: Task): Promise<unknown> {
    this.#activate();
    try {
      this.throwIfCalledOff();
      task.owner = this;
      task.runTimeout = this.#runTimeout;
      task.priority = this.#priority;
      this.#tasks.add(task);
      const promise = this.#dispatcher.submit(task);
      // A getter of the payload may have called it off.
      if (this.#calledOff) {
        this.#dispatcher.cancel([task], this.#calledOff.reason);
      }
      return promise;
    } catch (error) {
      this.#tasks.delete(task);
      throw error;
    } finally {
      this.#restIfIdle();
    }
  }

  onSettled(task: Task): void {
    this.#tasks.delete(task);
    this.#restIfIdle();
  }

  get isCalledOff(): boolean {
    return (this.#calledOff ?? this.#dispatcher.refusal) !== undefined;
  }

  /** Throws if the call was called off, or one of its limits has passed. */
  checkLimits(): void {
    if (!this.#isActive) this.#applyLimits();
    this.throwIfCalledOff();
  }

  /** Throws the reason with which the call was called off. */
  throwIfCalledOff(): void {
    if (this.#calledOff) throw this.#calledOff.reason;
  }

  /** Awaits a promise, but rejects as soon as the call is called off. */
  async orCalledOff<T>(awaited: PromiseLike<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    awaited.then(resolve, reject);
    this.#use();
    // An alarm keeps no process alive; this wait for it does.
    using _alive = this.#alarm === undefined ? undefined : hold();
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

  /** Calls off all tasks. A worker that runs one is ended unless the task ends. */
  cancel(reason: unknown): void {
    this.callOff(reason);
    this.#dispatcher.cancel(this.#tasks, reason);
  }

  /** Calls off the tasks that no worker has begun. */
  cancelWaiting(reason: unknown): void {
    this.callOff(reason);
    this.#dispatcher.cancelWaiting(this.#tasks, reason);
  }

  /** Is called when the pool takes no more tasks. Tasks that have begun finish. */
  refuse(reason: unknown): void {
    // A reader of a call without tasks waits for an item that would be submitted.
    if (this.#readers > 0 && this.#tasks.size === 0) this.callOff(reason);
  }

  /** As {@linkcode Call.orCalledOff}, for a wait for an item or a result. */
  async orRefused<T>(awaited: PromiseLike<T>): Promise<T> {
    const { refused } = this.#dispatcher.calls;
    if (refused && this.#tasks.size === 0) this.callOff(refused.reason);
    this.#readers++;
    this.#dispatcher.calls.reads++;
    try {
      return await this.orCalledOff(awaited);
    } finally {
      this.#readers--;
    }
  }

  /** Is called when the dispatcher has called off the call's tasks. */
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
    if (!this.#isActive) this.#enter();
  }

  /** By itself: V8 allocates a context whenever a method that holds a closure begins. */
  #enter(): void {
    this.#isActive = true;
    this.#dispatcher.calls.enter(this);
    this.#applyLimits();
    if (this.#calledOff) return;
    if (this.#signal) onAbort(this.#signal, this.#onAbort);
    if (this.#deadline === Infinity) return;
    this.#alarm = setAlarm(this.#deadline, () => this.#applyLimits());
  }

  /** Calls the call off if a limit has passed while it was not active. */
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
    if (this.#alarm !== undefined) clearAlarm(this.#alarm);
    this.#alarm = undefined;
    this.#dispatcher.calls.leave(this);
  }
}
