/** What threads run in the queue's tests. @module */

import { expose } from "../../lib/expose.ts";
import "../../lib/queue/lifo_queue.ts";
import { PriorityQueue } from "../../lib/queue/priority_queue.ts";
import { type Queue, ShutDown } from "../../lib/queue/queue.ts";
import { currentThread } from "../../lib/thread/thread.ts";

type Method =
  | "put"
  | "putSync"
  | "putNowait"
  | "get"
  | "getSync"
  | "getNowait"
  | "join"
  | "joinSync"
  | "taskDone"
  | "shutdown"
  | "toString";

/** What came of a call. */
export type Outcome = { value: unknown } | { error: string; message: string };

/** Calls a method, and says before that it is about to. */
export async function call(
  queue: Queue,
  method: Method,
  args: unknown[] = [],
  started?: Queue<string>,
): Promise<Outcome> {
  started?.putSync(currentThread().name);
  try {
    const target = queue as unknown as Record<Method, (...a: unknown[]) => 0>;
    return { value: await target[method](...args) };
  } catch (error) {
    const { name, message } = error as Error;
    return { error: name, message };
  }
}

/** What to put for a number; a priority queue gives all of them one priority. */
function itemFor(queue: Queue, number: number): unknown {
  return queue instanceof PriorityQueue ? [0, number] : number;
}

/** Puts the integers from `first` up, blocking. */
export function putRange(queue: Queue, first: number, count: number): void {
  for (let i = 0; i < count; i++) queue.putSync(itemFor(queue, first + i));
}

/** Puts integers from `first` up until the queue is shut down; how many. */
export function putUntilShutDown(queue: Queue, first: number): number {
  for (let count = 0;; count++) {
    try {
      queue.putSync(itemFor(queue, first + count));
    } catch (error) {
      if (error instanceof ShutDown) return count;
      throw error;
    }
  }
}

/** Puts items, blocking. */
export function putAll(queue: Queue, items: unknown[]): void {
  for (const item of items) queue.putSync(item);
}

/** Gets so many items, blocking. */
export function getMany(queue: Queue, count: number): unknown[] {
  return Array.from({ length: count }, () => queue.getSync());
}

/** Gets with `for` until the queue is shut down. */
export function drain(queue: Queue): unknown[] {
  return [...queue];
}

/** Gets with `for await` until the queue is shut down. */
export async function drainAsync(queue: Queue): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

/** Reports every item done after sending it on. */
export function forward(from: Queue, to: Queue): void {
  for (const item of from) {
    to.putSync(item);
    from.taskDone();
  }
}

/** Returns the index of the first integer that is out of order, or -1. */
export function checkRange(queue: Queue<number>, count: number): number {
  for (let i = 0; i < count; i++) if (queue.getSync() !== i) return i;
  return -1;
}

/** Whether several ways to the same queue lead to one queue here. */
export function sameQueue(
  a: Queue,
  b: Queue,
  nested: { deep: Queue[]; map: Map<string, Queue> },
): { sizes: number[]; names: string[]; identical: boolean } {
  const all = [a, b, ...nested.deep, nested.map.get("queue")!];
  for (const queue of all) queue.putSync(itemFor(queue, queue.size));
  return {
    sizes: all.map((queue) => queue.size),
    names: all.map(String),
    identical: all.every((queue) => queue === a),
  };
}

/** How a queue looks to this thread. */
export function look(queue: Queue) {
  const { maxsize, size, isEmpty, isFull, unfinishedTasks } = queue;
  const inspected = Deno.inspect(queue);
  return {
    maxsize,
    size,
    isEmpty,
    isFull,
    unfinishedTasks,
    text: String(queue),
    inspected,
  };
}

/** The class of an object, as this thread sees it. */
export function classOf(object: object): string {
  return object.constructor.name;
}

/** Moves so many buffers of so many bytes through the queue, one at a time. */
export function circulate(queue: Queue, count: number, bytes: number): void {
  for (let i = 0; i < count; i++) {
    queue.putSync(new Uint8Array(bytes));
    queue.getSync();
  }
}

/** Calls the functions that it gets, with 20 and 22. */
export function callItem(queue: Queue, count: number): unknown[] {
  return Array.from({ length: count }, () => callIn(queue.getSync()));
}

function callIn(item: unknown): unknown {
  if (typeof item === "function") return item(20, 22);
  if (Array.isArray(item)) return item.map(callIn);
  if (typeof item !== "object" || item === null) return item;
  const entries = Object.entries(item).map(([key, value]) =>
    [key, callIn(value)] as const
  );
  return Object.fromEntries(entries);
}

export function add(a: number, b: number): number {
  return a + b;
}

export function multiply(a: number, b: number): number {
  return a * b;
}

expose(import.meta, {
  add,
  call,
  callItem,
  checkRange,
  circulate,
  classOf,
  drain,
  drainAsync,
  forward,
  getMany,
  look,
  multiply,
  putAll,
  putRange,
  putUntilShutDown,
  sameQueue,
});
