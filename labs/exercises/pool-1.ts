/**
 * Exercise pool-1. Let a pool of two workers compute the cubes, in the order of
 * the numbers.
 *
 *     deno task exercise pool-1
 */

import { expose, getIdent, Pool, sleepSync } from "@lab9/concurrency";

export function cube(x: number): [number, number] {
  sleepSync(0.1);
  return [x ** 3, getIdent()];
}
expose(import.meta, { cube });

if (import.meta.main) {
  await using pool = new Pool(2);
  const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
  // Change this: the main thread computes all.
  const results = numbers.map(cube);
  void pool;

  console.log(`Cubes: ${results.map(([cube]) => cube).join(", ")}`);
  console.log(`Threads: ${new Set(results.map(([, ident]) => ident)).size}`);
}
