// Copyright 2026 the lab9 authors. MIT license.

/** The lines on both sides of a comparison. */
export interface Sides {
  recorded: string[];
  here: string[];
}

/**
 * Splits recorded lines that several threads have written at once, without line breaks
 * between them. The parts are lines that `here` has, but their digits may differ. A line
 * that doesn't consist of such parts isn't changed. Blank lines are left out.
 */
export function unglue({ recorded, here }: Sides): Sides {
  const longest = recorded.reduce(
    (most, { length }) => Math.max(most, length),
    0,
  );
  const parts = new Prefixes(
    here.filter(({ length }) => length > 0 && length <= longest).map(masked),
  );
  return {
    recorded: recorded.flatMap((line) => partsOf(line, parts)),
    // Each line is the longest part of itself.
    here: here.filter((line) => line !== ""),
  };
}

function partsOf(line: string, parts: Prefixes): string[] {
  const text = masked(line);
  const found: string[] = [];
  let start = 0;
  while (start < text.length) {
    const length = parts.longest(text, start);
    if (length === 0) return [line];
    found.push(line.slice(start, start + length));
    start += length;
  }
  return found;
}

function masked(line: string): string {
  return line.replaceAll(/\d+/g, (digits) => "0".repeat(digits.length));
}

/** Finds the longest of some strings that stands at a place of a text. */
class Prefixes {
  #sorted: string[];
  /** For each string the index of its longest prefix among the others; -1 if none. */
  #shorter: number[];

  constructor(strings: string[]) {
    this.#sorted = [...new Set(strings)].sort();
    const open: number[] = [];
    this.#shorter = this.#sorted.map((string, i) => {
      while (
        open.length > 0 && !string.startsWith(this.#sorted[open.at(-1)!])
      ) open.pop();
      const shorter = open.at(-1) ?? -1;
      open.push(i);
      return shorter;
    });
  }

  /** The length of the longest one; 0 if there is none. */
  longest(text: string, start: number): number {
    // The prefixes of the text stand in the order at or before the place of the text.
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#isBefore(text, start, this.#sorted[middle])) high = middle;
      else low = middle + 1;
    }
    let i = low - 1;
    while (i >= 0 && !text.startsWith(this.#sorted[i], start)) {
      i = this.#shorter[i];
    }
    return i < 0 ? 0 : this.#sorted[i].length;
  }

  /** Whether the rest of a text stands before a string in the order. */
  #isBefore(text: string, start: number, string: string): boolean {
    return text.slice(start, start + string.length) < string;
  }
}
