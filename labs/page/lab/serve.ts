// Copyright 2026 the lab9 authors. MIT license.

/**
 * Runs a lab's cells in a worker of the page, which is the main thread of the
 * lab's threads: it may block, and the page never does.
 *
 * @module
 */

import {
  recordedNames,
  recordingBuffer,
  sharedNow,
  startRecording,
} from "../../../lib/sync/recorder.ts";
import { waiterTable } from "../../../lib/sync/waiters.ts";
import { getIdent } from "../../../lib/thread/thread.ts";
import { threadTable } from "../../../lib/thread/thread_table.ts";
import { WORKER_NAME } from "../../../lib/thread/worker_server.ts";
import { selectTitled } from "../../notebook/cells.ts";
import type { CellEnd, CellStart } from "../../notebook/events.ts";
import { runCell } from "../../notebook/run_cell.ts";
import { Kind, Log } from "./log.ts";
import type { Begin, FromLab, Run } from "./messages.ts";
import { printTo } from "./output.ts";

declare const self: {
  name: string;
  postMessage(message: FromLab): void;
};

/**
 * Listens to the page, in the lab's worker. Its threads load the lab, too.
 *
 * @param load Adds the cells, if that is to wait until the page listens.
 */
export function serveLab(load: () => unknown = () => {}): void {
  if (self.name === WORKER_NAME) return;
  let log: Log | undefined;
  let loading: unknown;
  globalThis.addEventListener("message", ({ data }: MessageEvent) => {
    const run = data as Begin | Run;
    const into = log ??= begin(run as Begin);
    Promise.resolve(loading ??= load()).then(() => runCells(run, into)).then(
      () => self.postMessage({ type: "idle" }),
      (error) =>
        self.postMessage({ type: "failed", message: String(error?.stack) }),
    );
  });
}

function begin({ log: buffer }: Begin): Log {
  const log = new Log(buffer);
  printTo(log);
  startRecording(getIdent());
  self.postMessage({
    type: "ready",
    recording: recordingBuffer()!,
    threads: threadTable(),
    waiters: waiterTable(),
    main: getIdent(),
  });
  return log;
}

async function runCells(
  { selection, context, ...lab }: Run,
  log: Log,
): Promise<void> {
  const send = (event: CellStart | CellEnd) => {
    if (event.type === "start") {
      log.write(Kind.START, event.id);
      self.postMessage({ ...event, start: sharedNow() });
    } else {
      log.write(Kind.END, event.id);
      const { type, id, timeline } = event;
      const [end, names] = [sharedNow(), recordedNames()];
      self.postMessage({ type, id, end, timeline, names });
    }
  };
  for (const cell of selectTitled(selection, context, lab)) {
    await runCell(cell, context, { send, cpu: () => 0 });
  }
}
