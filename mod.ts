// Copyright 2026 the lab9 authors. MIT license.

/**
 * Python's threads, queues, pools and locks for Deno. Threads are Web Workers, and
 * they share memory.
 *
 * A function travels to another thread as a name. Its module calls
 * {@linkcode expose} once, at its top level, to allow that. Code that only the main
 * thread may run stands behind `if (import.meta.main)`, Python's
 * `if __name__ == "__main__":`.
 *
 * ```ts no-eval
 * import { expose, Pool, Queue, Thread } from "@lab9/concurrency";
 *
 * export function square(x: number): number {
 *   return x * x;
 * }
 * export function worker(q: Queue<number>, results: Queue<number>): void {
 *   for (const item of q) results.putSync(square(item));
 * }
 * expose(import.meta, { square, worker });
 *
 * if (import.meta.main) {
 *   await using pool = new Pool(4);
 *   console.log(await pool.map(square, [1, 2, 3])); // [ 1, 4, 9 ]
 *
 *   const q = new Queue<number>();
 *   const results = new Queue<number>();
 *   await using thread = new Thread(worker, { args: [q, results] });
 *   thread.start();
 *   await q.put(4);
 *   console.log(await results.get()); // 16
 *   q.shutdown();
 * }
 * ```
 *
 * Run it with `deno run --no-prompt --unstable-worker-options --allow-read`:
 *  - `--allow-read`, because Deno reads a worker's modules with the permissions of
 *    the main thread. Workers themselves have no permissions unless the option
 *    `permissions` grants them some.
 *  - `--unstable-worker-options`, because the permissions of a worker are an unstable
 *    feature of Deno.
 *  - `--no-prompt`, because Deno otherwise asks the user on a terminal for each
 *    permission that a worker lacks.
 *
 * @module
 */

// First, so that the modules load sooner.
import "./lib/pool/preload.ts";
export * from "./lib/expose.ts";
export * from "./lib/gil.ts";
export * from "./lib/locks.ts";
export * from "./lib/pool.ts";
export * from "./lib/queue.ts";
export * from "./lib/thread.ts";
export * from "./lib/transfer.ts";
