// Copyright 2026 the lab9 authors. MIT license.

import type { AsyncWaitOptions } from "../sync/deadline.ts";
import type { PoolStats } from "./stats.ts";
import type { Task } from "./task.ts";

/** A call that may have tasks, or go on submitting them. */
export interface OpenCall {
  /** Tells it that the pool has ended. */
  callOff(reason: unknown): void;
  /** Tells it that the pool takes no more tasks, not even of this call. */
  refuse(reason: unknown): void;
}

/**
 * What calls and pools need of what has tasks done, wherever its workers are:
 * `Dispatcher` has them in this process, `ClusterDispatcher` elsewhere.
 */
export interface AnyDispatcher {
  /** How many tasks can be done at a time. */
  readonly workers: number;
  /** Whether nobody has closed or terminated it. */
  readonly isOpen: boolean;
  /** Why no task is taken any more, if none is. */
  readonly refusal: { reason: unknown } | undefined;
  /** Why no more tasks are taken, not even of calls that were made before. */
  readonly refused: { reason: unknown } | undefined;
  /** How many tasks no worker has begun. */
  readonly waiting: number;
  /** How many tasks run. */
  readonly running: number;
  stats(): PoolStats;

  /** Resolves when there are workers that are ready for tasks. */
  ready(): Promise<void>;
  /** Resolves when no call has anything to do. */
  idle(options: AsyncWaitOptions | undefined): Promise<void>;
  /** @throws {Full} If as many tasks wait as may. */
  checkRoom(): void;
  /** Resolves when one more task is taken. */
  room(options: AsyncWaitOptions | undefined): Promise<void>;
  /** Whether the workers know the module. */
  knows(url: string): boolean;

  /**
   * Has a worker do a task.
   *
   * @returns A promise that resolves to what came of it.
   * @throws At once if the pool was stopped, or the payload can't be sent.
   */
  submit(task: Task): Promise<unknown>;
  /** Calls tasks off. Workers that are at them are ended, unless they end them. */
  cancel(tasks: Iterable<Task>, reason: unknown): void;
  /** Calls off those tasks that no worker has begun. */
  cancelWaiting(tasks: Iterable<Task>, reason: unknown): void;

  /** Keeps the workers for a call, even if the pool is closed meanwhile. */
  enter(call: OpenCall): void;
  /** The call has no tasks, and nobody waits for it. */
  leave(call: OpenCall): void;
  /** Keeps the workers of a closed pool for an iterator, unless one joins it. */
  keep(): void;
  release(): void;

  /** Lets the workers end when everything is done. */
  close(): void;
  /** The same; what no worker has begun rejects with the reason. */
  closeAtOnce(reason: unknown): void;
  /** Ends the workers now; what is pending rejects with the reason. */
  stop(reason: unknown): Promise<void>;
  /** Resolves when every worker has ended. */
  ended(options?: AsyncWaitOptions): Promise<void>;
  /** Resolves when the workers have ended that a joined pool has left. */
  endedIfJoined(): Promise<void>;
  /** Resolves when every worker has ended, at the end of an `await using` block. */
  endedOrStuck(): Promise<void>;
}
