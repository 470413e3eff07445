// Copyright 2026 the lab9 authors. MIT license.

/**
 * Computes and prints as Python does, where JavaScript does it differently: the division
 * of integers of any size, and the text of values and lists.
 *
 * ```ts
 * import { displayList, trueDivide } from "./mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const factors = [1n, 2n, 10n ** 400n];
 * const shares = factors.map((factor) => trueDivide(3n * factor, 2n * factor));
 * assertEquals(displayList(shares), "[1.5, 1.5, 1.5]");
 * ```
 *
 * @module
 */

// For the labs, in place of Python's `assert`: they import nothing else.
export { assertEquals } from "@std/assert";
export * from "./random.ts";
export * from "./repr.ts";
export * from "./true_division.ts";
