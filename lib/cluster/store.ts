// Copyright 2026 the lab9 authors. MIT license.

import { Promise, startTimer, stopTimer } from "../platform/platform.ts";
import type {
  BullBackend,
  BullJob,
  BullQueue,
  BullWorker,
  BullWorkerOptions,
  Engine,
} from "./bullmq.ts";
import {
  CONNECT_MS,
  load,
  type Place,
  placeOf,
  RETRY_MS,
  SILENCE_MS,
} from "./place.ts";
import { Pulse } from "./pulse.ts";

/** How long Redis keeps keys that are not kept again; see {@linkcode Store.keep}. */
const KEPT_MS = 3_600_000;
/** Keys that BullMQ makes expire. Their presence has a meaning, so they aren't kept. */
const EXPIRING = new Set(["stalled-check", "limiter"]);
/** How long the close of a connection may take. */
const CLOSE_MS = 3000;
/** How often a member that leaves asks whether the store is there. */
const ASK_MS = 1000;
/** After so many questions without an answer, a member that leaves gives up. */
const QUESTIONS = 10;
/** Nobody here reads BullMQ's events, so few of them are kept. */
const EVENTS = { streams: { events: { maxLen: 100 } } };

/** Options of {@linkcode Store.work}. */
export interface WorkOptions {
  /** How many jobs run at a time. */
  concurrency: number;
  /** How long a job is locked without being renewed. */
  lockMs: number;
  /** How often a job may be lost with its worker. */
  losses: number;
}

/**
 * The store that a pool and its hosts share, through BullMQ. While it can't be
 * reached, commands wait.
 */
export class Store {
  #place: Place;
  #engine: Engine;
  #base: BullQueue;
  #workers: BullWorker[] = [];
  #isClosed = false;
  /** Is called with the message of each error of a connection. */
  onError: (message: string) => void = () => {};

  private constructor(
    place: Place,
    engine: Engine,
    base: BullQueue,
  ) {
    this.#place = place;
    this.#engine = engine;
    this.#base = base;
    base.on("error", this.#tell);
  }

  /**
   * Connects to a store.
   *
   * @param action The action that errors name.
   * @param url The URL of the store.
   * @param name The name of the main queue.
   * @throws {TypeError} If the URL is not that of a store.
   * @throws {Error} If the store can't be reached.
   */
  static async open(
    action: string,
    url: string,
    name: string,
  ): Promise<Store> {
    const place = placeOf(action, url);
    const engine = await load(action, place);
    const { connection } = engine;
    const base = new engine.Queue(name, { connection, ...EVENTS });
    const store = new Store(place, engine, base);
    try {
      await store.#firstAnswer(action);
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  /** The main queue. */
  get jobs(): BullQueue {
    return this.#base;
  }

  /** Another queue over the same connection. */
  queue(name: string): BullQueue {
    const { connection } = this.#engine;
    // By default BullMQ writes a queue's fields later, maybe after its removal.
    const options = { connection, skipMetasUpdate: true };
    const queue = new this.#engine.Queue(
      name,
      options,
      () => this.backend(name),
    );
    queue.on("error", this.#tell);
    return queue;
  }

  /** The access to the fields of a queue. */
  backend(name: string): BullBackend {
    return this.#base.backend.forQueue(name);
  }

  /** Runs the jobs of a queue until the store is closed. */
  work(
    name: string,
    work: (job: BullJob) => Promise<void>,
    { concurrency, lockMs, losses }: WorkOptions,
  ): BullWorker {
    const options: BullWorkerOptions = {
      connection: this.#engine.connection,
      concurrency,
      lockDuration: lockMs,
      stalledInterval: lockMs / 4,
      maxStalledCount: losses,
      runRetryDelay: RETRY_MS,
      drainDelay: 5,
      removeOnComplete: { count: 0 },
    };
    const worker = new this.#engine.Worker(name, work, options);
    worker.on("error", this.#tell);
    this.#workers.push(worker);
    return worker;
  }

  /**
   * Repeats a command until the store answers.
   *
   * @throws What the command throws after the store was closed.
   */
  async persist<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (this.#isClosed) throw error;
        this.#tell(error as Error);
        await new Promise<void>((resolve) => startTimer(resolve, RETRY_MS));
      }
    }
  }

  /**
   * Connects anew if the store doesn't answer. When a connection is cut silently, the
   * system reports that only after a quarter of an hour.
   */
  async check(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = startTimer(() => {
      this.#engine.reconnect();
      resolve();
    }, SILENCE_MS);
    try {
      await Promise.race([this.#engine.ping(), late]);
    } finally {
      stopTimer(timer);
    }
  }

  /**
   * Keeps queues, and jobs of the main queue, for a while longer. So after a crash
   * of all members, Redis removes them some time later. PostgreSQL keeps them until
   * a member of the name joins.
   */
  async keep(queues: string[], jobs: string[] = []): Promise<void> {
    const keys = queues.flatMap((name) =>
      Object.entries(this.queue(name).keys)
        .filter(([what]) => !EXPIRING.has(what)).map(([, key]) => key)
    );
    keys.push(...jobs.map((id) => this.#base.toKey(id)));
    await this.#engine.expire(keys, KEPT_MS);
  }

  /** Takes no more jobs, and waits for those that have begun. */
  async finishWorking(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }

  /**
   * Waits for what a member does before it leaves, as long as the store answers.
   *
   * @returns Whether it was done; false if the store hasn't answered for a while.
   */
  async whileItAnswers(done: Promise<void>): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    done.then(() => resolve(true), reject);
    // Questions are counted, not seconds: a process that was stopped for a while
    // reads the answers first.
    let unanswered = 0;
    // deno-lint-ignore require-await -- a pulse awaits it
    const asking = new Pulse(ASK_MS, async () => {
      if (unanswered++ === QUESTIONS) return resolve(false);
      this.#base.backend.getQueueMeta().then(() => unanswered = 0, () => {});
    });
    try {
      return await promise;
    } finally {
      asking.stop();
    }
  }

  /**
   * Closes the connections. If the store doesn't answer for a while, they are ended,
   * and what waits for them fails.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const all = [...this.#workers, this.#base];
    const closed = all.map((one) => one.close().catch(() => {}));
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = startTimer(resolve, CLOSE_MS);
    await Promise.race([Promise.all(closed), late]);
    stopTimer(timer);
    this.#engine.end();
    // BullMQ waits for each connection's last word here, which may never come.
    for (const one of all) one.disconnect().catch(() => {});
  }

  /** Waits for the store to answer for the first time. */
  async #firstAnswer(action: string): Promise<void> {
    let last = "it didn't answer";
    this.onError = (message) => last = message;
    const late = Promise.withResolvers<never>();
    const timer = startTimer(late.reject, CONNECT_MS);
    try {
      const answered = this.#base.waitUntilReady();
      answered.catch(() => {});
      await Promise.race([answered, late.promise]);
    } catch (error) {
      if (Error.isError(error)) last = this.redact(error.message) || last;
      throw new Error(`Cannot ${action} at ${this.#place.text}: ${last}`);
    } finally {
      stopTimer(timer);
      this.onError = () => {};
    }
  }

  #tell = (error: Error): void => {
    this.onError(this.redact(error?.message || String(error)));
  };

  /** Replaces the URL and its password in a text by stars. */
  redact(text: string): string {
    for (const secret of this.#place.secrets) {
      text = text.replaceAll(secret, "***");
    }
    return text;
  }
}
