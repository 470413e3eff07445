// Copyright 2026 the lab9 authors. MIT license.

import { Queue } from "./queue.ts";
import { type Handle, handle, registerShareable } from "../codec/references.ts";
import { Stack } from "../store/stack.ts";
import { openStore, type Store } from "../store/store.ts";

/**
 * A last in, first out queue in shared memory, for any number of threads.
 * Python's `queue.LifoQueue`.
 *
 * It has the methods of {@linkcode Queue}, and may be passed wherever a queue is
 * expected.
 *
 * @example Usage
 * ```ts
 * import { LifoQueue } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new LifoQueue<string>();
 * await queue.put("first");
 * await queue.put("second");
 *
 * assertEquals(await queue.get(), "second");
 * assertEquals(await queue.get(), "first");
 * ```
 *
 * @typeParam T The type of the items.
 */
export class LifoQueue<T = unknown> extends Queue<T> {
  static {
    registerShareable(import.meta, "LifoQueue", this);
  }

  /**
   * The handle that is sent in place of the queue.
   *
   * @ignore
   */
  override [handle](): Handle {
    return { ...super[handle](), type: "LifoQueue" };
  }

  /**
   * Opens the store of the items.
   *
   * @ignore
   */
  override [openStore](source: number | SharedArrayBuffer): Store {
    return new Stack(source);
  }
}
