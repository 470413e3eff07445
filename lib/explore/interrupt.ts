// Copyright 2026 the lab9 authors. MIT license.

import type { Decision } from "./board.ts";
import { threadOf } from "./schedule.ts";

/**
 * Runs one schedule several times. Each time, the scenario's last thread comes before
 * another step of the other threads: an interruption may come at any time. Then it does
 * the same with another schedule.
 */
export class Interrupt {
  /** The choices of the schedule in which the last thread comes last. */
  #base: number[] | undefined;
  /** The number of the last thread. */
  #last = 0;
  /** How many steps the last thread makes. */
  #count = 0;
  /** The number of steps before which it can come. */
  #places = 0;
  /** The step before which it comes next. */
  #place = -1;

  /** The choices that the next schedule begins with; empty for a new schedule. */
  get plan(): number[] {
    if (this.#base === undefined) return [];
    return [
      ...this.#base.slice(0, this.#place),
      ...Array(this.#count).fill(this.#last),
      ...this.#base.slice(this.#place),
    ];
  }

  /** Learns from the schedule that was run, with so many threads. */
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
