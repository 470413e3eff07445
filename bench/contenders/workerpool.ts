// Copyright 2026 the lab9 authors. MIT license.

/**
 * workerpool, on `node:worker_threads`: its Web Workers don't start on Deno,
 * since it asks them for `process.connected`. Its README knows no option that
 * would make it faster.
 *
 * @module
 */

import workerpool from "workerpool";
import { contend, poolRoles } from "../contend.ts";

await contend(poolRoles((workers) => {
  const { pathname } = new URL("./workers/workerpool.ts", import.meta.url);
  const pool = workerpool.pool(pathname, {
    minWorkers: workers,
    maxWorkers: workers,
    workerType: "thread",
  });
  return {
    run: (x) => pool.exec("tinyTask", [x]),
    runChunk: (chunk) =>
      pool.exec("runChunk", [chunk], { transfer: [chunk.buffer] }),
  };
}));
