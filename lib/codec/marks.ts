// Copyright 2026 the lab9 authors. MIT license.

/** Values that are to be moved to another thread, and what is moved with them. */
const marks = new WeakMap<object, readonly Transferable[]>();
/** Whether there ever was one: most programs mark nothing. */
let hasMarks = false;

export function mark(
  value: object,
  transferables: readonly Transferable[],
): void {
  hasMarks = true;
  marks.set(value, transferables);
}

export function isMarked(value: object): boolean {
  return hasMarks && marks.has(value);
}

export function transferablesOf(value: object): readonly Transferable[] {
  return marks.get(value) ?? [];
}
