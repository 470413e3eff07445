// Copyright 2026 the lab9 authors. MIT license.

/**
 * Runs a cell for an observer: the runner, or the page.
 *
 * @module
 */

import { sharedNow } from "../../lib/sync/recorder.ts";
import { getIdent, prestartWorkers } from "../../lib/thread/thread.ts";
import { type Cell, type CellContext, prestartOf } from "./cells.ts";
import type { CellEnd, CellStart } from "./events.ts";
import { pause } from "./pause.ts";
import { timelineOf } from "./recording.ts";

/** The observer of cells. */
export interface Observer {
  /** Receives an event. */
  send: (event: CellStart | CellEnd) => void;
  /** How many seconds of processor time the process has taken. */
  cpu: () => number;
}

/** Runs a cell, and reports its beginning, its end and its timeline. */
export async function runCell(
  cell: Cell,
  context: CellContext,
  { send, cpu }: Observer,
): Promise<void> {
  const { id, title, body } = cell;
  const main = getIdent();
  await prestartWorkers(prestartOf(cell, context));
  send({ type: "start", id, title });
  const start = sharedNow();
  const before = cpu();
  await body(context);
  const taken = cpu() - before;
  const end = sharedNow();
  const timeline = timelineOf({ cell: id, title, main, start, end });
  await pause(cell.pause);
  send({ type: "end", id, cpu: taken, timeline });
}
