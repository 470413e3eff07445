// Copyright 2026 the lab9 authors. MIT license.

/**
 * A random address. Python prints an object's address, which is as arbitrary.
 */
export function randomAddress(): number {
  return crypto.getRandomValues(new Int32Array(1))[0];
}

/** For example `0x1140ac6a0`. */
export function formatAddress(word: number): string {
  return `0x${(0x100000000 + (word >>> 4) * 16).toString(16)}`;
}
