/** A task that fills its worker's heap. @module */

import { expose } from "../../lib/expose.ts";
import { Pool } from "../../lib/pool/pool.ts";

export function fillHeap(): number {
  const kept: number[][] = [];
  for (;;) kept.push(new Array(100_000).fill(kept.length + 0.5));
}

/** What stands outside the heap isn't counted. */
export function fillArrays(): number {
  const kept: Float64Array[] = [];
  for (let i = 0; i < 40; i++) kept.push(new Float64Array(1_000_000).fill(i));
  return kept.reduce((sum, array) => sum + array[0], 0);
}
expose(import.meta, { fillHeap, fillArrays });

if (import.meta.main) {
  await using pool = new Pool(1);
  console.log(await pool.apply(fillArrays));
  console.log(await pool.apply(fillHeap).catch((error) => `caught ${error}`));
}
