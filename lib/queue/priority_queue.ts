// Copyright 2026 the lab9 authors. MIT license.

import { Queue } from "./queue.ts";
import { Heap } from "../store/heap.ts";
import type { Priority } from "../store/key.ts";
import { type Handle, handle, registerShareable } from "../codec/references.ts";
import { openStore, type Store } from "../store/store.ts";

export type { Priority };

/**
 * A queue in shared memory that gives the smallest priority first, for any
 * number of threads. Python's `queue.PriorityQueue`.
 *
 * An item is an array of two, `[priority, value]`; only the priority counts. Of
 * equal priorities, the one that was put first comes first. A number and a
 * bigint are compared exactly, and -0 is 0.
 *
 * A put is refused with a TypeError, and nothing is queued, if the item is no
 * such array, if its priority has no order (NaN, undefined, an object, …), or if
 * it can't be compared with the priority of an item that is stored then: a
 * string among numbers, say. Arrays are compared at the first place where they
 * differ: of `[1, "a"]` and `[2, 5]` the first is smaller, but `[1, "a"]` and
 * `[1, 5]` can't be compared. Such a mix makes each put look at all that is
 * stored; so do arrays in arrays, and more than 9 elements.
 *
 * All else is as with {@linkcode Queue}, whose methods it has; pass it wherever
 * a queue is expected. An item takes at least 64 bytes of the capacity.
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
   * What is sent in place of the queue.
   *
   * @ignore
   */
  override [handle](): Handle {
    return { ...super[handle](), type: "PriorityQueue" };
  }

  /**
   * Opens what the items are kept in.
   *
   * @ignore
   */
  override [openStore](source: number | SharedArrayBuffer): Store {
    return new Heap(source);
  }
}
