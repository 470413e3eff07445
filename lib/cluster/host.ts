// Copyright 2026 the lab9 authors. MIT license.

import { functionOf } from "../codec/references.ts";
import { toPortable } from "../codec/portable_error.ts";
import { microseconds } from "../pool/stats.ts";
import { Pool } from "../pool/pool.ts";
import { Reply } from "../pool/task.ts";
import type { BullJob, BullQueue } from "./bullmq.ts";
import { LOSSES } from "./cluster_dispatcher.ts";
import { FarCodec } from "./far_codec.ts";
import { FarModules, readModules } from "./far_modules.ts";
import { isJob, type JobData, makeAnswer } from "./job.ts";
import type { Pace } from "./pace.ts";
import { Pulse } from "./pulse.ts";
import {
  answersQueue,
  jobId,
  type PoolEntry,
  Registry,
  SWEEP_BEATS,
} from "./registry.ts";
import { encodeRecord, enterCluster, runChunk } from "./run_chunk.ts";
import { Store } from "./store.ts";

/** Counts of what a host has done. */
export interface HostMetrics {
  chunks: number;
  running: number;
  errors: number;
}

/** Options of {@linkcode Host.open}. */
export interface HostOptions {
  /** The name of the pools. */
  name: string;
  /** What this host is called in errors. */
  title: string;
  pace: Pace;
  /** How many chunks it runs at a time. */
  workers: number;
  /** Is called when there is trouble with the store. */
  onError: (message: string) => void;
}

/** A process that runs the chunks of the pools of its name, on a local pool. */
export class Host {
  readonly metrics: HostMetrics = { chunks: 0, running: 0, errors: 0 };
  #store: Store;
  #name: string;
  #title: string;
  #pace: Pace;
  #pool: Pool;
  #modules: FarModules;
  #codec: FarCodec;
  #registry: Registry;
  #pulse: Pulse | undefined;
  #pools: ReadonlyMap<string, PoolEntry> = new Map();
  #beats = 0;
  /** The chunks that run, by their jobs' ids. */
  #running = new Map<string, { job: JobData; controller: AbortController }>();
  #answers = new Map<string, BullQueue>();

  private constructor(
    store: Store,
    { name, title, pace }: HostOptions,
    { pool, modules }: { pool: Pool; modules: FarModules },
  ) {
    this.#store = store;
    this.#name = name;
    this.#title = title;
    this.#pace = pace;
    this.#pool = pool;
    this.#modules = modules;
    this.#codec = new FarCodec(modules);
    const id = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
    this.#registry = new Registry(store, name, {
      kind: "hosts",
      id,
      pace,
    });
  }

  /**
   * Joins the pools of a name, with the functions that this process has exposed.
   *
   * @param url The URL of the store.
   * @param options The host's options.
   */
  static async open(url: string, options: HostOptions): Promise<Host> {
    const { name, title, workers, onError } = options;
    const list = await readModules();
    const modules = new FarModules(list);
    modules.enterAliases();
    const store = await Store.open("join pools", url, name);
    const pool = new Pool(workers, {
      initializer: enterCluster,
      initargs: [list, title],
    });
    const host = new Host(store, options, { pool, modules });
    store.onError = (message) => {
      host.metrics.errors++;
      onError(message);
    };
    try {
      await pool.ready();
      await host.#start();
    } catch (error) {
      host.#pulse?.stop();
      await pool.terminate();
      await store.close();
      throw error;
    }
    return host;
  }

  async #start(): Promise<void> {
    await this.#registry.beat({ workers: this.#pool.workers });
    await this.#readPools();
    this.#pulse = new Pulse(this.#pace.beat, () => this.#beat());
    const worker = this.#store.work(this.#name, (job) => this.#do(job), {
      concurrency: this.#pool.workers,
      lockMs: this.#pace.lock,
      losses: LOSSES,
    });
    await worker.waitUntilReady();
  }

  /**
   * Takes no more chunks, answers those that have begun, and leaves. If the store
   * doesn't answer for ten seconds, the locks of the chunks have run out: other hosts
   * run them, so this host ends them.
   *
   * @returns Whether the store has answered. If not, the other members see after a while
   * that this host is gone.
   */
  async close(): Promise<boolean> {
    const hasAnswered = await this.#store.whileItAnswers(this.#leave());
    this.#pulse?.stop();
    await this.#store.close();
    if (!hasAnswered) {
      await this.#pool.terminate();
      return false;
    }
    this.#pool.close();
    await this.#pool.join();
    return true;
  }

  async #leave(): Promise<void> {
    await this.#store.finishWorking();
    this.#pulse?.stop();
    // A beat that runs would enter the host in the store once more.
    await this.#pulse?.ended;
    await this.#readPools().then(() => this.#clearAnswers()).catch(() => {});
    await this.#registry.leave().catch(() => {});
    await this.#registry.clearIfLast().catch(() => {});
  }

  async #do({ id, data }: BullJob): Promise<void> {
    // A job of another version of the library is dropped.
    if (id === undefined || !isJob(data)) return;
    if (!await this.#isWanted(data.pool)) return;
    const controller = new AbortController();
    this.#running.set(id, { job: data, controller });
    this.metrics.running = this.#running.size;
    const begun = microseconds();
    try {
      const record = await this.#recordOf(data, controller.signal);
      if (record === undefined) return;
      const ran = (microseconds() - begun) >>> 0;
      await this.#answer(data, record, ran);
      this.metrics.chunks++;
    } finally {
      this.#running.delete(id);
      this.metrics.running = this.#running.size;
    }
  }

  /** Runs a chunk and returns its record; undefined if it was called off. */
  async #recordOf(
    job: JobData,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { id, fn, mode, isSettled, payload, runTimeout } = job;
    try {
      this.#check(job);
      const args = [functionOf(fn), id, mode, isSettled, payload] as const;
      return await this.#pool.apply(runChunk, args, { signal, runTimeout });
    } catch (error) {
      if (signal.aborted) return undefined;
      this.metrics.errors++;
      const portable = toPortable(error, this.#title);
      return encodeRecord(this.#codec, id, Reply.THREW, portable);
    }
  }

  /** @throws {TypeError} If this host doesn't serve that function. */
  #check({ fn, name, modules }: JobData): void {
    for (const [hash, file] of modules) {
      if (this.#modules.has(hash)) continue;
      throw new TypeError(
        `Cannot run '${name}': the host ${this.#title} refuses it, since it ` +
          `doesn't serve '${file}', or the file or what it imports isn't the ` +
          "same there",
      );
    }
    if (this.#modules.hasExposed(fn)) return;
    throw new TypeError(
      `Cannot run '${name}': the host ${this.#title} refuses it, since its ` +
        "module doesn't expose it there",
    );
  }

  async #answer(job: JobData, record: string, ran: number): Promise<void> {
    const { pool, id } = job;
    const answer = makeAnswer({ id, ran, record });
    await this.#store.persist(() =>
      this.#answersOf(pool).add("answer", answer, {
        jobId: jobId(pool, id),
        attempts: 1,
        removeOnComplete: true,
        removeOnFail: true,
      })
    );
  }

  #answersOf(pool: string): BullQueue {
    let queue = this.#answers.get(pool);
    if (queue === undefined) {
      queue = this.#store.queue(answersQueue(this.#name, pool));
      this.#answers.set(pool, queue);
    }
    return queue;
  }

  /** Whether the pool is there. A pool that isn't known is looked up in the store. */
  async #isWanted(pool: string): Promise<boolean> {
    if (this.#pools.has(pool)) return true;
    await this.#store.persist(() => this.#readPools());
    return this.#pools.has(pool);
  }

  /** Learns which pools are there. */
  async #readPools(): Promise<void> {
    this.#pools = await this.#registry.pools();
  }

  async #beat(): Promise<void> {
    try {
      await this.#store.check();
      await this.#registry.beat({ workers: this.#pool.workers });
      await this.#readPools();
      this.#endUnwanted();
      if (++this.#beats % SWEEP_BEATS === 0) await this.#registry.sweep();
      await this.#clearAnswers();
    } catch (error) {
      this.#store.onError(this.#store.redact(String(error)));
    }
  }

  /** Ends the chunks that were called off, and those whose pools are gone. */
  #endUnwanted(): void {
    for (const { job, controller } of this.#running.values()) {
      const pool = this.#pools.get(job.pool);
      if (pool !== undefined && !pool.calledOff?.includes(job.id)) continue;
      const message = "The task was called off by its pool, which may be gone";
      controller.abort(new DOMException(message, "AbortError"));
    }
  }

  /**
   * Removes the answers to pools that are gone. A pool removes its answers when it
   * leaves. A chunk that still runs is answered later, and nobody else knows of that
   * answer.
   */
  async #clearAnswers(): Promise<void> {
    for (const [pool, answers] of this.#answers) {
      if (this.#pools.has(pool) || this.#runsFor(pool)) continue;
      await answers.obliterate({ force: true });
      this.#answers.delete(pool);
    }
  }

  /** Whether a chunk of the pool runs, or its answer is on its way. */
  #runsFor(pool: string): boolean {
    return this.#running.values().some(({ job }) => job.pool === pool);
  }
}
