// Functions for threads, of a module that every worker can load.

import { expose, type Queue } from "../../../mod.ts";

export function add(x: number): number {
  return x + 1;
}
export function call(fn: () => unknown): unknown {
  return fn();
}
export function callNext(queue: Queue<() => unknown>): unknown {
  return queue.getSync()();
}
export function zero(): number {
  return 0;
}
expose(import.meta, { add, call, callNext, zero });
