// Copyright 2026 the lab9 authors. MIT license.

/**
 * Threads: Python's `threading.Thread` and the functions around it.
 *
 * @module
 */

export type { ContextOptions, ContextStorage } from "./thread/context.ts";
export * from "./thread/local.ts";
export * from "./thread/sleep.ts";
export * from "./thread/thread.ts";
