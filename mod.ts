// Copyright 2026 the lab9 authors. MIT license.

/**
 * Python's threads, queues and pools for Deno: real threads in Web Workers, and
 * shared memory underneath.
 *
 * A function reaches another thread by name. Its module says so once, at its top
 * level, with {@linkcode expose}; what must run only in the main thread stands
 * behind `import.meta.main`, as in Python behind `__name__ == "__main__"`.
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
 * Run it with `deno run --no-prompt --unstable-worker-options --allow-read`: Deno
 * reads a worker's modules with the permissions of the main thread, and workers
 * themselves are given none unless told otherwise. Without `--no-prompt` Deno asks
 * the user, on a terminal, for what a worker lacks.
 *
 * @module
 */

export * from "./lib/expose.ts";
export * from "./lib/gil.ts";
export * from "./lib/locks.ts";
export * from "./lib/pool.ts";
export * from "./lib/queue.ts";
export * from "./lib/thread.ts";
export * from "./lib/transfer.ts";
