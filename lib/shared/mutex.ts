// Copyright 2026 the lab9 authors. MIT license.

const FREE = 0;
const HELD = 1;
const CONTENDED = 2;

/** How often a locker looks again before it sleeps: about a microsecond. */
const SPINS = 40;

/**
 * A lock of one word in shared memory, for the few instructions in which a
 * structure is between two states. Users' code never runs under it.
 *
 * Protocol. The word is `FREE`, `HELD`, or `CONTENDED` (held, and someone may
 * be asleep). A locker takes `FREE` to `HELD` in one step; failing that, it
 * writes `CONTENDED` before it sleeps, so that the holder knows whom to wake.
 * Whoever wakes takes the lock as `CONTENDED`, because it can't know whether
 * others still sleep; the price is at most one needless wake.
 *
 * It doesn't look at the stop word: its holder is always about to let go.
 */
export class Mutex {
  #words: Int32Array;
  #index: number;

  constructor(words: Int32Array, index: number) {
    this.#words = words;
    this.#index = index;
  }

  lock(): void {
    if (
      Atomics.compareExchange(this.#words, this.#index, FREE, HELD) !== FREE
    ) {
      this.#lockSlowly();
    }
  }

  unlock(): void {
    if (Atomics.exchange(this.#words, this.#index, FREE) === CONTENDED) {
      Atomics.notify(this.#words, this.#index, 1);
    }
  }

  #lockSlowly(): void {
    const words = this.#words;
    const index = this.#index;
    for (let spin = 0; spin < SPINS; spin++) {
      Atomics.pause();
      if (
        Atomics.load(words, index) === FREE &&
        Atomics.compareExchange(words, index, FREE, HELD) === FREE
      ) return;
    }
    while (Atomics.exchange(words, index, CONTENDED) !== FREE) {
      Atomics.wait(words, index, CONTENDED);
    }
  }
}
