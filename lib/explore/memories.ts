// Copyright 2026 the lab9 authors. MIT license.

/** Shared memory, and its number, which is the same in all threads of a schedule. */
export type NumberedMemory = [buffer: SharedArrayBuffer, memory: number];

/** Numbers the shared memory in a value that is plain data, in the order of the value. */
export function findMemory(
  value: unknown,
  memories: Map<SharedArrayBuffer, number>,
  numberOf: (buffer: SharedArrayBuffer) => number,
  seen: Set<object> = new Set(),
): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (ArrayBuffer.isView(value)) {
    return findMemory(value.buffer, memories, numberOf, seen);
  }
  if (value instanceof SharedArrayBuffer) {
    if (!memories.has(value)) memories.set(value, numberOf(value));
    return;
  }
  const inner = value instanceof Map
    ? [...value].flat()
    : value instanceof Set
    ? [...value]
    : Object.values(value);
  for (const one of inner) findMemory(one, memories, numberOf, seen);
}
