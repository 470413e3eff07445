// Copyright 2026 the lab9 authors. MIT license.

import { structuredClone } from "../platform/platform.ts";
import { pack, transferList } from "../codec/packing.ts";
import { Channel } from "./channel.ts";
import { type Task, writeTask } from "./task.ts";
import { type TaskTable, WaitingLine } from "./task_table.ts";

/**
 * The way of tasks to the workers: a channel, which any worker takes from. Tasks
 * that find no room in it wait in a backlog.
 *
 * A channel knows no priorities. So as long as there are tasks with priorities
 * other than 0, the channel holds no more tasks than the workers can do at a time;
 * the others wait in a line, in the order of their priorities.
 */
export class Outbox {
  #channel = new Channel();
  #backlog = new Set<Task>();
  #line = new WaitingLine();
  #table: TaskTable;
  /** How many tasks the workers can do at a time. */
  #atATime: number;
  /** The task that is written and maybe not sent. */
  #written: Task | undefined;
  /** Whether something waits for room. */
  #isWaiting = false;
  #onRefused: (task: Task, error: unknown) => void;

  /** `onRefused` is called with each task that turns out to be unsendable. */
  constructor(
    table: TaskTable,
    atATime: number,
    onRefused: (task: Task, error: unknown) => void,
  ) {
    this.#table = table;
    this.#atATime = atATime;
    this.#onRefused = onRefused;
  }

  /** The channel's memory, for handing it to the workers. */
  get buffer(): SharedArrayBuffer {
    return this.#channel.buffer;
  }

  /**
   * Sends a task of the table, now or when its turn comes.
   *
   * @throws {DOMException} A `DataCloneError` if the payload can't be sent.
   */
  post(task: Task): void {
    if (task.priority === 0 && this.#line.size === 0) this.#post(task);
    else this.#standInLine(task);
  }

  /** Puts a task in the line, and first those that no worker has begun. */
  #standInLine(task: Task): void {
    if (this.#line.size === 0) {
      for (const other of [...this.#table.tasks()]) {
        if (other === task || !this.#table.takeBack(other)) continue;
        this.#recall(other);
        this.#line.add(other);
      }
    }
    this.#line.add(task);
    this.sendLine();
  }

  /** Sends tasks of the line, as many as the workers can do at a time. */
  sendLine(): void {
    while (this.#line.size > 0) {
      if (this.#table.size - this.#line.size >= this.#atATime) return;
      const task = this.#line.take()!;
      try {
        this.#post(task);
      } catch (error) {
        this.#onRefused(task, error);
      }
    }
  }

  /**
   * Takes tasks out of the line that are about to be called off. Otherwise the end
   * of one would send the next.
   */
  leaveLine(tasks: Iterable<Task>): void {
    if (this.#line.size === 0) return;
    for (const task of tasks) this.#line.delete(task);
  }

  /** Sends a task, at the latest when there is room for it. */
  #post(task: Task): void {
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
    this.#line.delete(task);
    this.#recall(task);
  }

  #recall(task: Task): void {
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
