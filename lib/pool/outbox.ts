// Copyright 2026 the lab9 authors. MIT license.

import { pack, transferList } from "../codec/packing.ts";
import { Channel } from "./channel.ts";
import { type OutgoingTask, writeTask } from "./task.ts";

/** The channel of tasks, and those that wait for room in it. */
export class Outbox {
  #channel = new Channel();
  #backlog: OutgoingTask[] = [];
  /** The task that is written and maybe not sent. */
  #written: OutgoingTask | undefined;

  /** The channel's memory, for handing it to the workers. */
  get buffer(): SharedArrayBuffer {
    return this.#channel.buffer;
  }

  /** Whether every task is in the channel. */
  get isFlushed(): boolean {
    return this.#backlog.length === 0;
  }

  /**
   * Sends a task, at the latest when there is room for it.
   *
   * @throws {DOMException} A `DataCloneError` if the payload can't be sent.
   */
  post(task: OutgoingTask): void {
    this.#write(task);
    if (this.isFlushed && this.#channel.send()) return;
    // The list is the caller's, who may do with it as it likes from now on.
    if (task.payload !== undefined) {
      task.payload = task.payload.slice(task.from, task.to);
      task.to -= task.from;
      task.from = 0;
    }
    this.#backlog.push(task);
  }

  /** Sends what there is room for. Tasks that can't be sent any more are told. */
  flush(refuse: (task: OutgoingTask, error: unknown) => void): void {
    let sent = 0;
    for (; sent < this.#backlog.length; sent++) {
      const task = this.#backlog[sent];
      try {
        this.#write(task);
      } catch (error) {
        // The payload has changed since.
        refuse(task, error);
        continue;
      }
      if (!this.#channel.send()) break;
    }
    this.#backlog.splice(0, sent);
  }

  /** Takes back the tasks of a call that aren't in the channel yet. */
  recall(call: number): void {
    this.#backlog = this.#backlog.filter((task) => task.call !== call);
  }

  /** Lets the workers end once they have taken what is in the channel. */
  close(): void {
    this.#backlog = [];
    this.#channel.close();
  }

  /** Writes a task for the channel to send. */
  #write(task: OutgoingTask): void {
    if (this.#written === task) return;
    this.#written = undefined;
    if (!this.#tryWrite(task)) {
      task.payload = undefined;
      this.#channel.write((encoder) => writeTask(encoder, task));
    }
    this.#written = task;
  }

  /** False if the payload has to go by message. */
  #tryWrite(task: OutgoingTask): boolean {
    try {
      if (this.#channel.write((encoder) => writeTask(encoder, task))) {
        return true;
      }
      // A list with a mark was refused, so this need not be the list itself; that
      // is the caller's until a worker asks.
      task.mail = pack(task.payload!.slice(task.from, task.to), -1);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "DataCloneError")) {
        throw error;
      }
      // What no message can take either is refused here, not in a worker; and
      // what is to be moved is moved now, not when a worker asks for it.
      const packed = pack(partOf(task), -1);
      const transfer = transferList(packed);
      task.mail = structuredClone(packed, { transfer });
    }
    return false;
  }
}

/** The task's part of the payload; all of it is the list itself, with its mark. */
function partOf({ payload, from, to }: OutgoingTask): readonly unknown[] {
  const isWhole = from === 0 && to === payload!.length;
  return isWhole ? payload! : payload!.slice(from, to);
}
