// Copyright 2026 the lab9 authors. MIT license.

/**
 * poolifier, on `node:worker_threads`. Without its events and its queue of tasks
 * it was fastest.
 *
 * @module
 */

import { FixedThreadPool } from "poolifier";
import { contend, poolRoles } from "../contend.ts";
import type { Chunk } from "../work.ts";

await contend(poolRoles((workers) => {
  const { pathname } = new URL("./workers/poolifier.ts", import.meta.url);
  const pool = new FixedThreadPool<unknown, unknown>(workers, pathname, {
    enableEvents: false,
  });
  return {
    run: (x) => pool.execute(x) as Promise<number>,
    runChunk: (chunk) =>
      pool.execute(chunk, undefined, undefined, [
        chunk.buffer,
      ]) as Promise<Chunk>,
  };
}));
