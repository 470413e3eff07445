// Copyright 2026 the lab9 authors. MIT license.

/** The values that are marked for moving, and the parts of each that are moved. */
const marks = new WeakMap<object, readonly Transferable[]>();
/** Whether any value was ever marked. Most programs mark none. */
let hasMarks = false;

/** Marks a value for moving; see {@linkcode transfer}. */
export function mark(
  value: object,
  transferables: readonly Transferable[],
): void {
  hasMarks = true;
  marks.set(value, transferables);
}

/** Whether a value is marked for moving. */
export function isMarked(value: object): boolean {
  return hasMarks && marks.has(value);
}

/** The parts of a value that are to be moved; none if it isn't marked. */
export function transferablesOf(value: object): readonly Transferable[] {
  return marks.get(value) ?? [];
}
