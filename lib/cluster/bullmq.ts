// Copyright 2026 the lab9 authors. MIT license.

/**
 * BullMQ and its drivers. They are loaded when the first pool is connected, and
 * in this form: Deno doesn't see the imports while it reads the modules of a
 * program, so nobody else downloads the packages or has them in a lockfile.
 *
 * @module
 */

const BULLMQ = "bullmq@6.7.0";
export const IOREDIS = "ioredis@5.11.1";
export const PG = "pg@8.23.1";

/** What is used of a queue of BullMQ's. */
export interface BullQueue {
  readonly backend: BullBackend;
  /** The keys of a queue in Redis, by what they are for. */
  readonly keys: Record<string, string>;
  toKey(type: string): string;
  waitUntilReady(): Promise<unknown>;
  add(name: string, data: unknown, options: JobOptions): Promise<unknown>;
  /** Resolves to 0 if a worker has begun the job. */
  remove(id: string): Promise<number>;
  getJobState(id: string): Promise<string>;
  getJobs(types: ("failed" | "waiting")[]): Promise<(BullJob | undefined)[]>;
  obliterate(options: { force: boolean }): Promise<void>;
  close(): Promise<void>;
  disconnect(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** What is used of a job of BullMQ's. */
export interface BullJob {
  id?: string | undefined;
  data: unknown;
}

export interface JobOptions {
  jobId: string;
  attempts: number;
  removeOnComplete: boolean;
  removeOnFail: boolean;
}

/** What is used of a worker of BullMQ's. */
export interface BullWorker {
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
  disconnect(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** What is used of how a queue reaches its store. */
export interface BullBackend {
  forQueue(name: string): BullBackend;
  setQueueMeta(values: Record<string, string>): Promise<number>;
  getQueueMeta(): Promise<Record<string, string>>;
  removeQueueMetaFields(fields: string[]): Promise<number>;
}

export interface BullWorkerOptions {
  connection: unknown;
  concurrency: number;
  lockDuration: number;
  stalledInterval: number;
  maxStalledCount: number;
  runRetryDelay: number;
  drainDelay: number;
  removeOnComplete: { count: number };
}

type BackendFactory = (name: string) => BullBackend;

/** The classes of BullMQ's that are used, over one kind of store. */
export interface BullMq {
  Queue: new (
    name: string,
    options: unknown,
    backend?: BackendFactory,
  ) => BullQueue;
  Worker: new (
    name: string,
    process: (job: BullJob) => Promise<void>,
    options: BullWorkerOptions,
  ) => BullWorker;
}

/** BullMQ over one store, and a connection to it. */
export interface Engine extends BullMq {
  /** What queues and workers are made with. */
  connection: unknown;
  /** Asks the store whether it is there. */
  ping(): Promise<unknown>;
  /** Has keys expire, if the store can. */
  expire(keys: string[], milliseconds: number): Promise<unknown>;
  /** Connects anew; what was asked meanwhile is asked again. */
  reconnect(): void;
  /** Ends the connection, if it is not that of a queue or a worker. */
  end(): void;
}

/** Loads BullMQ over Redis. */
export async function openRedis(options: object): Promise<Engine> {
  // BullMQ finds its driver once that is loaded.
  const { Redis } = await import(`npm:/${IOREDIS}`);
  const { Queue, Worker } = await import(`npm:/${BULLMQ}`);
  const connection = new Redis(options);
  return {
    Queue,
    Worker,
    connection,
    ping: () => connection.ping(),
    expire: (keys, milliseconds) => {
      const pipeline = connection.pipeline();
      for (const key of keys) pipeline.pexpire(key, milliseconds);
      return pipeline.exec();
    },
    reconnect: () => connection.disconnect(true),
    end: () => connection.disconnect(),
  };
}

/** Loads BullMQ over PostgreSQL. Its connections look after themselves. */
export async function openPostgres(connection: object): Promise<Engine> {
  await import(`npm:/${PG}`);
  const bullmq = await import(`npm:/${BULLMQ}`);
  const { createPostgresBackend, withBackend } = bullmq;
  // The bound queue takes no backend, and that of another queue is to be shared.
  class Queue extends bullmq.Queue {
    constructor(name: string, options: unknown, backend?: BackendFactory) {
      super(name, options, backend ?? createPostgresBackend);
    }
  }
  return {
    Queue: Queue as unknown as BullMq["Queue"],
    Worker: withBackend(createPostgresBackend).Worker,
    connection,
    ping: async () => {},
    expire: async () => {},
    reconnect: () => {},
    end: () => {},
  };
}
