// A module that a test imports when there are workers already.

import { expose } from "../../mod.ts";

export function multiply(a: number, b: number): number {
  return a * b;
}
expose(import.meta, { multiply });
