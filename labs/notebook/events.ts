// Copyright 2026 the lab9 authors. MIT license.

/**
 * What a lab and the program that runs it send each other. An event is a
 * line on stdout: an ASCII record separator, a key, and JSON. The program makes
 * the key up and sends it as the first line on stdin, so that what a thread
 * prints can't be taken for an event. More lines on stdin ask for cells to be
 * run again, for their time alone.
 *
 * @module
 */

import { RECORD_SEPARATOR, type Timeline } from "./timeline.ts";

/** A cell begins; what is printed from here on is its output. */
export interface CellStart {
  type: "start";
  /** The cell's number, or its name. */
  id: string;
  title: string;
}

/** A cell has ended. */
export interface CellEnd {
  type: "end";
  id: string;
  /** How many seconds of processor time the lab's process took meanwhile. */
  cpu: number;
  timeline: Timeline;
}

/** A cell would begin; with `--step`, a line on stdin lets it. */
export interface Ready {
  type: "ready";
  id: string;
}

/** All that was asked for has run. */
export interface Idle {
  type: "idle";
}

/** What a lab sends. */
export type LabEvent = CellStart | CellEnd | Ready | Idle;

/** Asks a lab to run cells again, in this order, with smaller counts. */
export interface Again {
  again: string[];
}

/** An event as a lab prints it. */
export function writeEvent(key: string, event: LabEvent): string {
  return RECORD_SEPARATOR + key + JSON.stringify(event);
}

/**
 * Reads what stdin says, line by line.
 *
 * @param stream Where from.
 */
export async function* linesOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
