/**
 * The three queues, for tests of what they have in common. @module
 */

import { LifoQueue } from "../../lib/queue/lifo_queue.ts";
import { PriorityQueue } from "../../lib/queue/priority_queue.ts";
import { Queue, type QueueOptions } from "../../lib/queue/queue.ts";

/** One of the classes, seen as a queue of anything. */
export interface QueueKind {
  name: string;
  make(maxsize?: number, options?: QueueOptions): Queue<unknown>;
  /** What to put for a value. Of a priority queue, all have one priority. */
  item(value: unknown): unknown;
  /** In which order these come out if all of them are stored. */
  inOrder<T>(items: T[]): T[];
}

export const queueKinds: QueueKind[] = [
  {
    name: "Queue",
    make: (...args) => new Queue(...args),
    item: (value) => value,
    inOrder: (items) => items,
  },
  {
    name: "LifoQueue",
    make: (...args) => new LifoQueue(...args),
    item: (value) => value,
    inOrder: (items) => items.toReversed(),
  },
  {
    name: "PriorityQueue",
    make: (...args) => new PriorityQueue(...args) as Queue<unknown>,
    item: (value) => [0, value],
    inOrder: (items) => items,
  },
];
