// Copyright 2026 the lab9 authors. MIT license.

/**
 * piscina, with its `FixedQueue` and an idle timeout, as its README advises. Its
 * defaults are one task a worker and waiting by `Atomics.wait`; with
 * `piscina64` a worker is given 64 tasks at a time.
 *
 * @module
 */

import { FixedQueue, Piscina } from "piscina";
import { contend, poolRoles, type TaskPool } from "../contend.ts";

const concurrentTasksPerWorker = Number(Deno.args[2] ?? 1);

function openPool(workers: number): TaskPool {
  const pool = new Piscina({
    filename: import.meta.resolve("./workers/piscina.ts"),
    minThreads: workers,
    maxThreads: workers,
    idleTimeout: 600_000,
    taskQueue: new FixedQueue(),
    concurrentTasksPerWorker,
  });
  return {
    run: (x) => pool.run(x),
    runChunk: (chunk) => pool.run(chunk, { transferList: [chunk.buffer] }),
  };
}

await contend(poolRoles(openPool));
