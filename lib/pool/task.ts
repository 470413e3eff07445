// Copyright 2026 the lab9 authors. MIT license.

import { isDataCloneError } from "../codec/brand.ts";
import { now, Promise } from "../platform/platform.ts";
import { type Alarm, clearAlarm, setAlarm } from "../sync/alarms.ts";
import { isParked, rouse, stopped } from "../sync/waiters.ts";
import { Damaged } from "../codec/tags.ts";
import type { Decoder } from "../codec/decoder.ts";
import type { Encoder } from "../codec/encoder.ts";
import { checkSendable, pack, type Packed } from "../codec/packing.ts";
import { type PortableError, toPortable } from "../codec/portable_error.ts";
import { ModuleNotLoaded } from "../thread/modules.ts";
import { isEnding, receiveMail, sendMail } from "../thread/worker_server.ts";
import type { Channel } from "./channel.ts";
import { Claim } from "./claim.ts";
import { endTask, type Runnable } from "./current_task.ts";
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
  payload: unknown[] | undefined;
  /** Whether the payload is a list of numbers. */
  hasNumbers: boolean;
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
  /** The task's record, while the task waits in a line. */
  record: Uint8Array<ArrayBuffer> | undefined = undefined;
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
    this.promise = new Promise(takeResolvers);
    this.resolve = resolvers.resolve;
    this.reject = resolvers.reject;
    resolvers.resolve = resolvers.reject = ignore;
  }
}

function ignore(): void {}

/** The functions that settle the promise which a {@linkcode Task} has just made. */
const resolvers = {
  resolve: ignore as (value: unknown) => void,
  reject: ignore as (reason: unknown) => void,
};

/**
 * The executor of every task's promise. One function for all leaves less garbage than
 * one each, and takes half the time of `Promise.withResolvers()`.
 */
function takeResolvers(
  resolve: (value: unknown) => void,
  reject: (reason: unknown) => void,
): void {
  resolvers.resolve = resolve;
  resolvers.reject = reject;
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
  /** The worker takes no more tasks, and ends when those that it does have ended. */
  RETIRES: 6,
} as const;
export type Reply = (typeof Reply)[keyof typeof Reply];

/** Flags of a task's record, beside its mode. */
const MODES = 3;
const IS_SETTLED = 4;
const HAS_LIMIT = 8;
const HAS_PAYLOAD = 16;

/** Writes a task. A payload that goes by message is left out. */
export function writeTask(
  encoder: Encoder,
  task: TaskRecord & { from: number; to: number },
): void {
  const { runTimeout, payload } = task;
  encoder.writeWord(task.id);
  encoder.writeWord(
    task.mode | (task.isSettled ? IS_SETTLED : 0) |
      (runTimeout === undefined ? 0 : HAS_LIMIT) |
      (payload === undefined ? 0 : HAS_PAYLOAD),
  );
  encoder.writeWord(task.ticket);
  encoder.writeWord(task.submitted);
  encoder.writeNumber(task.fn);
  if (runTimeout !== undefined) encoder.writeNumber(runTimeout);
  if (payload !== undefined) encoder.writeList(payload, task.from, task.to);
}

/**
 * Reads what {@linkcode writeTask} wrote, and claims the task. The claim comes before
 * the payload, which may be larger than a worker's `memoryLimit`.
 *
 * @param claim The worker's claim.
 * @param slot The task's slot in the claim.
 */
export function readTask(
  decoder: Decoder,
  claim: Int32Array,
  slot: number,
): ReceivedTask {
  const id = decoder.readWord();
  claim[Claim.taskOf(slot)] = id;
  const flags = decoder.readWord();
  const task: ReceivedTask = {
    id,
    ticket: decoder.readWord(),
    submitted: decoder.readWord(),
    fn: decoder.readNumber(),
    mode: (flags & MODES) as Mode,
    isSettled: (flags & IS_SETTLED) !== 0,
    runTimeout: (flags & HAS_LIMIT) === 0 ? undefined : decoder.readNumber(),
    payload: undefined,
    hasNumbers: false,
    slot,
    hasEnded: false,
    running: undefined,
  };
  if ((flags & HAS_PAYLOAD) === 0) return task;
  const { position } = decoder;
  try {
    task.hasNumbers = decoder.hasNumbers;
    const payload = decoder.read();
    if (!Array.isArray(payload)) throw new Damaged("task");
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

/** Writes an answer to a task. */
export function writeReply(
  encoder: Encoder,
  id: number,
  kind: Reply,
  value: unknown,
): void {
  encoder.writeWord(id);
  encoder.writeWord(kind);
  if (kind === Reply.LISTED) encoder.writeList(value as unknown[]);
  else encoder.write(value);
}

/** How long a worker waits for a payload before it wakes the pool's thread again. */
const WAKE_AGAIN_MS = 10;

/** What a worker's answers need to know of it. */
interface RepliesOptions {
  name: string;
  number: number;
  claim: Int32Array;
  /** The waiter that the pool's thread blocks on. */
  host: number;
}

/** Sends a worker's answers to the main thread. */
export class Replies {
  #results: Channel;
  #name: string;
  #number: number;
  #claim: Int32Array;
  #host: number;

  constructor(
    results: Channel,
    { name, number, claim, host }: RepliesOptions,
  ) {
    this.#results = results;
    this.#name = name;
    this.#number = number;
    this.#claim = claim;
    this.#host = host;
  }

  /** Answers that a task has returned a value. */
  done(task: ReceivedTask, value: unknown): void {
    if (isEnding()) throw stopped();
    try {
      const isList = task.mode !== Mode.APPLY && !task.isSettled;
      this.#reply(task, isList ? Reply.LISTED : Reply.DONE, value);
    } catch (error) {
      if (!task.isSettled) throw error;
      const items = value as SettledItems;
      this.#failUnsendable(task, items);
      this.#reply(task, Reply.DONE, items);
    }
  }

  /** Answers that a task has thrown an error. */
  threw(task: ReceivedTask, error: unknown): void {
    // A terminated worker doesn't answer: its tasks were rejected already.
    if (isEnding()) throw stopped();
    this.#reply(task, Reply.THREW, toPortable(error, this.#name));
  }

  /** Reports that a task with a `runTimeout` begins. */
  begins(task: ReceivedTask): void {
    this.#write(task.id, Reply.BEGINS, undefined);
    this.#results.sendSync();
  }

  /**
   * Asks for the task's payload, which comes by mail.
   *
   * Protocol. The pool's thread may block. Before it sleeps, its waiter is parked, and
   * then it looks whether a worker asks. The worker notes that it asks, sends the
   * request, and then looks whether the waiter is parked. Both orders are sequentially
   * consistent: either the thread sees the request, or the worker sees that the thread
   * may sleep. Then the worker wakes it, so that it looks again. A thread that is about
   * to sleep misses the wake, so it is woken again and again.
   */
  async ask(task: ReceivedTask): Promise<Packed> {
    const payload = receiveMail();
    Atomics.add(this.#claim, Claim.ASKING, 1);
    this.#write(task.id, Reply.ASKS, this.#number);
    this.#results.sendSync();
    const isWoken = isParked(this.#host);
    const mail = await (isWoken ? this.#wakeFor(payload) : payload);
    Atomics.sub(this.#claim, Claim.ASKING, 1);
    return mail;
  }

  /** Wakes the pool's thread, which may block, until something has come. */
  async #wakeFor<T>(awaited: Promise<T>): Promise<T> {
    let alarm: Alarm;
    const wake = () => {
      rouse(this.#host);
      alarm = setAlarm(now() + WAKE_AGAIN_MS, wake);
    };
    wake();
    const value = await awaited;
    clearAlarm(alarm!);
    return value;
  }

  /** Reports that the worker takes no more tasks, and isn't done with all of its own. */
  retires(): void {
    this.#write(0, Reply.RETIRES, this.#number);
    this.#results.sendSync();
  }

  /** Answers through the channel. A value that can't stand there goes by mail. */
  #reply(task: ReceivedTask, kind: Reply, value: unknown): void {
    if (!this.#tryWrite(task.id, kind, value)) {
      sendMail(pack([kind, value], kind === Reply.LISTED ? -2 : -1));
      this.#write(task.id, Reply.MAILED, this.#number);
    }
    endTask(task);
    this.#results.sendSync();
  }

  /** Replaces each result that can't be sent by its error, so the others are sent. */
  #failUnsendable(task: ReceivedTask, [values, failures]: SettledItems): void {
    for (const [index, value] of values.entries()) {
      try {
        if (!this.#tryWrite(task.id, Reply.DONE, value)) {
          checkSendable(pack(value));
        }
      } catch (error) {
        values[index] = undefined;
        failures.push([index, toPortable(error, this.#name)]);
      }
    }
  }

  #tryWrite(id: number, kind: Reply, value: unknown): boolean {
    try {
      return this.#write(id, kind, value);
    } catch (error) {
      if (isDataCloneError(error)) return false;
      throw error;
    }
  }

  #write(id: number, kind: Reply, value: unknown): boolean {
    return this.#results.write(writeReply, id, kind, value);
  }
}
