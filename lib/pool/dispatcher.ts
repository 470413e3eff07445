// Copyright 2026 the lab9 authors. MIT license.

import { refusePromise } from "../checks.ts";
import { now, queueMicrotask } from "../platform/platform.ts";
import type { AsyncWaitOptions } from "../sync/deadline.ts";
import { clearAlarm, setAlarm } from "../sync/alarms.ts";
import { hold } from "../sync/keep_alive.ts";
import { pack } from "../codec/packing.ts";
import type { Settled } from "../thread/run.ts";
import { Outcome } from "../thread/thread_table.ts";
import { WorkerLostError } from "../thread/thread.ts";
import { Answers, Inbox } from "./answers.ts";
import type { AnyDispatcher } from "./any_dispatcher.ts";
import type { WorkerEndReason } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { TaskTable } from "./task_table.ts";
import { OpenCalls, Room } from "./waits.ts";
import { type PoolStats, timesOf } from "./stats.ts";
import type { Task } from "./task.ts";
import {
  describeLoss,
  endReason,
  type PoolWorker,
  Workers,
  type WorkersOptions,
} from "./workers.ts";

/** Mail for who asks for the payload of a task that was called off. */
const NOTHING = pack(undefined);

/** How long the tasks of a pool may only wait once its block has ended. */
const STUCK_MS = 5000;

export interface DispatcherOptions
  extends Omit<WorkersOptions, "tasks" | "results" | "tickets" | "onStart"> {
  /** How many tasks may wait. */
  maxsize: number;
  onWorkerStart: (() => void) | undefined;
  onWorkerEnd: ((reason: WorkerEndReason) => void) | undefined;
}

/**
 * The life of a pool:
 *  - `running`: it takes calls.
 *  - `closed`: it takes the tasks of the calls that were made before.
 *  - `drained`: nothing is left of them, so the workers end. An iterator that
 *    was made before may still be read: its next task closes the pool anew.
 *  - `failed`: no worker can be started. Every task rejects with the reason.
 *  - `stopped`: it was terminated, or was closed when it had failed.
 */
type State = "running" | "closed" | "drained" | "failed" | "stopped";

/**
 * The main thread's side of a pool: it writes tasks into one channel, which any
 * worker takes from, and settles them by what comes back through another.
 */
export class Dispatcher implements AnyDispatcher {
  readonly workers: number;
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
      abandon: (reason) => this.#abandon(reason),
      sendPayload: (task, worker) => this.#sendPayload(task, worker),
    }),
    {
      isAwaiting: () => this.#table.size > 0,
      onRead: () => this.#outbox.flush(),
      onBroken: (error) => this.#abandon(error),
    },
  );
  #hold: Disposable | undefined;
  #state: State = "running";
  #failure: unknown;
  /** How many tasks have settled, and of these, how many have not returned. */
  #settled = 0;
  #failed = 0;
  #calledOff = 0;
  /** How many wait for all workers to be ready. */
  #readies = 0;
  #onWorkerEnded: DispatcherOptions["onWorkerEnd"];
  #stopping: Promise<void> | undefined;

  constructor(
    size: number,
    { maxsize, onWorkerStart, onWorkerEnd, ...options }: DispatcherOptions,
  ) {
    this.workers = size;
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
    this.#workers = new Workers(
      size,
      {
        ...options,
        onStart: () => tell(onWorkerStart),
        tasks: this.#outbox.buffer,
        results: this.#inbox.buffer,
        tickets: this.#table.buffer,
      },
      (worker, settle) => this.#onWorkerEnd(worker, settle),
    );
    this.#inbox.receive();
    // Idle workers that are to end aren't started without need.
    if (options.idleTimeout === Infinity) {
      this.#workers.fill(() => this.#state === "running");
    }
  }

  /** Whether nobody has closed or terminated it. */
  get isOpen(): boolean {
    return this.#state === "running" || this.#state === "failed";
  }

  /** Why no task is taken any more, if none is. */
  get refusal(): { reason: unknown } | undefined {
    return this.#hasStopped ? { reason: this.#failure } : undefined;
  }

  get #hasStopped(): boolean {
    return this.#state === "failed" || this.#state === "stopped";
  }

  /** How many tasks no worker has begun. */
  get waiting(): number {
    return this.#table.counts().waiting;
  }

  /** How many tasks run. */
  get running(): number {
    return this.#table.counts().running;
  }

  stats(): PoolStats {
    const { waited, ran } = this.#workers.times();
    return {
      ...this.#table.counts(),
      done: this.#settled - this.#failed - this.#calledOff,
      failed: this.#failed,
      calledOff: this.#calledOff,
      workers: this.#workers.count,
      waitMs: timesOf(waited),
      runMs: timesOf(ran),
    };
  }

  /**
   * Starts the workers that are missing; resolves when all are ready for tasks.
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

  /** Whether the workers know the module. */
  knows(url: string): boolean {
    const { own, exposing } = this.#workers.registry;
    return exposing.has(url) || own.has(url);
  }

  /**
   * Has a worker do a task.
   *
   * @returns A promise that resolves to what came of it.
   * @throws At once if the pool was stopped, or the payload can't be sent.
   */
  submit(task: Task): Promise<unknown> {
    if (this.#hasStopped) throw this.#failure;
    if (this.calls.refused !== undefined) throw this.calls.refused.reason;
    this.#table.add(task);
    try {
      this.#outbox.post(task);
    } catch (error) {
      this.#table.delete(task.id);
      throw error;
    }
    this.room.use();
    this.#hold ??= hold();
    this.#inbox.expect();
    if (this.#state === "drained") this.#reopen();
    if (this.#table.size > this.#workers.count) this.#grow();
    return task.promise;
  }

  /** Calls tasks off. Workers that are at them are ended, unless they end them. */
  cancel(tasks: Iterable<Task>, reason: unknown): void {
    this.#outbox.leaveLine(tasks);
    for (const task of tasks) {
      const worker = this.#takeAway(task, reason);
      this.#onCalledOff(task, reason);
      if (worker !== undefined) this.#workers.callOff(worker, task.id);
    }
  }

  /** Takes a task's ticket away; the worker that has begun it. */
  #takeAway(task: Task, reason: unknown): PoolWorker | undefined {
    if (this.#table.callOffWaiting(task)) return undefined;
    // The worker reads the reason as soon as it sees the ticket.
    const worker = this.#workers.tellReason(task.id, reason);
    this.#table.callOff(task);
    return worker;
  }

  /** Calls off those tasks that no worker has begun. */
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

  /** Lets the workers end when everything is done. */
  close(): void {
    if (this.#state === "running") this.#state = "closed";
    if (this.#state === "failed") this.#state = "stopped";
    this.room.free();
    this.#drainIfDone();
  }

  /** The same; what no worker has begun rejects with the reason. */
  closeAtOnce(reason: unknown): void {
    this.close();
    const tasks = [...this.#table.tasks()];
    this.calls.refuse(reason);
    this.cancelWaiting(tasks, reason);
  }

  /** Ends the workers now; what is pending rejects with the reason. */
  async stop(reason: unknown): Promise<void> {
    this.#abandon(reason);
    this.#state = "stopped";
    await this.ended();
  }

  /** Resolves when the workers have ended that a joined pool has left. */
  async endedIfJoined(): Promise<void> {
    if (this.calls.wereJoined && this.#state !== "closed") await this.ended();
  }

  /**
   * Resolves when every worker has ended, at the end of an `await using` block.
   * Whether that threw can't be known. If it did, nobody may be left who lets a
   * task go on that waits: a pool that only waits is terminated.
   */
  async endedOrStuck(): Promise<void> {
    let hasEnded = false;
    const ended = this.ended().finally(() => hasEnded = true);
    if (this.#table.size > 0) this.#stopIfStuck(() => hasEnded);
    await ended;
  }

  async #stopIfStuck(hasEnded: () => boolean): Promise<void> {
    let since = now();
    let settled = this.#settled;
    for (;;) {
      const onlyWaits = await this.#workers.look();
      if (hasEnded() || this.#hasStopped) return;
      if (!onlyWaits || settled !== this.#settled) {
        since = now();
        settled = this.#settled;
      } else if (now() - since >= STUCK_MS) break;
    }
    const message = "The pool was terminated at the end of its block: for " +
      `${STUCK_MS / 1000} seconds its tasks have only waited`;
    console.warn(message);
    // The block's own error must reach somebody, not the rejection of a promise
    // that nobody came to await.
    for (const { promise } of this.#table.tasks()) promise.catch(() => {});
    await this.stop(new DOMException(message, "AbortError"));
  }

  /** Resolves when every worker has ended. */
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

  #abandon(reason: unknown): void {
    if (this.#hasStopped) return;
    this.#state = this.#state === "running" ? "failed" : "stopped";
    this.#failure = reason;
    this.#outbox.leaveLine(this.#table.tasks());
    for (const task of this.#table.tasks()) {
      this.#takeAway(task, reason);
      this.#onCalledOff(task, reason);
    }
    this.calls.callOff(reason);
    this.room.free();
    // In this order: a worker that sees the channel's end is to know why.
    this.#stopping = this.#workers.stop();
    this.#outbox.close();
    this.#closeInbox();
  }

  /**
   * Ends the channel of tasks if the pool was closed and nobody will submit
   * more. An iterator that nobody takes from must not keep a join waiting.
   */
  #drainIfDone(): void {
    if (this.#state !== "closed" || !this.calls.areDone) return;
    this.#state = "drained";
    this.#outbox.close();
    this.#closeInbox();
  }

  /** Lets no reader of results outlive the workers. */
  async #closeInbox(): Promise<void> {
    await this.#allEnded();
    if (this.#state === "closed") return;
    this.#inbox.close();
  }

  /** Takes a task that was submitted after the last one was done. */
  #reopen(): void {
    this.#state = "closed";
    this.#outbox.reopen();
    this.#inbox.reopen();
  }

  #grow(): void {
    try {
      this.#workers.grow();
    } catch (error) {
      this.#abandon(error);
    }
  }

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

  /** Calls a task off, which a worker begins now, when it has run too long. */
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
    if (this.#table.size === 0) {
      this.#hold?.[Symbol.dispose]();
      this.#hold = undefined;
    }
    this.#outbox.sendLine();
    task.owner?.onSettled(task);
    this.calls.onSettled();
    this.room.free();
    if (this.#state === "closed") this.#drainIfDone();
  }

  #sendPayload(task: Task | undefined, worker: number): void {
    // Who asks must be answered, or the next answer would be taken for this.
    if (task === undefined) return this.#workers.sendMail(worker, NOTHING);
    const mail = task.mail!;
    task.mail = undefined;
    try {
      this.#workers.sendMail(worker, mail);
    } catch (error) {
      // It has changed since, or is larger than what a message can take.
      this.cancel([task], error);
      this.#workers.sendMail(worker, NOTHING);
    }
  }

  #onWorkerEnd(
    worker: PoolWorker,
    settle: () => Settled,
  ): Promise<void> | undefined {
    this.#outbox.wakeTaker();
    // What it answered comes first; its mail is lost when it is settled.
    try {
      this.#inbox.drain();
    } catch (error) {
      this.#abandon(error);
    }
    const late = this.#inbox.lateMail(worker.number);
    if (late !== undefined) {
      return late.then(() => this.#settleWorker(worker, settle()));
    }
    this.#settleWorker(worker, settle());
  }

  #settleWorker(worker: PoolWorker, settled: Settled): void {
    tell(this.#onWorkerEnded, endReason(worker, settled));
    if (this.#hasStopped) return;
    if (settled.outcome === Outcome.RETURNED) {
      // It has done its number of tasks, or there were none left.
      const isRecycled = settled.value === "recycled";
      return this.#replace(isRecycled && this.#state !== "drained");
    }
    const error = settled.outcome === Outcome.THREW
      ? settled.error
      : new WorkerLostError(describeLoss(worker, settled));
    if (!worker.claim.isReady) {
      // Another would end the same way. Calls that wait get the error; if there
      // are none, it is printed.
      if (this.#table.size === 0 && this.#readies === 0) {
        console.error(`Exception in thread ${worker.name}:`, error);
      }
      this.#abandon(error);
      return;
    }
    const { tasks } = worker.claim;
    for (const id of tasks) this.#reject(id, error);
    if (settled.outcome === Outcome.THREW && tasks.length === 0) {
      // Of a finalizer.
      console.error(`Exception in thread ${worker.name}:`, error);
    }
    this.#replace(!worker.isReplaced && this.#state !== "drained");
  }

  /** Starts a worker if one was lost, or a task would wait for none. */
  #replace(isMissing: boolean): void {
    if (isMissing || this.#table.size > this.#workers.count) this.#grow();
  }
}

/** Calls a program's callback. What it throws is the program's to handle. */
function tell<A extends unknown[]>(
  callback: ((...args: A) => unknown) | undefined,
  ...args: A
): void {
  if (callback === undefined) return;
  try {
    refusePromise("tell of a worker", "the callback", callback(...args));
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
