// Copyright 2026 the lab9 authors. MIT license.

import { refusedBy, refusePromise } from "../checks.ts";
import { areMessagesLate, now, queueMicrotask } from "../platform/platform.ts";
import type { AsyncWaitOptions } from "../sync/deadline.ts";
import { clearAlarm, setAlarm } from "../sync/alarms.ts";
import { hold } from "../sync/keep_alive.ts";
import { reserveStackForCompiling } from "../sync/reserve_stack.ts";
import { turn } from "../sync/spin.ts";
import {
  beforeBlocking,
  checkStopAfterwards,
  Stopped,
} from "../sync/waiters.ts";
import { pack } from "../codec/packing.ts";
import type { Settled } from "../thread/run.ts";
import { Outcome } from "../thread/thread_table.ts";
import { WorkerLostError } from "../thread/errors.ts";
import { Answers, Inbox } from "./answers.ts";
import type { AnyDispatcher } from "./any_dispatcher.ts";
import type { WorkerEndReason } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { TaskTable } from "./task_table.ts";
import { delay, OpenCalls, Room, unheededError } from "./waits.ts";
import { type PoolStats, timesOf } from "./stats.ts";
import type { Task } from "./task.ts";
import {
  describeLoss,
  endReason,
  type PoolWorker,
  Workers,
  type WorkersOptions,
} from "./workers.ts";

/** The mail that answers a worker if the task whose payload it asks for is gone. */
const NOTHING = pack(undefined);

/** A pool whose tasks only wait for so long after its block is terminated. */
const STUCK_MS = 5000;
/** Before that it has so long to end. */
const SOON_MS = 250;

export interface DispatcherOptions
  extends Omit<WorkersOptions, "tasks" | "results" | "tickets" | "onStart"> {
  /** How many tasks may wait. */
  maxsize: number;
  onWorkerStart: (() => void) | undefined;
  onWorkerEnd: ((reason: WorkerEndReason) => void) | undefined;
  /** Called when the pool is closed or stopped. */
  onClosed: () => void;
}

/**
 * The state of a pool:
 *  - `running`: it accepts calls.
 *  - `closed`: it accepts only tasks of calls that were made before.
 *  - `drained`: these calls are done, so the workers end. An iterator that was
 *    made before may still be read: its next task makes the pool `closed` again.
 *  - `failed`: no worker can be started. Every task rejects with the reason.
 *  - `stopped`: it was terminated, or it was closed after it had failed.
 */
type State = "running" | "closed" | "drained" | "failed" | "stopped";

/**
 * A pool's dispatcher, in the thread that made the pool. It sends tasks to the
 * workers through the outbox, and settles the tasks by the answers that come through
 * the inbox.
 */
export class Dispatcher implements AnyDispatcher {
  readonly calls: OpenCalls = new OpenCalls(
    () => this.#table.size > 0,
    () => this.#drainIfDone(),
  );
  readonly room: Room;
  #workers: Workers;
  #table = new TaskTable();
  #outbox: Outbox;
  #inbox = new Inbox(
    new Answers({
      taskOf: (id) => this.#table.get(id),
      resolve: (id, value) => this.#settle(id)?.resolve(value),
      reject: (id, error) => this.#reject(id, error),
      begin: (id) => this.#limit(this.#table.get(id)),
      takeMail: (worker) => this.#workers.takeMail(worker),
      mailFrom: (worker) => this.#workers.mailFrom(worker),
      retire: (worker) => this.#workers.retire(worker),
      abandon: (reason) => this.#abandon(reason),
      sendPayload: (task, worker) => this.#sendPayload(task, worker),
    }),
    {
      // A task that was called off may still ask for its payload.
      pending: () => this.#table.size || this.#workers.overdue,
      onRead: () => this.#outbox.flush(),
      onBroken: (error) => this.#abandon(error),
    },
  );
  #hold: Disposable | undefined;
  /** Whether the hold is released after this turn, unless a task is pending. */
  #mayRelease = false;
  #state: State = "running";
  #failure: unknown;
  /** The number of tasks that have settled. It includes the next three. */
  #settled = 0;
  /** The number of a broadcast's tasks that a worker has given back. */
  givenBack = 0;
  #failed = 0;
  #calledOff = 0;
  /** The number of calls of `ready()` that wait. */
  #readies = 0;
  #onWorkerEnded: DispatcherOptions["onWorkerEnd"];
  #onClosed: () => void;
  #stopping: Promise<void> | undefined;

  constructor(
    size: number,
    { maxsize, onWorkerStart, onWorkerEnd, onClosed, ...options }:
      DispatcherOptions,
  ) {
    const atATime = size * options.tasksPerWorker;
    this.#outbox = new Outbox(
      this.#table,
      atATime,
      (task, error) => this.#reject(task.id, error),
    );
    this.room = new Room({
      maxsize,
      atATime,
      pending: () => this.#table.size,
      checkOpen: () => this.#checkOpen(),
    });
    this.#onWorkerEnded = onWorkerEnd;
    this.#onClosed = onClosed;
    this.#workers = new Workers(
      size,
      {
        ...options,
        onStart: () => callBack("onWorkerStart", onWorkerStart),
        tasks: this.#outbox.buffer,
        results: this.#inbox.buffer,
        tickets: this.#table.buffer,
      },
      {
        onEnd: (worker, settle) => this.#onWorkerEnd(worker, settle),
        onRetired: () => this.#replace(true),
        replacesLost: () =>
          this.#state === "running" || this.#state === "closed",
      },
    );
    this.#inbox.receive();
    // With an idle timeout, workers start only when there are tasks for them.
    if (options.idleTimeout === Infinity) {
      this.#workers.fill(() => this.#state === "running");
    }
  }

  get workers(): number {
    return this.#workers.size;
  }

  get isOpen(): boolean {
    return this.#state === "running" || this.#state === "failed";
  }

  get refusal(): { reason: unknown } | undefined {
    return this.#hasStopped ? { reason: this.#failure } : undefined;
  }

  get #hasStopped(): boolean {
    return this.#state === "failed" || this.#state === "stopped";
  }

  get waiting(): number {
    return this.#table.counts().waiting;
  }

  get running(): number {
    return this.#table.counts().running;
  }

  stats(): PoolStats {
    const { waited, ran } = this.#workers.times();
    return {
      ...this.#table.counts(),
      done: this.#settled - this.#failed - this.#calledOff - this.givenBack,
      failed: this.#failed,
      calledOff: this.#calledOff,
      workers: this.#workers.count,
      waitMs: timesOf(waited),
      runMs: timesOf(ran),
    };
  }

  /**
   * Starts the workers that are missing, and waits until all are ready for tasks.
   *
   * @throws What a worker's initializer has thrown.
   */
  async ready(): Promise<void> {
    using _alive = hold();
    this.#readies++;
    try {
      await this.#workers.ready(() => {
        if (this.#hasStopped) throw this.#failure;
      });
    } finally {
      this.#readies--;
    }
  }

  #checkOpen(): void {
    if (!this.isOpen) throw new Error("Pool is not running");
    if (this.#hasStopped) throw this.#failure;
  }

  knows(url: string): boolean {
    const { own, exposing } = this.#workers.registry;
    return exposing.has(url) || own.has(url);
  }

  submit(task: Task): Promise<unknown> {
    if (this.#hasStopped) {
      // A loop that ignores the error would never end.
      checkStopAfterwards();
      throw this.#failure;
    }
    if (this.calls.refused !== undefined) throw this.calls.refused.reason;
    this.#table.add(task);
    try {
      this.#outbox.post(task);
    } catch (error) {
      // A getter of the payload has called the task off: its promise has rejected.
      if (this.#table.delete(task.id) === undefined) return task.promise;
      throw refusedBy(this.submit, error);
    }
    this.room.use();
    this.#hold ??= this.#holdOn();
    this.#inbox.expect();
    if (this.#state === "drained") this.#reopen();
    if (this.#isShort) this.#grow();
    return task.promise;
  }

  cancel(tasks: Iterable<Task>, reason: unknown): void {
    this.#outbox.leaveLine(tasks);
    for (const task of tasks) {
      if (this.#table.get(task.id) !== task) continue;
      const worker = this.#takeAway(task, reason);
      this.#onCalledOff(task, reason);
      if (worker !== undefined) this.#workers.callOff(worker, task.id);
    }
  }

  /**
   * Takes a task's ticket away.
   *
   * @returns The worker that has begun the task, if one has.
   */
  #takeAway(task: Task, reason: unknown): PoolWorker | undefined {
    if (this.#table.callOffWaiting(task)) return undefined;
    // The reason comes first: the worker reads it when it sees the ticket gone.
    const worker = this.#workers.giveReason(task.id, reason);
    this.#table.callOff(task);
    return worker;
  }

  cancelWaiting(tasks: Iterable<Task>, reason: unknown): void {
    this.#outbox.leaveLine(tasks);
    for (const task of tasks) {
      if (this.#table.callOffWaiting(task)) this.#onCalledOff(task, reason);
    }
  }

  #onCalledOff(task: Task, reason: unknown): void {
    this.#calledOff++;
    this.#outbox.recall(task);
    this.#onDeleted(task);
    task.reject(reason);
  }

  close(): void {
    this.#onClosed();
    if (this.#state === "running") this.#state = "closed";
    if (this.#state === "failed") this.#state = "stopped";
    this.room.free();
    this.#drainIfDone();
  }

  closeAtOnce(reason: unknown): void {
    this.close();
    const tasks = [...this.#table.tasks()];
    this.calls.refuse(reason);
    this.cancelWaiting(tasks, reason);
  }

  async stop(reason: unknown): Promise<void> {
    this.#onClosed();
    this.#abandon(reason);
    this.#state = "stopped";
    await this.ended();
  }

  async endedIfJoined(): Promise<void> {
    if (this.calls.wereJoined && this.#state !== "closed") await this.ended();
  }

  /**
   * Waits until every worker has ended, at the end of an `await using` block. The
   * block may have thrown, which can't be known here. Then the code that would let a
   * waiting task, initializer or finalizer go on, or give a call its next item, may
   * never run. So a pool whose workers and calls only wait is terminated.
   */
  async endedOrStuck(): Promise<void> {
    let hasEnded = false;
    const ended = this.ended().finally(() => hasEnded = true);
    this.#stopIfStuck(() => hasEnded);
    await ended;
  }

  async #stopIfStuck(hasEnded: () => boolean): Promise<void> {
    // Most pools end soon.
    await delay(SOON_MS);
    let since = now();
    let steps = 0;
    let onlyWaits = false;
    for (;;) {
      if (hasEnded() || this.#hasStopped) return;
      // What is given back again and again makes no progress.
      const stepsNow = this.#settled - this.givenBack + this.calls.reads;
      if (!onlyWaits || steps !== stepsNow) {
        since = now();
        steps = stepsNow;
      } else if (now() - since >= STUCK_MS) break;
      onlyWaits = await this.#workers.look();
    }
    const what = this.#table.size > 0
      ? "tasks"
      : this.calls.areDone
      ? "workers"
      : "calls";
    const message = "The pool was terminated at the end of its block: for " +
      `${STUCK_MS / 1000} seconds its ${what} have only waited`;
    console.warn(message);
    await this.stop(unheededError(message));
  }

  ended(options?: AsyncWaitOptions): Promise<void> {
    return this.calls.join("its workers were alive", options, () => {
      this.#drainIfDone();
      return this.#allEnded();
    });
  }

  async #allEnded(): Promise<void> {
    await this.#workers.ended();
    await this.#stopping;
  }

  /** Rejects every pending task, and ends the workers. The pool has failed. */
  #abandon(error: unknown): void {
    if (this.#hasStopped) return;
    const reason = error instanceof Stopped ? threadEnded() : error;
    this.#state = this.#state === "running" ? "failed" : "stopped";
    this.#failure = reason;
    this.#outbox.leaveLine(this.#table.tasks());
    // Three steps. A task that runs is called off before its worker is stopped, so that
    // it sees the reason first. The workers are stopped before thousands of tasks that
    // wait are called off: they would begin some of them meanwhile.
    this.#takeAwayAll(this.#runningTasks(), reason);
    this.#stopping = this.#workers.stop();
    this.#takeAwayAll(this.#table.tasks(), reason);
    this.calls.callOff(reason);
    this.room.free();
    // The order to stop came before the channel's end, so that a worker that sees
    // the end knows that it was stopped.
    this.#outbox.close();
    this.#closeInbox();
  }

  #takeAwayAll(tasks: Iterable<Task>, reason: unknown): void {
    for (const task of tasks) {
      this.#takeAway(task, reason);
      this.#onCalledOff(task, reason);
    }
  }

  *#runningTasks(): Iterable<Task> {
    for (const id of this.#workers.tasks()) {
      const task = this.#table.get(id);
      if (task !== undefined) yield task;
    }
  }

  /** Lets the workers of a closed pool end if its calls are done. */
  #drainIfDone(): void {
    if (this.#state !== "closed" || !this.calls.areDone) return;
    this.#state = "drained";
    this.#outbox.close();
    this.#closeInbox();
  }

  /** Closes the inbox when the workers have ended, unless the pool was reopened. */
  async #closeInbox(): Promise<void> {
    await this.#allEnded();
    if (this.#state === "closed") return;
    this.#inbox.close();
  }

  /** Accepts a task of an iterator that is read after all other calls were done. */
  #reopen(): void {
    this.#state = "closed";
    this.#outbox.reopen();
    this.#inbox.reopen();
  }

  /** Whether there are more tasks than workers for them, and more may be started. */
  get #isShort(): boolean {
    const { count, size } = this.#workers;
    if (count === size) return false;
    return this.#table.size > Math.max(0, count - this.#workers.overdue);
  }

  #grow(): void {
    try {
      this.#workers.grow();
    } catch (error) {
      this.#abandon(error);
    }
  }

  /** Deletes a task that is about to settle; undefined if there is none. */
  #settle(id: number): Task | undefined {
    const task = this.#table.delete(id);
    if (task !== undefined) this.#onDeleted(task);
    return task;
  }

  #reject(id: number, error: unknown): void {
    const task = this.#settle(id);
    if (task === undefined) return;
    this.#failed++;
    task.reject(error);
  }

  /** Starts the timer of a task's `runTimeout`, as a worker begins the task. */
  #limit(task: Task | undefined): void {
    if (task?.runTimeout === undefined) return;
    const { runTimeout } = task;
    task.alarm = setAlarm(now() + runTimeout * 1000, () => {
      const message = `The task ran longer than ${runTimeout} seconds`;
      this.cancel([task], new DOMException(message, "TimeoutError"));
    });
  }

  #onDeleted(task: Task): void {
    if (task.alarm !== undefined) clearAlarm(task.alarm);
    this.#settled++;
    if (this.#table.size === 0 && !this.#mayRelease) this.#releaseLater();
    this.#outbox.sendLine();
    task.owner?.onSettled(task);
    this.calls.onSettled();
    this.room.free();
    if (this.#state === "closed") this.#drainIfDone();
  }

  /** Keeps the process alive, and does what is due before this thread blocks. */
  #holdOn(): Disposable {
    const stack = new DisposableStack();
    stack.use(hold());
    stack.use(beforeBlocking(() => this.#beforeBlocking()));
    return stack;
  }

  /**
   * Is called before this thread blocks, and when a worker that asks for a payload wakes
   * it meanwhile; see {@linkcode Replies.ask}.
   */
  #beforeBlocking(): void {
    if (this.#workers.areAsking) {
      // What is read while the stack ends would be lost.
      reserveStackForCompiling();
      this.#drain();
    }
    this.#outbox.restSender();
  }

  /** Reads the answers that are in the channel. */
  #drain(): void {
    try {
      this.#inbox.drain();
    } catch (error) {
      // This thread is ordered to end. To ask for anything more would end it at once,
      // without its `finally` blocks.
      if (error instanceof Stopped) throw error;
      this.#abandon(error);
    }
  }

  /**
   * Lets the process end after this turn of the event loop, if no task is pending
   * then: a caller that awaits one call after another holds the process once.
   */
  async #releaseLater(): Promise<void> {
    this.#mayRelease = true;
    await turn();
    this.#mayRelease = false;
    if (this.#table.size > 0) return;
    this.#hold?.[Symbol.dispose]();
    this.#hold = undefined;
  }

  #sendPayload(task: Task | undefined, worker: number): void {
    // A worker that asks is always answered. Otherwise it would take the next mail
    // for the answer.
    if (task === undefined) return this.#workers.sendMail(worker, NOTHING);
    const mail = task.mail!;
    task.mail = undefined;
    try {
      this.#workers.sendMail(worker, mail);
    } catch (error) {
      if (error instanceof Stopped) throw error;
      // The payload has changed since, or is larger than a message can be.
      this.cancel([task], error);
      this.#workers.sendMail(worker, NOTHING);
    }
  }

  #onWorkerEnd(
    worker: PoolWorker,
    settle: () => Settled,
  ): Promise<void> | undefined {
    this.#outbox.wakeTaker();
    // The worker's answers are read first: its mail is gone once it is settled.
    this.#drain();
    if (areMessagesLate) return this.#settleLate(worker, settle);
    this.#settleWorker(worker, settle());
  }

  /** In a browser: awaits what the worker has sent first. */
  async #settleLate(worker: PoolWorker, settle: () => Settled): Promise<void> {
    await this.#inbox.lateMail(worker.number);
    await worker.run.collect();
    this.#settleWorker(worker, settle());
  }

  #settleWorker(worker: PoolWorker, settled: Settled): void {
    callBack("onWorkerEnd", this.#onWorkerEnded, endReason(worker, settled));
    if (this.#hasStopped) return;
    if (settled.outcome === Outcome.RETURNED) {
      // It has done `maxTasksPerChild` tasks, was idle, or the pool was drained.
      const isRecycled = settled.value === "recycled";
      return this.#replace(isRecycled && !worker.isReplaced);
    }
    const error = settled.outcome === Outcome.THREW
      ? settled.error
      : new WorkerLostError(describeLoss(worker, settled));
    if (!worker.claim.isReady) {
      // Another worker would end the same way. The pending calls reject with the
      // error. If there are none, it is printed.
      if (this.#table.size === 0 && this.#readies === 0) {
        console.error(`Exception in thread ${worker.name}:`, error);
      }
      this.#abandon(error);
      return;
    }
    const { tasks } = worker.claim;
    for (const id of tasks) this.#reject(id, error);
    if (settled.outcome === Outcome.THREW && tasks.length === 0) {
      // The finalizer has thrown.
      console.error(`Exception in thread ${worker.name}:`, error);
    }
    this.#replace(!worker.isReplaced);
  }

  /**
   * Starts a worker if one is missing, or there are more tasks than workers. A pool that
   * has been closed or has ended starts none that has no task.
   */
  #replace(isMissing: boolean): void {
    const isWanted = isMissing && this.#state === "running";
    if (isWanted || this.#isShort) this.#grow();
  }
}

/** What is left of a pool's tasks is called off with it when the pool's thread ends. */
function threadEnded(): DOMException {
  return new DOMException("The thread of the pool has ended", "AbortError");
}

/** Calls a user's callback. What it throws is reported as an uncaught error. */
function callBack<A extends unknown[]>(
  name: string,
  callback: ((...args: A) => unknown) | undefined,
  ...args: A
): void {
  if (callback === undefined) return;
  try {
    refusePromise(`call ${name}`, "the callback", callback(...args));
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
