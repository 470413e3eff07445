// Copyright 2026 the lab9 authors. MIT license.

/** What the next constructor finds its state in, if another thread made it. */
let next: SharedArrayBuffer | undefined;

/**
 * Makes an object of memory that another thread made: of the class that has the
 * state, with the prototype of a class that may extend it. The constructor of
 * that one is not called.
 */
export function constructOn<T>(
  // deno-lint-ignore no-explicit-any -- whatever the constructor takes
  base: new (...args: any[]) => T,
  actual: abstract new (...args: never[]) => unknown,
  memory: SharedArrayBuffer,
  args: readonly unknown[] = [],
): T {
  next = memory;
  try {
    return Reflect.construct(base, args, actual);
  } finally {
    next = undefined;
  }
}

/**
 * The memory to have the state in, for the constructor that is being called by
 * {@linkcode constructOn}. It asks before it does anything else.
 */
export function takeMemory(): SharedArrayBuffer | undefined {
  const memory = next;
  next = undefined;
  return memory;
}

/** Words of that memory, or so many new ones. */
export function words(
  buffer: SharedArrayBuffer | undefined,
  length: number,
): Int32Array {
  return new Int32Array(buffer ?? new SharedArrayBuffer(length * 4));
}
