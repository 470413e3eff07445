// Copyright 2026 the lab9 authors. MIT license.

/**
 * poolifier-web-worker, on Web Workers. Without its events and its queue of tasks
 * it was fastest.
 *
 * @module
 */

import { FixedThreadPool } from "poolifier-web-worker";
import { contend, poolRoles } from "../contend.ts";
import type { Chunk } from "../work.ts";

await contend(poolRoles((workers) => {
  const url = new URL("./workers/poolifier_web_worker.ts", import.meta.url);
  const pool = new FixedThreadPool<unknown, unknown>(workers, url, {
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
