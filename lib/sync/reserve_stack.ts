// Copyright 2026 the lab9 authors. MIT license.

/** Four kilobytes of arguments: more than any change under a mutex takes. */
const PADDING = new Array(512).fill(0);

function nothing(): void {}

/**
 * Throws the RangeError of an exhausted stack now, if too little is left for a
 * change that other threads see. In the middle of the change it would be too
 * late.
 */
export function reserveStack(): void {
  Reflect.apply(nothing, undefined, PADDING);
}
