// Copyright 2026 the lab9 authors. MIT license.

import type { Call, CallLimits } from "./call.ts";
import type { Source } from "./source.ts";

/** How chunks are streamed. */
export interface StreamOptions {
  limits: CallLimits;
  chunkSize: number;
  /** How many chunks are under way at most. */
  ahead: number;
  /** Whether results come in the order of the chunks. */
  ordered: boolean;
}

/** A chunk that is done, and the promise that it was known by. */
interface Done<R> {
  promise: Promise<Done<R>>;
  values: R[];
}

/** What reading the source came to. */
type Read<T> = { items: T[] } | { error: unknown };

/**
 * Submits chunks only as results are taken, and yields the results.
 *
 * @param open The call; it is over with the stream.
 * @param source The items.
 * @param doChunk Has a chunk of them done.
 * @param options How.
 */
export async function* streamChunks<T, R>(
  open: Call,
  source: Source<T>,
  doChunk: (items: T[]) => Promise<R[]>,
  { limits, chunkSize, ahead, ordered }: StreamOptions,
): AsyncGenerator<R, void, undefined> {
  using call = open;
  call.limit(limits);
  const underWay = new Set<Promise<Done<R>>>();
  let reading: Promise<Read<T>> | undefined;
  let end: Read<T> | undefined;
  try {
    for (;;) {
      if (end === undefined && underWay.size < ahead) {
        reading ??= read(source, chunkSize);
      }
      // A source that keeps one waiting doesn't hold up what is done.
      const awaited: Promise<Read<T> | Done<R>>[] = [
        ...reading ? [reading] : [],
        ...ordered ? [...underWay].slice(0, 1) : underWay,
      ];
      if (awaited.length === 0) break;
      const event = await call.orCalledOff(Promise.race(awaited));
      if ("values" in event) {
        underWay.delete(event.promise);
        yield* event.values;
        continue;
      }
      reading = undefined;
      if ("error" in event || event.items.length === 0) end = event;
      else underWay.add(track(doChunk(event.items)));
    }
    if (end !== undefined && "error" in end) throw end.error;
  } finally {
    if (underWay.size > 0) call.cancel(undefined);
    source.leave();
  }
}

/** Reads the next chunk; an error is kept for when the results have come. */
function read<T>(source: Source<T>, size: number): Promise<Read<T>> {
  return source.read(size).then((items) => ({ items }), (error) => ({ error }));
}

function track<R>(chunk: Promise<R[]>): Promise<Done<R>> {
  const promise: Promise<Done<R>> = chunk.then((values) => ({
    promise,
    values,
  }));
  // It is awaited in its turn; until then it isn't unhandled.
  promise.catch(() => {});
  return promise;
}
