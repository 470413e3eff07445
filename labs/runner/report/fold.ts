// Copyright 2026 the lab9 authors. MIT license.

/** The least number of lines that become one. */
const FEWEST = 4;

/** Whether a line is an integer, as the functions f and g of the lab gil print it. */
export function isInteger(line: string): boolean {
  return /^\d{1,6}$/.test(line);
}

/**
 * Shortens lines for a reader: all integers from 0 to some number become one line, such as
 * `0 … 99`. Comparisons use the whole lines.
 *
 * @param lines The lines.
 */
export function folded(lines: string[]): string[] {
  const shown: string[] = [];
  let integers: string[] = [];
  const flush = () => {
    shown.push(...foldedRun(integers));
    integers = [];
  };
  for (const line of lines) {
    if (isInteger(line)) integers.push(line);
    else {
      flush();
      shown.push(line);
    }
  }
  flush();
  return shown;
}

/** Shortens integers to one line, if none is missing or stands twice. */
export function foldedRun(integers: string[]): string[] {
  const last = integers.length - 1;
  const values = new Set(integers.map(Number));
  const isWhole = integers.length >= FEWEST &&
    values.size === integers.length &&
    Math.max(...values) === last;
  if (!isWhole) return integers;
  const isInOrder = integers.every((line, i) => Number(line) === i);
  return [`0 … ${last}${isInOrder ? "" : " (in another order)"}`];
}
