// Copyright 2026 the lab9 authors. MIT license.

import { fromPortable } from "../thread/portable_error.ts";
import type { Call } from "./call.ts";
import { checkArray } from "./checks.ts";
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

/** Has chunks of items done for a call, and tells the progress. */
export function chunkDoer<N>(
  call: Call,
  { fn, mode, isSettled, total, onProgress }: ChunkOptions<N>,
): (items: readonly unknown[]) => Promise<unknown[]> {
  const submit = (items: readonly unknown[]): Promise<unknown> => {
    if (mode === Mode.STARMAP) {
      for (const item of items) {
        checkArray("starmap function: each item", item);
      }
    }
    return call.submit({ fn, mode, isSettled, payload: items });
  };
  const settle = async (items: readonly unknown[]): Promise<unknown[]> => {
    let sent: Promise<unknown>;
    try {
      sent = submit(items);
    } catch (error) {
      call.throwIfCalledOff();
      if (items.length === 1) return [rejected(error)];
      // One of them can't be sent: the others shall be.
      const half = items.length >> 1;
      const halves = [settle(items.slice(0, half)), settle(items.slice(half))];
      return (await Promise.all(halves)).flat();
    }
    try {
      return settledResults(await sent as SettledItems);
    } catch (error) {
      // They went with their worker, unless the call was called off.
      return items.map(() => rejected(error));
    }
  };
  let done = 0;
  return async (items) => {
    const results = isSettled
      ? await settle(items)
      : await submit(items) as unknown[];
    call.throwIfCalledOff();
    done += results.length;
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
