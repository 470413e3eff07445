// Copyright 2026 the lab9 authors. MIT license.

import { now, Promise } from "../platform/platform.ts";
import { expose } from "../expose.ts";
import type { Decoder } from "../codec/decoder.ts";
import { beforeBlocking, checkStop } from "../sync/waiters.ts";
import { Mark, recordSpan } from "../sync/recorder.ts";
import { markBottom } from "../codec/portable_error.ts";
import { addOwnModule, type AnyFunction } from "../codec/references.ts";
import { isThenable, setPending } from "../thread/worker_server.ts";
import { Channel } from "./channel.ts";
import { Claim, Tickets } from "./claim.ts";
import {
  enterPool,
  lookAtSignals,
  runAs,
  runningTask,
} from "./current_task.ts";
import { runTask } from "./run_task.ts";
import { Pace, Stopwatch } from "./pace.ts";
import { Mode, readTask, type ReceivedTask, Replies } from "./task.ts";

/**
 * Why a worker has ended by itself: it has done `maxTasksPerChild` tasks, it had none
 * for `idleTimeout` seconds, or the pool was closed.
 */
export type LoopEnd = "recycled" | "idle" | "closed";

/** What a pool's worker is started with. */
export interface WorkerLoopOptions {
  name: string;
  number: number;
  tasks: SharedArrayBuffer;
  results: SharedArrayBuffer;
  claim: Int32Array;
  /** The waiter that the pool's thread blocks on. */
  host: number;
  /** The tickets say which tasks were called off; see `TaskTable`. */
  tickets: SharedArrayBuffer;
  initializer: AnyFunction | undefined;
  initargs: readonly unknown[];
  /** The worker ends when it has done so many tasks. */
  maxTasks: number;
  /** The worker calls it before it ends by itself. */
  finalizer: AnyFunction | undefined;
  /** The worker ends when it had no task for so many seconds. */
  idleTimeout: number;
  /** How many tasks the worker does at a time. */
  tasksPerWorker: number;
}

/** How long a worker waits at least before it looks if its other tasks have ended. */
const LOOK_MS = 100;

/**
 * Runs a pool's tasks until there are no more.
 *
 * Protocol. The worker writes a task's id into a slot of its claim in the turn in
 * which it takes the task, since code that an earlier task left behind may close the
 * worker in its next turn. It writes plainly: the change of the task's ticket, which
 * comes next, makes that visible. It clears the slot after the answer is in the
 * channel. So when a worker has ended, its claim names the tasks that were lost with
 * it. A thread that wants to end the worker because of a task negates the slot first.
 * Both change the slot by compare-exchange from the id, so either the task's slot is
 * cleared, or the worker takes no other task once the task has ended.
 *
 * A worker of several tasks must not take others while that task runs on. So the thread
 * that has negated the slot also sets `RETIRED`. The worker looks at it before it takes a
 * task, and when a record wakes it from its wait for one. A task that it takes at that
 * very moment still runs: the thread ends the worker only when its other tasks have
 * ended, or can't go on.
 *
 * @returns Why the worker has ended.
 */
export async function workerLoop(options: WorkerLoopOptions): Promise<LoopEnd> {
  const { claim, initializer, initargs, finalizer } = options;
  answerPings(claim);
  const loop = new Loop(options);
  using _blocking = beforeBlocking(() => loop.beforeBlocking());
  if (initializer !== undefined) await initializer(...initargs);
  setPending(() => loop.hasTasks);
  Atomics.store(claim, Claim.READY, 1);
  Atomics.notify(claim, Claim.READY);
  const end = await loop.run();
  checkStop();
  if (finalizer !== undefined) {
    setPending(() => true);
    await finalizer();
  }
  return end;
}

/** Takes tasks and runs them, one or several at a time. */
class Loop {
  #tasks: Channel;
  #replies: Replies;
  #tickets: Tickets;
  #claim: Int32Array;
  #options: WorkerLoopOptions;
  #freeSlots: number[];
  /** The slot of the task that is taken next. */
  #slot = 0;
  #onFree = (): void => {};
  /** Whether a task has ended because of which the worker is to be ended. */
  #held = false;
  /** Rejects when one of several tasks could not be answered. */
  #broken = Promise.withResolvers<never>();
  /** The number of tasks that have begun. */
  #begun = 0;
  /** When the worker had a task last, if the pool has an `idleTimeout`. */
  #freedAt = 0;
  #pace = new Pace(() => this.#tasks.count);
  #stopwatch: Stopwatch;

  constructor(options: WorkerLoopOptions) {
    const { claim, tasksPerWorker } = options;
    this.#options = options;
    this.#claim = claim;
    this.#stopwatch = new Stopwatch(claim, this.#pace);
    this.#tickets = new Tickets(options.tickets);
    this.#tasks = new Channel({
      buffer: options.tasks,
      mark: Mark.POOL,
      hasEnded: () => this.#isHeld,
    });
    this.#replies = new Replies(
      new Channel({ buffer: options.results }),
      options,
    );
    this.#freeSlots = Array.from({ length: tasksPerWorker }, (_, i) => i);
    enterPool({ tickets: this.#tickets, claim }, tasksPerWorker);
  }

  get hasTasks(): boolean {
    return this.#freeSlots.length < this.#options.tasksPerWorker;
  }

  /**
   * Is called before this thread blocks. It notes the task that blocks, and wakes other
   * workers for the tasks that wait, since this one may not look for them soon.
   */
  beforeBlocking(): void {
    Atomics.store(this.#claim, Claim.BLOCKING, runningTask()?.id ?? 0);
    this.#tasks.rest();
  }

  /** Runs tasks until there are no more, or the worker has done enough of them. */
  run(): Promise<LoopEnd> {
    return Promise.race([this.#takeTasks(), this.#broken.promise]);
  }

  async #takeTasks(): Promise<LoopEnd> {
    const { maxTasks, tasksPerWorker } = this.#options;
    let end: LoopEnd = "recycled";
    const isSingle = tasksPerWorker === 1;
    this.#noteFreed();
    while (this.#begun < maxTasks) {
      // A worker that always finds a task never waits, so only this check ends it.
      checkStop();
      while (this.#freeSlots.length === 0 && !this.#isHeld) {
        await this.#slotFreed();
      }
      if (this.#isHeld) await this.#waitForEnd();
      this.#slot = this.#freeSlots.pop()!;
      let task = this.#tasks.take(this.#take);
      if (task === undefined || !isSingle) {
        this.#stopwatch.stop();
        if (isSingle) this.#noteFreed();
        task ??= await this.#tasks.receive(this.#take, this.#idleDeadline);
        this.#stopwatch.start();
      }
      if (task === undefined) {
        this.#freeSlots.push(this.#slot);
        end = this.#tasks.isClosed ? "closed" : "idle";
        const isIdle = !this.hasTasks && now() >= this.#idleDeadline;
        if (end === "idle" && !isIdle) continue;
        break;
      }
      const done = this.#do(task);
      if (isThenable(done)) {
        this.#pace.slow();
        this.#tasks.rest();
        if (isSingle) await done;
        else done.catch(this.#broken.reject);
      }
    }
    this.#stopwatch.stop();
    this.#tasks.rest();
    if (this.hasTasks && end === "recycled") this.#replies.retires();
    while (this.hasTasks) await this.#slotFreed();
    return end;
  }

  /** Notes when the worker had a task last. */
  #noteFreed(): void {
    if (this.#options.idleTimeout !== Infinity) this.#freedAt = now();
  }

  /** Until when the worker waits for its next task, before it looks if it is idle. */
  get #idleDeadline(): number {
    const { idleTimeout, tasksPerWorker } = this.#options;
    if (idleTimeout === Infinity) return Infinity;
    const timeout = idleTimeout * 1000;
    // The slot for the next task isn't free either.
    const isFree = this.#freeSlots.length >= tasksPerWorker - 1;
    return isFree
      ? this.#freedAt + timeout
      : now() + Math.max(timeout, LOOK_MS);
  }

  /** Takes no more tasks. Those that run go on until the worker is ended. */
  #waitForEnd(): Promise<never> {
    this.#stopwatch.stop();
    this.#tasks.rest();
    this.#tasks.wakeTaker();
    return new Promise(() => {});
  }

  #take = (decoder: Decoder): ReceivedTask => {
    const task = readTask(decoder, this.#claim, this.#slot);
    this.#tasks.looksSoon = this.#isQuick(task);
    return task;
  };

  /** Whether a task won't keep this worker long from its next look. */
  #isQuick({ fn, mode }: ReceivedTask): boolean {
    return this.#options.tasksPerWorker === 1 && mode === Mode.APPLY &&
      this.#pace.isQuick(fn);
  }

  /** Runs a task. It returns a promise only if the task has to be awaited. */
  #do(task: ReceivedTask): void | Promise<void> {
    if (!this.#tickets.begin(task)) return this.#release(task);
    this.#begun++;
    if (task.runTimeout !== undefined) this.#replies.begins(task);
    if (!this.#tasks.isOnLookout) this.#stopwatch.stop();
    const began = this.#stopwatch.begin(task.submitted);
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
    this.#stopwatch.end(began, this.#tasks.isOnLookout);
    this.#release(task);
  }

  /** Frees the task's slot, unless the worker is about to be ended because of it. */
  #release({ id, slot }: ReceivedTask): void {
    const at = Claim.taskOf(slot);
    if (Atomics.compareExchange(this.#claim, at, id, 0) === id) {
      this.#freeSlots.push(slot);
      if (this.#options.tasksPerWorker > 1) this.#noteFreed();
      this.#onFree();
    } else this.#held = true;
  }

  /** Whether the worker takes no more tasks, because it is to be ended. */
  get #isHeld(): boolean {
    return this.#held || this.#claim[Claim.RETIRED] !== 0;
  }

  #slotFreed(): Promise<void> {
    return new Promise((resolve) => this.#onFree = resolve);
  }
}

// In a bundle a user's module has the same URL. The prefix keeps the names apart.
expose(import.meta, { "lab9.workerLoop": workerLoop });
addOwnModule(import.meta);
markBottom(workerLoop);

/** Answers pings. A worker that computes can't answer. */
async function answerPings(claim: Int32Array): Promise<never> {
  for (let ping = 0;;) {
    await Atomics.waitAsync(claim, Claim.PING, ping).value;
    ping = Atomics.load(claim, Claim.PING);
    Atomics.store(claim, Claim.PONG, ping);
    // The main thread also pings a worker whose task was called off.
    lookAtSignals();
  }
}
