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

/** How a task's function is to be called. */
export const Mode = {
  /** Once, with the payload as its arguments. */
  APPLY: 0,
  /** For each item of the payload. */
  MAP: 1,
  /** For each item of the payload, with the item as its arguments. */
  STARMAP: 2,
} as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

/** What a worker is to do, as it stands in the channel of tasks. */
export interface TaskRecord {
  /** Not zero. No other pending task has it. */
  id: number;
  /** The index of the task's ticket; see `TaskTable`. */
  ticket: number;
  /** The function's id. */
  fn: number;
  mode: Mode;
  /** Whether an item that fails leaves the others alone. */
  isSettled: boolean;
  /** How many seconds it may run. If it is limited, its start is reported. */
  runTimeout: number | undefined;
  /** When it was made, in {@linkcode turnMicroseconds}. */
  submitted: number;
  /** The arguments or items; undefined if they have to be asked for. */
  payload: readonly unknown[] | undefined;
}

/** A task as its worker gets it. */
export interface ReceivedTask extends TaskRecord, Runnable {
  /** Why the payload can't be read, if it can't. */
  unreadable?: unknown;
  /** Reads the payload once more: it holds functions of modules to be loaded. */
  readAgain?: () => unknown;
}

/** Where the results of a chunk are wanted. */
export interface Place {
  /** The list may be made after the chunk was submitted, in the same turn. */
  results: { list: unknown[] };
  at: number;
}

/** The call that a task is part of. */
export interface TaskOwner {
  /** The task has settled, or was refused. */
  onSettled(task: Task): void;
}

/** A task in the main thread, from its submission until it settles. */
export class Task implements TaskRecord {
  /** Given by the table of tasks, as is the ticket. */
  id = 0;
  ticket = 0;
  readonly fn: number;
  readonly mode: Mode;
  readonly isSettled: boolean;
  runTimeout: number | undefined = undefined;
  /** The lowest comes first. */
  priority = 0;
  /** The how-many-eth task of its pool it is; given with the ticket. */
  number = 0;
  /** Rings when it has run too long. */
  alarm: Alarm | undefined = undefined;
  readonly submitted: number = turnMicroseconds();
  payload: readonly unknown[] | undefined;
  /** Which part of the payload is the task's. */
  from: number;
  to: number;
  /** Where a list of results is to be put, instead of being resolved to. */
  readonly into: Place | undefined;
  /** The payload, if it goes by message to the worker that asks for it. */
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

/**
 * What came of the items of a settled task: their results, and what was thrown
 * in place of some.
 */
export type SettledItems = [
  values: unknown[],
  failures: [index: number, error: PortableError][],
];

/** What a record of the channel of results says. */
export const Reply = {
  /** The value follows. */
  DONE: 0,
  /** The results of a chunk follow: a list that the worker has made. */
  LISTED: 1,
  /** What was thrown follows. */
  THREW: 2,
  /** What was thrown, or the value, is in the mail. */
  MAILED: 3,
  /** The worker asks for the payload. */
  ASKS: 4,
  /** The worker begins a task whose time is limited. */
  BEGINS: 5,
} as const;
export type Reply = (typeof Reply)[keyof typeof Reply];

/** Writes a task; without its payload if that goes by message. */
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
    // It holds a function that this worker doesn't know, or not yet.
    if (error instanceof ModuleNotLoaded) {
      task.readAgain = decoder.readAgain(position);
    } else task.unreadable = error;
  }
  return task;
}

/**
 * Checks what came of so many items of a settled task.
 *
 * @throws {Damaged} If no worker of this library can have answered that.
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

/** A task that runs: what its items are done as. */
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

/** Calls the function for each item, whatever it throws for the others. */
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

/** A worker looks every so many items, plus one, whether to go on. */
const STOP_MASK = 3;

/** Ends the worker if that is ordered, and the task if it was called off. */
function checkGo(task: RunningItems): void {
  checkStop();
  if (isCalledOff(task)) throw new Error("Nobody wants to know this");
}

/**
 * Does one item after another; a promise only if one has to be awaited. A worker
 * that is to end does so between two of them: not always the next two, as
 * the look takes as long as a short item.
 */
function runItems(
  task: RunningItems,
  payload: readonly unknown[],
  run: (item: unknown, index: number) => unknown,
): unknown[] | Promise<unknown[]> {
  const results = new Array<unknown>(payload.length);
  for (let i = 0; i < payload.length; i++) {
    if ((i & STOP_MASK) === 0) checkGo(task);
    const result = run(payload[i], i);
    if (isThenable(result)) {
      return runRest(task, payload, run, results, i, result);
    }
    results[i] = result;
  }
  return results;
}

/** Goes on where a function turned out to be async. */
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
