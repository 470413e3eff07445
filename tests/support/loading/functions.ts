// Functions for threads, of a module that every worker can load.

import { type Barrier, expose, type Queue } from "../../../mod.ts";

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
export function useShared(name: string, shared: unknown): string {
  return `${name} ${typeof shared}`;
}
export function useBarrier(barrier: Barrier): number {
  return barrier.waitSync();
}
expose(import.meta, { add, call, callNext, useBarrier, useShared, zero });
