// Copyright 2026 the lab9 authors. MIT license.

import type { AsyncWaitOptions } from "../sync/deadline.ts";
import { Full } from "../queue/queue.ts";
import { pause, Waits } from "./waits.ts";

/** For so long a place is kept for whoever was told of it. */
const KEPT_MS = 1;

/**
 * How many tasks a pool takes: as many as its workers can do at a time, and so
 * many that wait.
 *
 * Who waits for a place is told of one that nobody else was told of. If it has
 * not been used soon, the next is told of it, too.
 */
export class Room {
  #maxsize: number;
  #limit: number;
  #pending: () => number;
  #waits = new Waits();
  /** How many were told of a place and may yet use it. */
  #told = 0;
  #isLooking = false;

  /** `pending` says how many tasks there are. */
  constructor(maxsize: number, atATime: number, pending: () => number) {
    this.#maxsize = maxsize;
    this.#limit = maxsize + atATime;
    this.#pending = pending;
  }

  /** @throws {Full} If there is no place for one more. */
  check(): void {
    if (this.#pending() < this.#limit) return;
    throw new Full(
      `Cannot submit to pool: ${this.#maxsize} tasks wait already`,
    );
  }

  /** A task was submitted. */
  use(): void {
    if (this.#told > 0) this.#told--;
  }

  /** There may be a place, or none any more. */
  free(): void {
    this.#waits.wakeAll();
  }

  /**
   * Resolves when there is a place.
   *
   * @param check Throws if there will be none.
   */
  wait(
    check: () => void,
    options: AsyncWaitOptions | undefined,
  ): Promise<void> {
    const texts = { action: "wait for room in pool", state: "it was full" };
    return this.#waits.until(
      () => {
        check();
        if (this.#pending() + this.#told >= this.#limit) return false;
        if (this.#limit !== Infinity) this.#tell();
        return true;
      },
      texts,
      options,
    );
  }

  #tell(): void {
    this.#told++;
    if (!this.#isLooking) this.#lookAgain();
  }

  async #lookAgain(): Promise<void> {
    this.#isLooking = true;
    await pause(KEPT_MS);
    this.#isLooking = false;
    this.#told = 0;
    this.#waits.wakeAll();
  }
}
