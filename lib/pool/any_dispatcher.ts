// Copyright 2026 the lab9 authors. MIT license.

import type { AsyncWaitOptions } from "../sync/deadline.ts";
import type { PoolStats } from "./stats.ts";
import type { Task } from "./task.ts";
import type { OpenCalls, Room } from "./waits.ts";

/**
 * What calls and pools need of a dispatcher. A `Dispatcher` has its workers in this
 * process, a `ClusterDispatcher` on other machines.
 */
export interface AnyDispatcher {
  /** The number of workers. */
  readonly workers: number;
  /** Whether the pool has been neither closed nor terminated. */
  readonly isOpen: boolean;
  /** Why every task is refused; undefined as long as tasks are accepted. */
  readonly refusal: { reason: unknown } | undefined;
  /** The calls that aren't done. */
  readonly calls: OpenCalls;
  /** How many more tasks the pool accepts. */
  readonly room: Room;
  /** The number of tasks that no worker has begun. */
  readonly waiting: number;
  /** The number of tasks that run. */
  readonly running: number;
  stats(): PoolStats;

  /** Resolves when the workers are ready for tasks. */
  ready(): Promise<void>;
  /** Whether the workers can load the module. */
  knows(url: string): boolean;

  /**
   * Submits a task.
   *
   * @returns A promise that resolves to the task's result.
   * @throws Synchronously, if the pool was stopped or the payload can't be sent.
   */
  submit(task: Task): Promise<unknown>;
  /** Calls tasks off. A worker that runs one is ended unless the task ends soon. */
  cancel(tasks: Iterable<Task>, reason: unknown): void;
  /** Calls off those of the tasks that no worker has begun. */
  cancelWaiting(tasks: Iterable<Task>, reason: unknown): void;

  /** Lets the workers end once the calls that were made are done. */
  close(): void;
  /** Closes the pool, and rejects the tasks that no worker has begun. */
  closeAtOnce(reason: unknown): void;
  /** Rejects every pending task, and ends the workers. */
  stop(reason: unknown): Promise<void>;
  /** Waits until every worker has ended. */
  ended(options?: AsyncWaitOptions): Promise<void>;
  /** Waits until every worker has ended if the pool was joined before. */
  endedIfJoined(): Promise<void>;
  /**
   * Waits until every worker has ended, at the end of an `await using` block. A
   * pool that makes no progress is terminated.
   */
  endedOrStuck(): Promise<void>;
}
