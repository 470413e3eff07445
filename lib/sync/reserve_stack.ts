// Copyright 2026 the lab9 authors. MIT license.

/** Four kilobytes of arguments: more than any change here takes. */
const PADDING = new Array(512).fill(0);

function nothing(): void {}

/**
 * Throws the RangeError of an exhausted stack now, if there is not enough of it
 * left for changing what others see: half-way would be too late.
 */
export function reserveStack(): void {
  Reflect.apply(nothing, undefined, PADDING);
}
