// Pools whose thread blocks until a task has done its part.

import { expose, Pool, Queue } from "../../mod.ts";
import { put } from "./pool_functions.ts";

/** Moves items from one queue to another, until an item is negative. */
export function passOn(from: Queue<number>, to: Queue<number>): void {
  for (let x = from.getSync(); x >= 0; x = from.getSync()) to.putSync(x);
}

export function putLength(queue: Queue<number>, bytes: Uint8Array): void {
  queue.putSync(bytes.length);
}

/** Blocks until the tasks of its own pool have put their items. */
export async function getFromPool(tasksPerWorker: number): Promise<number[]> {
  await using pool = new Pool(1, { tasksPerWorker });
  const queue = new Queue<number>();
  const calls = [0, 1, 2].map((x) => pool.apply(put, [queue, x]));
  const items = calls.map(() => queue.getSync());
  await Promise.all(calls);
  return items;
}

/** Blocks while workers ask for the arguments of thousands of tasks. */
export function blockWhileAsked(
  begun: Queue<number>,
  ended: Int32Array,
): void {
  const pool = new Pool(2);
  const queue = new Queue<number>();
  for (let i = 0; i < 3000; i++) pool.apply(put, [queue, i]).catch(() => {});
  try {
    begun.putSync(0);
    new Queue<number>().getSync();
  } finally {
    Atomics.add(ended, 0, 1);
  }
}
expose(import.meta, { blockWhileAsked, getFromPool, passOn, putLength });
