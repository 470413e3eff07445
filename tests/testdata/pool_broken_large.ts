// A module that a worker can't load, with more to tell than its record takes.

import { expose, Pool } from "../../mod.ts";

export function nothing(): void {}
expose(import.meta, { nothing });

if (import.meta.main) {
  const pool = new Pool(2);
  await pool.apply(nothing).catch((error) => console.log(String(error)));
} else {
  throw Object.assign(new RangeError("not in a worker"), {
    detail: "x".repeat(100_000),
  });
}
