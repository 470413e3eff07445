// Copyright 2026 the lab9 authors. MIT license.

import { Promise } from "../platform/platform.ts";
import { fromPortable } from "../codec/portable_error.ts";
import { isThenable } from "../thread/worker_server.ts";
import type { Call } from "./call.ts";
import { checkArray } from "./options.ts";
import { Mode, type Place, type SettledItems, Task } from "./task.ts";

/** What is done with each chunk of a call. */
export interface ChunkOptions<N> {
  /** The function's id. */
  fn: number;
  mode: Mode;
  /** Whether an item's error stands in its place, and the others go on. */
  isSettled: boolean;
  /** How many items there are. */
  total: N;
  onProgress: ((done: number, total: N) => unknown) | undefined;
}

/** Runs the chunks of a call, and tells the progress. */
export class ChunkRunner<N> {
  #call: Call;
  #options: ChunkOptions<N>;
  #done = 0;

  constructor(call: Call, options: ChunkOptions<N>) {
    this.#call = call;
    this.#options = options;
  }

  /**
   * Runs a part of some items, which may change once this has returned.
   *
   * @returns A promise that resolves to the results, unless they are wanted in a
   * list that they belong to: then to that list.
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
    if (this.#options.onProgress) await this.#tellProgress();
    return results;
  }

  #submit(
    items: readonly unknown[],
    from: number,
    to: number,
    into?: Place,
  ): Promise<unknown> {
    const { fn, mode, isSettled } = this.#options;
    if (mode === Mode.STARMAP) {
      for (let i = from; i < to; i++) {
        checkArray("starmap function: each item", items[i]);
      }
    }
    return this.#call.submit(
      new Task(fn, mode, isSettled, items, from, to, into),
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
      // One of them can't be sent: the others shall be.
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
      // They went with their worker, unless the call was called off.
      return Array.from({ length: to - from }, () => rejected(error));
    }
  }

  /** What the callback throws, or rejects with, ends the call. */
  async #tellProgress(): Promise<void> {
    const { onProgress, total } = this.#options;
    try {
      const told = onProgress!(this.#done, total);
      if (isThenable(told)) await this.#call.orCalledOff(told);
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
