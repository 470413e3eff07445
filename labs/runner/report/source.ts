// Copyright 2026 the lab9 authors. MIT license.

/** A piece of a cell's code in its lab's module. Lines are counted from 0. */
export interface Piece {
  number: string;
  start: number;
  /** The line after the last one. */
  end: number;
}

/**
 * Finds the code of a lab's cells. The code of a cell begins with a call of `cell()`, or
 * with the comment above it, and ends where the next cell begins.
 *
 * @param lines The lines of the lab's module.
 * @returns The pieces, in their order. A cell that stands there twice has two pieces.
 */
export function piecesOf(lines: string[]): Piece[] {
  const starts: { number: string; line: number }[] = [];
  lines.forEach((line, i) => {
    const [, name, number] = /^cell\((?:"([^"]+)"|(\d+)),/.exec(line) ?? [];
    const cell = name ?? number;
    if (cell === undefined) return;
    let first = i;
    while (first > 0 && lines[first - 1].startsWith("//")) first--;
    starts.push({ number: cell, line: first });
  });
  // A comment may stand above the call of expose().
  const exposed = lines.findIndex((line) => line.startsWith("expose("));
  const end = lines[exposed - 1]?.startsWith("//") ? exposed - 1 : exposed;
  return starts.map(({ number, line }, i) => ({
    number,
    start: line,
    end: starts[i + 1]?.line ?? (end < 0 ? lines.length : end),
  }));
}

/**
 * The code of a lab's cells.
 *
 * @param text The lab's module.
 * @returns The code by the cells' numbers. A cell that stands there twice has both pieces.
 */
export function sourcesOf(text: string): Map<string, string> {
  const lines = text.split("\n");
  const sources = new Map<string, string>();
  for (const { number, start, end } of piecesOf(lines)) {
    const code = lines.slice(start, end).join("\n").trim();
    const earlier = sources.get(number);
    sources.set(number, earlier === undefined ? code : `${earlier}\n\n${code}`);
  }
  return sources;
}
