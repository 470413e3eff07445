// Copyright 2026 the lab9 authors. MIT license.

/**
 * A lab under `deno task labs`: it reports to the runner what its cells print,
 * how long they take and what their threads do.
 *
 * @module
 */

import process from "node:process";
import { sharedNow, startRecording } from "../../lib/sync/recorder.ts";
import { getIdent, prestartWorkers, sleep } from "../../lib/thread/thread.ts";
import { type Cell, type CellContext, prestartOf, select } from "./cells.ts";
import { type Again, linesOf, writeEvent } from "./events.ts";
import { timelineOf } from "./recording.ts";

/** Runs cells, reports each to the runner, and runs again what it asks for. */
export async function runObserved(
  selected: Cell[],
  context: CellContext,
  step: boolean,
): Promise<void> {
  const lines = linesOf(Deno.stdin.readable);
  // By hand there is nobody to make up a key.
  const isAsked = !Deno.stdin.isTerminal();
  const key = isAsked ? (await lines.next()).value ?? "" : "";
  startRecording(getIdent());
  for (const cell of selected) {
    if (step) {
      console.log(writeEvent(key, { type: "ready", id: cell.id }));
      await lines.next();
    }
    await runCell(cell, context, key);
  }
  if (!isAsked) return;
  console.log(writeEvent(key, { type: "idle" }));
  for await (const line of lines) {
    const { again }: Again = JSON.parse(line);
    for (const cell of select(again)) {
      await runCell(cell, { ...context, quick: true }, key);
    }
    console.log(writeEvent(key, { type: "idle" }));
  }
}

async function runCell(
  cell: Cell,
  context: CellContext,
  key: string,
): Promise<void> {
  const { id, title, body, pause } = cell;
  const main = getIdent();
  await prestartWorkers(prestartOf(cell, context));
  console.log(writeEvent(key, { type: "start", id, title }));
  const start = sharedNow();
  const before = process.cpuUsage();
  await body(context);
  const { user, system } = process.cpuUsage(before);
  const timeline = timelineOf({
    cell: id,
    title,
    main,
    start,
    end: sharedNow(),
  });
  if (pause > 0) await sleep(pause);
  const cpu = (user + system) / 1e6;
  console.log(writeEvent(key, { type: "end", id, cpu, timeline }));
}
