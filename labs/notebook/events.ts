// Copyright 2026 the lab9 authors. MIT license.

/**
 * The messages between a lab and the program that runs it. A lab sends events. An event
 * is a line on stdout: an ASCII record separator, a key, and JSON. The program chooses the
 * key at random and sends it as the first line on stdin, so that no text of a thread can
 * be taken for an event. With more lines on stdin, the program asks the lab to run cells
 * again, to measure their times.
 *
 * @module
 */

import { RECORD_SEPARATOR, type Timeline } from "./timeline.ts";

/** A cell begins. All lines from now on are its output. */
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

/** A cell is about to begin. With `--step`, it begins when a line comes on stdin. */
export interface Ready {
  type: "ready";
  id: string;
}

/** All cells that were asked for have run. */
export interface Idle {
  type: "idle";
}

/** An event of a lab. */
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
 * Reads a stream line by line.
 *
 * @param stream The stream.
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
