// Copyright 2026 the lab9 authors. MIT license.

import { now, Promise } from "../platform/platform.ts";
import type { JobData } from "./job.ts";
import type { Pace } from "./pace.ts";
import { jobId } from "./registry.ts";
import type { Store } from "./store.ts";

/** When a pool's jobs in the store have so many letters, no more are added. */
const MOST_STORED = 64 << 20;
/**
 * How often a job may be missing before it is put into the store again. Its answer
 * may be on its way.
 */
const MISSED = 2;
/** How often a job is tried that fails because of BullMQ or the store. */
const ATTEMPTS = 5;

interface StoredJob {
  job: JobData;
  /** When it was put into the store; Infinity if it wasn't yet. */
  since: number;
  /** How often it was missing in the store. */
  missed: number;
  /** Settles when it was put into the store last. */
  sent: Promise<unknown>;
}

/** A pool's jobs in the store. There are never many at a time. */
export class Jobs {
  #store: Store;
  #pace: Pace;
  #jobs = new Map<number, StoredJob>();
  #letters = 0;

  constructor(store: Store, pace: Pace) {
    this.#store = store;
    this.#pace = pace;
  }

  get size(): number {
    return this.#jobs.size;
  }

  /** The jobs' ids in the store. */
  ids(): string[] {
    return [...this.#jobs.values()].map(({ job }) => jobId(job.pool, job.id));
  }

  /** Whether another job may be added, if so many may stand in the store. */
  hasRoom(limit: number): boolean {
    return this.#jobs.size < limit && this.#letters < MOST_STORED;
  }

  /** Puts a job into the store, as soon as the store can be reached. */
  async send(job: JobData): Promise<void> {
    const stored: StoredJob = {
      job,
      since: Infinity,
      missed: 0,
      sent: Promise.resolve(),
    };
    this.#jobs.set(job.id, stored);
    this.#letters += job.payload.length;
    await this.#put(stored);
    // The task was called off while its job was on its way.
    if (this.#jobs.get(job.id) !== stored) await this.#remove(job);
  }

  /** Forgets a job that was answered or called off. */
  forget(id: number): void {
    const stored = this.#jobs.get(id);
    if (stored === undefined) return;
    this.#jobs.delete(id);
    this.#letters -= stored.job.payload.length;
  }

  /**
   * Takes a job back from the store.
   *
   * @returns Whether no host has begun it, and none will.
   */
  async withdraw(id: number): Promise<boolean> {
    const stored = this.#jobs.get(id);
    if (stored === undefined) return false;
    // A job that is on its way isn't in the store yet, and would come after all.
    await Promise.allSettled([stored.sent]);
    return await this.#remove(stored.job);
  }

  /**
   * Looks for each job in the store. A job that the store has lost is put there
   * again.
   *
   * @param onLost Is called with each job that was lost with its hosts too often.
   */
  async look(onLost: (job: JobData) => void): Promise<void> {
    const due = [...this.#jobs.values()]
      .filter(({ since }) => now() - since > this.#pace.beat);
    await Promise.all(due.map((stored) => this.#lookAt(stored, onLost)));
  }

  async #lookAt(
    stored: StoredJob,
    onLost: (job: JobData) => void,
  ): Promise<void> {
    const { job } = stored;
    const id = jobId(job.pool, job.id);
    const state = await this.#store.jobs.getJobState(id);
    if (this.#jobs.get(job.id) !== stored) return;
    switch (state) {
      case "failed":
        await this.#store.jobs.remove(id);
        return onLost(job);
      case "unknown":
        if (++stored.missed > MISSED) await this.#put(stored);
        return;
      default:
        stored.missed = 0;
    }
  }

  async #put(stored: StoredJob): Promise<void> {
    const { job } = stored;
    stored.since = Infinity;
    await (stored.sent = this.#store.persist(() =>
      this.#store.jobs.add("chunk", job, {
        jobId: jobId(job.pool, job.id),
        attempts: ATTEMPTS,
        removeOnComplete: true,
        removeOnFail: false,
      })
    ));
    stored.since = now();
    stored.missed = 0;
  }

  #remove({ pool, id }: JobData): Promise<boolean> {
    return this.#store.persist(async () =>
      await this.#store.jobs.remove(jobId(pool, id)) === 1
    );
  }
}
