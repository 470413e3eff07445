/** Where the stack ends, for programs that do something there. */

/**
 * Calls so many functions within each other, and the operation in the last. Each
 * value of padding makes that one's frame eight bytes longer.
 */
export function deeper<T>(depth: number, padding: number, op: () => T): T {
  if (depth > 0) return deeper(depth - 1, padding, op);
  return call(op, ...new Array(padding));
}

function call<T>(op: () => T, ..._padding: unknown[]): T {
  return op();
}

/** How deep such calls may be here, if the operation does nothing. */
export function deepest(): number {
  let most = 0;
  for (let step = 1 << 17; step > 0; step >>= 1) {
    if (fits(most + step)) most += step;
  }
  return most;
}

function fits(depth: number): boolean {
  try {
    deeper(depth, 0, () => {});
    return true;
  } catch {
    return false;
  }
}
