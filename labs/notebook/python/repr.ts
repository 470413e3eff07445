// Copyright 2026 the lab9 authors. MIT license.

/** Options for {@linkcode displayList}. */
export interface DisplayListOptions {
  /**
   * How many items of a list to print before `...` stands for the rest; 0 for
   * all of them.
   *
   * @default {1000}
   */
  limit?: number;
}

/**
 * Prints a value as Python's `repr()` does.
 *
 * A number is a `float`, whether it is whole or not, and a bigint an `int`:
 * `1` prints as `1.0` and `1n` as `1`. `null` and `undefined` are both `None`,
 * arrays are lists, and an object that has no counterpart prints as its own
 * `toString()` says. Which characters of a string are printable is up to the
 * version of Unicode: characters that it has and an older Python doesn't know
 * yet print as themselves here and escaped there.
 *
 * @param value The value to print.
 * @returns The text that Python prints for the value.
 *
 * @example Floats, integers and strings
 * ```ts
 * import { repr } from "./repr.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(repr([1, 1n, 1e16]), "[1.0, 1, 1e+16]");
 * assertEquals(repr(["it's", "\n", null]), `["it's", '\\n', None]`);
 * ```
 */
export function repr(value: unknown): string {
  return oneLine(value, Infinity, []);
}

/**
 * Prints a list as IPython's `Out` does, which in Python is
 * `IPython.lib.pretty.pretty()`: on one line if 79 columns hold it, else one
 * item a line, and past the limit with `...` in place of the rest. Lists in
 * the list are treated alike, each on its own. Items print as by
 * {@linkcode repr}.
 *
 * @param values The list to print.
 * @param options How much of it to print.
 * @returns The lines that IPython prints for the list.
 * @throws {RangeError} If the limit is negative or not an integer.
 *
 * @example The first results of many
 * ```ts
 * import { displayList } from "./repr.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(displayList([54.59, 7.38]), "[54.59, 7.38]");
 * const lines = displayList(Array(5000).fill(7.38)).split("\n");
 * assertEquals(lines.length, 1001);
 * assertEquals(lines.slice(-2), [" 7.38,", " ...]"]);
 * assertEquals(displayList([1n, 2n, 3n], { limit: 2 }), "[1, 2, ...]");
 * ```
 */
export function displayList(
  values: readonly unknown[],
  options: DisplayListOptions = {},
): string {
  const { limit = 1000 } = options;
  if (!Number.isInteger(limit) || limit < 0) {
    throw new RangeError(
      `Cannot display a list up to item ${limit}: the limit must be an integer from 0`,
    );
  }
  return lines(values, limit || Infinity, 0, 0, []);
}

/** Width of a line in IPython's pretty printer. */
const MAX_WIDTH = 79;

/**
 * Lays out a value from a column on.
 *
 * @param closing How many characters follow it in the same line: closing brackets, or a
 * comma.
 */
function lines(
  value: unknown,
  limit: number,
  column: number,
  closing: number,
  parents: readonly unknown[],
): string {
  const line = oneLine(value, limit, parents);
  // Python counts code points.
  const fits = column + [...line].length + closing <= MAX_WIDTH;
  if (fits || !Array.isArray(value) || parents.includes(value)) return line;
  const last = Math.min(value.length, limit + 1) - 1;
  const items = listItems(value, limit, (item, index) => {
    const after = index === last ? closing + 1 : 1;
    return lines(item, limit, column + 1, after, [...parents, value]);
  });
  return `[${items.join(`,\n${" ".repeat(column + 1)}`)}]`;
}

function oneLine(
  value: unknown,
  limit: number,
  parents: readonly unknown[],
): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return floatRepr(value);
  if (typeof value === "string") return stringRepr(value);
  if (!Array.isArray(value)) return String(value);
  // A list inside itself would go on for ever.
  if (parents.includes(value)) return "[...]";
  const inside = [...parents, value];
  const items = listItems(value, limit, (item) => oneLine(item, limit, inside));
  return `[${items.join(", ")}]`;
}

function listItems(
  values: readonly unknown[],
  limit: number,
  print: (item: unknown, index: number) => string,
): string[] {
  // Unlike map(), from() doesn't skip the holes of a sparse array.
  const items = Array.from(values.slice(0, limit), print);
  if (values.length > limit) items.push("...");
  return items;
}

function floatRepr(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (Object.is(value, -0)) return "-0.0";
  // Both languages print the fewest digits that read back as the same double. They differ
  // in which numbers have an exponent.
  const [digits, exponent] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 16) {
    return Number.isInteger(value) ? `${value}.0` : `${value}`;
  }
  const sign = power < 0 ? "-" : "+";
  return `${digits}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
}

const ESCAPES: Record<string, string> = {
  "\\": "\\\\",
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
};

function stringRepr(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  // What str.isprintable() rejects: separators but for the space, and all that
  // is a control, a format, a lone surrogate, private or unassigned.
  const text = value.replace(/[\\'\p{C}\p{Z}]/gu, (character) => {
    if (character === " ") return character;
    if (character === "'") return quote === "'" ? "\\'" : "'";
    return ESCAPES[character] ?? codePointEscape(character.codePointAt(0)!);
  });
  return `${quote}${text}${quote}`;
}

function codePointEscape(codePoint: number): string {
  const hex = codePoint.toString(16);
  if (codePoint < 0x100) return `\\x${hex.padStart(2, "0")}`;
  if (codePoint < 0x10000) return `\\u${hex.padStart(4, "0")}`;
  return `\\U${hex.padStart(8, "0")}`;
}
