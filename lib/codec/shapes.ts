// Copyright 2026 the lab9 authors. MIT license.

/** How many shapes an encoder and a decoder remember: a power of two. */
export const SHAPES = 64;
/** How many bytes a shape takes at most. */
const MAX_BYTES = 255;

/**
 * The names of an object's properties, in their order.
 *
 * Objects of one kind have the same names. The names of an object are written and read
 * as a whole: for each name a byte with its length, and then a byte for each
 * character. A cargo holds each of its shapes once. Any thread may read it, so a cargo
 * never refers to a shape in an earlier one, and a value always takes the same bytes.
 */
export interface Shape {
  readonly names: readonly string[];
  /** How many bytes it takes; 0 if its names are written one by one. */
  readonly length: number;
  /** The number of the last cargo that holds it. */
  cargo: number;
}

/** A shape of these names. */
export function newShape(names: readonly string[]): Shape {
  return { names, length: lengthOf(names), cargo: 0 };
}

function lengthOf(names: readonly string[]): number {
  let length = names.length;
  for (const name of names) {
    length += name.length;
    // An assignment to `__proto__` would make no property.
    if (length > MAX_BYTES || name === "__proto__") return 0;
    for (let i = 0; i < name.length; i++) {
      if (name.charCodeAt(i) > 255) return 0;
    }
  }
  return length;
}

/**
 * The place of a shape with these names. The encoder and the decoder both remember the
 * shape at this place, instead of the one that was there.
 */
export function placeOf(names: readonly string[]): number {
  const { length } = names;
  const last = names[length - 1];
  const end = last.charCodeAt(last.length - 1) | 0;
  return (length * 31 + names[0].length * 5 + last.length * 11 + end) &
    (SHAPES - 1);
}

/** Whether a shape has these names. */
export function hasNames({ names }: Shape, others: readonly string[]): boolean {
  const { length } = others;
  if (names.length !== length) return false;
  for (let i = 0; i < length; i++) if (names[i] !== others[i]) return false;
  return true;
}

/** Writes the names of a shape. */
export function writeShape(
  { names }: Shape,
  bytes: Uint8Array,
  at: number,
): void {
  for (let k = 0; k < names.length; k++) {
    const name = names[k];
    const { length } = name;
    bytes[at++] = length;
    for (let i = 0; i < length; i++) bytes[at++] = name.charCodeAt(i);
  }
}

/** Whether the names that stand at `at`, in `size` bytes, are those of a shape. */
export function standsAt(
  { names, length }: Shape,
  bytes: Uint8Array,
  at: number,
  size: number,
): boolean {
  if (length !== size) return false;
  for (let k = 0; k < names.length; k++) {
    const name = names[k];
    const { length } = name;
    if (bytes[at++] !== length) return false;
    for (let i = 0; i < length; i++) {
      if (bytes[at++] !== name.charCodeAt(i)) return false;
    }
  }
  return true;
}
