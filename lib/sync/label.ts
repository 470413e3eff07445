// Copyright 2026 the lab9 authors. MIT license.

/** The words of a name in shared memory: a length, and 40 characters. */
export const LABEL_WORDS = 21;
const LONGEST = (LABEL_WORDS - 1) * 2;

/** Writes a name. A name that is too long is cut. */
export function writeLabel(
  words: Int32Array,
  index: number,
  label: string,
): void {
  const text = label.length > LONGEST
    ? `${label.slice(0, LONGEST - 1)}…`
    : label;
  for (let i = 0; i < text.length; i += 2) {
    // Past the end `charCodeAt` is NaN, which becomes 0.
    const low = text.charCodeAt(i);
    words[index + 1 + i / 2] = low | text.charCodeAt(i + 1) << 16;
  }
  words[index] = text.length;
}

/** Reads a name. */
export function readLabel(words: Int32Array, index: number): string {
  const codes = Array.from({ length: words[index] }, (_, i) => {
    const pair = words[index + 1 + (i >> 1)];
    return i % 2 === 0 ? pair & 0xffff : pair >>> 16;
  });
  return String.fromCharCode(...codes);
}
