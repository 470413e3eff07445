// Copyright 2026 the lab9 authors. MIT license.

import { Promise } from "../sync/globals.ts";
import { expose } from "../expose.ts";
import type { Decoder } from "../codec/decoder.ts";
import { bringsMemory, unpack } from "../codec/packing.ts";
import { checkStop } from "../sync/waiters.ts";
import { Mark, recordSpan } from "../sync/recorder.ts";
import {
  addOwnModule,
  type AnyFunction,
  functionOf,
  isKnown,
} from "../codec/references.ts";
import {
  loadModuleOf,
  loadModules,
  ModuleError,
  ModuleNotLoaded,
  prepareModules,
} from "../thread/modules.ts";
import { WorkerLostError } from "../thread/thread.ts";
import {
  isThenable,
  receiveMail,
  setPending,
} from "../thread/worker_server.ts";
import { Channel } from "./channel.ts";
import { Replies } from "./replies.ts";
import { addTime, HISTOGRAM_WORDS, microseconds } from "./stats.ts";
import {
  perform,
  performSettled,
  readTask,
  type ReceivedTask,
  type TaskRecord,
} from "./task.ts";
import { beginTask } from "./task_table.ts";

/** Words of a worker's own that the main thread reads when it is gone. */
export const Claim = {
  /** The id of the task that it has taken and not answered; see below. */
  TASK: 0,
  /** 1 once its initializer has done. */
  READY: 1,
  /** How often the main thread has asked whether the worker only waits. */
  PING: 2,
  /** The last of these questions that the worker had a turn to answer. */
  PONG: 3,
  /** Histograms of how long its tasks have waited, and run. */
  WAITED: 4,
  RAN: 4 + HISTOGRAM_WORDS,
  WORDS: 4 + 2 * HISTOGRAM_WORDS,
} as const;

/** What a pool's worker is started with. */
export interface WorkerLoopOptions {
  name: string;
  number: number;
  tasks: SharedArrayBuffer;
  results: SharedArrayBuffer;
  claim: Int32Array;
  /** Which tasks are still wanted; see `TaskTable`. */
  tickets: SharedArrayBuffer;
  initializer: AnyFunction | undefined;
  initargs: readonly unknown[];
  /** How many tasks to do before ending. */
  maxTasks: number;
}

/**
 * Does a pool's tasks until there will be none.
 *
 * Protocol. The worker writes the task's id into its claim in the step in which
 * it takes the task: what an earlier task left behind may close the worker at
 * its next turn. It clears the claim after the answer is in the channel. So
 * when a worker is gone, its claim names the task that went with it. Who wants to
 * end the worker because of that task negates the claim first. Both change it in
 * one step from the id: a worker that is about to be ended takes no other task.
 *
 * @returns Whether it ended because it had done its number of tasks.
 */
export async function workerLoop(options: WorkerLoopOptions): Promise<boolean> {
  const { claim, initializer, initargs, maxTasks } = options;
  answerPings(claim);
  const tasks = new Channel(options.tasks, Mark.POOL);
  const replies = new Replies(new Channel(options.results), options);
  const tickets = new Int32Array(options.tickets);
  if (initializer !== undefined) await initializer(...initargs);
  setPending(() => Atomics.load(claim, Claim.TASK) !== 0);
  Atomics.store(claim, Claim.READY, 1);
  Atomics.notify(claim, Claim.READY);

  const claimTask = (decoder: Decoder): ReceivedTask => {
    const task = readTask(decoder);
    Atomics.store(claim, Claim.TASK, task.id);
    return task;
  };
  // A task that is there when another ends begins at that time.
  let time = microseconds();
  for (let done = 0; done < maxTasks;) {
    // A worker that always finds a task never waits: nothing else would end it.
    checkStop();
    let task = tasks.take(claimTask);
    if (task === undefined) {
      task = await tasks.receive(claimTask);
      if (task === undefined) return false;
      time = microseconds();
    }
    if (beginTask(tickets, task)) {
      done++;
      addTime(claim, Claim.WAITED, task.submitted, time);
      using _span = recordSpan(Mark.TASK, task.payload?.length);
      const outcome = runTask(task, replies, options.name);
      if (isThenable(outcome)) await outcome;
      const end = microseconds();
      addTime(claim, Claim.RAN, time, end);
      time = end;
    }
    const { id } = task;
    if (Atomics.compareExchange(claim, Claim.TASK, id, 0) !== id) {
      // The order to end is on its way.
      await new Promise(() => {});
    }
  }
  return true;
}
// In a bundle a user's module has the same URL: its names are others.
expose(import.meta, { "lab9.workerLoop": workerLoop });
addOwnModule(import.meta);

/** A worker that answers computes nothing at that time. */
async function answerPings(claim: Int32Array): Promise<never> {
  for (let ping = 0;;) {
    await Atomics.waitAsync(claim, Claim.PING, ping).value;
    ping = Atomics.load(claim, Claim.PING);
    Atomics.store(claim, Claim.PONG, ping);
  }
}

/** Does one task; a promise only if it has to be awaited. */
function runTask(
  task: ReceivedTask,
  replies: Replies,
  name: string,
): void | Promise<void> {
  const { mode, payload } = task;
  try {
    if ("unreadable" in task) throw task.unreadable;
    if (task.readAgain !== undefined || !isKnown(task.fn)) {
      return loadAndRun(task, replies, name);
    }
    if (payload === undefined) return runAskedFor(task, replies, name);
    const fn = functionOf(task.fn);
    const value = task.isSettled
      ? performSettled(mode, fn, payload, name)
      : perform(mode, fn, payload);
    if (isThenable(value)) return settleTask(task, value, replies);
    replies.done(task, value);
  } catch (error) {
    replies.threw(task, error);
  }
}

async function settleTask(
  task: TaskRecord,
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
  { readAgain, ...task }: ReceivedTask,
  replies: Replies,
  name: string,
): Promise<void> {
  try {
    await loadModuleOf(task.fn);
    // What is still unknown has no module: that is said now.
    functionOf(task.fn);
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
  task: TaskRecord,
  replies: Replies,
  name: string,
): Promise<void> {
  const asked = receiveMail();
  replies.asks(task);
  const mail = await asked;
  let payload: unknown[];
  try {
    // What comes through a queue in it, nobody knows yet.
    if (bringsMemory(mail)) await prepareModules();
    payload = await loadWhile(() => unpack(mail)) as unknown[];
  } catch (error) {
    return replies.threw(task, lossOf(error, name));
  }
  await runTask({ ...task, payload }, replies, name);
}
