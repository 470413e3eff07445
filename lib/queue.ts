// Copyright 2026 the lab9 authors. MIT license.

/**
 * Queues between threads, in shared memory. Python's `queue` module.
 *
 * @module
 */

export * from "./queue/lifo_queue.ts";
export * from "./queue/priority_queue.ts";
export {
  type AsyncWaitOptions,
  Empty,
  Full,
  Queue,
  type QueueOptions,
  ShutDown,
  type ShutdownOptions,
  type WaitOptions,
} from "./queue/queue.ts";
export {
  type AnyQueue,
  select,
  type Selected,
  selectSync,
} from "./queue/select.ts";
