// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the contenders are given to do, the same for all of them. `cpython.py`
 * says the same in Python.
 *
 * @module
 */

/** What passes through a queue, or to a task and back. */
export type Kind = "number" | "object" | "text" | "bytes";

/** Makes the items of a kind; text and bytes are of the size given. */
export function itemMaker(kind: Kind, size: number): (i: number) => unknown {
  switch (kind) {
    case "number":
      return (i) => i;
    case "object":
      return (i) => ({ id: i, name: "item" });
    case "text":
      return (i) => String(i % 10).repeat(size);
    case "bytes": {
      const bytes = new Uint8Array(size).fill(1);
      return () => bytes;
    }
  }
}

/** Reads an item, so that nobody gets away with handing over a promise of it. */
export function weigherOf(kind: Kind): (item: unknown) => number {
  switch (kind) {
    case "number":
      return (item) => item as number;
    case "object":
      return (item) => {
        const { id, name } = item as { id: number; name: string };
        return id + name.length;
      };
    case "text":
      return (item) => (item as string).length;
    case "bytes":
      return (item) => {
        const bytes = item as Uint8Array;
        return bytes.length + bytes[bytes.length - 1];
      };
  }
}

/** What the items together must weigh: the producers count alike, from 0. */
export function weightOf(
  kind: Kind,
  size: number,
  count: number,
  producers: number,
): number {
  const each = count / producers;
  const ids = producers * each * (each - 1) / 2;
  switch (kind) {
    case "number":
      return ids;
    case "object":
      return ids + count * "item".length;
    case "text":
      return count * size;
    case "bytes":
      return count * (size + 1);
  }
}

/** A tiny task. A negative number makes its worker busy for so many ms. */
export function tinyTask(x: number): number {
  if (x < 0) {
    const end = performance.now() - x;
    while (performance.now() < end);
  }
  return x + 1;
}

/** Gives back what it is given. */
export function echo<T>(value: T): T {
  return value;
}

/** What is mapped over numbers. */
export function affine(x: number): number {
  return x * 3 + 1;
}

/** Numbers that can be transferred. */
export type Chunk = Float64Array<ArrayBuffer>;

/** The same over a chunk, for who has no chunked map. */
export function affineChunk(chunk: Chunk): Chunk {
  return chunk.map(affine);
}

/** What the notebook's `taylor_exp` returns for the numbers from 0 to 9. */
export const TAYLOR_EXP = [
  1.0,
  2.7182818284590455,
  7.389056098930649,
  20.08553692318766,
  54.598150033144265,
  148.41315910257657,
  403.4287934927351,
  1096.6331584284578,
  2980.957987041728,
  8103.083927575384,
];

/** The clock that all threads of a machine share, in seconds. */
export function now(): number {
  return (performance.timeOrigin + performance.now()) / 1000;
}
