// Copyright 2026 the lab9 authors. MIT license.

import { fromPortable } from "../codec/portable_error.ts";
import type { Call } from "./call.ts";
import { checkArray } from "./checks.ts";
import type { Place } from "./dispatcher.ts";
import { Mode, type SettledItems } from "./task.ts";

/** What is done with each chunk of a call. */
export interface ChunkOptions<N> {
  /** The function's id. */
  fn: number;
  mode: Mode;
  /** Whether an item's error is told in its place, and the others go on. */
  isSettled: boolean;
  /** How many items there are. */
  total: N;
  onProgress: ((done: number, total: N) => void) | undefined;
}

/**
 * Does a part of some items, which may change once this has returned.
 *
 * @returns A promise that resolves to the results, unless they are wanted in a
 * list that they belong to: then to that list.
 */
export type DoChunk = (
  items: readonly unknown[],
  from: number,
  to: number,
  into?: Place,
) => Promise<unknown[]>;

/** Has chunks of items done for a call, and tells the progress. */
export function chunkDoer<N>(
  call: Call,
  { fn, mode, isSettled, total, onProgress }: ChunkOptions<N>,
): DoChunk {
  const submit = (
    payload: readonly unknown[],
    from: number,
    to: number,
    into?: Place,
  ): Promise<unknown> => {
    if (mode === Mode.STARMAP) {
      for (let i = from; i < to; i++) {
        checkArray("starmap function: each item", payload[i]);
      }
    }
    return call.submit({ fn, mode, isSettled, payload, from, to, into });
  };
  const settle: DoChunk = async (items, from, to) => {
    let sent: Promise<unknown>;
    try {
      sent = submit(items, from, to);
    } catch (error) {
      call.throwIfCalledOff();
      if (to - from === 1) return [rejected(error)];
      // One of them can't be sent: the others shall be.
      const middle = (from + to) >> 1;
      const halves = [settle(items, from, middle), settle(items, middle, to)];
      return (await Promise.all(halves)).flat();
    }
    try {
      return settledResults(await sent as SettledItems);
    } catch (error) {
      // They went with their worker, unless the call was called off.
      return Array.from({ length: to - from }, () => rejected(error));
    }
  };
  let done = 0;
  return async (items, from, to, into) => {
    const results = isSettled
      ? await settle(items, from, to)
      : await submit(items, from, to, into) as unknown[];
    call.throwIfCalledOff();
    done += to - from;
    try {
      onProgress?.(done, total);
    } catch (error) {
      call.cancel(error);
      throw error;
    }
    return results;
  };
}

function settledResults(
  [values, failures]: SettledItems,
): PromiseSettledResult<unknown>[] {
  const results: PromiseSettledResult<unknown>[] = values.map((value) => ({
    status: "fulfilled",
    value,
  }));
  for (const [i, error] of failures) results[i] = rejected(fromPortable(error));
  return results;
}

function rejected(reason: unknown): PromiseRejectedResult {
  return { status: "rejected", reason };
}
