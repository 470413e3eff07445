// Copyright 2026 the lab9 authors. MIT license.

/** How long a lab may do nothing between its cells, in seconds. */
const PAUSE = 60;

/** Ends a lab that hangs: it does nothing, or a cell of it has no end. */
export class Patience {
  #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Aborted when the lab is to be ended. */
  readonly signal: AbortSignal = this.#controller.signal;

  /** The cell that had no end, if it was one. */
  cell: string | undefined;

  /** Why the lab is ended. */
  reason: string | undefined;

  /**
   * Waits from now on.
   *
   * @param seconds How long.
   * @param reason Why the lab is ended then.
   * @param cell The cell that runs meanwhile.
   */
  wait(
    seconds = PAUSE,
    reason = `the lab did nothing for ${PAUSE} seconds`,
    cell?: string,
  ): void {
    this.stop();
    this.#timer = setTimeout(() => {
      this.cell = cell;
      this.reason = reason;
      this.#controller.abort();
    }, seconds * 1000);
  }

  /** Waits no longer: nothing is expected of the lab. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
