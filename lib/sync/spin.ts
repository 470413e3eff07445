// Copyright 2026 the lab9 authors. MIT license.

import { now, processors } from "../platform/platform.ts";

/**
 * Keeps the thread busy for so many pauses of the processor. It is for waits that are
 * shorter than falling asleep. A pause was measured to take about 25 ns.
 */
export function pause(times: number): void {
  for (let i = 0; i < times; i++) Atomics.pause();
}

/** How long a thread computes to find out whether others want its processor. */
const CROWD_MS = 10;
/** If more time passes between two looks at the clock, another thread has run. */
const GIVEN_AWAY_MS = 1;

/**
 * Whether more threads want to run than there are processors. The running thread
 * computes for a moment, to find out whether it has to share its processor.
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

/** How long a wait spins at most: as long as falling asleep and waking take. */
const LONGEST_MS = 0.05;
/** How long a wait spins at least. */
const SHORTEST_MS = 0.005;
/** How many looks there are between two readings of the clock: about two microseconds. */
const LOOKS = 32;
/** If more time passes between two looks at the clock, another thread has run. */
const LATE_MS = 0.03;
/** How many waits don't spin after that. */
const WAITS_WITHOUT = 100;

/**
 * Decides how long a wait spins: how long it looks again and again before the thread
 * sleeps.
 *
 * Spinning pays if what the thread waits for comes within the time that falling asleep
 * and waking take. So a wait that spins in vain halves the time, and a sleep that was
 * shorter than twice {@linkcode LONGEST_MS} doubles it. If more threads want to run
 * than there are processors, a thread that spins may keep the very thread from running
 * that it waits for. It notices that by the time between two looks at the clock. Then
 * some waits don't spin.
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
