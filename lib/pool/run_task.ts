// Copyright 2026 the lab9 authors. MIT license.

import { checkSendable, pack, unpack } from "../codec/packing.ts";
import { functionOf, isKnown } from "../codec/references.ts";
import {
  loadModuleOf,
  loadModules,
  ModuleError,
  ModuleNotLoaded,
  prepareFor,
} from "../thread/modules.ts";
import { WorkerLostError } from "../thread/thread.ts";
import {
  isEnding,
  isThenable,
  receiveMail,
  sendMail,
} from "../thread/worker_server.ts";
import {
  Mode,
  perform,
  performSettled,
  type ReceivedTask,
  Reply,
  type SettledItems,
} from "./task.ts";
import { toPortable } from "../codec/portable_error.ts";
import { stopped } from "../sync/waiters.ts";
import type { Channel } from "./channel.ts";
import { endTask } from "./current_task.ts";

/** Sends a worker's answers to the main thread. */
export class Replies {
  #results: Channel;
  #name: string;
  #number: number;

  constructor(
    results: Channel,
    { name, number }: { name: string; number: number },
  ) {
    this.#results = results;
    this.#name = name;
    this.#number = number;
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

  /** Asks for the task's payload, which comes by mail. */
  asks(task: ReceivedTask): void {
    this.#write(task.id, Reply.ASKS, this.#number);
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
      if (error instanceof DOMException && error.name === "DataCloneError") {
        return false;
      }
      throw error;
    }
  }

  #write(id: number, kind: Reply, value: unknown): boolean {
    return this.#results.write((encoder) => {
      encoder.write(id);
      encoder.write(kind);
      if (kind === Reply.LISTED) encoder.writeList(value as unknown[]);
      else encoder.write(value);
    });
  }
}

/** Runs one task. It returns a promise only if the task has to be awaited. */
export function runTask(
  task: ReceivedTask,
  replies: Replies,
  name: string,
): void | Promise<void> {
  const { payload } = task;
  try {
    if ("unreadable" in task) throw task.unreadable;
    if (task.readAgain !== undefined || !isKnown(task.fn)) {
      return loadAndRun(task, replies, name);
    }
    if (payload === undefined) return runAskedFor(task, replies, name);
    const fn = functionOf(task.fn);
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
    await loadModuleOf(task.fn);
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
      await loadModules([error.url]);
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
  const asked = receiveMail();
  replies.asks(task);
  const mail = await asked;
  try {
    await prepareFor(mail);
    task.payload = await loadWhile(() => unpack(mail)) as unknown[];
  } catch (error) {
    return replies.threw(task, lossOf(error, name));
  }
  // The task was called off meanwhile. Nobody waits for an answer.
  if (task.payload === undefined) return;
  await runTask(task, replies, name);
}
