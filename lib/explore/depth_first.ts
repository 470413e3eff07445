// Copyright 2026 the lab9 authors. MIT license.

import { Access, type Decision, MOST_THREADS, TIMEOUT } from "./board.ts";
import { astray, isPreemption, threadOf } from "./schedule.ts";

/** A decision of the schedule that was run last. */
interface Branch {
  options: number;
  choice: number;
  /** The choices that were tried there, as bits. */
  tried: number;
  /** The thread that had the turn before. */
  previous: number | undefined;
  /** How many preemptions there are before it. */
  used: number;
  /** The place that the thread with the turn before would touch next, if it can go on. */
  place: number | undefined;
}

/** The threads that have touched a place of shared memory, as bits. */
interface Touch {
  threads: number;
  isWritten: boolean;
}

/**
 * Searches all schedules with a limited number of preemptions, depth first.
 *
 * A thread is preempted only before an operation on a shared place: one that two threads
 * touch, and one of them writes. An operation on another place has the same effect before
 * and after the preemption. The search learns which places are shared. When it has learned
 * of new ones, it begins again.
 */
export class DepthFirst {
  readonly #most: number;
  #bound = 0;
  #isComplete = false;
  #path: Branch[] = [];
  #touches = new Map<number, Touch>();
  #shared = new Set<number>();
  /** How many shared places were known when the search began. */
  #known = 0;

  constructor(mostPreemptions: number) {
    this.#most = mostPreemptions;
  }

  /**
   * All schedules with so many preemptions or fewer were run. It is -1 if not all schedules
   * without preemptions were run.
   */
  get covered(): number {
    return this.#isComplete ? this.#bound : this.#bound - 1;
  }

  /** The choices that the next schedule begins with. */
  get plan(): number[] {
    return this.#path.map(({ choice }) => choice);
  }

  /**
   * Learns from the schedule that was run.
   *
   * @returns Whether there is another schedule.
   * @throws {Error} If it was not the planned schedule.
   */
  learn(decisions: readonly Decision[]): boolean {
    this.#extend(decisions);
    while (!this.#advance()) {
      if (this.#shared.size === this.#known) {
        // All schedules with as many preemptions as allowed were run.
        if (this.#bound >= this.#most) return !(this.#isComplete = true);
        this.#bound++;
      }
      this.#known = this.#shared.size;
      this.#extend(decisions);
    }
    return true;
  }

  #extend(decisions: readonly Decision[]): void {
    const path = this.#path;
    if (decisions.length < path.length) throw astray();
    let previous: number | undefined;
    let used = 0;
    for (const [i, decision] of decisions.entries()) {
      const { options, choice } = decision;
      const place = this.#touch(decision);
      if (i < path.length && path[i].options !== options) throw astray();
      if (i >= path.length) {
        const stays = previous === threadOf(choice);
        path.push({
          options,
          choice,
          tried: 1 << choice,
          previous,
          used,
          place: stays ? place : undefined,
        });
      }
      if (isPreemption(previous, options, choice)) used++;
      previous = threadOf(choice);
    }
  }

  /** Moves on to the next schedule; false if there is none. */
  #advance(): boolean {
    for (; this.#path.length > 0; this.#path.pop()) {
      const branch = this.#path.at(-1)!;
      for (let choice = 0; choice < 2 * MOST_THREADS; choice++) {
        const bit = 1 << choice;
        if ((branch.options & ~branch.tried & bit) === 0) continue;
        if (!this.#isWorth(branch, choice)) continue;
        branch.tried |= bit;
        branch.choice = choice;
        return true;
      }
    }
    return false;
  }

  #isWorth({ options, previous, used, place }: Branch, choice: number) {
    if (!isPreemption(previous, options, choice)) return true;
    if (used >= this.#bound) return false;
    const couldStay = previous !== undefined &&
      (options & (1 << previous)) !== 0;
    return !couldStay || place === undefined || this.#shared.has(place);
  }

  /** Notes which thread touches a place. It returns the place as a number. */
  #touch({ access, choice, memory, place }: Decision): number | undefined {
    if (access === Access.NONE || choice >= TIMEOUT) return undefined;
    const key = (memory + 1) * 2 ** 32 + place;
    const thread = 1 << threadOf(choice);
    const isWrite = access === Access.WRITE;
    const touch = this.#touches.get(key);
    if (touch === undefined) {
      this.#touches.set(key, { threads: thread, isWritten: isWrite });
      return key;
    }
    touch.threads |= thread;
    touch.isWritten ||= isWrite;
    if (touch.isWritten && (touch.threads & (touch.threads - 1)) !== 0) {
      this.#shared.add(key);
    }
    return key;
  }
}
