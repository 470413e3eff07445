// Copyright 2026 the lab9 authors. MIT license.

import type { AsyncWaitOptions } from "../sync/deadline.ts";
import type { PoolStats } from "./stats.ts";
import type { Task } from "./task.ts";
import type { OpenCalls, Room } from "./waits.ts";

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
  /** The calls that aren't done. */
  readonly calls: OpenCalls;
  /** How many tasks it takes. */
  readonly room: Room;
  /** How many tasks no worker has begun. */
  readonly waiting: number;
  /** How many tasks run. */
  readonly running: number;
  stats(): PoolStats;

  /** Resolves when there are workers that are ready for tasks. */
  ready(): Promise<void>;
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
