// Copyright 2026 the lab9 authors. MIT license.

import { Promise } from "../platform/platform.ts";
import { checkArray } from "../checks.ts";
import { fromPortable } from "../codec/portable_error.ts";
import { type AnyFunction, idOf } from "../codec/references.ts";
import { callIn, type Context } from "../thread/context.ts";
import { isThenable } from "../thread/worker_server.ts";
import type { Call } from "./call.ts";
import { Mode, type Place, type SettledItems, Task } from "./task.ts";

/** How the chunks of a call are run. */
export interface ChunkOptions<N> {
  fn: AnyFunction;
  /** The function's id. */
  id: number;
  mode: Mode;
  /** What goes along with each item. */
  context: Context | undefined;
  /** Whether an item's error stands in its place, and the other items go on. */
  isSettled: boolean;
  /** The number of items. */
  total: N;
  onProgress: ((done: number, total: N) => unknown) | undefined;
}

/** Runs the chunks of a call, and reports their progress. */
export class ChunkRunner<N> {
  #call: Call;
  #options: ChunkOptions<N>;
  #done = 0;

  constructor(call: Call, options: ChunkOptions<N>) {
    this.#call = call;
    this.#options = options;
  }

  /**
   * Runs a part of a list of items. The list may change once this has returned.
   *
   * @returns A promise that resolves to the chunk's results. With `into` it
   * resolves to the call's list, which holds them.
   */
  async run(
    items: readonly unknown[],
    from: number,
    to: number,
    into?: Place,
  ): Promise<unknown[]> {
    const results = this.#options.isSettled
      ? await this.#settle(items, from, to)
      : await this.#submit(items, from, to, into) as unknown[];
    this.#call.throwIfCalledOff();
    this.#done += to - from;
    if (this.#options.onProgress) await this.#reportProgress();
    return results;
  }

  #submit(
    items: readonly unknown[],
    from: number,
    to: number,
    into?: Place,
  ): Promise<unknown> {
    const { id, mode, context, isSettled } = this.#options;
    if (mode === Mode.STARMAP) {
      for (let i = from; i < to; i++) {
        checkArray("starmap function", "each item", items[i]);
      }
    }
    const task = context === undefined
      ? new Task(id, mode, isSettled, items, from, to, into)
      : this.#inContext(context, items.slice(from, to), into);
    return this.#call.submit(task);
  }

  /** A task whose items are the arguments of {@linkcode callIn}. */
  #inContext(context: Context, items: unknown[], into?: Place): Task {
    const { fn, mode, isSettled } = this.#options;
    const isMap = mode === Mode.MAP;
    // Holes are undefined.
    const calls = Array.from(
      items,
      (item) => [context, fn, isMap ? [item] : item],
    );
    const last = calls.length;
    return new Task(
      idOf(callIn)!,
      Mode.STARMAP,
      isSettled,
      calls,
      0,
      last,
      into,
    );
  }

  async #settle(
    items: readonly unknown[],
    from: number,
    to: number,
  ): Promise<PromiseSettledResult<unknown>[]> {
    let sent: Promise<unknown>;
    try {
      sent = this.#submit(items, from, to);
    } catch (error) {
      this.#call.throwIfCalledOff();
      if (to - from === 1) return [rejected(error)];
      // An item can't be sent: the chunk is halved until that item stands alone.
      const middle = (from + to) >> 1;
      const halves = await Promise.all([
        this.#settle(items, from, middle),
        this.#settle(items, middle, to),
      ]);
      return halves.flat();
    }
    try {
      return settledResults(await sent as SettledItems);
    } catch (error) {
      // The worker died, or the call was called off.
      return Array.from({ length: to - from }, () => rejected(error));
    }
  }

  /** Calls `onProgress`. What it throws or rejects with ends the call. */
  async #reportProgress(): Promise<void> {
    const { onProgress, total } = this.#options;
    try {
      const returned: unknown = onProgress!(this.#done, total);
      if (isThenable(returned)) await this.#call.orCalledOff(returned);
    } catch (error) {
      this.#call.cancel(error);
      throw error;
    }
  }
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
