// Copyright 2026 the lab9 authors. MIT license.

import { setAlarm } from "../sync/alarms.ts";
import { now, Promise } from "../platform/platform.ts";
import { pack, type Packed } from "../codec/packing.ts";
import { currentRegistry, idOf, type Registry } from "../codec/references.ts";
import type { Settled } from "../thread/run.ts";
import { start, type Started } from "../thread/starts.ts";
import { isParked } from "../sync/waiters.ts";
import { isMainThread, Outcome, Status } from "../thread/thread_table.ts";
import { PooledWorker } from "../thread/worker.ts";
import type { Output } from "../thread/output.ts";
import type { Isolation, WorkerPermissions } from "../thread/worker_kind.ts";
import { WorkerClaim } from "./claim.ts";
import type { WorkerEndReason } from "./options.ts";
import { HISTOGRAM_WORDS } from "./stats.ts";
import { pause } from "./waits.ts";
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
  /** Where the workers' console goes, if that is elsewhere. */
  output: Output | undefined;
  /** Told of each worker that is ready for tasks. */
  onStart: () => void;
  /** How many seconds a task has to end that was called off. */
  grace: number;
}

/**
 * Called for every worker that has ended, however it did. Its mail can be taken
 * until what that returns has resolved.
 */
type OnEnd = (
  worker: PoolWorker,
  settle: () => Settled,
) => Promise<void> | undefined;

/** How long a worker that is ready has the main thread for itself. */
const HEAD_START_MS = 20;

/** How long after the start of a worker another is started that is spare. */
const SPARE_MS = 200;

/** How long a worker has for answering a ping. */
const LOOK_MS = 250;

/** A worker of a pool, seen from the main thread. */
export class PoolWorker {
  readonly name: string;
  readonly number: number;
  readonly run: Started;
  readonly claim: WorkerClaim;
  /** Whether another was started in its place already. */
  isReplaced = false;
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
    };
    this.run = start({
      target: idOf(workerLoop)!,
      // Every worker needs its own: what is marked for moving is copied, too.
      // What the user gave stands three levels down.
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

  /** Whether it waits: it blocks, or has answered the last ping. */
  get isWaiting(): boolean {
    return isParked(this.run.slot.waiter) || this.claim.hasAnswered;
  }
}

/**
 * The workers of a pool. To start one blocks the main thread, for as long as a
 * small program takes: so there is one at first, which the first result needn't
 * wait long for, and another as soon as there is work for it, or nothing to do.
 * Once there, their number is kept until the pool ends.
 */
export class Workers {
  /** What the workers can load, those that come later too. */
  readonly registry: Registry = currentRegistry();
  /** How long the tasks of workers that have ended have waited, and run. */
  #waited = new Float64Array(HISTOGRAM_WORDS);
  #ran = new Float64Array(HISTOGRAM_WORDS);
  #size: number;
  #count = 0;
  #options: WorkersOptions;
  #workers = new Map<number, PoolWorker>();
  #lastNumber = 0;
  #onEnd: OnEnd;
  /** An isolated worker takes long to start, so there is one for when one dies. */
  #spare: PooledWorker | undefined;
  /** What goes on until the workers' end. */
  #endings = new Set<Promise<void>>();

  constructor(
    size: number,
    options: WorkersOptions,
    onEnd: OnEnd,
  ) {
    this.#size = size;
    this.#options = options;
    this.#onEnd = onEnd;
    // An initializer is called as often as there are workers, as in Python; and
    // all are permitted what the script may do, and its paths mean, now.
    // Isolated ones mostly wait while they start.
    const { initializer, permissions, isolation } = options;
    const isPlain = initializer === undefined && permissions === "none" &&
      isolation === undefined;
    const first = isPlain ? 1 : size;
    for (let i = 0; i < first; i++) this.grow();
  }

  /** How many workers there are, but for those that are being ended. */
  get count(): number {
    return this.#count;
  }

  /**
   * Starts one worker more, unless there are all. If that fails, those that are
   * there do the work.
   *
   * @throws If there are none.
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
      if (this.#count === 0) throw error;
      console.error(
        `Cannot start the other workers of a pool, it has ${this.#count}:`,
        error,
      );
      this.#size = this.#count;
    }
  }

  /** Has a spare worker at hand as long as there are others. */
  #keepSpare(): void {
    if (this.#workers.size === 0) return;
    if (this.#spare !== undefined && PooledWorker.isIdle(this.#spare)) return;
    try {
      this.#spare = PooledWorker.spare(this.#options, this.registry);
    } catch {
      // Who needs it is told when it starts one.
    }
  }

  /** Starts those that are missing as long as they are wanted, one by one. */
  async fill(areWanted: () => boolean): Promise<void> {
    while (this.#count < this.#size) {
      await this.#workers.get(this.#lastNumber)?.ready;
      await pause(HEAD_START_MS);
      if (!areWanted()) return;
      this.grow();
    }
  }

  /** How long tasks have waited, and run, as histograms. */
  times(): { waited: Float64Array; ran: Float64Array } {
    const waited = this.#waited.slice();
    const ran = this.#ran.slice();
    for (const worker of this.#workers.values()) {
      worker.claim.addTimes(waited, ran);
    }
    return { waited, ran };
  }

  /**
   * Starts those that are missing, and resolves when all are ready for tasks.
   *
   * @param check Throws if the wait is in vain.
   */
  async ready(check: () => void): Promise<void> {
    check();
    while (this.#count < this.#size) this.grow();
    const workers = this.#workers.values()
      .filter(({ isReplaced }) => !isReplaced);
    // Those that are ready first may be idle, and end, until the last is.
    await Promise.all(workers.map(({ ready }) => ready));
    check();
  }

  /**
   * Says why a task is about to be called off that a worker has begun; the worker,
   * if there still is one at it.
   */
  tellReason(task: number, reason: unknown): PoolWorker | undefined {
    for (const worker of this.#workers.values()) {
      if (worker.claim.tellReason(task, reason)) return worker;
    }
  }

  /** Has a worker see that a task was called off. It is given some time to end. */
  callOff(worker: PoolWorker, task: number): void {
    worker.claim.ping();
    const { grace } = this.#options;
    if (grace === 0) this.#stopAt(worker, task);
    else if (grace !== Infinity) {
      setAlarm(now() + grace * 1000, () => this.#stopAt(worker, task));
    }
  }

  /** Ends a worker that is at the task, and replaces it. */
  #stopAt(worker: PoolWorker, task: number): void {
    if (!this.#workers.has(worker.number) || !worker.claim.holdAt(task)) return;
    if (worker.isReplaced) return;
    worker.isReplaced = true;
    this.#track(this.#stopLast(worker));
    this.#count--;
    this.grow();
  }

  /** Ends a worker when its other tasks have ended, or it can't go on with them. */
  async #stopLast(worker: PoolWorker): Promise<void> {
    while (worker.claim.tasks.length > 1) {
      worker.claim.ping();
      await pause(LOOK_MS);
      if (!worker.isWaiting) break;
    }
    await worker.run.stop();
  }

  /** Looks for a moment whether every worker waits, instead of computing. */
  async look(): Promise<boolean> {
    for (const worker of this.#workers.values()) worker.claim.ping();
    await pause(LOOK_MS);
    return this.#workers.values().every((worker) => worker.isWaiting);
  }

  /** Ends every worker. */
  async stop(): Promise<void> {
    const workers = [...this.#workers.values()];
    await Promise.all(workers.map((worker) => worker.run.stop()));
  }

  /** Resolves when there are no workers any more. */
  async ended(): Promise<void> {
    while (this.#endings.size > 0) await Promise.all(this.#endings);
  }

  #track(ending: Promise<void>): void {
    this.#endings.add(ending);
    ending.then(() => this.#endings.delete(ending));
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
    if (!worker.isReplaced) this.#count--;
    worker.claim.addTimes(this.#waited, this.#ran);
    const late = this.#onEnd(worker, () => worker.run.settle());
    if (late !== undefined) await late;
    this.#workers.delete(number);
    if (this.#workers.size === 0) this.#dropSpare();
  }

  #dropSpare(): void {
    if (this.#spare !== undefined) PooledWorker.drop(this.#spare);
    this.#spare = undefined;
  }
}

/** Why a worker has ended, in a word. */
export function endReason(
  worker: PoolWorker,
  { outcome, ...settled }: Settled,
): WorkerEndReason {
  if (worker.isReplaced) return "calledOff";
  switch (outcome) {
    case Outcome.RETURNED:
      return "value" in settled ? settled.value as WorkerEndReason : "closed";
    case Outcome.THREW:
      return "failed";
    case Outcome.TERMINATED:
      return "terminated";
  }
  return worker.claim.isReady ? "lost" : "failed";
}

/** Why a worker is gone that was still needed. */
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
