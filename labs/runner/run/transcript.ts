// Copyright 2026 the lab9 authors. MIT license.

import { RECORD_SEPARATOR, type Timeline } from "../../notebook/timeline.ts";

/** What one cell printed. */
export interface CellOutput {
  /** The cell's number, or its name. */
  id: string;
  title: string;
  /** The lines under the heading, without the blank ones at the end. */
  output: string;
  /** What its threads did, if the lab was asked for it. */
  timelines: Timeline[];
}

interface OpenCell {
  id: string;
  title: string;
  lines: string[];
  timelines: Timeline[];
}

const HEADING = /^In \[(.+?)\]: (.*)$/;

/** What a lab prints, taken apart at its headings line by line. */
export class Transcript {
  #cells: OpenCell[] = [];

  /** The cells so far. The last one may not have printed everything yet. */
  get cells(): CellOutput[] {
    return this.#cells.map(({ lines, ...cell }) => ({
      ...cell,
      output: lines.join("\n").trimEnd(),
    }));
  }

  /**
   * Adds a line.
   *
   * @param line The line, without its break.
   * @returns What it was: the heading of a cell, a timeline, or just output.
   */
  add(line: string): "heading" | "timeline" | "output" {
    const cell = this.#cells.at(-1);
    if (line.startsWith(RECORD_SEPARATOR)) {
      const timeline = parseTimeline(line.slice(RECORD_SEPARATOR.length));
      if (cell !== undefined && timeline !== undefined) {
        cell.timelines.push(timeline);
        return "timeline";
      }
    }
    const heading = HEADING.exec(line);
    if (heading === null) {
      cell?.lines.push(line);
      return "output";
    }
    const [, id, title] = heading;
    this.#cells.push({ id, title, lines: [], timelines: [] });
    return "heading";
  }
}

/** Reads a timeline; undefined if it is none, or broke off with its lab. */
function parseTimeline(text: string): Timeline | undefined {
  let value: Partial<Timeline> | null;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const isWhole = typeof value?.duration === "number" &&
    [value.threads, value.spans, value.flows, value.depths]
      .every(Array.isArray);
  return isWhole ? value as Timeline : undefined;
}

/** Takes what a lab printed apart at its headings. */
export function parseTranscript(text: string): CellOutput[] {
  const transcript = new Transcript();
  for (const line of text.split("\n")) transcript.add(line);
  return transcript.cells;
}
