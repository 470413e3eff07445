// Copyright 2026 the lab9 authors. MIT license.

/**
 * BullMQ and its drivers. They are loaded when the first pool is connected. Their
 * specifiers are computed, so Deno doesn't see the imports when it reads a program's
 * modules: other programs neither download the packages nor have them in a lockfile.
 *
 * @module
 */

const BULLMQ = "bullmq@6.7.0";
export const IOREDIS = "ioredis@5.11.1";
export const PG = "pg@8.23.1";

/** The part of a BullMQ queue that is used. */
export interface BullQueue {
  readonly backend: BullBackend;
  /** The keys of a queue in Redis, by their purpose. */
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

/** The part of a BullMQ job that is used. */
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

/** The part of a BullMQ worker that is used. */
export interface BullWorker {
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
  disconnect(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** The part of a BullMQ backend that is used: a queue's access to its store. */
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

/** The classes of BullMQ that are used, over one kind of store. */
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
  /** The connection with which queues and workers are made. */
  connection: unknown;
  /** Resolves when the store has answered. */
  ping(): Promise<unknown>;
  /** Sets the time after which keys expire, if the store can do that. */
  expire(keys: string[], milliseconds: number): Promise<unknown>;
  /** Connects anew. Commands that weren't answered are sent again. */
  reconnect(): void;
  /** Ends the connections at once. What waits for them fails. */
  end(): void;
}

/** Loads BullMQ over Redis. */
export async function openRedis(options: object): Promise<Engine> {
  // BullMQ finds its driver only if that was loaded before.
  const { Redis } = await import(`npm:/${IOREDIS}`);
  const { Queue, Worker } = await import(`npm:/${BULLMQ}`);
  const connections: { disconnect(): void }[] = [];
  // BullMQ duplicates the connection for each worker, since that waits for jobs.
  class Connection extends Redis {
    constructor(options: object) {
      super(options);
      connections.push(this);
    }

    duplicate(options?: object) {
      return new Connection({ ...this.options, ...options });
    }

    /**
     * BullMQ waits for the connection's end. A connection that waits for its next
     * attempt wouldn't report it. One that is ended while it connects does.
     */
    disconnect(reconnect = false): void {
      if (!reconnect && this.status === "reconnecting") {
        this.connect().catch(() => {});
      }
      super.disconnect(reconnect);
    }
  }
  const connection = new Connection(options);
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
    end: () => {
      for (const one of connections) one.disconnect();
    },
  };
}

/** Loads BullMQ over PostgreSQL, which reconnects by itself. */
export async function openPostgres(connection: object): Promise<Engine> {
  await import(`npm:/${PG}`);
  const bullmq = await import(`npm:/${BULLMQ}`);
  const { createPostgresBackend, withBackend } = bullmq;
  // BullMQ's own class for PostgreSQL doesn't let queues share a backend.
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
