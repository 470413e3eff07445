// Copyright 2026 the lab9 authors. MIT license.

import { refusedBy } from "../checks.ts";
import { Promise, startTimer, stopTimer } from "../platform/platform.ts";
import type { AsyncWaitOptions } from "../sync/deadline.ts";
import { hold } from "../sync/keep_alive.ts";
import { originOfId } from "../codec/references.ts";
import { Damaged } from "../codec/tags.ts";
import { Answers } from "../pool/answers.ts";
import type { AnyDispatcher } from "../pool/any_dispatcher.ts";
import {
  addTime,
  HISTOGRAM_WORDS,
  microseconds,
  type PoolStats,
  timesOf,
} from "../pool/stats.ts";
import type { Task } from "../pool/task.ts";
import { WaitingLine } from "../pool/task_table.ts";
import { OpenCalls, Room, unheededError } from "../pool/waits.ts";
import { WorkerLostError } from "../thread/errors.ts";
import type { BullJob } from "./bullmq.ts";
import { FarCodec } from "./far_codec.ts";
import type { FarModules } from "./far_modules.ts";
import { isAnswer, type JobData, makeJob } from "./job.ts";
import { Jobs } from "./jobs.ts";
import { Membership, NO_HOST_MS } from "./membership.ts";
import type { Pace } from "./pace.ts";
import { encodeTask, type Piece, tasksOf } from "./split.ts";
import { answersQueue } from "./registry.ts";
import type { Store } from "./store.ts";

/** The number of workers that is assumed while no host is known. */
const ASSUMED_WORKERS = 8;
/** The number of jobs in the store for each worker of the hosts. */
const JOBS_PER_WORKER = 2;
/** How often a task may be lost with its host and given to another. */
export const LOSSES = 2;
/** How long the pool tries to leave a store that can't be reached. */
const FAREWELL_MS = 5000;
/** The number of answers that are read at a time. */
const ANSWERS_AT_A_TIME = 16;
/** An answer is never given up because of a pool that was slow to read it. */
const ANSWER_LOSSES = 1_000_000;
/** Answers are read in no time, so the time of their lock doesn't matter. */
const ANSWER_LOCK_MS = 20_000;

/** A pending task. */
interface PendingTask {
  task: Task;
  /** The task as it goes into the store. */
  job: JobData;
  /** When the task was submitted, in {@linkcode microseconds}. */
  since: number;
}

/** What a dispatcher needs to know of its pool. */
export interface ClusterDispatcherOptions {
  name: string;
  modules: FarModules;
  /** How many tasks may wait. */
  maxsize: number;
  pace: Pace;
}

/**
 * The dispatcher of a pool whose workers are on other machines. It puts tasks into a
 * store as jobs, and settles the tasks by the answers that hosts put there.
 *
 * Protocol. A job stands in the store under its task's id until a host has answered.
 * The host first adds the answer to the pool's own queue, and then ends the job. If
 * a host dies, BullMQ gives its jobs to other hosts after a while, so a task may be
 * run twice. The first answer counts: for a second one there is no pending task any
 * more. A task whose job and answer are both gone is put into the store again.
 */
export class ClusterDispatcher implements AnyDispatcher {
  readonly calls: OpenCalls = new OpenCalls(
    () => this.#table.size > 0,
    () => this.#leaveIfDone(),
  );
  readonly room: Room;
  #store: Store;
  #name: string;
  #id = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  #modules: FarModules;
  #codec: FarCodec;
  #membership: Membership;
  #jobs: Jobs;

  /** The pending tasks, by their ids. */
  #table = new Map<number, PendingTask>();
  /** The pending tasks that aren't in the store. */
  #line = new WaitingLine();
  #lastId = 0;
  /** The parts of tasks that were split. */
  #parts = new Map<Task, Task[]>();
  /** Jobs that are being taken back from the store. */
  #withdrawals = new Set<Promise<unknown>>();

  #state: "running" | "closed" | "ended" = "running";
  #failure: { reason: unknown } | undefined;
  #left = Promise.withResolvers<void>();
  #hold: Disposable | undefined;

  #counts = { done: 0, failed: 0, calledOff: 0 };
  #waited = new Int32Array(HISTOGRAM_WORDS);
  #ran = new Int32Array(HISTOGRAM_WORDS);

  #answers = new Answers({
    taskOf: (id) => this.#table.get(id)?.task,
    resolve: (id, value) => {
      const task = this.#settle(id);
      if (task === undefined) return;
      this.#counts.done++;
      task.resolve(value);
    },
    reject: (id, error) => this.#reject(id, error),
    begin: () => {},
    takeMail: () => undefined,
    mailFrom: () => undefined,
    retire: () => {},
    abandon: () => {},
    sendPayload: () => {},
  });

  constructor(store: Store, options: ClusterDispatcherOptions) {
    const { name, modules, maxsize, pace } = options;
    this.#store = store;
    this.#name = name;
    this.#modules = modules;
    this.#codec = new FarCodec(modules);
    this.#jobs = new Jobs(store, pace);
    this.#membership = new Membership(store, {
      name,
      id: this.#id,
      pace,
      hasTasks: () => this.#table.size > 0,
      jobIds: () => this.#jobs.ids(),
      onBeat: () => this.#onBeat(),
    });
    this.room = new Room({
      maxsize,
      atATime: 0,
      pending: () => this.waiting,
      checkOpen: () => {
        if (!this.isOpen) throw new Error("Pool is not running");
      },
    });
  }

  /** Enters the pool in the store, and begins to read answers. */
  async start(): Promise<void> {
    const answers = answersQueue(this.#name, this.#id);
    await this.#membership.join();
    const worker = this.#store.work(answers, (job) => this.#onAnswer(job), {
      concurrency: ANSWERS_AT_A_TIME,
      lockMs: ANSWER_LOCK_MS,
      losses: ANSWER_LOSSES,
    });
    await worker.waitUntilReady();
    this.#membership.start();
  }

  get isOpen(): boolean {
    return this.#state === "running";
  }

  get refusal(): { reason: unknown } | undefined {
    return this.#failure;
  }

  get workers(): number {
    return this.#membership.workers || ASSUMED_WORKERS;
  }

  get waiting(): number {
    return this.#table.size - this.running;
  }

  get running(): number {
    return Math.min(this.#jobs.size, this.#membership.workers);
  }

  stats(): PoolStats {
    return {
      waiting: this.waiting,
      running: this.running,
      ...this.#counts,
      workers: this.#membership.workers,
      waitMs: timesOf(Float64Array.from(this.#waited)),
      runMs: timesOf(Float64Array.from(this.#ran)),
    };
  }

  /** Waits for a host. */
  async ready(): Promise<void> {
    await this.#membership.ready(() => {
      if (this.#failure !== undefined) throw this.#failure.reason;
    });
  }

  knows(url: string): boolean {
    return this.#modules.hashOf(url) !== undefined;
  }

  submit(task: Task): Promise<unknown> {
    let pieces: Piece[];
    try {
      pieces = encodeTask(task, this.#codec, this.#modules);
    } catch (error) {
      throw refusedBy(this.submit, error);
    }
    // Afterwards, because a getter of the payload may have ended the pool.
    if (this.#failure !== undefined) throw this.#failure.reason;
    if (this.calls.refused !== undefined) throw this.calls.refused.reason;
    if (pieces.length === 1) {
      this.#enter(task, pieces[0]);
    } else {
      const parts = tasksOf(task, pieces);
      this.#parts.set(task, parts);
      for (const [i, part] of parts.entries()) this.#enter(part, pieces[i]);
      // When one part fails, the whole task rejects, so the other parts can go.
      task.promise.catch((error) => this.cancelWaiting([task], error))
        .finally(() => this.#parts.delete(task));
    }
    this.room.use();
    this.#hold ??= hold();
    this.#pump();
    return task.promise;
  }

  #enter(task: Task, { payload, modules }: Piece): void {
    task.id = task.number = ++this.#lastId;
    const { id, fn, mode, isSettled, runTimeout } = task;
    const job = makeJob({
      pool: this.#id,
      id,
      fn: this.#modules.farIdOf(fn),
      name: originOfId(fn)!.name,
      modules,
      mode,
      isSettled,
      runTimeout,
      payload,
    });
    this.#table.set(id, { task, job, since: microseconds() });
    this.#line.add(task);
  }

  /** Puts tasks into the store, as many as keep the hosts busy. */
  #pump(): void {
    const limit = this.workers * JOBS_PER_WORKER;
    while (this.#line.size > 0 && this.#jobs.hasRoom(limit)) {
      const { id } = this.#line.take()!;
      const { job } = this.#table.get(id)!;
      this.#jobs.send(job).catch((error) => this.#reject(id, error));
    }
  }

  cancel(tasks: Iterable<Task>, reason: unknown): void {
    for (const task of this.#pendingOf(tasks)) {
      if (!this.#line.delete(task)) this.#callOff(task);
      this.#onCalledOff(task, reason);
    }
  }

  cancelWaiting(tasks: Iterable<Task>, reason: unknown): void {
    for (const task of this.#pendingOf(tasks)) {
      if (this.#line.delete(task)) this.#onCalledOff(task, reason);
      else this.#withdraw(task, () => this.#onCalledOff(task, reason));
    }
  }

  #pendingOf(tasks: Iterable<Task>): Task[] {
    return [...tasks].flatMap((task) => this.#parts.get(task) ?? [task])
      .filter((task) => this.#table.get(task.id)?.task === task);
  }

  /** Takes a task's job back from the store, unless a host has begun it. */
  #withdraw(task: Task, onWithdrawn: () => void): void {
    const withdrawal = this.#jobs.withdraw(task.id).then((isWithdrawn) => {
      if (isWithdrawn && this.#table.has(task.id)) onWithdrawn();
    }, () => {}).finally(() => this.#withdrawals.delete(withdrawal));
    this.#withdrawals.add(withdrawal);
  }

  /** Makes the host that runs the task end it. */
  #callOff(task: Task): void {
    this.#withdraw(task, () => {});
    this.#membership.callOff(task.id);
  }

  #onCalledOff(task: Task, reason: unknown): void {
    this.#counts.calledOff++;
    this.#settle(task.id);
    task.reject(reason);
  }

  #settle(id: number): Task | undefined {
    const pending = this.#table.get(id);
    if (pending === undefined) return undefined;
    const { task } = pending;
    this.#table.delete(id);
    this.#jobs.forget(id);
    if (this.#table.size === 0) {
      this.#hold?.[Symbol.dispose]();
      this.#hold = undefined;
    }
    this.#pump();
    task.owner?.onSettled(task);
    this.calls.onSettled();
    this.room.free();
    this.#leaveIfDone();
    return task;
  }

  #reject(id: number, error: unknown): void {
    const task = this.#settle(id);
    if (task === undefined) return;
    this.#counts.failed++;
    task.reject(error);
  }

  // deno-lint-ignore require-await -- BullMQ awaits it
  async #onAnswer({ data }: BullJob): Promise<void> {
    // An answer of another version of the library is ignored.
    if (!isAnswer(data)) return;
    const { id, ran, record } = data;
    const pending = this.#table.get(id);
    // The task was answered or called off before.
    if (pending === undefined) return;
    const whole = microseconds() - pending.since;
    addTime(this.#ran, 0, 0, ran);
    addTime(this.#waited, 0, 0, Math.max(0, whole - ran));
    try {
      this.#codec.decode(record, this.#answers.read);
    } catch (error) {
      this.#reject(id, error);
    }
    this.#reject(id, new Damaged("answer"));
  }

  close(): void {
    if (this.#state === "running") this.#state = "closed";
    this.room.free();
    this.#leaveIfDone();
  }

  closeAtOnce(reason: unknown): void {
    this.close();
    const tasks = [...this.#table.values()].map(({ task }) => task);
    this.calls.refuse(reason);
    this.cancelWaiting(tasks, reason);
  }

  async stop(reason: unknown): Promise<void> {
    if (this.#failure === undefined) {
      this.#failure = { reason };
      this.#state = "ended";
      for (const { task } of this.#table.values()) {
        if (!this.#line.delete(task)) this.#callOff(task);
        this.#onCalledOff(task, reason);
      }
      this.calls.callOff(reason);
      this.room.free();
      this.#leave();
    }
    await this.#left.promise;
  }

  ended(options?: AsyncWaitOptions): Promise<void> {
    return this.calls.join("its tasks weren't done", options, () => {
      this.#leaveIfDone();
      return this.#left.promise;
    });
  }

  async endedIfJoined(): Promise<void> {
    if (this.calls.wereJoined && this.#state === "ended") {
      await this.#left.promise;
    }
  }

  async endedOrStuck(): Promise<void> {
    const ended = this.ended();
    // The block may have thrown before it would have started a host.
    const timer = startTimer(() => this.#stopIfAlone(), NO_HOST_MS);
    await ended;
    stopTimer(timer);
  }

  #stopIfAlone(): void {
    if (this.#state === "ended" || this.#membership.workers > 0) return;
    const message = "The pool was terminated at the end of its block: for " +
      `${NO_HOST_MS / 1000} seconds it had no workers`;
    console.warn(message);
    this.stop(unheededError(message));
  }

  #leaveIfDone(): void {
    if (this.#state !== "closed" || !this.calls.areDone) return;
    this.#state = "ended";
    this.#failure = { reason: new Error("Pool is not running") };
    this.#leave();
  }

  async #leave(): Promise<void> {
    this.#membership.stop();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = startTimer(resolve, FAREWELL_MS);
    await Promise.race([this.#clear().catch(() => {}), late]);
    stopTimer(timer);
    await this.#store.close();
    this.#left.resolve();
  }

  /** Removes everything of the pool from the store. */
  async #clear(): Promise<void> {
    await Promise.all(this.#withdrawals);
    await this.#store.finishWorking();
    await this.#membership.leave();
  }

  async #onBeat(): Promise<void> {
    this.#pump();
    await this.#jobs.look((job) => this.#onLost(job));
  }

  #onLost({ id, name }: JobData): void {
    const times = LOSSES + 1;
    this.#reject(
      id,
      new WorkerLostError(
        `The task of '${name}' was given up: it was lost with its host ` +
          `${times} times`,
      ),
    );
  }
}
