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

/** Tells the main thread what came of a worker's tasks. */
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

  /** The task has returned that. */
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

  /** The task has thrown that. */
  threw(task: ReceivedTask, error: unknown): void {
    // A terminated worker answers no more: its task was rejected already.
    if (isEnding()) throw stopped();
    this.#reply(task, Reply.THREW, toPortable(error, this.#name));
  }

  /** A task begins whose time is limited. */
  begins(task: ReceivedTask): void {
    this.#write(task.id, Reply.BEGINS, undefined);
    this.#results.sendSync();
  }

  /** The task's payload is wanted by mail. */
  asks(task: ReceivedTask): void {
    this.#write(task.id, Reply.ASKS, this.#number);
    this.#results.sendSync();
  }

  /** Answers through the channel, or by mail what can't stand in it. */
  #reply(task: ReceivedTask, kind: Reply, value: unknown): void {
    if (!this.#tryWrite(task.id, kind, value)) {
      sendMail(pack([kind, value], kind === Reply.LISTED ? -2 : -1));
      this.#write(task.id, Reply.MAILED, this.#number);
    }
    endTask(task);
    this.#results.sendSync();
  }

  /** Has the results that can't travel fail, so that the others can. */
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

/** Does one task; a promise only if it has to be awaited. */
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

/** Loads the modules of the task's functions first. */
async function loadAndRun(
  task: ReceivedTask,
  replies: Replies,
  name: string,
): Promise<void> {
  try {
    await loadModuleOf(task.fn);
    // What is still unknown has no module: that is said now.
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

/** Reads, loading modules as long as there is a function of one in the way. */
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

/** The error of a module that can't be loaded, as a thread has it. */
function lossOf(error: unknown, name: string): unknown {
  if (!(error instanceof ModuleError)) return error;
  const { message, cause } = error;
  return new WorkerLostError(
    `The worker of ${name} broke down: ${message}`,
    { cause },
  );
}

/** Asks for a payload that couldn't stand in the channel, then does the task. */
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
  // It was called off since. Nobody waits for an answer.
  if (task.payload === undefined) return;
  await runTask(task, replies, name);
}
