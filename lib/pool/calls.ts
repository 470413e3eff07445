// Copyright 2026 the lab9 authors. MIT license.

import { Promise as Promises } from "../platform/platform.ts";
import { checkArray, checkCallable } from "../checks.ts";
import { isRecording, Mark, recordSpan } from "../sync/recorder.ts";
import { checkStopAfterwards } from "../sync/waiters.ts";
import { checkExposed } from "../codec/packing.ts";
import { type AnyFunction, idOf, originOf } from "../codec/references.ts";
import {
  callIn,
  type Context,
  contextOf,
  type ContextStorage,
} from "../thread/context.ts";
import type { AnyDispatcher } from "./any_dispatcher.ts";
import { Call } from "./call.ts";
import { type ChunkOptions, ChunkRunner } from "./chunks.ts";
import {
  type AnyIterable,
  type ApplyOptions,
  checkCount,
  checkIterable,
  checkLimits,
  type ImapOptions,
  type MapOptions,
} from "./options.ts";
import { countOf, isAsync, Source, streamChunks } from "./stream.ts";
import { Mode, Task } from "./task.ts";

/** How many chunks of an imap are submitted at a time, for each worker. */
const CHUNKS_AHEAD = 2;
/** V8 makes a longer array as a dictionary, which is slow. */
const LONGEST_FAST = 1 << 25;
/** The options of a call that has none. */
export const NO_OPTIONS: ApplyOptions = {};

/** Checks the calls of a pool's methods and makes tasks of them. */
export class Calls {
  readonly dispatcher: AnyDispatcher;
  /** The storages whose values go along with every call. */
  #context: readonly ContextStorage[] | undefined;
  /** The ids of the functions that were checked before. */
  #known = new Map<AnyFunction, number>();
  /** For each signal, the one call of all tasks that only it limits. */
  #ofSignals = new WeakMap<AbortSignal, Call>();

  constructor(
    dispatcher: AnyDispatcher,
    context: readonly ContextStorage[] | undefined,
  ) {
    this.dispatcher = dispatcher;
    this.#context = context;
  }

  /** Calls a function once. */
  apply(
    fn: AnyFunction,
    args: unknown,
    options: ApplyOptions,
  ): Promise<unknown> {
    try {
      let id = this.check("apply function", fn, options);
      checkArray("apply function", "args", args);
      let list = args as readonly unknown[];
      const context = this.contextOf("apply function", options);
      if (context !== undefined) {
        id = idOf(callIn)!;
        list = [context, fn, list];
      }
      const task = new Task(id, Mode.APPLY, false, list);
      const { signal, timeout, runTimeout, priority } = options;
      if (isRecording) return this.#applyRecorded(task, options);
      // A call without limits needs no `Call`, only its task.
      return signal === undefined && timeout === undefined &&
          runTimeout === undefined && priority === undefined
        ? this.dispatcher.submit(task)
        : this.#applyLimited(task, options);
    } catch (error) {
      return Promises.reject(error);
    }
  }

  #applyLimited(task: Task, limits: ApplyOptions): Promise<unknown> {
    const { signal, timeout, runTimeout, priority } = limits;
    const isOwn = signal === undefined || timeout !== undefined ||
      runTimeout !== undefined || priority !== undefined;
    const call = isOwn
      ? new Call(this.dispatcher, limits)
      : this.#callOf(signal);
    call.begin();
    return call.submit(task);
  }

  /** Thousands of tasks may share a signal. They need one `Call`, not one each. */
  #callOf(signal: AbortSignal): Call {
    let call = this.#ofSignals.get(signal);
    if (call === undefined) {
      call = new Call(this.dispatcher, { signal });
      this.#ofSignals.set(signal, call);
    }
    return call;
  }

  async #applyRecorded(task: Task, limits: ApplyOptions): Promise<unknown> {
    using _span = recordSpan(Mark.POOL);
    return await this.#applyLimited(task, limits);
  }

  /** @throws {Error} If the pool was closed. */
  checkOpen(): void {
    if (this.dispatcher.isOpen) return;
    // A loop that ignores the error would never end.
    checkStopAfterwards();
    throw new Error("Pool is not running");
  }

  /**
   * Checks that a function may be called now.
   *
   * @returns The function's id.
   */
  check(action: string, fn: AnyFunction, options: ApplyOptions): number {
    this.checkOpen();
    const id = this.#known.get(fn) ?? this.#learn(action, fn);
    if (options !== NO_OPTIONS) checkLimits(action, options);
    this.dispatcher.room.check();
    return id;
  }

  /** The values of storages that go along with a call; undefined if there are none. */
  contextOf(action: string, options: ApplyOptions): Context | undefined {
    const storages = options.context ?? this.#context;
    return storages === undefined ? undefined : contextOf(action, storages);
  }

  #learn(action: string, fn: AnyFunction): number {
    checkExposed(action, "it", fn);
    const { url, name } = originOf(fn)!;
    if (!this.dispatcher.knows(url)) {
      throw new TypeError(
        `Cannot ${action}: '${name}' was exposed after the pool was made, ` +
          "import its module first",
      );
    }
    const id = idOf(fn)!;
    this.#known.set(fn, id);
    return id;
  }

  /** Calls a function for each item, and collects the results. */
  async map<T, R>(
    mode: Mode,
    fn: AnyFunction,
    items: AnyIterable<T>,
    options: MapOptions,
  ): Promise<R[]> {
    const action = mode === Mode.MAP ? "map function" : "starmap function";
    const how = this.#prepare(action, mode, fn, items, options);
    using call = new Call(this.dispatcher, options).open();
    const list = isAsync(items) ? await collect(items, call) : listOf(items);
    const total = list.length;
    const { chunkSize = defaultChunkSize(total, this.dispatcher.workers) } =
      options;
    const { settled: isSettled = false, onProgress } = options;
    const runner = new ChunkRunner(call, {
      ...how,
      isSettled,
      total,
      onProgress,
    });
    using _span = recordSpan(Mark.POOL);
    const isPlaced = !isSettled && total <= LONGEST_FAST;
    const results = { list: [] as unknown[] };
    const chunks: Promise<unknown[]>[] = [];
    for (let at = 0; at < total; at += chunkSize) {
      const end = Math.min(at + chunkSize, total);
      const into = isPlaced ? { results, at } : undefined;
      chunks.push(runner.run(list, at, end, into));
    }
    // The list is made while the workers begin with the chunks.
    if (isPlaced) results.list = new Array(total);
    try {
      const lists = await Promises.all(chunks);
      return (isPlaced ? results.list : lists.flat()) as R[];
    } catch (error) {
      // Chunks that have begun finish: they hold other items, too.
      call.cancelWaiting(error);
      throw error;
    }
  }

  /** Calls a function for each item, and yields the results as they are taken. */
  stream<T, R>(
    mode: Mode,
    fn: AnyFunction,
    items: AnyIterable<T>,
    options: ImapOptions,
    ordered: boolean,
  ): AsyncGenerator<R, void, undefined> {
    const action = mode === Mode.MAP ? "imap function" : "starmap function";
    const how = this.#prepare(action, mode, fn, items, options);
    const { chunkSize = 1, settled: isSettled = false, onProgress } = options;
    const call = new Call(this.dispatcher, options);
    const runner = new ChunkRunner(call, {
      ...how,
      isSettled,
      total: countOf(items),
      onProgress,
    });
    const runChunk = (items: T[]) =>
      runner.run(items, 0, items.length) as Promise<R[]>;
    return streamChunks(call, new Source(items), runChunk, {
      chunkSize,
      ahead: this.dispatcher.workers * CHUNKS_AHEAD,
      ordered,
    });
  }

  /** Checks a call for items, and says how its function is called. */
  #prepare(
    action: string,
    mode: Mode,
    fn: AnyFunction,
    items: unknown,
    options: MapOptions | ImapOptions,
  ): Pick<ChunkOptions<unknown>, "fn" | "id" | "mode" | "context"> {
    const id = this.check(action, fn, options);
    const { chunkSize, onProgress } = options;
    if (chunkSize !== undefined) checkCount(action, "chunkSize", chunkSize);
    if (onProgress !== undefined) {
      checkCallable(action, "onProgress", onProgress);
    }
    checkIterable(action, items);
    return { fn, id, mode, context: this.contextOf(action, options) };
  }
}

/** Python's default: a quarter of each worker's share of the items, rounded up. */
function defaultChunkSize(items: number, workers: number): number {
  return Math.max(1, Math.ceil(items / (workers * 4)));
}

/** The items as a list. A plain array is returned as it is. */
function listOf<T>(items: Iterable<T>): readonly T[] {
  const isPlain = Array.isArray(items) &&
    items[Symbol.iterator] === Array.prototype[Symbol.iterator];
  return isPlain ? items : [...items];
}

async function collect<T>(items: AsyncIterable<T>, call: Call): Promise<T[]> {
  const source = new Source(items);
  const list: T[] = [];
  try {
    for (;;) {
      const next = await call.orRefused(source.read(1));
      if (next.length === 0) return list;
      list.push(next[0]);
    }
  } finally {
    source.leave();
  }
}
