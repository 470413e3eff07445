// Copyright 2026 the lab9 authors. MIT license.

import { now } from "../sync/globals.ts";
import { hold } from "../sync/keep_alive.ts";
import { type Packed, unpack } from "../codec/packing.ts";
import { Damaged } from "../codec/tags.ts";
import { type Decoder, explain } from "../codec/decoder.ts";
import { fromPortable } from "../codec/portable_error.ts";
import type { Settled } from "../thread/run.ts";
import { Outcome } from "../thread/thread_table.ts";
import { WorkerLostError } from "../thread/thread.ts";
import { Channel } from "./channel.ts";
import { Outbox } from "./outbox.ts";
import { checkSettled, type Place, Reply, type Task } from "./task.ts";
import { TaskTable } from "./task_table.ts";
import {
  describeLoss,
  type PoolWorker,
  Workers,
  type WorkersOptions,
} from "./workers.ts";

/** How long the tasks of a pool may only wait once its block has ended. */
const STUCK_MS = 5000;

/** What a worker may send by mail. */
const MAILED_REPLIES = new Set<Reply>([Reply.DONE, Reply.LISTED, Reply.THREW]);

/** A call that may have tasks, or go on submitting them. */
export interface OpenCall {
  /** Tells it that the pool has ended. */
  callOff(reason: unknown): void;
}

export type DispatcherOptions = Omit<
  WorkersOptions,
  "tasks" | "results" | "tickets"
>;

/**
 * The life of a pool:
 *  - `running`: it takes calls.
 *  - `closed`: it takes the tasks of the calls that were made before.
 *  - `drained`: nothing is left of them, so the workers end. An iterator that
 *    was made before may still be read: its next task closes the pool anew.
 *  - `failed`: no worker can be started. Every task rejects with the reason.
 *  - `stopped`: it was terminated, or was closed when it had failed.
 */
type State = "running" | "closed" | "drained" | "failed" | "stopped";

/**
 * The main thread's side of a pool: it writes tasks into one channel, which any
 * worker takes from, and settles them by what comes back through another.
 */
export class Dispatcher {
  #workers: Workers;
  #table = new TaskTable();
  #outbox = new Outbox((task, error) => this.#settle(task.id)?.reject(error));
  #results = new Channel();
  /** The calls that can be called off now. */
  #calls = new Set<OpenCall>();
  /** How many iterators a closed pool keeps its workers for. */
  #kept = 0;
  #hold: Disposable | undefined;
  #state: State = "running";
  #failure: unknown;
  /** How many await the workers' end, and whether somebody ever has. */
  #joins = 0;
  #isJoined = false;
  #isReceiving = false;
  /** How many tasks have settled. */
  #settled = 0;
  #stopping: Promise<void> | undefined;

  constructor(size: number, options: DispatcherOptions) {
    this.#workers = new Workers(
      size,
      {
        ...options,
        tasks: this.#outbox.buffer,
        results: this.#results.buffer,
        tickets: this.#table.buffer,
      },
      (worker, settled) => this.#onWorkerEnd(worker, settled),
    );
    this.#receive();
    this.#workers.fill(() => this.#state === "running");
  }

  /** Whether nobody has closed or terminated it. */
  get isOpen(): boolean {
    return this.#state === "running" || this.#state === "failed";
  }

  /** Why no task is taken any more, if none is. */
  get refusal(): { reason: unknown } | undefined {
    return this.#hasStopped ? { reason: this.#failure } : undefined;
  }

  get #hasStopped(): boolean {
    return this.#state === "failed" || this.#state === "stopped";
  }

  /** Whether the workers know the module. */
  knows(url: string): boolean {
    const { own, exposing } = this.#workers.registry;
    return exposing.has(url) || own.has(url);
  }

  /**
   * Has a worker do a task.
   *
   * @returns A promise that resolves to what came of it.
   * @throws At once if the pool was stopped, or the payload can't be sent.
   */
  submit(task: Task): Promise<unknown> {
    if (this.#hasStopped) throw this.#failure;
    this.#table.add(task);
    try {
      this.#outbox.post(task);
    } catch (error) {
      this.#table.delete(task.id);
      throw error;
    }
    this.#hold ??= hold();
    if (this.#state === "drained") this.#reopen();
    if (this.#table.size > this.#workers.count) this.#grow();
    return task.promise;
  }

  /** Calls tasks off, and ends the workers that are at them. */
  cancel(tasks: Iterable<Task>, reason: unknown): void {
    let begun: Set<number> | undefined;
    for (const task of tasks) {
      if (!this.#table.callOff(task)) (begun ??= new Set()).add(task.id);
      this.#onCalledOff(task, reason);
    }
    if (begun !== undefined) this.#workers.stopAt(begun);
  }

  /** Calls off those tasks that no worker has begun. */
  cancelWaiting(tasks: Iterable<Task>, reason: unknown): void {
    for (const task of tasks) {
      if (this.#table.callOffWaiting(task)) this.#onCalledOff(task, reason);
    }
  }

  #onCalledOff(task: Task, reason: unknown): void {
    this.#outbox.recall(task);
    this.#onDeleted(task);
    task.reject(reason);
  }

  /** Lets the workers end when everything is done. */
  close(): void {
    if (this.#state === "running") this.#state = "closed";
    if (this.#state === "failed") this.#state = "stopped";
    this.#drainIfDone();
  }

  /** Keeps the workers for a call, even if the pool is closed meanwhile. */
  enter(call: OpenCall): void {
    this.#calls.add(call);
  }

  /** The call has no tasks, and nobody waits for it. */
  leave(call: OpenCall): void {
    this.#calls.delete(call);
    this.#drainIfDone();
  }

  /** Keeps the workers of a closed pool for an iterator, unless one joins it. */
  keep(): void {
    this.#kept++;
  }

  release(): void {
    this.#kept--;
    this.#drainIfDone();
  }

  /** Ends the workers now; what is pending rejects with the reason. */
  async stop(reason: unknown): Promise<void> {
    this.#abandon(reason);
    this.#state = "stopped";
    await this.ended();
  }

  /** Resolves when the workers have ended that a joined pool has left. */
  async endedIfJoined(): Promise<void> {
    if (this.#isJoined && this.#state !== "closed") await this.ended();
  }

  /**
   * Resolves when every worker has ended, at the end of an `await using` block.
   * Whether that threw can't be known. If it did, nobody may be left who lets a
   * task go on that waits: a pool that only waits is terminated.
   */
  async endedOrStuck(): Promise<void> {
    let hasEnded = false;
    const ended = this.ended().finally(() => hasEnded = true);
    if (this.#table.size > 0) this.#stopIfStuck(() => hasEnded);
    await ended;
  }

  async #stopIfStuck(hasEnded: () => boolean): Promise<void> {
    let since = now();
    let settled = this.#settled;
    for (;;) {
      const onlyWaits = await this.#workers.look();
      if (hasEnded() || this.#hasStopped) return;
      if (!onlyWaits || settled !== this.#settled) {
        since = now();
        settled = this.#settled;
      } else if (now() - since >= STUCK_MS) break;
    }
    const message = "The pool was terminated at the end of its block: for " +
      `${STUCK_MS / 1000} seconds its tasks have only waited`;
    console.warn(message);
    // The block's own error must reach somebody, not the rejection of a promise
    // that nobody came to await.
    for (const { promise } of this.#table.tasks()) promise.catch(() => {});
    await this.stop(new DOMException(message, "AbortError"));
  }

  /** Resolves when every worker has ended. */
  async ended(): Promise<void> {
    using _alive = hold();
    this.#isJoined = true;
    this.#joins++;
    this.#drainIfDone();
    await this.#workers.ended();
    await this.#stopping;
    this.#joins--;
  }

  #abandon(reason: unknown): void {
    if (this.#hasStopped) return;
    this.#state = this.#state === "running" ? "failed" : "stopped";
    this.#failure = reason;
    for (const task of this.#table.tasks()) {
      this.#table.callOff(task);
      this.#onCalledOff(task, reason);
    }
    for (const call of this.#calls) call.callOff(reason);
    this.#outbox.close();
    this.#stopping = this.#workers.stop();
    this.#closeResults();
  }

  /**
   * Ends the channel of tasks if the pool was closed and nobody will submit
   * more. An iterator that nobody takes from must not keep a join waiting.
   */
  #drainIfDone(): void {
    if (this.#state !== "closed") return;
    if (this.#table.size > 0 || this.#calls.size > 0) return;
    if (this.#kept > 0 && this.#joins === 0) return;
    this.#state = "drained";
    this.#outbox.close();
    this.#closeResults();
  }

  /** Lets no reader of results outlive the workers. */
  async #closeResults(): Promise<void> {
    await this.#workers.ended();
    await this.#stopping;
    if (this.#state === "closed") return;
    this.#results.close();
  }

  /** Takes a task that was submitted after the last one was done. */
  #reopen(): void {
    this.#state = "closed";
    this.#outbox.reopen();
    this.#results.reopen();
    this.#receive();
  }

  #grow(): void {
    try {
      this.#workers.grow();
    } catch (error) {
      this.#abandon(error);
    }
  }

  #settle(id: number): Task | undefined {
    const task = this.#table.delete(id);
    if (task !== undefined) this.#onDeleted(task);
    return task;
  }

  #onDeleted(task: Task): void {
    this.#settled++;
    if (this.#table.size === 0) {
      this.#hold?.[Symbol.dispose]();
      this.#hold = undefined;
    }
    task.owner?.onSettled(task);
    if (this.#state === "closed") this.#drainIfDone();
  }

  /** Settles tasks as long as the pool lives. It keeps no process alive. */
  async #receive(): Promise<void> {
    if (this.#isReceiving) return;
    this.#isReceiving = true;
    try {
      do {
        while (await this.#results.receive(this.#handle)) this.#drain();
      } while (!this.#results.isClosed);
    } catch (error) {
      this.#abandon(error);
    }
    this.#isReceiving = false;
  }

  /**
   * Settles what was answered.
   *
   * @throws {Error} If a worker's code has written where only the library does.
   */
  #drain(): void {
    while (this.#results.take(this.#handle));
    this.#outbox.flush();
  }

  #handle = (decoder: Decoder): true => {
    const id = decoder.readNumber();
    const reply = decoder.readNumber() as Reply;
    const task = reply === Reply.LISTED ? this.#table.get(id) : undefined;
    let value: unknown;
    try {
      if (task?.into === undefined) value = decoder.read();
      else {
        const { results, at } = task.into;
        decoder.readInto(value = results.list, at, task.to - task.from);
      }
      decoder.end();
    } catch (error) {
      // A worker's code has written where only the library does.
      const reason = explain(error);
      if (reason instanceof Damaged) throw reason;
      // A function by a reference that this thread doesn't know.
      this.#settle(id)?.reject(reason);
      return true;
    }
    this.#answer(id, reply, value);
    return true;
  };

  #answer(id: number, reply: Reply, value: unknown): void {
    switch (reply) {
      case Reply.DONE:
        checkResult(this.#table.get(id), value);
        return this.#settle(id)?.resolve(value);
      case Reply.LISTED: {
        checkList(this.#table.get(id), value);
        const task = this.#settle(id);
        if (task?.into !== undefined) place(value as unknown[], task.into);
        return task?.resolve(value);
      }
      case Reply.THREW: {
        const error = fromPortable(value);
        return this.#settle(id)?.reject(error);
      }
      case Reply.MAILED: {
        if (typeof value !== "number") throw new Damaged("answer");
        const mail = this.#workers.takeMail(value);
        if (mail === undefined) return;
        return this.#answerMailed(id, mail);
      }
      case Reply.ASKS: {
        const task = this.#table.get(id);
        // Called off since: the worker is being ended.
        if (task === undefined) return;
        if (typeof value !== "number") throw new Damaged("answer");
        return this.#sendPayload(task, value);
      }
    }
  }

  #answerMailed(id: number, mail: Packed): void {
    let answer: [kind: Reply, value: unknown];
    try {
      answer = unpack(mail) as typeof answer;
    } catch (error) {
      if (error instanceof Damaged) throw error;
      this.#settle(id)?.reject(error);
      return;
    }
    const isAnswer = Array.isArray(answer) && answer.length === 2 &&
      MAILED_REPLIES.has(answer[0]);
    if (!isAnswer) throw new Damaged("answer");
    this.#answer(id, ...answer);
  }

  #sendPayload(task: Task, worker: number): void {
    const mail = task.mail!;
    task.mail = undefined;
    try {
      this.#workers.sendMail(worker, mail);
    } catch (error) {
      // It has changed since, or is larger than what a message can take. The
      // worker would wait for it for ever.
      this.cancel([task], error);
    }
  }

  #onWorkerEnd(worker: PoolWorker, settle: () => Settled): void {
    // What it answered comes first; its mail is lost when it is settled.
    try {
      this.#drain();
    } catch (error) {
      this.#abandon(error);
    }
    const settled = settle();
    if (this.#hasStopped) return;
    if (settled.outcome === Outcome.RETURNED) {
      // It has done its number of tasks, or there were none left.
      const isRecycled = settled.value === true;
      return this.#replace(isRecycled && this.#state !== "drained");
    }
    const error = settled.outcome === Outcome.THREW
      ? settled.error
      : new WorkerLostError(describeLoss(worker, settled));
    if (!worker.isReady) {
      // Another would end the same way. Who waits is told of it; if nobody
      // does, nobody else would say it.
      if (this.#table.size === 0) {
        console.error(`Exception in thread ${worker.name}:`, error);
      }
      this.#abandon(error);
      return;
    }
    this.#settle(worker.claim)?.reject(error);
    this.#replace(!worker.isReplaced && this.#state !== "drained");
  }

  /** Starts a worker if one was lost, or a task would wait for none. */
  #replace(isMissing: boolean): void {
    if (isMissing || this.#table.size > this.#workers.count) this.#grow();
  }
}

/** Puts a list that came by message where it is wanted. */
function place(values: unknown[], { results: { list }, at }: Place): void {
  if (values === list) return;
  for (let i = 0; i < values.length; i++) list[at + i] = values[i];
}

/** Of a settled task, more is expected than some value. */
function checkResult(task: Task | undefined, value: unknown): void {
  if (task?.isSettled) checkSettled(value, task.to - task.from);
}

/** A list of results is as long as the chunk, or stands where it belongs. */
function checkList(task: Task | undefined, value: unknown): void {
  if (!Array.isArray(value)) throw new Damaged("answer");
  if (task === undefined || value === task.into?.results.list) return;
  if (value.length !== task.to - task.from) throw new Damaged("answer");
}
