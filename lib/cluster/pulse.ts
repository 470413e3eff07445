// Copyright 2026 the lab9 authors. MIT license.

import { Promise, startTimer, stopTimer } from "../platform/platform.ts";

/** Calls a function at an interval, until it is stopped. */
export class Pulse {
  /** Resolves after {@linkcode stop}, when the last beat has ended. */
  readonly ended: Promise<void>;
  #beat: () => Promise<void>;
  #interval: number;
  #isStopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake = (): void => {};

  /** The callback handles its own errors. */
  constructor(interval: number, beat: () => Promise<void>) {
    this.#interval = interval;
    this.#beat = beat;
    this.ended = this.#run();
  }

  /** Beats at once. */
  now(): void {
    this.#wake();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await this.#beat();
      this.#timer = startTimer(resolve, this.#isStopped ? 0 : this.#interval);
      await promise;
      stopTimer(this.#timer);
    }
  }
}
