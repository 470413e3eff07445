// Copyright 2026 the lab9 authors. MIT license.

/**
 * The pause after a cell, in which its threads print what they still have to.
 *
 * @module
 */

import { hasWaits } from "../../lib/sync/waiters.ts";
import { sleep } from "../../lib/thread/sleep.ts";
import { getIdent } from "../../lib/thread/thread.ts";
import { aliveSlots } from "../../lib/thread/thread_table.ts";

/** How many seconds longer a pause is at most. A thread may compute for ever. */
const LONGER = 5;
/** How often threads are looked at, in seconds. */
const STEP = 0.05;

/**
 * Pauses for some seconds, and longer while a thread has neither ended nor waits for
 * anything. A thread that has just started may need longer on a busy machine. What it
 * prints would then stand in the next cell.
 */
export async function pause(seconds: number): Promise<void> {
  if (seconds === 0) return;
  await sleep(seconds);
  for (let i = 0; i < LONGER / STEP && !doOthersWait(); i++) await sleep(STEP);
}

function doOthersWait(): boolean {
  const own = getIdent();
  return aliveSlots()
    .every(({ ident, waiter }) => ident === own || hasWaits(waiter));
}
