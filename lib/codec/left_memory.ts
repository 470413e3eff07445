// Copyright 2026 the lab9 authors. MIT license.

/**
 * Shared memory on its way through a queue. Bytes can't hold it, and the putter
 * doesn't know who will get the item: it leaves the memory with the main thread
 * under a number, which stands in the item, and the getter fetches it from there.
 *
 * Protocol. The putter leaves the memory before the item can be seen, so the
 * thread that gets the item finds the memory there. It is fetched once: each
 * put has numbers of its own. What was left for an item that could not be put
 * is taken back. The numbers are random, because a thread could guess others.
 * How a worker reaches the main thread is described in `thread/line.ts`.
 *
 * @module
 */

import { randomWord } from "../platform/platform.ts";
import { Damaged } from "./tags.ts";

/** Shared memory, and the number under which it is left with the main thread. */
export type LeftMemory = readonly [number: number, memory: SharedArrayBuffer];

/** How a thread reaches the memory that others leave. */
export interface Exchange {
  leave(left: readonly LeftMemory[]): void;
  takeBack(numbers: readonly number[]): void;
  /** Fetches memory; undefined if none was left under the number. */
  fetch(number: number): SharedArrayBuffer | undefined;
}

/** The memory that is left with this thread. */
const kept = new Map<number, SharedArrayBuffer>();

/**
 * Keeps the memory in this thread. It is the exchange of the main thread, and of a
 * thread that shares no queue with another.
 */
export const here: Exchange = {
  leave(left) {
    for (const [number, memory] of left) kept.set(number, memory);
  },
  takeBack(numbers) {
    for (const number of numbers) kept.delete(number);
  },
  fetch(number) {
    const memory = kept.get(number);
    kept.delete(number);
    return memory;
  },
};

/** Forgets what is kept here: nobody can fetch it any more. */
export function forgetMemory(): void {
  kept.clear();
}

/** Takes all memory that is kept here, to leave it with the main thread. */
export function takeKept(): LeftMemory[] {
  const all = [...kept];
  kept.clear();
  return all;
}

let exchange = here;

/** Sets how this thread leaves and fetches memory. It returns the exchange before. */
export function setExchange(other: Exchange): Exchange {
  const previous = exchange;
  exchange = other;
  return previous;
}

/** A number that nobody can guess. */
export function newNumber(): number {
  return (randomWord() >>> 0) * 2 ** 21 + (randomWord() >>> 11);
}

/** Leaves the memory of an item that is about to be put. */
export function leaveMemory(left: readonly LeftMemory[]): void {
  exchange.leave(left);
}

/** Takes back the memory of an item that was not put. */
export function takeMemoryBack(left: readonly LeftMemory[]): void {
  exchange.takeBack(left.map(([number]) => number));
}

/**
 * Fetches the memory that was left under a number.
 *
 * @throws {Damaged} If no memory was left under it.
 */
export function fetchMemory(number: number): SharedArrayBuffer {
  const memory = exchange.fetch(number);
  if (memory === undefined) throw new Damaged("shared memory");
  return memory;
}
