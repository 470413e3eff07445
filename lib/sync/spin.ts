// Copyright 2026 the lab9 authors. MIT license.

import { now, processors } from "../platform/platform.ts";

/**
 * Keeps the thread busy for that many pauses of the processor: a wait shorter
 * than falling asleep. A pause takes about 25 ns where it was measured.
 */
export function pause(times: number): void {
  for (let i = 0; i < times; i++) Atomics.pause();
}

/** How long a thread computes to see whether others want its processor. */
const CROWD_MS = 10;
/** So long doesn't pass between two looks at the clock unless another runs. */
const GIVEN_AWAY_MS = 1;

/**
 * Whether more threads want to run than there are processors: the running one
 * computes for a moment, and sees whether it has to give its processor to another.
 */
export function isCrowded(): boolean {
  let last = now();
  const end = last + CROWD_MS;
  while (last < end) {
    pause(LOOKS);
    const time = now();
    if (time - last > GIVEN_AWAY_MS) return true;
    last = time;
  }
  return false;
}

const word = new Int32Array(new SharedArrayBuffer(4));

/**
 * Gives the event loop one turn, for timers, messages and I/O. A notified
 * `Atomics.waitAsync` resolves in a task of its own, in a few microseconds; a
 * timer of 0 ms takes more than a millisecond. It doesn't keep the loop alive.
 */
export async function turn(): Promise<void> {
  const { value } = Atomics.waitAsync(word, 0, 0);
  Atomics.notify(word, 0);
  await value;
}

/** The longest that a wait spins: what falling asleep and waking would take. */
const LONGEST_MS = 0.05;
/** The shortest, as long as spinning helps at all. */
const SHORTEST_MS = 0.005;
/** Looks between two looks at the clock, about two microseconds. */
const LOOKS = 32;
/** A thread that is this late had to give its processor to another. */
const LATE_MS = 0.03;
/** How many waits don't spin after the thread was late. */
const WAITS_WITHOUT = 100;

/**
 * Decides how long a wait looks again and again before the thread sleeps.
 *
 * Spinning pays where what is waited for comes within the time that sleeping and
 * waking take. So a wait that spins in vain halves the time, and a sleep that
 * was shorter than {@linkcode LONGEST_MS} doubles it. Where more threads want to
 * run than there are processors, a thread that spins keeps the one from running
 * that it waits for. It notices that by the time between two looks at the clock,
 * and then doesn't spin for some waits.
 */
export class Spin {
  #ms = processors() > 1 ? LONGEST_MS : 0;
  #without = processors() > 1 ? 0 : Infinity;

  /** Looks until there is something, for as long as spinning may pay. */
  until<T>(look: () => T | undefined): T | undefined {
    if (this.#without > 0) {
      this.#without--;
      return look();
    }
    let last = now();
    const end = last + this.#ms;
    for (let looks = 1;; looks++) {
      const found = look();
      if (found !== undefined) return found;
      Atomics.pause();
      if (looks % LOOKS !== 0) continue;
      const time = now();
      if (time - last > LATE_MS) {
        this.#without = WAITS_WITHOUT;
        return undefined;
      }
      if (time > end) {
        this.#ms = Math.max(SHORTEST_MS, this.#ms / 2);
        return undefined;
      }
      last = time;
    }
  }

  /** Learns how long a sleep took. */
  slept(ms: number): void {
    if (ms < 2 * LONGEST_MS) this.#ms = Math.min(LONGEST_MS, this.#ms * 2);
  }
}
