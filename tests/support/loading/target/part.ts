// A module that the script imports.

import { expose } from "../../../../mod.ts";

export function double(x: number): number {
  return 2 * x;
}
expose(import.meta, { double });
