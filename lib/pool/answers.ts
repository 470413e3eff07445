// Copyright 2026 the lab9 authors. MIT license.

import { Promise } from "../platform/platform.ts";
import { type Packed, unpack } from "../codec/packing.ts";
import { Damaged } from "../codec/tags.ts";
import { type Decoder, explain } from "../codec/decoder.ts";
import { fromPortable } from "../codec/portable_error.ts";
import { Channel } from "./channel.ts";
import { checkSettled, type Place, Reply, type Task } from "./task.ts";

/** What a worker may send by mail. */
const MAILED_REPLIES = new Set<Reply>([Reply.DONE, Reply.LISTED, Reply.THREW]);

/** What has tasks that are answered. */
export interface Answered {
  /** The pending task with that id. */
  taskOf(id: number): Task | undefined;
  resolve(id: number, value: unknown): void;
  reject(id: number, error: unknown): void;
  /** A worker begins a task whose time is limited. */
  begin(id: number): void;
  /** The first mail of that worker that was not taken yet. */
  takeMail(worker: number): Packed | undefined;
  /** Where its mail may be late: resolves when there may be some. */
  mailFrom(worker: number): Promise<void> | undefined;
  /** A worker's code has written where only the library does. */
  abandon(reason: unknown): void;
  /** A worker asks for the payload of a task, unless that was called off since. */
  sendPayload(task: Task | undefined, worker: number): void;
}

/** Reads what workers answer, as it stands in the channel of results. */
export class Answers {
  #answered: Answered;
  /** Of each worker whose mail is late, when the last of it will have been read. */
  #late = new Map<number, Promise<void>>();

  constructor(answered: Answered) {
    this.#answered = answered;
  }

  /**
   * Reads an answer and settles its task.
   *
   * @throws {Damaged} If a worker's code has written where only the library does.
   */
  read = (decoder: Decoder): true => {
    const answered = this.#answered;
    const id = decoder.readNumber();
    const reply = decoder.readNumber() as Reply;
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
      // A function by a reference that this thread doesn't know.
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
    }
  }

  /** Resolves when all the mail is read that a worker has told of. */
  lateMail(worker: number): Promise<void> | undefined {
    return this.#late.get(worker);
  }

  /** Reads an answer's mail once it is there, after that of answers before it. */
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

/** What an inbox needs of its pool. */
export interface InboxOptions {
  /** Whether a task is pending, so that an answer will come. */
  isAwaiting: () => boolean;
  /** Called when all answers that were there have been read. */
  onRead: () => void;
  /** Called when the channel holds what no worker of this library has written. */
  onBroken: (error: unknown) => void;
}

/** The channel of results, and the loop in which the main thread reads it. */
export class Inbox {
  #channel = new Channel();
  #answers: Answers;
  #options: InboxOptions;
  #isReceiving = false;
  #onDue: () => void = () => {};

  constructor(answers: Answers, options: InboxOptions) {
    this.#answers = answers;
    this.#options = options;
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
          if (!this.#options.isAwaiting() && !this.#channel.isClosed) {
            await this.#due();
          }
          if (!await this.#channel.receive(this.#answers.read)) break;
          this.drain();
        }
      } while (!this.#channel.isClosed);
    } catch (error) {
      this.#options.onBroken(error);
    }
    this.#isReceiving = false;
  }

  /**
   * Resolves when a task was submitted. Until then this thread stands in no list,
   * so that the worker needn't wake it for the first answer.
   */
  #due(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onDue = resolve;
    return promise;
  }

  /** A task was submitted: an answer will come. */
  expect(): void {
    this.#onDue();
  }

  /**
   * Reads all answers that are there.
   *
   * @throws {Damaged} If a worker's code has written where only the library does.
   */
  drain(): void {
    while (this.#channel.take(this.#answers.read));
    this.#options.onRead();
  }

  /** Resolves when all the mail is read that a worker has told of. */
  lateMail(worker: number): Promise<void> | undefined {
    return this.#answers.lateMail(worker);
  }

  /** Ends the loop when all answers that are there have been read. */
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
