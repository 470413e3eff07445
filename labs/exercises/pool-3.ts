/**
 * Exercise pool-3. One of the calls throws, and its error ends the program. Print
 * every result, and "failed" for a call that throws. apply() makes one call.
 *
 *     deno task exercise pool-3
 */

import { expose, Pool } from "@lab9/concurrency";

export function inverse(x: number): number {
  if (x === 0) throw new RangeError("there is no inverse of 0");
  return 1 / x;
}
expose(import.meta, { inverse });

if (import.meta.main) {
  await using pool = new Pool(2);
  const numbers = [1, 2, 0, 4];
  // Change this: the first error is all that comes of it.
  const results: (number | string)[] = await pool.map(inverse, numbers);
  console.log(results.join(", "));
}
