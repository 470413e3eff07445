// Copyright 2026 the lab9 authors. MIT license.

import type { Dispatcher, OpenCall, TaskOptions } from "./dispatcher.ts";

/** How a call may end early. */
export interface CallLimits {
  signal?: AbortSignal;
  /** In seconds. */
  timeout?: number;
}

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
      const message = `The call took longer than ${timeout} seconds`;
      this.#timer = setTimeout(
        () => this.cancel(new DOMException(message, "TimeoutError")),
        timeout * 1000,
      );
    }
    this.#signal = signal;
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Has a worker do a task. */
  async submit(task: Omit<TaskOptions, "call">): Promise<unknown> {
    if (this.#calledOff) throw this.#calledOff.reason;
    return await this.#dispatcher.submit({ ...task, call: this.id });
  }

  /** Awaits something, unless the call is called off first; one at a time. */
  orCalledOff<T>(awaited: Promise<T>): Promise<T> {
    if (this.#calledOff) {
      awaited.catch(() => {});
      return Promise.reject(this.#calledOff.reason);
    }
    return new Promise((resolve, reject) => {
      this.#leave = reject;
      awaited.then(resolve, reject);
    });
  }

  /** Calls off what is left. */
  cancel(reason: unknown): void {
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
    clearTimeout(this.#timer);
    this.#dispatcher.leave(this);
  }
}
