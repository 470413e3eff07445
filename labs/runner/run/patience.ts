// Copyright 2026 the lab9 authors. MIT license.

/** How many seconds a lab may do nothing between its cells. */
const PAUSE = 60;

/** Ends a lab that hangs: it does nothing, or one of its cells doesn't end. */
export class Patience {
  #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Aborted when the lab is to be ended. */
  readonly signal: AbortSignal = this.#controller.signal;

  /** The cell that didn't end, if the lab was ended because of a cell. */
  cell: string | undefined;

  /** Why the lab is ended. */
  reason: string | undefined;

  /**
   * Starts to wait.
   *
   * @param seconds How long it waits.
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

  /** Stops waiting, because the lab isn't expected to do anything. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
