/**
 * Exercise pool-2. The power takes two arguments. Call it for all three pairs.
 *
 *     deno task exercise pool-2
 */

import { expose, Pool } from "@lab9/concurrency";

export function power(x: number, n = 1): number {
  return x ** n;
}
expose(import.meta, { power });

if (import.meta.main) {
  await using pool = new Pool(2);
  const pairs: [number, number][] = [[2, 10], [3, 4], [10, 3]];
  // Change this: map() passes one argument, starmap() several.
  const results = await pool.map(power, pairs.map(([x]) => x));
  console.log(`Powers: ${results.join(", ")}`);
}
