// Copyright 2026 the lab9 authors. MIT license.

import type { CellEnd, CellStart, LabEvent } from "../../notebook/events.ts";
import { RECORD_SEPARATOR } from "../../notebook/timeline.ts";
import type { Timeline } from "../../notebook/timeline.ts";

/** The output of a cell. */
export interface CellOutput {
  /** The cell's number, or its name. */
  id: string;
  title: string;
  /** Its lines, without blank ones at the end. */
  output: string;
  /** Its timeline, once it has ended. */
  timelines: Timeline[];
  /** Whether it ran to its end. */
  isFinished: boolean;
}

interface OpenCell extends Omit<CellOutput, "output"> {
  lines: string[];
}

/** A line of a lab: output, an event, or output with an event behind it. */
export interface Added {
  output?: string;
  event?: LabEvent;
}

/**
 * The output of a lab, divided into its cells. Only a line with the lab's key is an event.
 * All other lines are output.
 */
export class Transcript {
  #mark: string;
  #cells: OpenCell[] = [];

  /** @param key The key of the lab's events. */
  constructor(key: string) {
    this.#mark = RECORD_SEPARATOR + key;
  }

  /** The cells so far. */
  get cells(): CellOutput[] {
    return this.#cells.map(({ lines, ...cell }) => (
      { ...cell, output: joined(lines) }
    ));
  }

  /**
   * Adds a line.
   *
   * @param line The line, without its line break.
   * @returns Its output and its event.
   */
  add(line: string): Added {
    // A thread may have printed something without a line break before the event.
    const at = line.indexOf(this.#mark);
    const event = at < 0
      ? undefined
      : parseEvent(line.slice(at + this.#mark.length));
    if (event === undefined) {
      this.#cells.at(-1)?.lines.push(line);
      return { output: line };
    }
    const added: Added = { event };
    if (at > 0) {
      added.output = line.slice(0, at);
      this.#cells.at(-1)?.lines.push(added.output);
    }
    if (event.type === "start") this.#start(event);
    if (event.type === "end") this.#end(event);
    return added;
  }

  #start({ id, title }: CellStart): void {
    const cell = { id, title, lines: [], timelines: [], isFinished: false };
    this.#cells.push(cell);
  }

  #end({ timeline }: CellEnd): void {
    const cell = this.#cells.at(-1);
    if (cell === undefined) return;
    cell.timelines.push(timeline);
    cell.isFinished = true;
  }
}

/** Reads an event; undefined if it is incomplete, or not an event. */
function parseEvent(text: string): LabEvent | undefined {
  try {
    const event = JSON.parse(text);
    return typeof event?.type === "string" ? event : undefined;
  } catch {
    return undefined;
  }
}

/** Joins lines to a text, without blank lines at the end. */
export function joined(lines: string[]): string {
  let { length } = lines;
  while (length > 0 && lines[length - 1] === "") length--;
  return lines.slice(0, length).join("\n");
}
