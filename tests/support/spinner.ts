/** A task that computes until its call is over. */

import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { Pool, Queue } from "../../mod.ts";
import { ident } from "./pool_functions.ts";

/**
 * Calls a function that puts its thread into `begun` and computes for ever, with a
 * timeout, in a pool of one worker. It checks that another worker takes its place.
 *
 * On a busy machine the time may be over before the task has begun. Then it gets more.
 */
export async function outlast(
  pool: Pool,
  begun: Queue<number>,
  call: (timeout: number) => Promise<unknown>,
): Promise<void> {
  for (let timeout = 0.5;; timeout *= 2) {
    const error = await assertRejects(
      () => call(timeout),
      DOMException,
      `The call took longer than ${timeout} seconds`,
    );
    assertEquals(error.name, "TimeoutError");
    const next = await pool.apply(ident);
    if (begun.isEmpty) continue;
    assertNotEquals(begun.getNowait(), next);
    return;
  }
}
