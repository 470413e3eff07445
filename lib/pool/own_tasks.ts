// Copyright 2026 the lab9 authors. MIT license.

/**
 * The library's own tasks, by which `broadcast()` and `stream()` work.
 *
 * @module
 */

import { expose } from "../expose.ts";
import { markBottom } from "../codec/portable_error.ts";
import { addOwnModule, type AnyFunction } from "../codec/references.ts";
import { now } from "../platform/platform.ts";
import { clearAlarm, setAlarm } from "../sync/alarms.ts";
import { endingWaitOnReturn } from "../sync/iterators.ts";
import { Mark, recordSpan } from "../sync/recorder.ts";
import { Queue, ShutDown } from "../queue/queue.ts";
import type { Call } from "./call.ts";
import { delay } from "./waits.ts";

/** How long a task that came to a worker twice waits before it is submitted again. */
const PAUSE_MS = 2;

/** The broadcasts whose function this worker has called. */
const taken = new Set<number>();
let broadcasts = 0;

/** The number of a new broadcast. */
export function nextBroadcast(): number {
  return ++broadcasts;
}

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
  submit: () => Promise<Turn>,
): Promise<unknown>[] {
  const takePart = async (): Promise<unknown> => {
    for (;;) {
      await ready();
      const turn = await submit();
      if (turn !== undefined) return turn.value;
      await delay(PAUSE_MS);
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
  // The end of the loop ends the generator, whose `finally` runs and may throw.
  for await (const item of items) {
    try {
      await queue.put(item);
    } catch (error) {
      // The reader has left the stream. If the loop threw the error, what the
      // generator throws would be lost.
      if (error instanceof ShutDown) break;
      throw error;
    }
  }
}
// In a bundle a user's module has the same URL. The prefix keeps the names apart.
expose(import.meta, { "lab9.takeTurn": takeTurn, "lab9.feed": feed });
addOwnModule(import.meta);
markBottom(takeTurn, feed);

/** A generator in a worker, and the queue of what it yields. */
class Fed<T> {
  readonly queue: Queue<T> = new Queue<T>(AHEAD);
  readonly call: Call;
  #begin: (queue: Queue<T>) => Promise<void>;
  #grace: number;
  #ended: Promise<void> | undefined;
  /** Whether the reader has left in the middle of a wait for an item. */
  isAbandoned = false;

  constructor(
    call: Call,
    begin: (queue: Queue<T>) => Promise<void>,
    grace: number,
  ) {
    this.call = call;
    this.#begin = begin;
    this.#grace = grace;
  }

  /** Begins the generator. Resolves when it has ended, or rejects as it did. */
  async run(): Promise<void> {
    using _span = recordSpan(Mark.POOL);
    try {
      await (this.#ended = this.#begin(this.queue));
    } finally {
      // The reader gets the items first, and then what the generator has thrown.
      this.queue.shutdown();
    }
  }

  /** Ends the wait for the next item. */
  abandon(): void {
    this.isAbandoned = true;
    this.queue.shutdown({ immediate: true });
  }

  /** Has the generator end at its next item. If it yields none, it is called off. */
  async leave(): Promise<void> {
    this.queue.shutdown({ immediate: true });
    const alarm = this.#grace === Infinity
      ? undefined
      : setAlarm(now() + this.#grace * 1000, () => this.#callOff());
    try {
      await this.#ended;
    } catch (error) {
      if (!this.call.isCalledOff) throw error;
    } finally {
      if (alarm !== undefined) clearAlarm(alarm);
    }
  }

  #callOff(): void {
    const message = "The reader has left the stream";
    this.call.cancel(new DOMException(message, "AbortError"));
  }
}

/** Ends the generators of iterators that were begun and garbage-collected. */
const droppedStreams = new FinalizationRegistry<
  Pick<Fed<unknown>, "leave" | "call">
>((fed) => {
  fed.leave().catch(() => {}).then(() => fed.call[Symbol.dispose]());
});

/**
 * Yields what a generator yields in a worker.
 *
 * @param call The call; it begins when the first item is asked for.
 * @param begin Submits a task that calls {@linkcode feed} with the queue.
 * @param grace How many seconds the generator has to end after the reader has left.
 */
export function streamItems<T>(
  call: Call,
  begin: (queue: Queue<T>) => Promise<void>,
  grace: number,
): AsyncGenerator<T, void, undefined> {
  const fed = new Fed(call, begin, grace);
  const iterator = endingWaitOnReturn(iterate(fed), () => fed.abandon());
  droppedStreams.register(iterator, fed);
  return iterator;
}

async function* iterate<T>(fed: Fed<T>): AsyncGenerator<T, void, undefined> {
  await using _open = fed.call.openLazily();
  const ended = fed.run();
  // A reader that leaves doesn't await it.
  ended.catch(() => {});
  let isWhole = false;
  try {
    for await (const item of fed.queue) yield item;
    isWhole = !fed.isAbandoned;
    if (isWhole) await ended;
  } finally {
    if (!isWhole) await fed.leave();
  }
}
