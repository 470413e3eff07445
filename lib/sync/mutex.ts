// Copyright 2026 the lab9 authors. MIT license.

const HELD = 1;
const CONTENDED = 2;
const STATE = HELD | CONTENDED;
/** What a word counts in that has a mutex in its lowest bits. */
export const STEP = 4;

/** Such a word without the mutex. */
export function stepsIn(word: number): number {
  return word & ~STATE;
}

/** What such a word has counted, up to 30 bits. */
export function countOf(word: number): number {
  return word >>> 2;
}

/** How often a locker looks again before it sleeps: about a microsecond. */
const SPINS = 40;

/**
 * A lock in the lowest bits of a word in shared memory, for the few instructions
 * in which a structure is between two states. Users' code never runs under it.
 *
 * Protocol. The bits above are the user's: whoever unlocks may add to them in the
 * same step, and so makes what it has written under the lock visible. Below,
 * `HELD` says that someone has it, `CONTENDED` that someone may be asleep. A locker
 * sets `HELD` where it isn't set, in one step; failing that, it sets `CONTENDED`
 * before it sleeps, so that the holder knows whom to wake. That one clears the
 * bit, after it has let go, and wakes one. Whoever has slept sets it again with
 * `HELD`, because it can't know whether others still sleep; the price is at most
 * one needless wake. Who falls asleep has seen it set: it is cleared only by one
 * who then wakes somebody, who will set it again.
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
    const free = this.#words[this.#index] & ~STATE;
    if (
      Atomics.compareExchange(this.#words, this.#index, free, free | HELD) !==
        free
    ) {
      // Nobody reads these. They make this function's frame larger than that of
      // `unlock`: where the stack is nearly exhausted, it must be this that throws.
      this.#lockSlowly(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }
  }

  /**
   * Lets go, and adds to the word: a multiple of {@linkcode STEP}. Only for its
   * holder, and once: more would be taken from what the word counts.
   */
  unlock(added = 0): void {
    if (
      (Atomics.add(this.#words, this.#index, added - HELD) & CONTENDED) !== 0
    ) {
      Atomics.and(this.#words, this.#index, ~CONTENDED);
      Atomics.notify(this.#words, this.#index, 1);
    }
  }

  #lockSlowly(..._nothing: number[]): void {
    const words = this.#words;
    const index = this.#index;
    for (let spin = 0; spin < SPINS; spin++) {
      Atomics.pause();
      const word = Atomics.load(words, index);
      if ((word & HELD) === 0 && this.#change(word, word | HELD)) return;
    }
    for (;;) {
      const word = Atomics.load(words, index);
      const contended = word | CONTENDED;
      if ((word & HELD) === 0) {
        if (this.#change(word, contended | HELD)) return;
      } else if (word === contended || this.#change(word, contended)) {
        Atomics.wait(words, index, contended);
      }
    }
  }

  /** Whether the word was as expected, and is changed now. */
  #change(from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, this.#index, from, to) === from;
  }
}
