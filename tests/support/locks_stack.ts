/**
 * Waits where the stack ends, eight bytes apart, and looks each time whether a
 * list, the graph or the lock was left half-way. To be run without V8's
 * compilers, so that every frame has the same size each time.
 *
 * @module
 */

import { Condition, Event, Lock } from "../../mod.ts";
import { handle, type Shareable } from "../../lib/codec/references.ts";
import { waiterWords } from "../../lib/sync/waiters.ts";
import { deeper, deepest } from "./stack_end.ts";

const most = deepest();

function isPossible(height: number, op: () => void): boolean {
  try {
    deeper(height, 0, op);
    return true;
  } catch {
    return false;
  }
}

function sweep(op: () => void, faults: () => unknown[]): void {
  // What is compiled at the first call takes far more of the stack.
  for (let i = 0; i < 100; i++) op();
  let height = most;
  while (!isPossible(height, op)) height -= 50;
  let exhausted = 0;
  for (let padding = 0; padding < 1400; padding++) {
    try {
      deeper(height, padding, op);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      exhausted++;
    }
    const found = [...faults(), waiterWords()[3], waiterWords()[4]];
    if (found.some(Boolean)) throw new Error(`${op} left ${found}`);
  }
  if (exhausted === 0 || exhausted === 1400) {
    throw new Error(`${op} did not meet the end of the stack`);
  }
}

/** The words of a list, which are 0 when nobody is in it. */
function list(shared: Shareable, at: number): number[] {
  return [...new Int32Array(shared[handle]().buffer).subarray(at, at + 3)];
}

const event = new Event();
sweep(() => event.waitSync({ timeout: 0 }), () => list(event, 3));

const lock = new Lock();
lock.acquireSync();
sweep(() => {
  try {
    lock.acquireSync({ timeout: 0 });
  } catch (error) {
    if (error instanceof RangeError) throw error;
  }
}, () => list(lock, 6));

const guard = new Lock();
const condition = new Condition(guard);
guard.acquireSync();
sweep(
  () => condition.waitSync({ timeout: 0 }),
  () => [!guard.isLocked, ...list(condition, 0), ...list(guard, 6)],
);
