// Copyright 2026 the lab9 authors. MIT license.

import { unicodeWidth } from "@std/cli/unicode-width";
import { bold } from "@std/fmt/colors";

/** A column of a table. */
export interface Column {
  title: string;
  align?: "right";
  /** Whether its text may be broken into lines if the table is too wide. */
  wraps?: boolean;
  /** Colours the text of a row. */
  color?: (text: string, row: number) => string;
}

const GAP = "  ";
const NARROWEST = 12;

/**
 * Formats a table.
 *
 * @param columns The columns; some of them wrap.
 * @param rows The rows, with a text for each column.
 * @param width How many columns of the terminal there are.
 */
export function table(
  columns: Column[],
  rows: string[][],
  width: number,
): string {
  const widths = columns.map(({ title }, i) =>
    Math.max(...[title, ...rows.map((row) => row[i])].map(unicodeWidth))
  );
  let excess = widths.reduce((sum, width) => sum + GAP.length + width) - width;
  while (excess > 0) {
    // The widest column that wraps becomes narrower.
    const widest = Math.max(
      ...widths.filter((width, i) => columns[i].wraps && width > NARROWEST),
    );
    if (widest === -Infinity) break;
    widths[widths.findIndex((w, i) => w === widest && columns[i].wraps)]--;
    excess--;
  }
  const write = (texts: string[], color: (text: string, i: number) => string) =>
    writeRow(texts, columns, widths, color);
  return [
    ...write(columns.map(({ title }) => title), bold),
    ...rows.flatMap((texts, row) =>
      write(texts, (text, i) => columns[i].color?.(text, row) ?? text)
    ),
  ].join("\n");
}

function writeRow(
  texts: string[],
  columns: Column[],
  widths: number[],
  color: (text: string, column: number) => string,
): string[] {
  const cells = texts.map((text, i) =>
    columns[i].wraps ? wrap(text, widths[i]) : [text]
  );
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => {
    const parts = cells.map((lines, i) => {
      const text = lines[line] ?? "";
      const space = " ".repeat(Math.max(0, widths[i] - unicodeWidth(text)));
      const colored = text && color(text, i);
      return columns[i].align === "right" ? space + colored : colored + space;
    });
    return parts.join(GAP).trimEnd();
  });
}

/**
 * Breaks a text into lines at its spaces. A word that is too long has a line of its own.
 *
 * @param text The text.
 * @param width How wide a line may be.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    const longer = line === "" ? word : `${line} ${word}`;
    if (unicodeWidth(longer) <= width || line === "") {
      lines[lines.length - 1] = longer;
    } else lines.push(word);
  }
  return lines;
}
