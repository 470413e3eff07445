// Copyright 2026 the lab9 authors. MIT license.

import { now, Promise } from "../platform/platform.ts";
import { expose } from "../expose.ts";
import type { Decoder } from "../codec/decoder.ts";
import { checkStop } from "../sync/waiters.ts";
import { Mark, recordSpan } from "../sync/recorder.ts";
import { addOwnModule, type AnyFunction } from "../codec/references.ts";
import { isThenable, setPending } from "../thread/worker_server.ts";
import { Channel } from "./channel.ts";
import { beginTask, Claim } from "./claim.ts";
import { enterPool, lookAtSignals, runAs } from "./current_task.ts";
import { Replies, runTask } from "./run_task.ts";
import { addTime, microseconds } from "./stats.ts";
import { readTask, type ReceivedTask } from "./task.ts";

/** It has done its number of tasks, or got none for long, or there are no more. */
export type LoopEnd = "recycled" | "idle" | "closed";

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
  /** Called before it ends, unless it is ended. */
  finalizer: AnyFunction | undefined;
  /** After how many seconds without a task to end. */
  idleTimeout: number;
  /** How many tasks to do at a time. */
  tasksPerWorker: number;
}

/**
 * Does a pool's tasks until there will be none.
 *
 * Protocol. The worker writes the task's id into a slot of its claim in the step
 * in which it takes the task: what an earlier task left behind may close the
 * worker at its next turn. It clears the slot after the answer is in the channel.
 * So when a worker is gone, its claim names the tasks that went with it. Who wants
 * to end the worker because of a task negates the slot first. Both change it in
 * one step from the id: a worker that is about to be ended takes no other task.
 *
 * @returns Why it has ended.
 */
export async function workerLoop(options: WorkerLoopOptions): Promise<LoopEnd> {
  const { claim, initializer, initargs, finalizer } = options;
  answerPings(claim);
  const loop = new Loop(options);
  if (initializer !== undefined) await initializer(...initargs);
  setPending(() => loop.hasTasks);
  Atomics.store(claim, Claim.READY, 1);
  Atomics.notify(claim, Claim.READY);
  const end = await loop.run();
  checkStop();
  if (finalizer !== undefined) await finalizer();
  return end;
}

/** Takes tasks and does them, one or several at a time. */
class Loop {
  #tasks: Channel;
  #replies: Replies;
  #tickets: Int32Array;
  #claim: Int32Array;
  #options: WorkerLoopOptions;
  #freeSlots: number[];
  /** The slot of the task that is taken next. */
  #slot = 0;
  #onFree = (): void => {};
  #held = false;
  #broken = Promise.withResolvers<never>();
  /** How many tasks have begun. */
  #begun = 0;
  /** A task that is there when another ends begins at that time. */
  #time = microseconds();

  constructor(options: WorkerLoopOptions) {
    const { claim, tasksPerWorker } = options;
    this.#options = options;
    this.#claim = claim;
    this.#tickets = new Int32Array(options.tickets);
    this.#tasks = new Channel(options.tasks, Mark.POOL);
    this.#replies = new Replies(new Channel(options.results), options);
    this.#freeSlots = Array.from({ length: tasksPerWorker }, (_, i) => i);
    enterPool({ tickets: this.#tickets, claim }, tasksPerWorker);
  }

  get hasTasks(): boolean {
    return this.#freeSlots.length < this.#options.tasksPerWorker;
  }

  /** Resolves when there are no tasks any more, or so many were done. */
  run(): Promise<LoopEnd> {
    return Promise.race([this.#takeTasks(), this.#broken.promise]);
  }

  async #takeTasks(): Promise<LoopEnd> {
    const { maxTasks, tasksPerWorker, idleTimeout } = this.#options;
    let end: LoopEnd = "recycled";
    const isSingle = tasksPerWorker === 1;
    while (this.#begun < maxTasks) {
      // A worker that always finds a task never waits: nothing else would end it.
      checkStop();
      while (this.#freeSlots.length === 0) await this.#slotFreed();
      this.#slot = this.#freeSlots.pop()!;
      let task = this.#tasks.take(this.#take);
      if (task === undefined || !isSingle) {
        task ??= await this.#tasks.receive(
          this.#take,
          idleTimeout === Infinity ? Infinity : now() + idleTimeout * 1000,
        );
        this.#time = microseconds();
      }
      if (task === undefined) {
        this.#freeSlots.push(this.#slot);
        end = this.#tasks.isClosed ? "closed" : "idle";
        if (end === "idle" && this.hasTasks) continue;
        break;
      }
      const done = this.#do(task);
      if (isThenable(done)) {
        if (isSingle) await done;
        else done.catch(this.#broken.reject);
      }
      // The order to end is on its way.
      if (this.#isHeld) await new Promise(() => {});
    }
    while (this.#freeSlots.length < tasksPerWorker) await this.#slotFreed();
    return end;
  }

  #take = (decoder: Decoder): ReceivedTask => {
    const task = readTask(decoder);
    task.slot = this.#slot;
    Atomics.store(this.#claim, Claim.taskOf(task.slot), task.id);
    return task;
  };

  /** Does a task; a promise only if it has to be awaited. */
  #do(task: ReceivedTask): void | Promise<void> {
    if (!beginTask(this.#tickets, task)) return this.#release(task);
    this.#begun++;
    if (task.runTimeout !== undefined) this.#replies.begins(task);
    const began = this.#time;
    addTime(this.#claim, Claim.WAITED, task.submitted, began);
    const span = recordSpan(Mark.TASK, task.payload?.length);
    const outcome = runAs(task, this.#run);
    if (isThenable(outcome)) return this.#doLater(outcome, task, began, span);
    this.#end(task, began, span);
  }

  #run = (task: ReceivedTask): void | Promise<void> =>
    runTask(task, this.#replies, this.#options.name);

  async #doLater(
    outcome: Promise<void>,
    task: ReceivedTask,
    began: number,
    span: Disposable | undefined,
  ): Promise<void> {
    await outcome;
    this.#end(task, began, span);
  }

  #end(task: ReceivedTask, began: number, span: Disposable | undefined): void {
    span?.[Symbol.dispose]();
    const time = this.#time = microseconds();
    addTime(this.#claim, Claim.RAN, began, time);
    this.#release(task);
  }

  /** Frees the task's slot, unless the worker is to be ended because of it. */
  #release({ id, slot }: ReceivedTask): void {
    const at = Claim.taskOf(slot);
    if (Atomics.compareExchange(this.#claim, at, id, 0) === id) {
      this.#freeSlots.push(slot);
      this.#onFree();
    } else this.#held = true;
  }

  /** Whether it is to take no more tasks, because one was called off. */
  get #isHeld(): boolean {
    return this.#held || Atomics.load(this.#claim, Claim.RETIRED) !== 0;
  }

  #slotFreed(): Promise<void> {
    return new Promise((resolve) => this.#onFree = resolve);
  }
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
    // Who calls a task off asks, too.
    lookAtSignals();
  }
}
