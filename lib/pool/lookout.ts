// Copyright 2026 the lab9 authors. MIT license.

import { currentThreadId, isAlive } from "../sync/waiters.ts";

/**
 * The word of a channel that says which of its takers is on the lookout for records,
 * as far as one thread needs it. It holds the taker's thread id, or 0.
 */
export class Lookout {
  #words: Int32Array;
  #index: number;
  /** Whether this thread is on the lookout, as far as it knows. */
  #isMine = false;

  constructor(words: Int32Array, index: number) {
    this.#words = words;
    this.#index = index;
  }

  /** Whether a thread that is alive is on the lookout. */
  get isHeld(): boolean {
    const holder = Atomics.load(this.#words, this.#index);
    return holder !== 0 && isAlive(holder);
  }

  /** Whether this thread may be on the lookout. Another thread may have taken it off. */
  get isMine(): boolean {
    return this.#isMine;
  }

  /**
   * Whether this thread is on the lookout. A worker asks after each task, so the word is
   * read plainly.
   */
  get isKept(): boolean {
    return this.#isMine && this.#words[this.#index] === currentThreadId();
  }

  /** Puts this thread on the lookout; false if another thread is on it. */
  take(): boolean {
    const me = currentThreadId();
    const holder = Atomics.load(this.#words, this.#index);
    if (holder === me) return this.#isMine = true;
    if (holder !== 0 && isAlive(holder)) return false;
    return this.#isMine =
      Atomics.compareExchange(this.#words, this.#index, holder, me) === holder;
  }

  /** Takes this thread off the lookout. */
  leave(): void {
    this.#isMine = false;
    const me = currentThreadId();
    Atomics.compareExchange(this.#words, this.#index, me, 0);
  }

  /** Takes any thread off the lookout. */
  clear(): void {
    Atomics.store(this.#words, this.#index, 0);
  }
}
