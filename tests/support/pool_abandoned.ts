// Leaves an iterator half-way, without saying so.

import { Pool } from "../../mod.ts";
import { square } from "./pool_functions.ts";

if (import.meta.main) {
  const pool = new Pool(1);
  const results = pool.imap(square, [1, 2, 3], { timeout: 3600 });
  await results.next();
}
