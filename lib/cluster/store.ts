// Copyright 2026 the lab9 authors. MIT license.

import { Promise, startTimer, stopTimer } from "../platform/platform.ts";
import {
  type BullBackend,
  type BullJob,
  type BullQueue,
  type BullWorker,
  type BullWorkerOptions,
  type Engine,
  openPostgres,
  openRedis,
} from "./bullmq.ts";

/** How long a store may take to answer for the first time. */
const CONNECT_MS = 5000;
/** How long to wait before a store is asked again that has failed. */
const RETRY_MS = 500;
/** How long Redis keeps what nobody has told it to keep. */
const KEPT_MS = 3_600_000;
/** Keys that BullMQ itself has expire: that they are there means something. */
const EXPIRING = new Set(["stalled-check", "limiter"]);
/** How long the farewell may take. */
const CLOSE_MS = 3000;
/** When nothing was heard for so long, the connection is a new one. */
const SILENCE_MS = 15_000;
/** Events are for nobody here, so that few are kept. */
const EVENTS = { streams: { events: { maxLen: 100 } } };

/** Where a store is. */
interface Place {
  /** What errors say: never the user's name or password. */
  text: string;
  open: () => Promise<Engine>;
}

/** Options of {@linkcode Store.work}. */
export interface WorkOptions {
  /** How many jobs are under way at a time. */
  concurrency: number;
  lockMs: number;
  /** How often a job may be lost with its worker. */
  losses: number;
}

/**
 * The store that a pool and its hosts share, through BullMQ. What asks it for
 * something waits while it can't be reached.
 */
export class Store {
  #place: Place;
  #engine: Engine;
  #base: BullQueue;
  #secrets: string[];
  #workers: BullWorker[] = [];
  #isClosed = false;
  /** Told of every error that a connection has. */
  onError: (message: string) => void = () => {};

  private constructor(
    place: Place,
    engine: Engine,
    base: BullQueue,
    secrets: string[],
  ) {
    this.#place = place;
    this.#engine = engine;
    this.#base = base;
    this.#secrets = secrets;
    base.on("error", this.#tell);
  }

  /**
   * Connects to a store.
   *
   * @param action What it is for, for errors.
   * @param url Where it is.
   * @param name The name of its main queue.
   * @throws {TypeError} If the URL is none of a store.
   * @throws {Error} If the store can't be reached.
   */
  static async open(
    action: string,
    url: string,
    name: string,
  ): Promise<Store> {
    const parsed = parse(action, url);
    const place = placeOf(action, parsed);
    const secrets = secretsOf(url, parsed);
    const engine = await load(action, place);
    const { connection } = engine;
    const base = new engine.Queue(name, { connection, ...EVENTS });
    const store = new Store(place, engine, base, secrets);
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
    // Its fields aren't written behind our back: it may be removed at once.
    const options = { connection, skipMetasUpdate: true };
    const queue = new this.#engine.Queue(
      name,
      options,
      () => this.backend(name),
    );
    queue.on("error", this.#tell);
    return queue;
  }

  /** What keeps the fields of a queue. */
  backend(name: string): BullBackend {
    return this.#base.backend.forQueue(name);
  }

  /** Has the jobs of a queue done until the store is closed. */
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
   * Asks the store until it answers.
   *
   * @throws What the last try threw, once the store is closed.
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
   * Sees to it that the connection is alive: one that was cut without a word
   * would be waited for as long as the system waits, a quarter of an hour.
   */
  async check(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = startTimer(() => {
      this.#engine.reconnect();
      resolve();
    }, SILENCE_MS);
    await Promise.race([this.#engine.ping(), late]);
    stopTimer(timer);
  }

  /**
   * Keeps queues, and jobs of the main one, for a while longer. So what nobody
   * keeps any more is gone some time after a crash of everybody. In PostgreSQL it
   * stays until the next of the name comes.
   */
  async keep(queues: string[], jobs: string[] = []): Promise<void> {
    const keys = queues.flatMap((name) =>
      Object.entries(this.queue(name).keys)
        .filter(([what]) => !EXPIRING.has(what)).map(([, key]) => key)
    );
    keys.push(...jobs.map((id) => this.#base.toKey(id)));
    await this.#engine.expire(keys, KEPT_MS);
  }

  /** Takes no more jobs, and waits for those that were begun. */
  async finishWorking(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.close()));
  }

  /** Has no more jobs done. */
  async stopWorking(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map(closeSoon));
  }

  /** Closes the connections; if the store doesn't answer, without a farewell. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.stopWorking();
    await closeSoon(this.#base);
    this.#engine.end();
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

  /** A text in which the URL and its password are stars. */
  redact(text: string): string {
    for (const secret of this.#secrets) text = text.replaceAll(secret, "***");
    return text;
  }
}

/** Loads BullMQ and a driver; of the reason that it can't be, the first line. */
async function load(action: string, place: Place): Promise<Engine> {
  try {
    return await place.open();
  } catch (error) {
    const [reason] = String((error as Error)?.message ?? error).split("\n");
    const hint = reason.includes("lockfile")
      ? "; a checkout of this library has them in labs/cluster/deno.json"
      : "";
    throw new Error(
      `Cannot ${action}: BullMQ and its driver can't be loaded: ${reason}${hint}`,
      { cause: error },
    );
  }
}

async function closeSoon(one: BullWorker | BullQueue): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = startTimer(resolve, CLOSE_MS);
  const closed = one.close().catch(() => {});
  await Promise.race([closed, late.then(() => one.disconnect())]);
  stopTimer(timer);
}

function parse(action: string, url: unknown): URL {
  if (typeof url !== "string") {
    throw new TypeError(
      `Cannot ${action}: the URL must be a string, received ${typeof url}`,
    );
  }
  const parsed = URL.parse(url);
  if (parsed !== null) return parsed;
  // It may hold a password, so it isn't shown.
  throw new TypeError(`Cannot ${action}: the URL of its store is not valid`);
}

function placeOf(action: string, url: URL): Place {
  switch (url.protocol) {
    case "redis:":
    case "rediss:":
      return {
        text: `redis://${url.host || "127.0.0.1"}${url.pathname}`,
        open: () => openRedis(redisOptions(url)),
      };
    case "postgres:":
    case "postgresql:":
      return {
        text: `postgres://${url.host || "127.0.0.1"}${url.pathname}`,
        open: () =>
          openPostgres({
            connectionString: url.href,
            migrate: true,
            max: 4,
            keepAlive: true,
            connectionTimeoutMillis: CONNECT_MS,
            query_timeout: SILENCE_MS,
          }),
      };
    default:
      throw new TypeError(
        `Cannot ${action}: the URL must begin with redis://, rediss:// or ` +
          `postgres://, received ${url.protocol}//`,
      );
  }
}

function redisOptions(url: URL): object {
  const { hostname, port, username, password, pathname, protocol } = url;
  return {
    host: hostname.replace(/^\[|\]$/g, "") || "127.0.0.1",
    port: Number(port || 6379),
    username: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    db: Number(pathname.slice(1) || 0),
    tls: protocol === "rediss:" ? {} : undefined,
    maxRetriesPerRequest: null,
    retryStrategy: () => RETRY_MS,
    keepAlive: SILENCE_MS,
  };
}

/** What no text may show, as it stands in the URL and as it is meant. */
function secretsOf(url: string, { password }: URL): string[] {
  return [url, password, decodeURIComponent(password)]
    .filter((secret) => secret !== "");
}
