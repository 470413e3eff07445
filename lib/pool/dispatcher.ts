// Copyright 2026 the lab9 authors. MIT license.

import { hold } from "../sync/keep_alive.ts";
import { type Packed, unpack } from "../codec/packing.ts";
import type { Decoder } from "../codec/decoder.ts";
import { fromPortable } from "../codec/portable_error.ts";
import type { Settled } from "../thread/run.ts";
import { Outcome } from "../thread/thread_table.ts";
import { WorkerLostError } from "../thread/thread.ts";
import { Channel } from "./channel.ts";
import {
  Crew,
  type CrewMember,
  type CrewOptions,
  describeLoss,
} from "./crew.ts";
import { Outbox } from "./outbox.ts";
import { type OutgoingTask, Reply } from "./task.ts";
import { CANCELLED_CALLS } from "./worker_loop.ts";

/** A task that is not settled yet. */
interface PendingTask extends OutgoingTask {
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
  into: Place | undefined;
}

/** Where the results of a chunk are wanted. */
export interface Place {
  /** The list may be made after the chunk was submitted, in the same turn. */
  results: { list: unknown[] };
  at: number;
}

/** Stands for the call of a task that is one by itself. */
export const NO_CALL = 0;

/** What a task is made of; its id is the dispatcher's. */
export type TaskOptions = Omit<OutgoingTask, "id" | "payload" | "mail"> & {
  payload: readonly unknown[];
  /** Where a list of results is to be put, instead of being resolved to. */
  into?: Place;
};

/** A call that may go on submitting tasks. */
export interface OpenCall {
  /** Whether it waits for somebody to take results before it submits more. */
  readonly isLazy: boolean;
  /** Tells it that the pool has ended. */
  callOff(reason: unknown): void;
}

export type DispatcherOptions = Omit<
  CrewOptions,
  "tasks" | "results" | "cancelled"
>;

/**
 * The main thread's side of a pool: it writes tasks into one channel, which any
 * worker takes from, and settles them by what comes back through another.
 */
export class Dispatcher {
  #crew: Crew;
  #tasks = new Outbox();
  #results = new Channel();
  #cancelled = new Int32Array(new SharedArrayBuffer(4 * (1 + CANCELLED_CALLS)));
  #pending = new Map<number, PendingTask>();
  #calls = new Set<OpenCall>();
  #lastTask = 0;
  #hold: Disposable | undefined;
  #state: "running" | "closed" | "stopped" = "running";
  #failure: unknown;
  /** Whether somebody awaits the workers' end. */
  #isJoined = false;
  #stopping: Promise<void> | undefined;
  /** Whether the workers end once the channel is empty. */
  #isChannelClosed = false;

  constructor(size: number, options: DispatcherOptions) {
    this.#crew = new Crew(
      size,
      {
        ...options,
        tasks: this.#tasks.buffer,
        results: this.#results.buffer,
        cancelled: this.#cancelled,
      },
      (member, settled) => this.#onWorkerEnd(member, settled),
    );
    this.#receive();
    this.#crew.fill(() => this.#state === "running");
  }

  /** Whether the workers know the module. */
  knows(url: string): boolean {
    return this.#crew.modules.has(url);
  }

  /** Why no task is taken any more, if none is. */
  get refusal(): { reason: unknown } | undefined {
    if (this.#state === "stopped") return { reason: this.#failure };
    return this.#isChannelClosed
      ? { reason: new Error("Pool is not running") }
      : undefined;
  }

  /**
   * Has a worker do a task.
   *
   * @returns A promise that resolves to what came of it.
   * @throws At once if there is a refusal, or the payload can't be sent.
   */
  submit(options: TaskOptions): Promise<unknown> {
    const { refusal } = this;
    if (refusal !== undefined) throw refusal.reason;
    // Zero stands for no task; the id goes through 32 bits.
    const id = this.#lastTask = (this.#lastTask % 0x7fffffff) + 1;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    // Spreading the options would take longer than all the rest.
    const task: PendingTask = {
      id,
      call: options.call,
      fn: options.fn,
      mode: options.mode,
      isSettled: options.isSettled,
      payload: options.payload,
      from: options.from,
      to: options.to,
      into: options.into,
      mail: undefined,
      resolve,
      reject,
    };
    this.#tasks.post(task);
    this.#pending.set(id, task);
    this.#hold ??= hold();
    if (this.#pending.size > this.#crew.seats) this.#crew.grow();
    return promise;
  }

  /** Calls off what is left of a call, and ends the workers that are at it. */
  cancel(call: number, reason: unknown): void {
    const count = Atomics.load(this.#cancelled, 0);
    this.#cancelled[1 + count % CANCELLED_CALLS] = call;
    Atomics.store(this.#cancelled, 0, count + 1);
    const tasks = new Set<number>();
    for (const task of this.#pending.values()) {
      if (task.call === call) tasks.add(task.id);
    }
    this.#tasks.recall(call);
    for (const id of tasks) this.#settle(id)!.reject(reason);
    this.#crew.stopWorkersOf(tasks);
  }

  /** Lets the workers end when everything is done. */
  close(): void {
    if (this.#state === "running") this.#state = "closed";
    this.#closeChannel();
  }

  /** Keeps the workers for a call, even if the pool is closed meanwhile. */
  enter(call: OpenCall): void {
    this.#calls.add(call);
  }

  /** The call submits no more. */
  leave(call: OpenCall): void {
    this.#calls.delete(call);
    this.#closeChannel();
  }

  /** Ends the workers now; what is pending rejects with the reason. */
  async stop(reason: unknown): Promise<void> {
    this.#abandon(reason);
    await this.ended();
  }

  #abandon(reason: unknown): void {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#failure = reason;
    for (const id of [...this.#pending.keys()]) {
      this.#settle(id)!.reject(reason);
    }
    for (const call of this.#calls) call.callOff(reason);
    this.#isChannelClosed = true;
    this.#tasks.close();
    this.#stopping = this.#crew.stop();
  }

  /** Resolves when every worker has ended. */
  async ended(): Promise<void> {
    using _alive = hold();
    this.#isJoined = true;
    this.#closeChannel();
    await this.#crew.ended();
    await this.#stopping;
    this.#results.close();
  }

  /**
   * Ends the channel of tasks if the pool was closed and nobody will submit
   * more. An iterator that nobody takes from must not keep a join waiting.
   */
  #closeChannel(): void {
    if (this.#state !== "closed" || this.#isChannelClosed) return;
    if (!this.#tasks.isFlushed) return;
    const isIdle = this.#isJoined && this.#pending.size === 0;
    for (const { isLazy } of this.#calls) if (!isLazy || !isIdle) return;
    this.#isChannelClosed = true;
    this.#tasks.close();
  }

  #settle(id: number): PendingTask | undefined {
    const task = this.#pending.get(id);
    if (task === undefined) return undefined;
    this.#pending.delete(id);
    if (this.#pending.size === 0) {
      this.#hold?.[Symbol.dispose]();
      this.#hold = undefined;
      if (this.#isJoined) this.#closeChannel();
    }
    return task;
  }

  /** Settles tasks as long as the pool lives. It keeps no process alive. */
  async #receive(): Promise<void> {
    try {
      while (await this.#results.receive(this.#handle)) this.#drain();
    } catch (error) {
      this.#abandon(error);
    }
  }

  /**
   * Settles what was answered, and sends what there is room for.
   *
   * @throws {Error} If a worker's code has written where only the library does.
   */
  #drain(): void {
    while (this.#results.take(this.#handle));
    if (this.#tasks.isFlushed) return;
    this.#tasks.flush(({ id }, error) => this.#settle(id)?.reject(error));
    this.#closeChannel();
  }

  #handle = (decoder: Decoder): true => {
    const id = decoder.read() as number;
    const reply = decoder.read() as Reply;
    const task = reply === Reply.LISTED ? this.#pending.get(id) : undefined;
    let value: unknown;
    try {
      if (task?.into === undefined) value = decoder.read();
      else {
        const { results, at } = task.into;
        decoder.readInto(value = results.list, at, task.to - task.from);
      }
      decoder.end();
    } catch (error) {
      // A function by a reference that this thread doesn't know.
      this.#settle(id)?.reject(error);
      return true;
    }
    this.#answer(id, reply, value);
    return true;
  };

  #answer(id: number, reply: Reply, value: unknown): void {
    switch (reply) {
      case Reply.DONE:
        return this.#settle(id)?.resolve(value);
      case Reply.LISTED: {
        const task = this.#settle(id);
        if (task?.into !== undefined) place(value as unknown[], task.into);
        return task?.resolve(value);
      }
      case Reply.THREW:
        return this.#settle(id)?.reject(fromPortable(value));
      case Reply.MAILED: {
        const mail = this.#crew.takeMail(value as number);
        if (mail === undefined) return;
        return this.#answerMailed(id, mail);
      }
      case Reply.ASKS: {
        const task = this.#pending.get(id);
        // Called off since: the worker is being ended.
        if (task === undefined) return;
        return this.#sendPayload(task, value as number);
      }
    }
  }

  #answerMailed(id: number, mail: Packed): void {
    let answer: [kind: Reply, value: unknown];
    try {
      answer = unpack(mail) as typeof answer;
    } catch (error) {
      this.#settle(id)?.reject(error);
      return;
    }
    this.#answer(id, ...answer);
  }

  #sendPayload(task: PendingTask, worker: number): void {
    const mail = task.mail!;
    task.mail = undefined;
    try {
      this.#crew.sendMail(worker, mail);
    } catch (error) {
      // It has changed since, or is larger than what a message can take. The
      // worker would wait for it for ever.
      const { id } = task;
      this.#settle(id)?.reject(error);
      this.#crew.stopWorkersOf(new Set([id]));
    }
  }

  #onWorkerEnd(member: CrewMember, settle: () => Settled): void {
    // What it answered comes first; its mail is lost when it is settled.
    try {
      this.#drain();
    } catch (error) {
      this.#abandon(error);
    }
    const settled = settle();
    if (this.#state === "stopped") return;
    if (settled.outcome === Outcome.RETURNED) {
      const isRecycled = settled.value === true;
      if (isRecycled && this.#isNeeded) this.#crew.add();
      return;
    }
    const error = settled.outcome === Outcome.THREW
      ? settled.error
      : new WorkerLostError(describeLoss(member, settled));
    if (!member.isReady) {
      // Another would end the same way. Who waits is told of it; if nobody
      // does, nobody else would say it.
      if (this.#pending.size === 0) {
        console.error(`Exception in thread ${member.name}:`, error);
      }
      this.#abandon(error);
      return;
    }
    this.#settle(member.claim)?.reject(error);
    if (!member.isReplaced && this.#isNeeded) this.#crew.add();
  }

  get #isNeeded(): boolean {
    return !this.#isChannelClosed || this.#pending.size > 0;
  }
}

/** Puts a list that came by message where it is wanted. */
function place(values: unknown[], { results: { list }, at }: Place): void {
  if (values === list) return;
  for (let i = 0; i < values.length; i++) list[at + i] = values[i];
}
