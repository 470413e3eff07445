// Copyright 2026 the lab9 authors. MIT license.

/** The memory of an object that another thread made, in the options. */
export const memory: unique symbol = Symbol("memory");

/** Options in which that memory may stand. */
export type WithMemory<Options> = Options & { [memory]?: SharedArrayBuffer };

/** Words of that memory, or so many new ones. */
export function words(
  buffer: SharedArrayBuffer | undefined,
  length: number,
): Int32Array {
  return new Int32Array(buffer ?? new SharedArrayBuffer(length * 4));
}
