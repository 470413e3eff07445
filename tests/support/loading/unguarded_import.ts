// A script that has its guard, of a module that has none.

import { expose, Pool } from "../../../mod.ts";
import { add } from "./unguarded.ts";

export function twice(x: number): number {
  return 2 * add(x);
}
expose(import.meta, { twice });

if (import.meta.main) {
  await using pool = new Pool(2);
  console.log(await pool.map(twice, [1, 2]));
}
