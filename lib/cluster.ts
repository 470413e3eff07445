// Copyright 2026 the lab9 authors. MIT license.

/**
 * Pools whose workers are on several machines. They use
 * {@link https://bullmq.io BullMQ} over Redis or PostgreSQL. This is an entry of its
 * own: only a program that connects a pool loads those packages from npm.
 *
 * A program connects a {@linkcode ClusterPool}:
 *
 * ```ts no-eval
 * import { ClusterPool } from "@lab9/concurrency/cluster";
 * import { expose } from "@lab9/concurrency";
 *
 * export function square(x: number): number {
 *   return x * x;
 * }
 * expose(import.meta, { square });
 *
 * if (import.meta.main) {
 *   const url = "redis://127.0.0.1";
 *   await using pool = await ClusterPool.connect(url, { name: "lab" });
 *   console.log(await pool.map(square, [1, 2, 3])); // [ 1, 4, 9 ]
 * }
 * ```
 *
 * Each of the machines that work for the pool runs this module as a program, with the
 * module of the functions:
 *
 * ```sh
 * deno run --unstable-worker-options --allow-net --allow-env --allow-read \
 *   jsr:@lab9/concurrency/cluster redis://127.0.0.1 squares.ts --name lab
 * ```
 *
 * @module
 */

import { runHost } from "./cluster/program.ts";

export * from "./cluster/cluster_pool.ts";

// Not awaited here: the module of the functions may import this one.
if (import.meta.main) runHost(Deno.args);
