// Copyright 2026 the lab9 authors. MIT license.

/**
 * From the start of a process to a pool's first result, with what it takes of
 * this library.
 *
 * @module
 */

import { expose } from "../../lib/expose.ts";
import { Pool } from "../../lib/pool/pool.ts";

export function square(x: number): number {
  return x * x;
}
expose(import.meta, { square });

if (import.meta.main) {
  const pool = new Pool(2);
  console.log(await pool.apply(square, [3]));
  Deno.exit(0);
}
