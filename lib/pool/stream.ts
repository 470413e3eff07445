// Copyright 2026 the lab9 authors. MIT license.

import type { Call, CallLimits } from "./call.ts";

/** How chunks are streamed. */
export interface StreamOptions {
  limits: CallLimits;
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
interface Read<T> {
  next?: IteratorResult<T[]>;
  error?: unknown;
}

/**
 * Submits chunks only as results are taken, and yields the results.
 *
 * @param open The call; it is over with the stream.
 * @param source The chunks.
 * @param submit Has a chunk done.
 * @param options How.
 */
export async function* streamChunks<T, R>(
  open: Call,
  source: AsyncIterator<T[]>,
  submit: (chunk: T[]) => Promise<R[]>,
  { limits, ahead, ordered }: StreamOptions,
): AsyncGenerator<R, void, undefined> {
  using call = open;
  call.limit(limits);
  const underWay = new Set<Promise<Done<R>>>();
  let reading: Promise<Read<T>> | undefined;
  let end: Read<T> | undefined;
  try {
    for (;;) {
      if (end === undefined && underWay.size < ahead) reading ??= read(source);
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
      if (event.next === undefined || event.next.done) end = event;
      else underWay.add(track(submit(event.next.value)));
    }
    if (end !== undefined && "error" in end) throw end.error;
  } finally {
    if (underWay.size > 0) call.cancel(undefined);
    leave(source);
  }
}

/** Reads the next chunk; an error is kept for when the results have come. */
function read<T>(source: AsyncIterator<T[]>): Promise<Read<T>> {
  return source.next().then((next) => ({ next }), (error) => ({ error }));
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

/** Lets a source clean up. It isn't awaited: it may be what one waited for. */
export function leave(source: AsyncIterator<unknown>): void {
  Promise.resolve(source.return?.()).catch(() => {});
}
