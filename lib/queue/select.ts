// Copyright 2026 the lab9 authors. MIT license.

import { kindOf } from "../checks.ts";
import {
  type AsyncWaitOptions,
  waitDeadline,
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

/** A queue, and an item that was got from it. */
export type Selected<Q extends AnyQueue> = Q extends Queue<infer T>
  ? [queue: Q, item: T]
  : never;

/**
 * Takes an item from the first of several queues that has one, waiting while all
 * are empty. Python has nothing like it but for connections, in
 * `multiprocessing.connection.wait`.
 *
 * It takes one item. Where several queues have one, it is that of the first of
 * them in the list; the others stay where they are.
 *
 * @param queues The queues.
 * @param options How long to wait at most, and a signal to stop waiting.
 * @returns A promise that resolves to the queue and the item.
 * @throws {TypeError} If the queues are no array of queues.
 * @throws {RangeError} If there is none, or the timeout is negative.
 * @throws {Empty} If all stayed empty for the whole timeout.
 * @throws {ShutDown} If all were shut down and are empty.
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
  signal?.throwIfAborted();
  if (isStopping()) await heedStop();
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
 * As {@linkcode select}, but blocks the thread while all queues are empty.
 *
 * @param queues The queues.
 * @param options How long to wait at most.
 * @returns The queue and the item.
 * @throws {TypeError} If the queues are no array of queues.
 * @throws {RangeError} If there is none, or the timeout is negative.
 * @throws {Empty} If all stayed empty for the whole timeout.
 * @throws {ShutDown} If all were shut down and are empty.
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
  const deadline = waitDeadline(ACTION, options);
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

function checkQueues(queues: unknown): void {
  if (!Array.isArray(queues)) {
    throw new TypeError(
      `Cannot ${ACTION}: queues must be an array, received ${kindOf(queues)}`,
    );
  }
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

  /** Where to wait, when there was nothing. */
  get lists(): WaitList[] {
    return this.#sources.map(({ list }) => list);
  }

  /** Takes from the first queue that has something. */
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
