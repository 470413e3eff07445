// Copyright 2026 the lab9 authors. MIT license.

import { Promise } from "../platform/platform.ts";
import { endingWaitOnReturn } from "../sync/iterators.ts";
import type { Call } from "./call.ts";
import type { AnyIterable } from "./options.ts";

/** Whether items come one after another. */
export function isAsync<T>(items: AnyIterable<T>): items is AsyncIterable<T> {
  return Symbol.asyncIterator in Object(items);
}

/** The number of items; undefined if the iterable doesn't know it. */
export function countOf(items: AnyIterable<unknown>): number | undefined {
  if (Array.isArray(items)) return items.length;
  if (items instanceof Set || items instanceof Map) return items.size;
  // A string's length isn't the number of its items, which are code points.
  if (ArrayBuffer.isView(items)) return (items as Uint8Array).length;
  return undefined;
}

/** Reads items one by one, and only when they are asked for. */
export class Source<T> {
  #items: AnyIterable<T>;
  #isAsync: boolean;
  #iterator: Iterator<T> | AsyncIterator<T> | undefined;
  #hasEnded = false;
  #failure: { error: unknown } | undefined;

  constructor(items: AnyIterable<T>) {
    this.#items = items;
    this.#isAsync = isAsync(items);
  }

  /**
   * Reads so many items. There are fewer at the end, and none after it. What the
   * iterator throws is thrown after the items that were read before.
   */
  async read(count: number): Promise<T[]> {
    const items: T[] = [];
    try {
      const iterator = this.#iterator ??= iteratorOf(this.#items);
      while (items.length < count && !this.#hasEnded) {
        const step = iterator.next();
        const next = this.#isAsync ? await step : step as IteratorResult<T>;
        if (next.done) this.#hasEnded = true;
        else items.push(next.value);
      }
    } catch (error) {
      this.#hasEnded = true;
      this.#failure = { error };
    }
    if (items.length === 0 && this.#failure) throw this.#failure.error;
    return items;
  }

  /**
   * Lets the iterator clean up, unless it has ended. The clean-up isn't awaited,
   * since the iterator may never come to it. So its errors are ignored.
   */
  leave(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    Promise.try(() => this.#iterator?.return?.()).catch(() => {});
  }
}

function iteratorOf<T>(items: AnyIterable<T>): Iterator<T> | AsyncIterator<T> {
  return isAsync(items)
    ? items[Symbol.asyncIterator]()
    : items[Symbol.iterator]();
}

/** How chunks are streamed. */
export interface StreamOptions {
  chunkSize: number;
  /** How many chunks may be submitted and not taken. */
  ahead: number;
  /** Whether results come in the order of the chunks. */
  ordered: boolean;
}

/** A chunk that was submitted, and its result once it is done. */
interface Chunk<R> {
  result: { values: R[] } | { error: unknown } | undefined;
}

/** Ends the calls of iterators that were begun and garbage-collected. */
const droppedStreams = new FinalizationRegistry<Call>((call) =>
  call[Symbol.dispose]()
);

/**
 * Submits chunks only as results are taken, and yields the results.
 *
 * @param call The call; it begins when the first result is asked for.
 * @param source The items.
 * @param runChunk Submits a chunk of items.
 * @param options How chunks are streamed.
 */
export function streamChunks<T, R>(
  call: Call,
  source: Source<T>,
  runChunk: (items: T[]) => Promise<R[]>,
  options: StreamOptions,
): AsyncGenerator<R, void, undefined> {
  const stream = new Stream(call, source, runChunk, options);
  const iterator = endingWaitOnReturn(
    iterate(call, stream),
    () => stream.abandon(),
  );
  droppedStreams.register(iterator, call);
  return iterator;
}

async function* iterate<T, R>(
  call: Call,
  stream: Stream<T, R>,
): AsyncGenerator<R, void, undefined> {
  await using _open = call.openLazily();
  try {
    for (;;) {
      const values = await stream.next();
      if (values === undefined) return;
      // Not `yield*`: an array's iterator has no `throw()`.
      for (const value of values) yield value;
    }
  } finally {
    stream.leave();
  }
}

/** The chunks of an iterator. */
class Stream<T, R> {
  #call: Call;
  #source: Source<T>;
  #runChunk: (items: T[]) => Promise<R[]>;
  #options: StreamOptions;
  /** The chunks that were submitted and not taken. */
  #chunks = new Set<Chunk<R>>();
  /** Those of them that are done, in that order. Only for unordered results. */
  #done: Chunk<R>[] = [];
  /** The items that were read and not submitted. */
  #items: T[] | undefined;
  #isReading = false;
  /** Set once all items were read, with the error that the source threw. */
  #end: { error?: unknown } | undefined;
  #onChange = (): void => {};
  #isAbandoned = false;

  constructor(
    call: Call,
    source: Source<T>,
    runChunk: (items: T[]) => Promise<R[]>,
    options: StreamOptions,
  ) {
    this.#call = call;
    this.#source = source;
    this.#runChunk = runChunk;
    this.#options = options;
  }

  /** The next chunk's results; undefined after the last. */
  async next(): Promise<R[] | undefined> {
    for (;;) {
      if (this.#isAbandoned) return undefined;
      this.#call.checkLimits();
      this.#submit();
      // Results that are there don't wait for the source, which may be slow.
      this.#readOn();
      const result = this.#take();
      if (result === undefined) {
        if (this.#hasEnded) break;
        await this.#call.orRefused(this.#change());
        continue;
      }
      if ("values" in result) return result.values;
      this.#call.cancelWaiting(result.error);
      throw result.error;
    }
    if ("error" in this.#end!) throw this.#end.error;
  }

  /** Ends the wait for the next results: the reader leaves in the middle of it. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#onChange();
  }

  /** The reader has left. After a failure, the chunks that run finish. */
  leave(): void {
    if (!this.#call.isCalledOff) this.#call.cancel(undefined);
    this.#source.leave();
  }

  get #hasEnded(): boolean {
    return this.#end !== undefined && this.#chunks.size === 0;
  }

  #readOn(): void {
    if (this.#isReading || this.#end !== undefined) return;
    if (this.#chunks.size >= this.#options.ahead) return;
    this.#isReading = true;
    this.#source.read(this.#options.chunkSize).then(
      (items) => {
        if (items.length > 0) this.#items = items;
        else this.#end = {};
      },
      // The error is thrown when the results before it have been taken.
      (error) => this.#end = { error },
    ).then(() => {
      this.#isReading = false;
      this.#onChange();
    });
  }

  #submit(): void {
    const items = this.#items;
    if (items === undefined) return;
    this.#items = undefined;
    const chunk: Chunk<R> = { result: undefined };
    this.#chunks.add(chunk);
    const onDone = (result: Chunk<R>["result"]) => {
      chunk.result = result;
      if (!this.#options.ordered) this.#done.push(chunk);
      this.#onChange();
    };
    this.#runChunk(items).then(
      (values) => onDone({ values }),
      (error) => onDone({ error }),
    );
  }

  /** Takes the next chunk's result; undefined if the chunk isn't done. */
  #take(): Chunk<R>["result"] {
    const [chunk] = this.#options.ordered ? this.#chunks : this.#done;
    if (chunk?.result === undefined) return undefined;
    if (!this.#options.ordered) this.#done.shift();
    this.#chunks.delete(chunk);
    return chunk.result;
  }

  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onChange = resolve;
    return promise;
  }
}
