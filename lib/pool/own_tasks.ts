// Copyright 2026 the lab9 authors. MIT license.

/**
 * The library's own tasks, by which `broadcast()` and `stream()` work.
 *
 * @module
 */

import { expose } from "../expose.ts";
import { markBottom } from "../codec/portable_error.ts";
import { addOwnModule, type AnyFunction } from "../codec/references.ts";
import { Promise } from "../platform/platform.ts";
import { Queue, ShutDown } from "../queue/queue.ts";
import { pause } from "./waits.ts";

/** How long a task that came to a worker twice waits before it is submitted again. */
const PAUSE_MS = 2;

/** The broadcasts whose function this worker has called. */
const taken = new Set<number>();
let broadcasts = 0;

/** The result of a broadcast's task; undefined if the worker has had its turn. */
export type Turn = { value: unknown } | undefined;

/** Calls the function, unless this worker has called it before. */
export async function takeTurn(
  broadcast: number,
  fn: AnyFunction,
  args: readonly unknown[],
): Promise<Turn> {
  if (taken.has(broadcast)) return undefined;
  taken.add(broadcast);
  return { value: await fn(...args) };
}

/**
 * Has each of so many workers call a function once. It can't be said which worker
 * takes a task. So a worker that has had its turn gives the task back, and the task
 * is submitted again.
 *
 * @param ready Starts the workers that are missing. A worker that has had no turn may
 * have ended since, as it was idle: then the others would give the task back for ever.
 * @returns A promise for the result of each worker.
 */
export function broadcastTo(
  workers: number,
  ready: () => Promise<void>,
  submit: (broadcast: number) => Promise<Turn>,
): Promise<unknown>[] {
  const broadcast = ++broadcasts;
  const takePart = async (): Promise<unknown> => {
    for (;;) {
      await ready();
      const turn = await submit(broadcast);
      if (turn !== undefined) return turn.value;
      await pause(PAUSE_MS);
    }
  };
  return Array.from({ length: workers }, takePart);
}

/** How many items wait for the reader. The generator makes one more. */
const AHEAD = 1;

type Items = Iterable<unknown> | AsyncIterable<unknown>;

/** Puts what a generator yields into a queue, until the queue is shut down. */
export async function feed(
  queue: Queue<unknown>,
  fn: AnyFunction,
  args: readonly unknown[],
): Promise<void> {
  const items = await fn(...args) as Items;
  const what = Object(items);
  if (!(Symbol.asyncIterator in what || Symbol.iterator in what)) {
    throw new TypeError(
      `Cannot stream '${fn.name}': it must return an iterable, as a generator does`,
    );
  }
  try {
    // When put() throws, the loop ends the generator, whose `finally` runs.
    for await (const item of items) await queue.put(item);
  } catch (error) {
    // The reader has left the stream.
    if (!(error instanceof ShutDown)) throw error;
  }
}
// In a bundle a user's module has the same URL. The prefix keeps the names apart.
expose(import.meta, { "lab9.takeTurn": takeTurn, "lab9.feed": feed });
addOwnModule(import.meta);
markBottom(takeTurn, feed);

/**
 * Yields what a generator yields in a worker.
 *
 * @param begin Submits a task that calls {@linkcode feed} with the queue. The signal
 * calls the task off.
 * @param grace How many seconds the generator has to end after the reader has left.
 */
export async function* streamItems<T>(
  begin: (queue: Queue<T>, left: AbortSignal) => Promise<void>,
  grace: number,
): AsyncGenerator<T, void, undefined> {
  const queue = new Queue<T>(AHEAD);
  const left = new AbortController();
  const fed = begin(queue, left.signal);
  // The reader gets the items first, and then what the generator has thrown.
  const end = () => queue.shutdown();
  fed.then(end, end);
  let isWhole = false;
  try {
    for await (const item of queue) yield item;
    isWhole = true;
    await fed;
  } finally {
    if (!isWhole) {
      queue.shutdown({ immediate: true });
      // The generator ends at its next item. If it yields none, it is called off.
      const late = pause(grace * 1000).then(() => left.abort());
      const ended = fed.catch((error) => {
        if (!left.signal.aborted) throw error;
      });
      await Promise.race([ended, late]);
    }
  }
}
