// Copyright 2026 the lab9 authors. MIT license.

/** Fewer lines than these are as short as what would stand for them. */
const FEWEST = 4;

/** Whether a line is an integer as f and g print it. */
export function isInteger(line: string): boolean {
  return /^\d{1,6}$/.test(line);
}

/**
 * Lines for a reader: integers that are all from 0 up to some number become one
 * line, `0 … 99`. Comparing takes them whole.
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

/** A run of integers, in one line if none is missing or twice. */
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
