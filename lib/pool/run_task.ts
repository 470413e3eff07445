// Copyright 2026 the lab9 authors. MIT license.

import { bringsMemory, unpack } from "../codec/packing.ts";
import { functionOf, isKnown } from "../codec/references.ts";
import {
  loadModuleOf,
  loadModules,
  ModuleError,
  ModuleNotLoaded,
  prepareModules,
} from "../thread/modules.ts";
import { WorkerLostError } from "../thread/thread.ts";
import { isThenable, receiveMail } from "../thread/worker_server.ts";
import type { Replies } from "./replies.ts";
import { perform, performSettled, type ReceivedTask } from "./task.ts";

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

/** A module that can't be loaded is told as a thread tells it. */
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
    // What comes through a queue in it, nobody knows yet.
    if (bringsMemory(mail)) await prepareModules();
    task.payload = await loadWhile(() => unpack(mail)) as unknown[];
  } catch (error) {
    return replies.threw(task, lossOf(error, name));
  }
  // It was called off since. Nobody waits for an answer.
  if (task.payload === undefined) return;
  await runTask(task, replies, name);
}
