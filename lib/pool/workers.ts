// Copyright 2026 the lab9 authors. MIT license.

import { refusedBy } from "../checks.ts";
import { type Alarm, clearAlarm, setAlarm } from "../sync/alarms.ts";
import { now, Promise } from "../platform/platform.ts";
import { pack, type Packed } from "../codec/packing.ts";
import { currentRegistry, idOf, type Registry } from "../codec/references.ts";
import type { Settled } from "../thread/run.ts";
import { start, type Started } from "../thread/starts.ts";
import { currentWaiter, isParked, Stopped } from "../sync/waiters.ts";
import { isMainThread, Outcome, Status } from "../thread/thread_table.ts";
import { PooledWorker } from "../thread/worker.ts";
import type { Output } from "../thread/output.ts";
import type { Isolation, WorkerPermissions } from "../thread/worker_kind.ts";
import { WorkerClaim } from "./claim.ts";
import type { WorkerEndReason } from "./options.ts";
import { HISTOGRAM_WORDS } from "./stats.ts";
import { delay } from "./waits.ts";
import { workerLoop, type WorkerLoopOptions } from "./worker_loop.ts";

/** What every worker of a pool is started with. */
export interface WorkersOptions extends
  Pick<
    WorkerLoopOptions,
    | "tasks"
    | "results"
    | "tickets"
    | "initializer"
    | "initargs"
    | "maxTasks"
    | "tasksPerWorker"
    | "finalizer"
    | "idleTimeout"
  > {
  permissions: WorkerPermissions;
  isolation: Isolation | undefined;
  /** Where the workers' output goes, if it is captured. */
  output: Output | undefined;
  /** Is called when a worker is ready for tasks. */
  onStart: () => void;
  /** How many seconds a task may run on after it was called off. */
  grace: number;
}

/** What the workers need to know of their pool. */
export interface Manager {
  /**
   * Is called when a worker has ended, for whatever reason. The worker's mail can be
   * taken until the returned promise has resolved.
   */
  onEnd(worker: PoolWorker, settle: () => Settled): Promise<void> | undefined;
  /** Is called when a worker takes no more tasks, and has not ended yet. */
  onRetired(): void;
  /** Whether a worker that is lost would be replaced. */
  replacesLost(): boolean;
}

/** The pause, after a worker is ready, before the next start blocks the thread. */
const HEAD_START_MS = 20;

/** How long after a worker's start a spare worker is started. */
const SPARE_MS = 200;

/** How long a worker has to answer a ping. */
const LOOK_MS = 250;

/** A worker of a pool, seen from the main thread. */
export class PoolWorker {
  readonly name: string;
  readonly number: number;
  readonly run: Started;
  readonly claim: WorkerClaim;
  /** Whether it takes no more tasks, so that another may take its place. */
  isReplaced = false;
  /** Whether it is being ended because of a task that was called off. */
  isCalledOff = false;
  /** Resolves when it is ready for tasks, or has ended. */
  readonly ready: Promise<void>;

  constructor(number: number, options: WorkersOptions, registry: Registry) {
    this.name = `PoolWorker-${number}`;
    this.number = number;
    const { permissions, isolation, output, onStart, grace: _, ...shared } =
      options;
    this.claim = new WorkerClaim(shared.tasksPerWorker);
    const loop: WorkerLoopOptions = {
      ...shared,
      name: this.name,
      number,
      claim: this.claim.words,
      host: currentWaiter(),
    };
    this.run = start({
      target: idOf(workerLoop)!,
      // Each worker needs a copy, so values that are marked for moving are copied,
      // too. The user's arguments stand three levels down.
      args: { ...pack([loop], -3), transferables: [] },
      permissions,
      isolation,
      isFresh: true,
      isPools: true,
      hasMail: true,
      name: this.name,
      daemon: true,
      output,
    }, registry);
    this.ready = this.#ready(onStart);
  }

  async #ready(onStart: () => void): Promise<void> {
    await this.claim.ready();
    if (this.claim.isReady) onStart();
  }

  /** Whether it blocks in a task that is to end it. */
  get isHeldUp(): boolean {
    return isParked(this.run.slot.waiter) && this.claim.hasBlockedForHeld;
  }

  /** Whether the worker only waits: it blocks, or has answered the last ping. */
  get isWaiting(): boolean {
    const { slot } = this.run;
    // Once it has ended, another thread may block on the waiter.
    return slot.isAlive && (isParked(slot.waiter) || this.claim.hasAnswered);
  }
}

/** A task that was called off and may still run. */
interface Overdue {
  /** The worker that is at the task. */
  worker: PoolWorker;
  /** The task's slot in the worker's claim. */
  slot: number;
  /** It rings when the task has had its grace. */
  alarm: Alarm | undefined;
}

/**
 * The workers of a pool. A worker's start blocks the main thread for as long as a
 * small program takes. So a pool starts with one worker. Another is started when
 * there is a task for it, or when the main thread has nothing else to do. A worker
 * that is lost is replaced.
 */
export class Workers {
  /** What the workers can load. It is the same for workers that start later. */
  readonly registry: Registry = currentRegistry();
  /** The histograms of workers that have ended. */
  #waited = new Float64Array(HISTOGRAM_WORDS);
  #ran = new Float64Array(HISTOGRAM_WORDS);
  #size: number;
  #count = 0;
  #options: WorkersOptions;
  #workers = new Map<number, PoolWorker>();
  #lastNumber = 0;
  #manager: Manager;
  /** Takes the place of an isolated worker that dies, since a start takes long. */
  #spare: PooledWorker | undefined;
  /** The promises of the ends of workers. */
  #endings = new Set<Promise<void>>();
  /** The tasks that were called off and may still run, by their ids. */
  #overdue = new Map<number, Overdue>();

  constructor(size: number, options: WorkersOptions, manager: Manager) {
    this.#size = size;
    this.#options = options;
    this.#manager = manager;
    // Each worker calls the initializer, as in Python. Permissions and the paths in
    // them mean what they mean now. Isolated workers block nobody while they start.
    const { initializer, permissions, isolation } = options;
    const isPlain = initializer === undefined && permissions === "none" &&
      isolation === undefined;
    const first = isPlain ? 1 : size;
    for (let i = 0; i < first; i++) this.grow();
  }

  /** The number of workers that the pool may have. */
  get size(): number {
    return this.#size;
  }

  /** The number of workers, without those that are being ended. */
  get count(): number {
    return this.#count;
  }

  /**
   * Starts a worker, unless all have been started. If the start fails, the pool goes
   * on with the workers that it has.
   *
   * @throws If the start fails and there are no workers, or this thread is to end.
   */
  grow(): void {
    if (this.#count === this.#size) return;
    try {
      const number = ++this.#lastNumber;
      const worker = new PoolWorker(number, this.#options, this.registry);
      this.#workers.set(number, worker);
      this.#count++;
      this.#track(this.#watch(number, worker));
      if (this.#options.isolation !== undefined && isMainThread()) {
        setAlarm(now() + SPARE_MS, () => this.#keepSpare());
      }
    } catch (error) {
      if (this.#count === 0 || error instanceof Stopped) {
        throw refusedBy(this.grow, error);
      }
      console.error(
        `Cannot start the other workers of a pool, it has ${this.#count}:`,
        error,
      );
      this.#size = this.#count;
    }
  }

  /** Starts a spare worker, unless there is one or no worker would need it. */
  #keepSpare(): void {
    if (this.#workers.size === 0 || !this.#manager.replacesLost()) return;
    if (this.#spare !== undefined && PooledWorker.isIdle(this.#spare)) return;
    try {
      this.#spare = PooledWorker.spare(this.#options, this.registry);
    } catch {
      // The error is reported when a worker is needed and can't be started.
    }
  }

  /** Starts the missing workers one after another, as long as they are wanted. */
  async fill(areWanted: () => boolean): Promise<void> {
    while (this.#count < this.#size) {
      await this.#workers.get(this.#lastNumber)?.ready;
      await delay(HEAD_START_MS);
      if (!areWanted()) return;
      this.grow();
    }
  }

  /** The histograms of how long tasks have waited and run. */
  times(): { waited: Float64Array; ran: Float64Array } {
    const waited = this.#waited.slice();
    const ran = this.#ran.slice();
    for (const worker of this.#workers.values()) {
      worker.claim.addTimes(waited, ran);
    }
    return { waited, ran };
  }

  /**
   * Starts the missing workers, and waits until all are ready for tasks.
   *
   * @param check Throws if the pool has failed.
   */
  async ready(check: () => void): Promise<void> {
    check();
    while (this.#count < this.#size) this.grow();
    const workers = this.#workers.values()
      .filter(({ isReplaced }) => !isReplaced);
    // Workers that were ready first may have ended by then, since they were idle.
    await Promise.all(workers.map(({ ready }) => ready));
    check();
  }

  /**
   * Writes the reason with which a task is about to be called off.
   *
   * @returns The worker that is at the task, if one is.
   */
  giveReason(task: number, reason: unknown): PoolWorker | undefined {
    for (const worker of this.#workers.values()) {
      if (worker.claim.giveReason(task, reason)) return worker;
    }
  }

  /** Makes a worker see that its task was called off. The task has `grace` to end. */
  callOff(worker: PoolWorker, task: number): void {
    worker.claim.ping();
    const { grace, tasksPerWorker } = this.#options;
    if (grace === 0) return this.#stopAt(worker, task);
    const slot = worker.claim.slotOf(task);
    // The task has ended meanwhile.
    if (slot < 0) return;
    // So many can't run at a time. To look each time would cost thousands of tasks that
    // share a signal the square of their number.
    if (this.#overdue.size >= this.#size * tasksPerWorker) this.#forgetEnded();
    const alarm = grace === Infinity
      ? undefined
      : setAlarm(now() + grace * 1000, () => {
        this.#overdue.delete(task);
        this.#stopAt(worker, task);
      });
    this.#overdue.set(task, { worker, slot, alarm });
  }

  /** The number of tasks that were called off and still run in workers that stay. */
  get overdue(): number {
    if (this.#overdue.size === 0) return 0;
    this.#forgetEnded();
    return this.#overdue.size;
  }

  #forgetEnded(): void {
    this.#forgetWhere((id, { worker, slot }) => !worker.claim.isAt(id, slot));
  }

  #forgetWhere(isOver: (task: number, overdue: Overdue) => boolean): void {
    for (const [task, overdue] of this.#overdue) {
      if (!isOver(task, overdue)) continue;
      this.#overdue.delete(task);
      if (overdue.alarm !== undefined) clearAlarm(overdue.alarm);
    }
  }

  /** Ends a worker that is still at the task. */
  #stopAt(worker: PoolWorker, task: number): void {
    if (!this.#workers.has(worker.number) || !worker.claim.holdAt(task)) return;
    if (worker.isCalledOff) return;
    worker.isCalledOff = true;
    this.#track(this.#stopLast(worker));
    this.retire(worker.number);
  }

  /** Lets another worker take the place of one that takes no more tasks. */
  retire(number: number): void {
    const worker = this.#workers.get(number);
    if (worker === undefined || worker.isReplaced) return;
    worker.isReplaced = true;
    this.#count--;
    this.#manager.onRetired();
  }

  /** Ends a worker when its other tasks have ended, or can't go on. */
  async #stopLast(worker: PoolWorker): Promise<void> {
    // If something else has ended the worker, its claim still names its tasks.
    while (worker.run.slot.isAlive && worker.claim.hasOthers) {
      worker.claim.ping();
      await delay(LOOK_MS);
      if (!worker.isWaiting || worker.isHeldUp) break;
    }
    await worker.run.stop();
  }

  /** Resolves, after a moment, to whether every worker only waits. */
  async look(): Promise<boolean> {
    for (const worker of this.#workers.values()) worker.claim.ping();
    await delay(LOOK_MS);
    return this.#workers.values().every((worker) => worker.isWaiting);
  }

  /** The ids of the tasks that the workers are at. */
  tasks(): number[] {
    return [...this.#workers.values().flatMap(({ claim }) => claim.tasks)];
  }

  /** Ends every worker. */
  async stop(): Promise<void> {
    const workers = [...this.#workers.values()];
    await Promise.all(workers.map((worker) => worker.run.stop()));
  }

  /** Waits until all workers have ended. */
  async ended(): Promise<void> {
    while (this.#endings.size > 0) await Promise.all(this.#endings);
  }

  #track(ending: Promise<void>): void {
    this.#endings.add(ending);
    ending.then(() => this.#endings.delete(ending));
  }

  /** Whether a worker waits for a task's payload. */
  get areAsking(): boolean {
    for (const { claim } of this.#workers.values()) {
      if (claim.isAsking) return true;
    }
    return false;
  }

  sendMail(number: number, mail: Packed): void {
    this.#workers.get(number)?.run.sendMail(mail);
  }

  takeMail(number: number): Packed | undefined {
    return this.#workers.get(number)?.run.takeMail();
  }

  mailFrom(number: number): Promise<void> | undefined {
    return this.#workers.get(number)?.run.mailArrives();
  }

  async #watch(number: number, worker: PoolWorker): Promise<void> {
    await worker.run.slot.reached(Status.ENDED, Infinity, false);
    worker.claim.giveUp();
    // Otherwise the alarm of a long grace would keep the ended worker in memory.
    this.#forgetWhere((_, overdue) => overdue.worker === worker);
    if (!worker.isReplaced) this.#count--;
    worker.claim.addTimes(this.#waited, this.#ran);
    const late = this.#manager.onEnd(worker, () => worker.run.settle());
    if (late !== undefined) await late;
    this.#workers.delete(number);
    if (this.#workers.size === 0) this.#dropSpare();
  }

  #dropSpare(): void {
    if (this.#spare !== undefined) PooledWorker.drop(this.#spare);
    this.#spare = undefined;
  }
}

/** Why a worker has ended. */
export function endReason(
  worker: PoolWorker,
  { outcome, ...settled }: Settled,
): WorkerEndReason {
  if (worker.isCalledOff) return "calledOff";
  switch (outcome) {
    case Outcome.RETURNED:
      return "value" in settled ? settled.value as WorkerEndReason : "closed";
    case Outcome.THREW:
      // If it was at a task, a stray error has ended it.
      return worker.claim.tasks.length > 0 ? "lost" : "failed";
    case Outcome.TERMINATED:
      return "terminated";
  }
  return worker.claim.isReady ? "lost" : "failed";
}

/** The message of the error with which a lost worker's tasks reject. */
export function describeLoss(worker: PoolWorker, settled: Settled): string {
  const { name } = worker;
  switch (settled.outcome) {
    case Outcome.CLOSED:
      return `${name} closed its worker, by self.close() or Deno.exit()`;
    case Outcome.TERMINATED:
      return `${name} was terminated`;
    case Outcome.LOST:
      return settled.error instanceof Error
        ? `The worker of ${name} broke down: ${settled.error.message}`
        : `${name} was terminated while it computed, and given up`;
  }
  return `${name} ended unexpectedly`;
}
