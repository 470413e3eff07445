// Copyright 2026 the lab9 authors. MIT license.

import { checkSendable, pack } from "../codec/packing.ts";
import { toPortable } from "../codec/portable_error.ts";
import { stopped } from "../sync/waiters.ts";
import { isEnding, sendMail } from "../thread/worker_server.ts";
import type { Channel } from "./channel.ts";
import { endTask } from "./current_task.ts";
import { Mode, type ReceivedTask, Reply, type SettledItems } from "./task.ts";

/** Tells the main thread what came of a worker's tasks. */
export class Replies {
  #results: Channel;
  #name: string;
  #number: number;

  constructor(
    results: Channel,
    { name, number }: { name: string; number: number },
  ) {
    this.#results = results;
    this.#name = name;
    this.#number = number;
  }

  /** The task has returned that. */
  done(task: ReceivedTask, value: unknown): void {
    if (isEnding()) throw stopped();
    try {
      const isList = task.mode !== Mode.APPLY && !task.isSettled;
      this.#reply(task, isList ? Reply.LISTED : Reply.DONE, value);
    } catch (error) {
      if (!task.isSettled) throw error;
      const items = value as SettledItems;
      this.#failUnsendable(task, items);
      this.#reply(task, Reply.DONE, items);
    }
  }

  /** The task has thrown that. */
  threw(task: ReceivedTask, error: unknown): void {
    // A terminated worker answers no more: its task was rejected already.
    if (isEnding()) throw stopped();
    this.#reply(task, Reply.THREW, toPortable(error, this.#name));
  }

  /** A task begins whose time is limited. */
  begins(task: ReceivedTask): void {
    this.#write(task.id, Reply.BEGINS, undefined);
    this.#results.sendSync();
  }

  /** The task's payload is wanted by mail. */
  asks(task: ReceivedTask): void {
    this.#write(task.id, Reply.ASKS, this.#number);
    this.#results.sendSync();
  }

  /** Answers through the channel, or by mail what can't stand in it. */
  #reply(task: ReceivedTask, kind: Reply, value: unknown): void {
    if (!this.#tryWrite(task.id, kind, value)) {
      sendMail(pack([kind, value], kind === Reply.LISTED ? -2 : -1));
      this.#write(task.id, Reply.MAILED, this.#number);
    }
    endTask(task);
    this.#results.sendSync();
  }

  /** Has the results that can't travel fail, so that the others can. */
  #failUnsendable(task: ReceivedTask, [values, failures]: SettledItems): void {
    for (const [index, value] of values.entries()) {
      try {
        if (!this.#tryWrite(task.id, Reply.DONE, value)) {
          checkSendable(pack(value));
        }
      } catch (error) {
        values[index] = undefined;
        failures.push([index, toPortable(error, this.#name)]);
      }
    }
  }

  #tryWrite(id: number, kind: Reply, value: unknown): boolean {
    try {
      return this.#write(id, kind, value);
    } catch (error) {
      if (error instanceof DOMException && error.name === "DataCloneError") {
        return false;
      }
      throw error;
    }
  }

  #write(id: number, kind: Reply, value: unknown): boolean {
    return this.#results.write((encoder) => {
      encoder.write(id);
      encoder.write(kind);
      if (kind === Reply.LISTED) encoder.writeList(value as unknown[]);
      else encoder.write(value);
    });
  }
}
