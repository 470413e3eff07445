// Copyright 2026 the lab9 authors. MIT license.

/**
 * A random address. Python prints an object's address, which is as arbitrary.
 */
import { randomWord } from "./globals.ts";

export function randomAddress(): number {
  return randomWord();
}

/** For example `0x1140ac6a0`. */
export function formatAddress(word: number): string {
  return `0x${(0x100000000 + (word >>> 4) * 16).toString(16)}`;
}
