// Copyright 2026 the lab9 authors. MIT license.

import { Promise } from "../platform/platform.ts";
import { checkStop, isStopping, stopped } from "../sync/waiters.ts";
import { unpack } from "../codec/packing.ts";
import { markBottom, toPortable } from "../codec/portable_error.ts";
import {
  type AnyFunction,
  functionOf,
  knownFunction,
} from "../codec/references.ts";
import {
  loadModuleOf,
  loadModules,
  ModuleError,
  ModuleNotLoaded,
  prepareFor,
} from "../thread/modules.ts";
import { WorkerLostError } from "../thread/errors.ts";
import { isEnding, isThenable } from "../thread/worker_server.ts";
import {
  isCalledOff,
  outsideTask,
  type Runnable,
  ticketWords,
} from "./current_task.ts";
import {
  Mode,
  type ReceivedTask,
  type Replies,
  type SettledItems,
} from "./task.ts";

/** Runs one task. It returns a promise only if the task has to be awaited. */
export function runTask(
  task: ReceivedTask,
  replies: Replies,
  name: string,
): void | Promise<void> {
  const { payload } = task;
  try {
    if ("unreadable" in task) throw task.unreadable;
    const fn = knownFunction(task.fn);
    if (task.readAgain !== undefined || fn === undefined) {
      return loadAndRun(task, replies, name);
    }
    if (payload === undefined) return runAskedFor(task, replies, name);
    const value = task.isSettled
      ? performSettled(task, fn, payload, name)
      : perform(task, fn, payload);
    if (isThenable(value)) return settleTask(task, value, replies);
    replies.done(task, value);
  } catch (error) {
    replies.threw(task, error);
  }
}

async function settleTask(
  task: ReceivedTask,
  pending: PromiseLike<unknown>,
  replies: Replies,
): Promise<void> {
  try {
    replies.done(task, await pending);
  } catch (error) {
    replies.threw(task, error);
  }
}

/** Loads the modules of the task's functions, then runs the task. */
async function loadAndRun(
  task: ReceivedTask,
  replies: Replies,
  name: string,
): Promise<void> {
  try {
    await outsideTask(() => loadModuleOf(task.fn));
    // It throws if the loaded module exposes no such function.
    functionOf(task.fn);
    const { readAgain } = task;
    task.readAgain = undefined;
    if (readAgain !== undefined) {
      task.payload = await loadWhile(readAgain) as unknown[];
    }
  } catch (error) {
    return replies.threw(task, lossOf(error, name));
  }
  await runTask(task, replies, name);
}

/** Reads a value, and loads the modules of functions in it that aren't loaded yet. */
async function loadWhile(read: () => unknown): Promise<unknown> {
  for (;;) {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ModuleNotLoaded)) throw error;
      const { url } = error;
      await outsideTask(() => loadModules([url]));
    }
  }
}

/** The error of a task whose module can't be loaded: the same as a thread's. */
function lossOf(error: unknown, name: string): unknown {
  if (!(error instanceof ModuleError)) return error;
  const { message, cause } = error;
  return new WorkerLostError(
    `The worker of ${name} broke down: ${message}`,
    { cause },
  );
}

/** Asks for a payload that couldn't stand in the channel, then runs the task. */
async function runAskedFor(
  task: ReceivedTask,
  replies: Replies,
  name: string,
): Promise<void> {
  const mail = await replies.ask(task);
  try {
    await outsideTask(() => prepareFor(mail));
    task.payload = await loadWhile(() => unpack(mail)) as unknown[];
  } catch (error) {
    return replies.threw(task, lossOf(error, name));
  }
  // The task was called off meanwhile. Nobody waits for an answer.
  if (task.payload === undefined) return;
  await runTask(task, replies, name);
}

/** A task that runs, and how its function is called. */
export interface RunningItems extends Runnable {
  mode: Mode;
  /** Whether the items are numbers, so that none refers to their list. */
  hasNumbers: boolean;
}

/** Calls the function as the task's mode says. */
export function perform(
  task: RunningItems,
  fn: AnyFunction,
  payload: unknown[],
): unknown {
  const { mode } = task;
  if (mode === Mode.APPLY) return runArguments(fn, payload);
  const run = mode === Mode.MAP ? runItem : runArguments;
  return runItems(task, payload, fn, run);
}

/** Calls the function for each item, also after it has thrown for an item. */
export function performSettled(
  task: RunningItems,
  fn: AnyFunction,
  payload: unknown[],
  thread: string,
): SettledItems | Promise<SettledItems> {
  const run = task.mode === Mode.MAP ? runItem : runArguments;
  const failures: SettledItems[1] = [];
  const fail = (error: unknown, index: number) => {
    // A terminated worker does nothing more.
    if (isEnding()) throw stopped();
    failures.push([index, toPortable(error, thread)]);
  };
  const values = runItems(task, payload, fn, (fn, item, index) => {
    try {
      const result = run(fn, item);
      // A promise of another kind may have a `then` that returns nothing.
      return isThenable(result)
        ? Promise.resolve(result).catch((error) => fail(error, index))
        : result;
    } catch (error) {
      fail(error, index);
    }
  });
  return Array.isArray(values)
    ? [values, failures]
    : values.then((values) => [values, failures]);
}

/** Calls a function for an item of a map. */
type RunItem = (fn: AnyFunction, item: unknown, index: number) => unknown;

function runItem(fn: AnyFunction, item: unknown): unknown {
  return fn(item);
}

function runArguments(fn: AnyFunction, args: unknown): unknown {
  return fn(...args as readonly unknown[]);
}

/**
 * Checks whether the task is to go on.
 *
 * @throws If the worker is to end, or the task was called off. Nobody sees the error.
 */
function checkGo(task: RunningItems): void {
  checkStop();
  if (isCalledOff(task)) throw new Error("The task was called off");
}

/**
 * Runs one item after another. It returns a promise only if a result has to be
 * awaited. Results take the places of numbers: a new list costs new pages of memory.
 *
 * Before each item it checks whether the task is to go on: by plain reads, as an
 * atomic one takes longer than a short item. What a plain read misses is seen before
 * one of the next items.
 */
function runItems(
  task: RunningItems,
  payload: unknown[],
  fn: AnyFunction,
  run: RunItem,
): unknown[] | Promise<unknown[]> {
  const results = task.hasNumbers
    ? payload
    : new Array<unknown>(payload.length);
  const { ticket } = task;
  const tickets = ticketWords();
  const begun = -task.id;
  for (let i = 0; i < payload.length; i++) {
    if (isStopping() || tickets[ticket] !== begun) checkGo(task);
    const result = run(fn, payload[i], i);
    if (isThenable(result)) {
      return runRest(task, payload, fn, run, results, i, result);
    }
    results[i] = result;
  }
  return results;
}

/** Runs the items after the first whose result has to be awaited. */
async function runRest(
  task: RunningItems,
  payload: readonly unknown[],
  fn: AnyFunction,
  run: RunItem,
  results: unknown[],
  first: number,
  pending: PromiseLike<unknown>,
): Promise<unknown[]> {
  results[first] = await pending;
  for (let i = first + 1; i < payload.length; i++) {
    checkGo(task);
    results[i] = await run(fn, payload[i], i);
  }
  return results;
}
markBottom(runItem, runArguments, runRest, settleTask);
