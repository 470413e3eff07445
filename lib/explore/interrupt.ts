// Copyright 2026 the lab9 authors. MIT license.

import type { Decision } from "./board.ts";
import { threadOf } from "./schedule.ts";

/**
 * Runs one schedule again and again, and has the scenario's last thread come at
 * another step of the others each time: what interrupts them may come at any
 * time. Then the same with another schedule.
 */
export class Interrupt {
  /** The schedule in which the last thread comes last. */
  #base: number[] | undefined;
  #last = 0;
  /** How many steps the last thread has in it. */
  #count = 0;
  /** At how many steps it can come. */
  #places = 0;
  #place = -1;

  /** The choices that the next schedule begins with; none for a new one. */
  get plan(): number[] {
    if (this.#base === undefined) return [];
    return [
      ...this.#base.slice(0, this.#place),
      ...Array(this.#count).fill(this.#last),
      ...this.#base.slice(this.#place),
    ];
  }

  /** Learns from the schedule that was run, of so many threads. */
  learn(decisions: readonly Decision[], threads: number): void {
    if (this.#base === undefined) {
      const last = this.#last = threads - 1;
      const base = decisions.map(({ choice }) => choice);
      const isLast = (choice: number) => threadOf(choice) === last;
      const first = base.findIndex(isLast);
      this.#places = first < 0 ? 0 : first;
      this.#count = base.filter(isLast).length;
      this.#base = base;
      this.#place = -1;
    }
    if (++this.#place >= this.#places) this.#base = undefined;
  }
}
