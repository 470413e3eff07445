/** A script in several files, one of which exposes a function of its own. */

import { posix } from "node:path";
import { Pool } from "@lab9/concurrency";
import type { PoolOptions, Queue } from "@lab9/concurrency";
import twice, { log, square as squared } from "./parts_work.ts";
import "./parts_effect.ts";

const options: PoolOptions = { maxTasksPerChild: 5 };
const none: Queue<string>[] = [];

if (import.meta.main) {
  await using pool = new Pool(2, options);
  console.log(await pool.map(squared, [1, 2, 3]), twice(4), none, log);
  console.log(posix.join("a", "b"));
}
