// Copyright 2026 the lab9 authors. MIT license.

/**
 * Tasks of the pool's own, which it has workers do for `broadcast()` and
 * `stream()`.
 *
 * @module
 */

import { expose } from "../expose.ts";
import { addOwnModule, type AnyFunction } from "../codec/references.ts";
import { Promise } from "../platform/platform.ts";
import { hold } from "../sync/keep_alive.ts";
import { Queue, ShutDown } from "../queue/queue.ts";
import { pause } from "./waits.ts";

/** So long a worker that has had its turn leaves the task to the others. */
const PAUSE_MS = 2;

/** The broadcasts that this worker has taken part in. */
const taken = new Set<number>();
let broadcasts = 0;

/** What came of a task of a broadcast; undefined if another worker is to do it. */
export type Turn = { value: unknown } | undefined;

/** Calls the function, unless this worker has had its turn. */
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
 * Has so many workers take their turns. Nobody says which worker takes a task: one
 * that has had its turn gives the task back.
 */
export async function broadcastTo(
  workers: number,
  submit: (broadcast: number) => Promise<Turn>,
): Promise<unknown[]> {
  using _alive = hold();
  const broadcast = ++broadcasts;
  const takePart = async (): Promise<unknown> => {
    for (;;) {
      const turn = await submit(broadcast);
      if (turn !== undefined) return turn.value;
      await pause(PAUSE_MS);
    }
  };
  return await Promise.all(Array.from({ length: workers }, takePart));
}

/** How many items a generator is ahead of its reader, besides the one it makes. */
const AHEAD = 1;

/** Items that come one after another, at once or later. */
type Items = Iterable<unknown> | AsyncIterable<unknown>;

/**
 * Puts what a generator yields into a queue, until the queue is shut down. In the
 * worker of a pool.
 */
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
    // Leaving the loop ends the generator: its `finally` runs.
    for await (const item of items) await queue.put(item);
  } catch (error) {
    // The reader has left.
    if (!(error instanceof ShutDown)) throw error;
  }
}
// In a bundle a user's module has the same URL: its names are others.
expose(import.meta, { "lab9.takeTurn": takeTurn, "lab9.feed": feed });
addOwnModule(import.meta);

/**
 * Yields what a generator yields in a worker.
 *
 * @param begin Has a worker call {@linkcode feed} with that queue, until the
 * signal is aborted.
 * @param grace How many seconds the generator has to end when the reader leaves.
 */
export async function* streamItems<T>(
  begin: (queue: Queue<T>, left: AbortSignal) => Promise<void>,
  grace: number,
): AsyncGenerator<T, void, undefined> {
  const queue = new Queue<T>(AHEAD);
  const left = new AbortController();
  const fed = begin(queue, left.signal);
  // What was yielded comes first, and then what was thrown.
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
      // It ends at its next item. If none comes, it is called off.
      const late = pause(grace * 1000).then(() => left.abort());
      const ended = fed.catch((error) => {
        if (!left.signal.aborted) throw error;
      });
      await Promise.race([ended, late]);
    }
  }
}
