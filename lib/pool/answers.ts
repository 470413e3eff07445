// Copyright 2026 the lab9 authors. MIT license.

import { Promise } from "../platform/platform.ts";
import { type Packed, unpack } from "../codec/packing.ts";
import { Damaged } from "../codec/tags.ts";
import { type Decoder, explain } from "../codec/decoder.ts";
import { fromPortable } from "../codec/portable_error.ts";
import { Channel } from "./channel.ts";
import { checkSettled, type Place, Reply, type Task } from "./task.ts";

/** The replies whose value a worker may send by mail. */
const MAILED_REPLIES = new Set<Reply>([Reply.DONE, Reply.LISTED, Reply.THREW]);

/** The dispatcher whose tasks are answered. */
export interface Answered {
  /** Returns the pending task with that id. */
  taskOf(id: number): Task | undefined;
  resolve(id: number, value: unknown): void;
  reject(id: number, error: unknown): void;
  /** Is called when a worker begins a task that has a `runTimeout`. */
  begin(id: number): void;
  /** Takes the worker's oldest mail. */
  takeMail(worker: number): Packed | undefined;
  /**
   * Returns a promise that resolves when the worker may have mail; undefined if
   * none can come.
   */
  mailFrom(worker: number): Promise<void> | undefined;
  /** Is called when a worker takes no more tasks, and has not ended yet. */
  retire(worker: number): void;
  /** Is called when a worker's code has written where only the library may. */
  abandon(reason: unknown): void;
  /** Sends a task's payload to the worker; undefined if the task was called off. */
  sendPayload(task: Task | undefined, worker: number): void;
}

/** Reads the workers' answers, which are records in the channel of results. */
export class Answers {
  #answered: Answered;
  /** For each worker whose mail is late, the promise that all of it was read. */
  #late = new Map<number, Promise<void>>();

  constructor(answered: Answered) {
    this.#answered = answered;
  }

  /**
   * Reads an answer and settles its task.
   *
   * @throws {Damaged} If a worker's code has written where only the library may.
   */
  read = (decoder: Decoder): true => {
    const answered = this.#answered;
    const id = decoder.readWord();
    const reply = decoder.readWord() as Reply;
    const task = reply === Reply.LISTED ? answered.taskOf(id) : undefined;
    let value: unknown;
    try {
      if (task?.into === undefined) value = decoder.read();
      else {
        const { results, at } = task.into;
        decoder.readInto(value = results.list, at, task.to - task.from);
      }
      decoder.end();
    } catch (error) {
      const reason = explain(error);
      if (reason instanceof Damaged) throw reason;
      // The result holds a reference to a function that this thread doesn't know.
      answered.reject(id, reason);
      return true;
    }
    this.#answer(id, reply, value);
    return true;
  };

  #answer(id: number, reply: Reply, value: unknown): void {
    const answered = this.#answered;
    switch (reply) {
      case Reply.DONE:
        checkResult(answered.taskOf(id), value);
        return answered.resolve(id, value);
      case Reply.LISTED: {
        const task = answered.taskOf(id);
        checkList(task, value);
        if (task?.into !== undefined) place(value as unknown[], task.into);
        return answered.resolve(id, value);
      }
      case Reply.THREW:
        return answered.reject(id, fromPortable(value));
      case Reply.MAILED: {
        if (typeof value !== "number") throw new Damaged("answer");
        const isNext = !this.#late.has(value);
        const mail = isNext ? answered.takeMail(value) : undefined;
        if (mail === undefined) return this.#waitForMail(id, value);
        return this.#answerMailed(id, mail);
      }
      case Reply.BEGINS:
        return answered.begin(id);
      case Reply.ASKS: {
        const task = answered.taskOf(id);
        if (typeof value !== "number") throw new Damaged("answer");
        return answered.sendPayload(task, value);
      }
      case Reply.RETIRES:
        if (typeof value !== "number") throw new Damaged("answer");
        return answered.retire(value);
      default:
        throw new Damaged("answer");
    }
  }

  /** Returns a promise that resolves when the worker's late mail was read. */
  lateMail(worker: number): Promise<void> | undefined {
    return this.#late.get(worker);
  }

  /** Reads an answer's mail once it has come, after the mail of earlier answers. */
  #waitForMail(id: number, worker: number): void {
    const read = this.#readLateMail(id, worker, this.#late.get(worker))
      .catch((error) => this.#answered.abandon(error))
      .then(() => {
        if (this.#late.get(worker) === read) this.#late.delete(worker);
      });
    this.#late.set(worker, read);
  }

  async #readLateMail(
    id: number,
    worker: number,
    earlier: Promise<void> | undefined,
  ): Promise<void> {
    await earlier;
    for (;;) {
      const mail = this.#answered.takeMail(worker);
      if (mail !== undefined) return this.#answerMailed(id, mail);
      const arrives = this.#answered.mailFrom(worker);
      if (arrives === undefined) return;
      await arrives;
    }
  }

  #answerMailed(id: number, mail: Packed): void {
    let answer: [kind: Reply, value: unknown];
    try {
      answer = unpack(mail) as typeof answer;
    } catch (error) {
      if (error instanceof Damaged) throw error;
      return this.#answered.reject(id, error);
    }
    const isAnswer = Array.isArray(answer) && answer.length === 2 &&
      MAILED_REPLIES.has(answer[0]);
    if (!isAnswer) throw new Damaged("answer");
    this.#answer(id, ...answer);
  }
}

/** Copies a list that came by message to its place in the call's results. */
function place(values: unknown[], { results: { list }, at }: Place): void {
  if (values === list) return;
  for (let i = 0; i < values.length; i++) list[at + i] = values[i];
}

/** Checks the value of a task whose results are settled. */
function checkResult(task: Task | undefined, value: unknown): void {
  if (task?.isSettled) checkSettled(value, task.to - task.from);
}

/** Checks a chunk's results: a list as long as the chunk, or the call's own list. */
function checkList(task: Task | undefined, value: unknown): void {
  if (!Array.isArray(value)) throw new Damaged("answer");
  if (task === undefined || value === task.into?.results.list) return;
  if (value.length !== task.to - task.from) throw new Damaged("answer");
}

/** What an inbox needs to know of its pool. */
export interface InboxOptions {
  /** Returns the number of pending tasks. For each of them an answer will come. */
  pending: () => number;
  /** Is called when all answers in the channel have been read. */
  onRead: () => void;
  /** Is called when a worker's code has written where only the library may. */
  onBroken: (error: unknown) => void;
}

/** The channel of results, and the loop in which the main thread reads it. */
export class Inbox {
  #channel: Channel;
  #answers: Answers;
  #options: InboxOptions;
  #isReceiving = false;
  #onDue: () => void = () => {};

  constructor(answers: Answers, options: InboxOptions) {
    this.#answers = answers;
    this.#options = options;
    this.#channel = new Channel({ isOnlyTaker: true });
  }

  /** The channel's memory, for handing it to the workers. */
  get buffer(): SharedArrayBuffer {
    return this.#channel.buffer;
  }

  /** Reads answers until the channel is closed. It keeps no process alive. */
  async receive(): Promise<void> {
    if (this.#isReceiving) return;
    this.#isReceiving = true;
    try {
      do {
        for (;;) {
          if (this.#options.pending() === 0 && !this.#channel.isClosed) {
            await this.#due();
          }
          if (
            !await this.#channel.receive(
              this.#answers.read,
              Infinity,
              this.#options.pending(),
            )
          ) break;
          this.drain();
        }
      } while (!this.#channel.isClosed);
    } catch (error) {
      this.#options.onBroken(error);
    }
    this.#isReceiving = false;
  }

  /**
   * Resolves when a task is submitted. Until then this thread stands in no wait
   * list, so the worker that answers first needn't wake it.
   */
  #due(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onDue = resolve;
    return promise;
  }

  /** Starts to look for answers. Is called when a task is submitted. */
  expect(): void {
    this.#onDue();
  }

  /**
   * Reads all answers that are in the channel.
   *
   * @throws {Damaged} If a worker's code has written where only the library may.
   */
  drain(): void {
    while (this.#channel.take(this.#answers.read));
    this.#options.onRead();
  }

  /** Returns a promise that resolves when the worker's late mail was read. */
  lateMail(worker: number): Promise<void> | undefined {
    return this.#answers.lateMail(worker);
  }

  /** Ends the loop when all answers in the channel have been read. */
  close(): void {
    this.#channel.close();
    this.#onDue();
  }

  /** Reads answers again. */
  reopen(): void {
    this.#channel.reopen();
    this.receive();
  }
}
