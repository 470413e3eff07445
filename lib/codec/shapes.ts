// Copyright 2026 the lab9 authors. MIT license.

import { Damaged } from "./tags.ts";

/** How many shapes an encoder and a decoder remember: a power of two. */
export const SHAPES = 64;
/** The bytes that the names of a shape take at most. */
const MAX_BYTES = 255;

/**
 * The names of an object's properties, in their order.
 *
 * Objects of one kind have the same names, and what many of them share is written
 * and read as a whole: `block` is a byte with the length of each name, and the
 * name, a byte a character. A cargo holds each of its shapes once; any thread may
 * read it, so it relies on no cargo before it.
 */
export interface Shape {
  readonly names: readonly string[];
  /** What stands for the names; undefined until they have come twice. */
  block: Uint8Array | undefined;
  /** The number of the last cargo that holds the block. */
  cargo: number;
}

/**
 * Where a shape with these names is remembered. Both sides remember it there, and
 * replace the same one by it.
 */
export function placeOf(names: readonly string[]): number {
  const { length } = names;
  const last = names[length - 1];
  const end = last.charCodeAt(last.length - 1) | 0;
  return (length * 31 + names[0].length * 5 + last.length * 11 + end) &
    (SHAPES - 1);
}

/** Whether a shape has these names. */
export function hasNames(shape: Shape, names: readonly string[]): boolean {
  const { length } = names;
  const own = shape.names;
  if (own.length !== length) return false;
  for (let i = 0; i < length; i++) if (own[i] !== names[i]) return false;
  return true;
}

/** What stands for names; undefined if they are written one by one. */
export function blockOf(names: readonly string[]): Uint8Array | undefined {
  const bytes: number[] = [];
  for (const name of names) {
    // An assignment to `__proto__` would make no property.
    if (name === "__proto__" || bytes.length + name.length >= MAX_BYTES) return;
    bytes.push(name.length);
    for (let i = 0; i < name.length; i++) {
      const code = name.charCodeAt(i);
      if (code > 255) return;
      bytes.push(code);
    }
  }
  return Uint8Array.from(bytes);
}

/** Whether a shape's block stands there. */
export function hasBlock(
  { block }: Shape,
  bytes: Uint8Array,
  start: number,
  length: number,
): boolean {
  if (block === undefined || block.length !== length) return false;
  for (let i = 0; i < length; i++) {
    if (block[i] !== bytes[start + i]) return false;
  }
  return true;
}

/**
 * The shape whose block stands there.
 *
 * @throws {Damaged} If it is none.
 */
export function readShape(
  bytes: Uint8Array,
  start: number,
  length: number,
): Shape {
  const block = bytes.slice(start, start + length);
  const names: string[] = [];
  for (let at = 0; at < length;) {
    const next = at + 1 + block[at];
    if (next > length) throw new Damaged();
    const name = String.fromCharCode(...block.subarray(at + 1, next));
    if (name === "__proto__") throw new Damaged();
    names.push(name);
    at = next;
  }
  if (names.length === 0) throw new Damaged();
  return { names, block, cargo: 0 };
}
