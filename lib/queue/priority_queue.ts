// Copyright 2026 the lab9 authors. MIT license.

import { Queue } from "./queue.ts";
import { Heap } from "../store/heap.ts";
import type { Priority } from "../store/key.ts";
import { type Handle, handle, registerShareable } from "../codec/references.ts";
import { openStore, type Store } from "../store/store.ts";

export type { Priority };

/**
 * A queue in shared memory whose items come in the order of their priorities, the
 * smallest first, for any number of threads. Python's `queue.PriorityQueue`.
 *
 * An item is an array `[priority, value]`. Only the priority is compared. Items with
 * equal priorities come in the order in which they were put. Numbers and bigints are
 * compared exactly, and -0 equals 0. Arrays are compared at the first place where they
 * differ, as Python compares tuples.
 *
 * A put throws a `TypeError`, and nothing is queued,
 *  - if the item is not such an array;
 *  - if its priority has no order, such as NaN, undefined or an object;
 *  - if its priority can't be compared with that of a stored item, such as a string
 *    with a number. `[1, "a"]` is smaller than `[2, 5]`, but can't be compared with
 *    `[1, 5]`.
 *
 * A put compares its priority with those of all stored items if numbers and strings
 * stand at the same place of arrays, if arrays stand in arrays, or if an array has
 * more than 9 elements. It takes longer then.
 *
 * It has the methods of {@linkcode Queue}, and may be passed wherever a queue is
 * expected. An item takes at least 64 bytes of the capacity.
 *
 * @example Usage
 * ```ts
 * import { PriorityQueue } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new PriorityQueue<number, string>();
 * await queue.put([2, "later"]);
 * await queue.put([1, "sooner"]);
 * await queue.put([2, "last"]);
 *
 * assertEquals(await queue.get(), [1, "sooner"]);
 * assertEquals(await queue.get(), [2, "later"]);
 * assertEquals(await queue.get(), [2, "last"]);
 * ```
 *
 * @example Several criteria
 * ```ts
 * import { PriorityQueue } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new PriorityQueue<[level: number, name: string], number>();
 * queue.putSync([[1, "b"], 10]);
 * queue.putSync([[1, "a"], 20]);
 * queue.putSync([[0, "z"], 30]);
 * queue.shutdown();
 *
 * assertEquals([...queue].map(([, value]) => value), [30, 20, 10]);
 * ```
 *
 * @typeParam P The type of the priorities.
 * @typeParam T The type of the values.
 */
export class PriorityQueue<P extends Priority = Priority, T = unknown>
  extends Queue<[priority: P, value: T]> {
  static {
    registerShareable(import.meta, "PriorityQueue", this);
  }

  /**
   * The handle that is sent in place of the queue.
   *
   * @ignore
   */
  override [handle](): Handle {
    return { ...super[handle](), type: "PriorityQueue" };
  }

  /**
   * Opens the store of the items.
   *
   * @ignore
   */
  override [openStore](source: number | SharedArrayBuffer): Store {
    return new Heap(source);
  }
}
