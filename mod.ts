// Copyright 2026 the lab9 authors. MIT license.

/** Python's threads, queues and pools for Deno. @module */

export * from "./lib/expose.ts";
export * from "./lib/gil.ts";
export * from "./lib/pool.ts";
export * from "./lib/python/mod.ts";
export * from "./lib/queue.ts";
export * from "./lib/thread.ts";
