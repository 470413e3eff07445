// Copyright 2026 the lab9 authors. MIT license.

import { checkArray, kindOf } from "../checks.ts";
import {
  type AsyncWaitOptions,
  waitDeadline,
  waitDeadlineSync,
  type WaitOptions,
} from "../sync/deadline.ts";
import { waitForSeveral, waitForSeveralSync } from "../sync/several_lists.ts";
import { PENDING, type Pending, type WaitList } from "../sync/wait_list.ts";
import { checkStop, heedStop, isStopping } from "../sync/waiters.ts";
import { copies, warnOfCopy } from "../sync/memory.ts";
import { Empty, Queue, ShutDown, type Source, source } from "./queue.ts";

const ACTION = "select from queues";

/** Any queue, whatever its items. */
// deno-lint-ignore no-explicit-any -- any queue, whatever its items
export type AnyQueue = Queue<any>;

/** A queue and the item that was taken from it. */
export type Selected<Q extends AnyQueue> = Q extends Queue<infer T>
  ? [queue: Q, item: T]
  : never;

/**
 * Takes an item from one of several queues. It waits while all of them are empty.
 * Python has nothing like it for queues, but `multiprocessing.connection.wait` for
 * connections.
 *
 * It takes only one item. If several queues have items, it takes that of the queue
 * which comes first in the list.
 *
 * @param queues The queues.
 * @param options A timeout, and a signal that ends the wait.
 * @returns A promise that resolves to the queue and the item.
 * @throws {TypeError} If the queues are not an array of queues.
 * @throws {RangeError} If the array is empty, or the timeout is negative.
 * @throws {Empty} If all queues stayed empty for the whole timeout.
 * @throws {ShutDown} If all queues were shut down and are empty.
 *
 * @example Usage
 * ```ts
 * import { Queue, select } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const numbers = new Queue<number>();
 * const words = new Queue<string>();
 * words.putNowait("first");
 *
 * const [queue, item] = await select([numbers, words], { timeout: 1 });
 * assertEquals([queue === words, item], [true, "first"]);
 * ```
 *
 * @typeParam Q The type of the queues.
 */
export async function select<Q extends AnyQueue>(
  queues: readonly Q[],
  options: AsyncWaitOptions = {},
): Promise<Selected<Q>> {
  const deadline = waitDeadline(ACTION, options);
  checkQueues(queues);
  const { signal } = options;
  if (isStopping()) await heedStop();
  signal?.throwIfAborted();
  const selection = new Selection(queues);
  let selected = selection.attempt();
  if (selected === PENDING) {
    const { attempt } = selection;
    const limits = { deadline, signal };
    selected = await waitForSeveral(selection.lists, attempt, limits);
  }
  return selectedOf(selected);
}

/**
 * Takes an item from one of several queues, as {@linkcode select} does. It blocks the
 * thread while all of them are empty.
 *
 * @param queues The queues.
 * @param options A timeout.
 * @returns The queue and the item.
 * @throws {TypeError} If the queues are not an array of queues.
 * @throws {RangeError} If the array is empty, or the timeout is negative.
 * @throws {Empty} If all queues stayed empty for the whole timeout.
 * @throws {ShutDown} If all queues were shut down and are empty.
 *
 * @example Usage
 * ```ts
 * import { Empty, Queue, selectSync } from "@lab9/concurrency";
 * import { assertThrows } from "@std/assert";
 *
 * const queues = [new Queue<number>(), new Queue<number>()];
 * assertThrows(() => selectSync(queues, { timeout: 0.01 }), Empty);
 * ```
 *
 * @typeParam Q The type of the queues.
 */
export function selectSync<Q extends AnyQueue>(
  queues: readonly Q[],
  options: WaitOptions = {},
): Selected<Q> {
  const deadline = waitDeadlineSync(ACTION, options);
  checkQueues(queues);
  checkStop();
  const selection = new Selection(queues);
  let selected = selection.attempt();
  if (selected === PENDING) {
    const { attempt, lists } = selection;
    selected = waitForSeveralSync(lists, attempt, deadline);
  }
  return selectedOf(selected);
}

function checkQueues(queues: readonly unknown[]): void {
  checkArray(ACTION, "queues", queues);
  for (const queue of queues) {
    if (queue instanceof Queue) continue;
    throw new TypeError(
      `Cannot ${ACTION}: queues must be queues, received ${kindOf(queue)}`,
    );
  }
  if (queues.length === 0) {
    throw new RangeError(`Cannot ${ACTION}: there must be at least one`);
  }
}

/** The queues of one call, as they were when it was made. */
class Selection<Q extends AnyQueue> {
  #queues: readonly Q[];
  #sources: Source<unknown>[];

  constructor(queues: readonly Q[]) {
    this.#queues = [...queues];
    if (copies !== undefined) this.#queues.forEach(warnOfCopy);
    this.#sources = queues.map((queue) => queue[source]());
  }

  /** The wait lists of the queues' getters. */
  get lists(): WaitList[] {
    return this.#sources.map(({ list }) => list);
  }

  /** Takes an item from the first queue that has one. */
  readonly attempt = (): Selected<Q> | Pending => {
    let open = 0;
    for (const [i, { tryGet }] of this.#sources.entries()) {
      try {
        const item = tryGet();
        if (item !== PENDING) return [this.#queues[i], item] as Selected<Q>;
        open++;
      } catch (error) {
        if (!(error instanceof ShutDown)) throw error;
      }
    }
    if (open > 0) return PENDING;
    throw new ShutDown(`Cannot ${ACTION}: all were shut down`);
  };
}

function selectedOf<T>(selected: T | Pending): T {
  if (selected !== PENDING) return selected;
  throw new Empty(`Cannot ${ACTION}: all are empty`);
}
