// Copyright 2026 the lab9 authors. MIT license.

import { Promise } from "../platform/platform.ts";
import type { Alarm } from "../sync/alarms.ts";
import { Damaged } from "../codec/tags.ts";
import type { Decoder } from "../codec/decoder.ts";
import type { Encoder } from "../codec/encoder.ts";
import type { Packed } from "../codec/packing.ts";
import { checkStop, stopped } from "../sync/waiters.ts";
import type { AnyFunction } from "../codec/references.ts";
import { type PortableError, toPortable } from "../codec/portable_error.ts";
import { ModuleNotLoaded } from "../thread/modules.ts";
import { isEnding, isThenable } from "../thread/worker_server.ts";
import { isCalledOff, type Runnable } from "./current_task.ts";
import { turnMicroseconds } from "./stats.ts";

/** How a task's function is called. */
export const Mode = {
  /** Once, with the payload as the list of its arguments. */
  APPLY: 0,
  /** For each item of the payload, with the item as its argument. */
  MAP: 1,
  /** For each item of the payload, with the item as the list of its arguments. */
  STARMAP: 2,
} as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

/** A task, as it stands in the channel of tasks. */
export interface TaskRecord {
  /** Not zero. No two pending tasks have the same id. */
  id: number;
  /** The index of the task's ticket; see `TaskTable`. */
  ticket: number;
  /** The function's id. */
  fn: number;
  mode: Mode;
  /** Whether an error stands in its item's place, and the other items go on. */
  isSettled: boolean;
  /** How many seconds it may run. The start of a task with a limit is reported. */
  runTimeout: number | undefined;
  /** When it was made, in {@linkcode turnMicroseconds}. */
  submitted: number;
  /** The arguments or items; undefined if the worker has to ask for them. */
  payload: readonly unknown[] | undefined;
}

/** A task as its worker gets it. */
export interface ReceivedTask extends TaskRecord, Runnable {
  /** The error of a payload that can't be read. */
  unreadable?: unknown;
  /** Reads a payload again, once the modules of its functions are loaded. */
  readAgain?: () => unknown;
}

/** Where the results of a chunk stand in the results of its call. */
export interface Place {
  /** The list may be made after the chunk was submitted, in the same turn. */
  results: { list: unknown[] };
  /** The index of the chunk's first result. */
  at: number;
}

/** The call that a task is part of. */
export interface TaskOwner {
  /** Is called when the task has settled. */
  onSettled(task: Task): void;
}

/** A task in the thread of its pool, from its submission until it settles. */
export class Task implements TaskRecord {
  /** The table of tasks gives a task its id, ticket and number. */
  id = 0;
  ticket = 0;
  readonly fn: number;
  readonly mode: Mode;
  readonly isSettled: boolean;
  runTimeout: number | undefined = undefined;
  /** The task with the lowest priority comes first. */
  priority = 0;
  /** Tasks are numbered in the order of their submission. */
  number = 0;
  /** Calls the task off when its `runTimeout` has passed. */
  alarm: Alarm | undefined = undefined;
  readonly submitted: number = turnMicroseconds();
  payload: readonly unknown[] | undefined;
  /** The part of the payload that is the task's. */
  from: number;
  to: number;
  /** Where the results are put. Without it, the promise resolves to them. */
  readonly into: Place | undefined;
  /** A payload that goes by message to the worker that asks for it. */
  mail: Packed | undefined = undefined;
  /** Undefined for a task that is a call by itself. */
  owner: TaskOwner | undefined = undefined;
  readonly promise: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;

  constructor(
    fn: number,
    mode: Mode,
    isSettled: boolean,
    payload: readonly unknown[],
    from: number = 0,
    to: number = payload.length,
    into?: Place,
  ) {
    this.fn = fn;
    this.mode = mode;
    this.isSettled = isSettled;
    this.payload = payload;
    this.from = from;
    this.to = to;
    this.into = into;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.promise = promise;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/** The outcome of a settled task: its items' results, and the errors of some. */
export type SettledItems = [
  values: unknown[],
  failures: [index: number, error: PortableError][],
];

/** What a record in the channel of results means. */
export const Reply = {
  /** The task has returned. The value follows. */
  DONE: 0,
  /** A chunk is done. The list of its results follows, which the worker has made. */
  LISTED: 1,
  /** The task has thrown. The error follows. */
  THREW: 2,
  /** The task is done. One of the replies above comes by mail. */
  MAILED: 3,
  /** The worker asks for the task's payload. */
  ASKS: 4,
  /** The worker begins a task with a `runTimeout`. */
  BEGINS: 5,
} as const;
export type Reply = (typeof Reply)[keyof typeof Reply];

/** Writes a task. A payload that goes by message is left out. */
export function writeTask(
  encoder: Encoder,
  task: TaskRecord & { from: number; to: number },
): void {
  encoder.write(task.id);
  encoder.write(task.ticket);
  encoder.write(task.fn);
  encoder.write(task.mode);
  encoder.write(task.isSettled);
  encoder.write(task.submitted);
  encoder.write(task.runTimeout);
  if (task.payload === undefined) encoder.write(undefined);
  else encoder.writeList(task.payload, task.from, task.to);
}

/** Reads what {@linkcode writeTask} wrote. */
export function readTask(decoder: Decoder): ReceivedTask {
  const task: ReceivedTask = {
    id: decoder.readNumber(),
    ticket: decoder.readNumber(),
    fn: decoder.readNumber(),
    mode: decoder.readNumber() as Mode,
    isSettled: decoder.read() === true,
    submitted: decoder.readNumber(),
    runTimeout: decoder.read() as number | undefined,
    payload: undefined,
    slot: 0,
    hasEnded: false,
    running: undefined,
  };
  const { position } = decoder;
  try {
    const payload = decoder.read();
    if (payload !== undefined && !Array.isArray(payload)) {
      throw new Damaged("task");
    }
    task.payload = payload;
  } catch (error) {
    // The payload holds a function that this worker doesn't know, or not yet.
    if (error instanceof ModuleNotLoaded) {
      task.readAgain = decoder.readAgain(position);
    } else task.unreadable = error;
  }
  return task;
}

/**
 * Checks the outcome of a settled task of so many items.
 *
 * @throws {Damaged} If no worker of this library can have written it.
 */
export function checkSettled(
  value: unknown,
  count: number,
): asserts value is SettledItems {
  const isSettled = Array.isArray(value) && value.length === 2 &&
    Array.isArray(value[0]) && value[0].length === count &&
    Array.isArray(value[1]) &&
    value[1].every((failure: unknown) =>
      Array.isArray(failure) && failure.length === 2 &&
      Number.isInteger(failure[0]) && failure[0] >= 0 && failure[0] < count
    );
  if (!isSettled) throw new Damaged("answer");
}

/** A task that runs, and how its function is called. */
export interface RunningItems extends Runnable {
  mode: Mode;
}

/** Calls the function as the task's mode says. */
export function perform(
  task: RunningItems,
  fn: AnyFunction,
  payload: readonly unknown[],
): unknown {
  const { mode } = task;
  if (mode === Mode.APPLY) return runItem(mode, fn, payload);
  return runItems(task, payload, (item) => runItem(mode, fn, item));
}

/** Calls the function for each item, also after it has thrown for an item. */
export function performSettled(
  task: RunningItems,
  fn: AnyFunction,
  payload: readonly unknown[],
  thread: string,
): SettledItems | Promise<SettledItems> {
  const { mode } = task;
  const failures: SettledItems[1] = [];
  const fail = (error: unknown, index: number) => {
    // A terminated worker does nothing more.
    if (isEnding()) throw stopped();
    failures.push([index, toPortable(error, thread)]);
  };
  const values = runItems(task, payload, (item, index) => {
    try {
      const result = runItem(mode, fn, item);
      return isThenable(result)
        ? result.then(undefined, (error) => fail(error, index))
        : result;
    } catch (error) {
      fail(error, index);
    }
  });
  return Array.isArray(values)
    ? [values, failures]
    : values.then((values) => [values, failures]);
}

function runItem(mode: Mode, fn: AnyFunction, item: unknown): unknown {
  return mode === Mode.MAP ? fn(item) : fn(...item as readonly unknown[]);
}

/** A worker checks whether to go on before every fourth item. */
const CHECK_MASK = 3;

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
 * awaited. Between two items it checks whether the task is to go on: not between all
 * of them, as the check takes as long as a short item.
 */
function runItems(
  task: RunningItems,
  payload: readonly unknown[],
  run: (item: unknown, index: number) => unknown,
): unknown[] | Promise<unknown[]> {
  const results = new Array<unknown>(payload.length);
  for (let i = 0; i < payload.length; i++) {
    if ((i & CHECK_MASK) === 0) checkGo(task);
    const result = run(payload[i], i);
    if (isThenable(result)) {
      return runRest(task, payload, run, results, i, result);
    }
    results[i] = result;
  }
  return results;
}

/** Runs the items after the first whose result has to be awaited. */
async function runRest(
  task: RunningItems,
  payload: readonly unknown[],
  run: (item: unknown, index: number) => unknown,
  results: unknown[],
  first: number,
  pending: PromiseLike<unknown>,
): Promise<unknown[]> {
  results[first] = await pending;
  for (let i = first + 1; i < payload.length; i++) {
    checkGo(task);
    results[i] = await run(payload[i], i);
  }
  return results;
}
