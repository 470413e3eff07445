// Copyright 2026 the lab9 authors. MIT license.

/**
 * Pools of workers. Python's `multiprocessing.Pool`.
 *
 * @module
 */

export { AnyPool } from "./pool/any_pool.ts";
export { type CurrentTask, currentTask } from "./pool/current_task.ts";
export * from "./pool/pool.ts";
