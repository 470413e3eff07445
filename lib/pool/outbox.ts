// Copyright 2026 the lab9 authors. MIT license.

import { structuredClone } from "../platform/platform.ts";
import { pack, transferList } from "../codec/packing.ts";
import { Channel } from "./channel.ts";
import { type Task, writeTask } from "./task.ts";

/** The channel of tasks, and those that wait for room in it. */
export class Outbox {
  #channel = new Channel();
  #backlog = new Set<Task>();
  /** The task that is written and maybe not sent. */
  #written: Task | undefined;
  /** Whether something waits for room. */
  #isWaiting = false;
  #onRefused: (task: Task, error: unknown) => void;

  /** `onRefused` gets each task that can't be sent any more. */
  constructor(onRefused: (task: Task, error: unknown) => void) {
    this.#onRefused = onRefused;
  }

  /** The channel's memory, for handing it to the workers. */
  get buffer(): SharedArrayBuffer {
    return this.#channel.buffer;
  }

  /**
   * Sends a task, at the latest when there is room for it.
   *
   * @throws {DOMException} A `DataCloneError` if the payload can't be sent.
   */
  post(task: Task): void {
    this.#write(task);
    if (this.#backlog.size === 0 && this.#channel.send()) {
      this.#written = undefined;
      return;
    }
    // The list is the caller's, who may do with it as it likes from now on.
    if (task.payload !== undefined) {
      task.payload = task.payload.slice(task.from, task.to);
      task.to -= task.from;
      task.from = 0;
    }
    this.#backlog.add(task);
    this.flush();
  }

  /** Sends what there is room for, and the rest whenever there is more room. */
  flush(): void {
    if (this.#isWaiting || this.#backlog.size === 0) return;
    this.#isWaiting = true;
    this.#channel.waitForRoom(() => {
      this.#isWaiting = !this.#sendBacklog();
      return !this.#isWaiting;
    }).catch(() => {
      // This thread awaits as much as it can: the next answer flushes.
      this.#isWaiting = false;
    });
  }

  /** Takes a task back, if it isn't in the channel yet. */
  recall(task: Task): void {
    if (!this.#backlog.delete(task)) return;
    if (this.#written === task) this.#written = undefined;
    // Others may have room now, and what waits for none needn't.
    this.#channel.wakeSender();
  }

  /** Has a worker look for tasks in place of one that has died. */
  wakeTaker(): void {
    this.#channel.wakeTaker();
  }

  /** Lets the workers end once they have taken what is in the channel. */
  close(): void {
    this.#channel.close();
  }

  /** Takes tasks again. A worker that hasn't seen the end goes on. */
  reopen(): void {
    this.#channel.reopen();
  }

  /** Whether all were sent. */
  #sendBacklog(): boolean {
    for (const task of this.#backlog) {
      try {
        this.#write(task);
        if (!this.#channel.send()) return false;
        this.#backlog.delete(task);
      } catch (error) {
        // The payload has changed since.
        this.#backlog.delete(task);
        this.#onRefused(task, error);
      }
    }
    this.#written = undefined;
    return true;
  }

  /** Writes a task for the channel to send. */
  #write(task: Task): void {
    if (this.#written === task) return;
    this.#written = undefined;
    if (!this.#tryWrite(task)) {
      task.payload = undefined;
      this.#channel.write((encoder) => writeTask(encoder, task));
    }
    this.#written = task;
  }

  /** False if the payload has to go by message. */
  #tryWrite(task: Task): boolean {
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
function partOf({ payload, from, to }: Task): readonly unknown[] {
  const isWhole = from === 0 && to === payload!.length;
  return isWhole ? payload! : payload!.slice(from, to);
}
