// Copyright 2026 the lab9 authors. MIT license.

/**
 * A lab under `deno task labs`: it reports to the runner what its cells print,
 * how long they take and what their threads do.
 *
 * @module
 */

import process from "node:process";
import { startRecording } from "../../lib/sync/recorder.ts";
import { getIdent } from "../../lib/thread/thread.ts";
import { type Cell, type CellContext, select } from "./cells.ts";
import { type Again, type LabEvent, linesOf, writeEvent } from "./events.ts";
import { runCell } from "./run_cell.ts";

/** Runs cells and reports them to the runner, which may ask to run some of them again. */
export async function runObserved(
  selected: Cell[],
  context: CellContext,
  step: boolean,
): Promise<void> {
  const lines = linesOf(Deno.stdin.readable);
  // If the user has given --events on a terminal, there is no runner that sends a key.
  const isAsked = !Deno.stdin.isTerminal();
  const key = isAsked ? (await lines.next()).value ?? "" : "";
  const send = (event: LabEvent) => console.log(writeEvent(key, event));
  const observer = { send, cpu: cpuSeconds };
  startRecording(getIdent());
  for (const cell of selected) {
    if (step) {
      send({ type: "ready", id: cell.id });
      await lines.next();
    }
    await runCell(cell, context, observer);
  }
  if (!isAsked) return;
  send({ type: "idle" });
  for await (const line of lines) {
    const { again }: Again = JSON.parse(line);
    for (const cell of select(again)) {
      await runCell(cell, { ...context, quick: true }, observer);
    }
    send({ type: "idle" });
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
