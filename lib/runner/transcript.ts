// Copyright 2026 the lab9 authors. MIT license.

/** What one cell printed. */
export interface CellOutput {
  /** The cell's number, or its name. */
  id: string;
  title: string;
  /** The lines under the heading, without the blank ones at the end. */
  output: string;
}

const HEADING = /^In \[(.+?)\]: (.*)$/;

/** Takes what a lab printed apart at its headings. */
export function parseTranscript(text: string): CellOutput[] {
  const cells: { id: string; title: string; lines: string[] }[] = [];
  for (const line of text.split("\n")) {
    const heading = HEADING.exec(line);
    if (heading !== null) {
      cells.push({ id: heading[1], title: heading[2], lines: [] });
    } else {
      cells.at(-1)?.lines.push(line);
    }
  }
  return cells.map(({ id, title, lines }) => ({
    id,
    title,
    output: lines.join("\n").trimEnd(),
  }));
}
