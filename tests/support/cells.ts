import { lot, NEXT, STRIDE } from "../../lib/sync/waiters.ts";

/** How many cells somebody has: those handed out but not in the spare list. */
export function cellsInUse(): number {
  const words = lot();
  let cells = words[0];
  for (let cell = words[2]; cell !== 0; cell = words[cell * STRIDE + NEXT]) {
    cells--;
  }
  return cells;
}
