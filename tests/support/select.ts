// Functions that select from queues.

import { expose, type Queue, select, selectSync, ShutDown } from "../../mod.ts";

/** Takes numbers until all queues are shut down; their sum by queue. */
export function sumSync(queues: Queue<number>[]): number[] {
  const sums = queues.map(() => 0);
  try {
    for (;;) {
      const [queue, n] = selectSync(queues);
      sums[queues.indexOf(queue)] += n;
    }
  } catch (error) {
    if (!(error instanceof ShutDown)) throw error;
  }
  return sums;
}

export async function sum(queues: Queue<number>[]): Promise<number[]> {
  const sums = queues.map(() => 0);
  try {
    for (;;) {
      const [queue, n] = await select(queues);
      sums[queues.indexOf(queue)] += n;
    }
  } catch (error) {
    if (!(error instanceof ShutDown)) throw error;
  }
  return sums;
}

export function getOne(queue: Queue<number>): number {
  return queue.getSync();
}

export function putRange(queue: Queue<number>, count: number): void {
  for (let n = 1; n <= count; n++) queue.putSync(n);
}

/** Selects for ever; it is there when this is set. */
export function selectForGood(
  queues: Queue<number>[],
  isAsync: boolean,
): unknown {
  return isAsync ? select(queues) : selectSync(queues);
}

expose(import.meta, { getOne, putRange, selectForGood, sum, sumSync });
