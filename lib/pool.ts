// Copyright 2026 the lab9 authors. MIT license.

/**
 * Pools of workers: Python's `multiprocessing.Pool`.
 *
 * @module
 */

export * from "./pool/pool.ts";
