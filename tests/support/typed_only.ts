import { expose } from "../../lib/expose.ts";
import type { Gil } from "../../lib/gil.ts";
import type { Barrier, Condition } from "../../lib/locks.ts";
import type { PriorityQueue } from "../../lib/queue/priority_queue.ts";
import type { Queue } from "../../lib/queue/queue.ts";

// Only types of shared objects are imported: this module loads none of their
// classes.

export function getNow(queue: Queue<number>): number {
  return queue.getNowait();
}

export function moveOne(from: Queue<number>, to: Queue<number>): void {
  to.putSync(from.getSync());
}

export function takeFirst(queue: PriorityQueue<number>): [number, unknown] {
  return queue.getSync();
}

export function notify(condition: Condition): void {
  using _held = condition.acquireSync();
  condition.notify();
}

export function breakBarrier(barrier: Barrier): void {
  barrier.abort();
  barrier.waitSync();
}

export function checkpoint(gil: Gil): string {
  return gil.run(() => {
    gil.checkpoint();
    return "done";
  });
}

export function add(a: number, b: number): number {
  return a + b;
}

expose(import.meta, {
  getNow,
  moveOne,
  takeFirst,
  notify,
  breakBarrier,
  checkpoint,
  add,
});
