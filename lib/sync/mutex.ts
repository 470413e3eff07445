// Copyright 2026 the lab9 authors. MIT license.

const HELD = 1;
const CONTENDED = 2;
const STATE = HELD | CONTENDED;
/** The step of a count that shares its word with a mutex. */
export const STEP = 4;

/** The word without the bits of the mutex. */
export function stepsIn(word: number): number {
  return word & ~STATE;
}

/** The count in the word, up to 30 bits. */
export function countOf(word: number): number {
  return word >>> 2;
}

/** How often a locker looks again before it sleeps: for about a microsecond. */
const SPINS = 40;

/** After so many sleeps in which the word hasn't changed, the memory is damaged. */
const SLEEPS = 10;
/** How long a sleep is. */
const SLEEP_MS = 1000;

/** The indexes of the words for {@linkcode Mutex.guard}. */
export interface GuardWords {
  readonly DEPTH: number;
  readonly ENDING: number;
}

/** What a thread calls around code in which it must not be ended by force. */
export interface Guard {
  enter(): void;
  leave(): void;
}

/** The error for words that no thread has written by the library's protocols. */
export function damagedMemory(what: string): Error {
  return new Error(`The library's shared memory is damaged: ${what}`);
}

/**
 * A lock in the lowest bits of a word in shared memory, for the few
 * instructions in which a structure is between two states. Users' code never
 * runs under it.
 *
 * Protocol. The bits above belong to the user of the mutex: a thread that
 * unlocks may add to them in the same step, and so makes visible what it has
 * written under the lock. `HELD` says that a thread has the lock, `CONTENDED`
 * that a thread may be asleep.
 *  - A locker sets `HELD` in one step if it isn't set. Otherwise it sets
 *    `CONTENDED`, and sleeps as long as the word doesn't change.
 *  - The holder clears `HELD` first. If `CONTENDED` was set, it then clears that
 *    bit and wakes one sleeper.
 *  - A locker that has slept sets `CONTENDED` along with `HELD`, because it can't
 *    know whether others still sleep. That costs at most one needless wake.
 *  - So no sleeper is forgotten: the bit is cleared only by a thread that then
 *    wakes one, and that one sets it again.
 *
 * A locker doesn't look at the stop word: the holder is always about to unlock.
 * Where the memory is damaged, there is no holder. So a locker throws when the word
 * hasn't changed for ten seconds. It counts its sleeps and doesn't look at the clock:
 * after the whole process was stopped for a while, the clock would say too much.
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
      // Nobody reads these arguments. They make the frame of this function
      // larger than that of `unlock`: where the stack is nearly exhausted, this
      // call throws first.
      this.#lockSlowly(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }
  }

  /**
   * Unlocks, and adds to the word: a multiple of {@linkcode STEP}. Only the
   * holder may call it, and once: a second call would subtract from the count.
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
    let unchanged = 0;
    for (;;) {
      const word = Atomics.load(words, index);
      const contended = word | CONTENDED;
      if ((word & HELD) === 0) {
        if (this.#change(word, contended | HELD)) return;
      } else if (word === contended || this.#change(word, contended)) {
        const came = Atomics.wait(words, index, contended, SLEEP_MS);
        unchanged = came === "timed-out" ? unchanged + 1 : 0;
        if (unchanged === SLEEPS) {
          throw damagedMemory("a mutex was held for ten seconds");
        }
      }
    }
  }

  /**
   * Makes it possible to end the running thread by force while it holds no mutex.
   *
   * Protocol. The running thread counts `DEPTH` up before it takes a mutex, and down
   * when it has unlocked it. A thread that is about to end it sets `ENDING`, and waits
   * until `DEPTH` is 0. When the running thread has counted `DEPTH` up from 0, it
   * looks at `ENDING`. If `ENDING` is set, it writes 0 into `DEPTH` again, and sleeps
   * until it is ended. Both orders are sequentially consistent, so one of the two
   * threads sees the other.
   *
   * @returns The guard, for other code in which the thread must not be ended.
   */
  static guard(words: Int32Array, { DEPTH, ENDING }: GuardWords): Guard {
    const enter = (): void => {
      if (Atomics.add(words, DEPTH, 1) !== 0) return;
      while (Atomics.load(words, ENDING) !== 0) {
        Atomics.store(words, DEPTH, 0);
        Atomics.wait(words, ENDING, 1);
      }
    };
    const leave = (): void => void Atomics.sub(words, DEPTH, 1);
    const { lock, unlock } = Mutex.prototype;
    Mutex.prototype.lock = function () {
      enter();
      try {
        lock.call(this);
      } catch (error) {
        leave();
        throw error;
      }
    };
    Mutex.prototype.unlock = function (added) {
      unlock.call(this, added);
      leave();
    };
    return { enter, leave };
  }

  /** Changes the word from one value to another; false if it has another value. */
  #change(from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, this.#index, from, to) === from;
  }
}
