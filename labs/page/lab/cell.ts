// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the labs have of `notebook/cell.ts` in a page, which has no command line:
 * `deno.json` has this stand in its place.
 *
 * @module
 */

export {
  cell,
  type CellBody,
  type CellContext,
  type CellId,
  type CellOptions,
} from "../../notebook/cells.ts";

/**
 * The time, in seconds since the program's start. Python's `time.time`.
 *
 * @returns Seconds.
 */
export function time(): number {
  return performance.now() / 1000;
}

/** Does nothing: the page says what is run. */
export async function runLab(_options: object): Promise<void> {}
