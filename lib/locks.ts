// Copyright 2026 the lab9 authors. MIT license.

/**
 * Locks between threads, in shared memory: Python's `threading.Lock`, `RLock`,
 * `Semaphore`, `Event`, `Condition` and `Barrier`, and a lock for readers and
 * writers.
 *
 * @module
 */

export type { AsyncWaitOptions, WaitOptions } from "./sync/deadline.ts";
export * from "./locks/errors.ts";
export {
  Barrier,
  type BarrierOptions,
  BrokenBarrierError,
} from "./locks/barrier.ts";
export { BoundedSemaphore } from "./locks/semaphore.ts";
export { Condition } from "./locks/condition.ts";
export { Event } from "./locks/event.ts";
export { Lock, type LockOptions } from "./locks/lock.ts";
export { RLock } from "./locks/lock.ts";
export { RWLock, type RWLockOptions } from "./locks/rwlock.ts";
export { Semaphore } from "./locks/semaphore.ts";
