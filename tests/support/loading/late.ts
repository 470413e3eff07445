// A module that a worker takes a moment to load.

import { expose, sleep } from "../../../mod.ts";

if ("name" in self && self.name === "lab9 thread") await sleep(0.2);

export function lengthOf(words: Int32Array): number {
  return words.length;
}
expose(import.meta, { lengthOf });
