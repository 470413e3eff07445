// Copyright 2026 the lab9 authors. MIT license.

import { KEPT_BYTES } from "../codec/cargo.ts";
import { MAX_DEPTH } from "../codec/tags.ts";
import { kindOf } from "../checks.ts";
import { inspect } from "../platform/platform.ts";

const FIRST_BYTES = 1 << 8;

/**
 * What the items of a {@linkcode PriorityQueue} are ordered by: numbers (but
 * NaN) and bigints, which compare with each other; strings; or arrays of these,
 * which compare as Python's tuples do: the first elements that differ decide.
 */
export type Priority = number | bigint | string | readonly Priority[];

/** The kinds of priorities. A priority compares only with those of its own kind. */
const Kind = { NUMERIC: 1, STRING: 2, ARRAY: 4 } as const;
type Kind = (typeof Kind)[keyof typeof Kind];
/** The byte at the end of an array. It is less than any kind. */
const END = 0;

/** A kind takes three bits of a shape: the priority's kind, then those of its elements. */
const KIND_BITS = 3;
/** The kinds of so many elements fit into a shape. */
const SHAPED_ELEMENTS = 9;
/** A bit of a shape: there are more elements, or elements that are arrays. */
const IRREGULAR = 1 << 30;

const float = new Float64Array(1);
const floatBits = new BigInt64Array(float.buffer);

/**
 * What a priority is ordered by, so that no priority has to be decoded for a comparison.
 * It is a number and some bytes. The number of a smaller priority is never larger. If two
 * numbers are equal, the bytes decide. A number, or a bigint that is equal to a number,
 * has no bytes: it comes before a priority that has the same number and bytes.
 *
 * The bytes of a priority are a byte with its kind, and then
 *  - for a number, eight bytes with the most significant byte first, whose bits are
 *    changed so that the bytes are ordered like the numbers. Then 0; or for a bigint
 *    between two numbers, 1 and its difference to the lower one: the number of bytes of
 *    the difference, and these bytes;
 *  - for a string, each code unit plus 1, in one to three bytes whose first one says how
 *    many they are. Then 0;
 *  - for an array, its elements. Then `END`.
 *
 * The bytes of a priority are never the beginning of another's. So the bytes of two
 * different priorities differ somewhere. If both bytes are kinds there, and neither is
 * `END`, the priorities can't be compared.
 */
export class Key {
  number = 0;
  /** How many bytes are used: a multiple of four. */
  length = 0;
  /** The kinds of the priority and its elements: see {@linkcode mayDiffer}. */
  shape = 0;
  /** The indexes of the bytes that are kinds, in rising order. */
  kindsAt: number[] = [];
  bytes!: Uint8Array;
  ints!: Int32Array;
  #view!: DataView;

  constructor() {
    this.#allocate(FIRST_BYTES);
  }

  /**
   * Writes a priority.
   *
   * @throws {TypeError} If it is not a priority.
   */
  write(priority: unknown): void {
    const kind = kindOfPriority(priority);
    this.length = 0;
    this.kindsAt.length = 0;
    this.shape = kind;
    if (kind === Kind.NUMERIC) {
      this.number = floorOf(priority as number | bigint);
      // JavaScript compares a number and a bigint exactly.
      if (this.number == priority) return;
    }
    if (kind === Kind.ARRAY) this.#shapeElements(priority as Priority[]);
    this.#element(priority as Priority, 0);
    this.number = floorOf(priority as Priority);
    while (this.length % 4 !== 0) this.#byte(0);
  }

  /** Drops an unusually large buffer. */
  trim(): void {
    if (this.bytes.length > KEPT_BYTES) this.#allocate(FIRST_BYTES);
  }

  #allocate(size: number): void {
    const buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(buffer);
    this.ints = new Int32Array(buffer);
    this.#view = new DataView(buffer);
  }

  #reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const old = this.bytes;
    let size = old.length;
    while (size < needed) size *= 2;
    this.#allocate(size);
    this.bytes.set(old);
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.bytes[this.length++] = byte;
  }

  #shapeElements(elements: readonly Priority[]): void {
    if (elements.length > SHAPED_ELEMENTS) this.shape |= IRREGULAR;
    for (let i = 0; i < elements.length && i < SHAPED_ELEMENTS; i++) {
      const kind = kindOfPriority(elements[i]);
      if (kind === Kind.ARRAY) this.shape |= IRREGULAR;
      this.shape |= kind << ((i + 1) * KIND_BITS);
    }
  }

  #element(priority: Priority, depth: number): void {
    const kind = kindOfPriority(priority);
    this.kindsAt.push(this.length);
    this.#byte(kind);
    if (kind === Kind.NUMERIC) {
      return this.#numeric(priority as number | bigint);
    }
    if (kind === Kind.STRING) return this.#string(priority as string);
    if (depth === MAX_DEPTH) {
      throw new RangeError(
        `Cannot put into queue: the priority is nested more than ${MAX_DEPTH} ` +
          "deep",
      );
    }
    // By index, so that a hole throws.
    const elements = priority as readonly Priority[];
    for (let i = 0; i < elements.length; i++) {
      this.#element(elements[i], depth + 1);
    }
    this.#byte(END);
  }

  #numeric(value: number | bigint): void {
    const floor = floorOf(value);
    this.#reserve(9);
    this.#view.setFloat64(this.length, floor);
    const high = this.#view.getInt32(this.length);
    const low = this.#view.getInt32(this.length + 4);
    const turn = high < 0 ? -1 : 0;
    this.#view.setInt32(this.length, high ^ (turn | (1 << 31)));
    this.#view.setInt32(this.length + 4, low ^ turn);
    this.length += 8;
    if (typeof value === "number" || floor >= value) return this.#byte(0);
    this.#byte(1);
    // For a bigint below all numbers, a larger amount comes first.
    if (floor === -Infinity) this.#amount(-value, 255);
    else this.#amount(value - BigInt(floor), 0);
  }

  #amount(value: bigint, turn: number): void {
    const digits = value.toString(16);
    const length = (digits.length + 1) >> 1;
    this.#reserve(4 + length);
    const { bytes } = this;
    for (let shift = 24; shift >= 0; shift -= 8) {
      bytes[this.length++] = ((length >>> shift) & 255) ^ turn;
    }
    for (
      let end = digits.length - 2 * length + 2;
      end <= digits.length;
      end += 2
    ) {
      const byte = parseInt(digits.slice(Math.max(0, end - 2), end), 16);
      bytes[this.length++] = byte ^ turn;
    }
  }

  #string(text: string): void {
    this.#reserve(text.length * 3 + 1);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i) + 1;
      if (code >= 0x80) {
        if (code < 0x4000) {
          bytes[at++] = 0x80 | (code >> 8);
        } else {
          bytes[at++] = 0xc0 | (code >> 16);
          bytes[at++] = (code >> 8) & 255;
        }
      }
      bytes[at++] = code & 255;
    }
    bytes[at++] = 0;
    this.length = at;
  }
}

/** Whether two priorities may have elements of different kinds, according to their shapes. */
export function mayDiffer(one: number, other: number): boolean {
  const both = one | other;
  return (both & IRREGULAR) !== 0 ||
    (both & (both >> 1) & 0o3333333333) !== 0 ||
    (both & (both >> 2) & 0o1111111111) !== 0;
}

/** Whether two priorities are of one kind, according to their shapes. */
export function sameKind(one: number, other: number): boolean {
  return ((one ^ other) & ((1 << KIND_BITS) - 1)) === 0;
}

/** The error for an item whose priority can't be compared with those of stored items. */
export function incomparable(item: unknown): TypeError {
  const [priority] = item as [Priority];
  const shown = inspect(priority, {
    breakLength: Infinity,
    strAbbreviateSize: 100,
  });
  return new TypeError(
    `Cannot put into queue: priority ${shown} can't be compared with those ` +
      "that are stored, use priorities of one kind",
  );
}

function kindOfPriority(priority: unknown): Kind {
  switch (typeof priority) {
    case "number":
      if (priority === priority) return Kind.NUMERIC;
      break;
    case "bigint":
      return Kind.NUMERIC;
    case "string":
      return Kind.STRING;
  }
  if (Array.isArray(priority)) return Kind.ARRAY;
  const received = typeof priority === "symbol"
    ? String(priority)
    : typeof priority === "number"
    ? "NaN"
    : kindOf(priority);
  throw new TypeError(
    "Cannot put into queue: priority must be a number, a bigint, a string or " +
      `an array of these, received ${received}`,
  );
}

/** A number that is not above the priority, and not below that of a smaller priority. */
function floorOf(priority: Priority): number {
  if (typeof priority === "number") return priority + 0; // No -0.
  if (typeof priority === "bigint") return floorOfBigInt(priority);
  if (typeof priority === "string") {
    let number = 0;
    // Past the end `charCodeAt` is NaN, which becomes 0.
    for (let i = 0; i < 3; i++) {
      number = number * 0x10000 + (priority.charCodeAt(i) & 0xffff);
    }
    return number;
  }
  return priority.length === 0 ? -Infinity : floorOf(priority[0]);
}

/** The largest number, or -Infinity, that is not above a bigint. */
function floorOfBigInt(value: bigint): number {
  const nearest = Number(value);
  if (nearest === Infinity) return Number.MAX_VALUE;
  if (nearest <= value) return nearest;
  float[0] = nearest;
  floatBits[0] += nearest > 0 ? -1n : 1n;
  return float[0];
}
