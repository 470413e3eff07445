// Copyright 2026 the lab9 authors. MIT license.

/**
 * Threads, and what belongs to one thread. Python's `threading.Thread`, its
 * functions such as `current_thread()`, and `threading.local`.
 *
 * @module
 */

export type { ContextOptions, ContextStorage } from "./thread/context.ts";
export * from "./thread/local.ts";
export * from "./thread/sleep.ts";
export * from "./thread/thread.ts";
