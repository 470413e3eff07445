import { NEXT, STRIDE, waiterWords } from "../../lib/sync/waiters.ts";

/** How many waiters somebody has: those handed out but not in the spare list. */
export function waitersInUse(): number {
  const words = waiterWords();
  let waiters = words[0];
  for (
    let waiter = words[2];
    waiter !== 0;
    waiter = words[waiter * STRIDE + NEXT]
  ) {
    waiters--;
  }
  return waiters;
}
