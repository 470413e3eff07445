// Copyright 2026 the lab9 authors. MIT license.

import { isDataCloneError } from "../codec/brand.ts";
import { structuredClone } from "../platform/platform.ts";
import { pack, transferList } from "../codec/packing.ts";
import { Channel } from "./channel.ts";
import { type Task, writeTask } from "./task.ts";
import { type TaskTable, WaitingLine } from "./task_table.ts";

/**
 * Sends tasks to the workers, through a channel that all workers take from. Tasks that
 * find no room in the channel wait in a backlog.
 *
 * A channel knows no priorities. So as long as there are tasks with priorities
 * other than 0, the channel holds no more tasks than the workers can do at a time;
 * the others wait in a line, in the order of their priorities.
 */
export class Outbox {
  #channel = new Channel({ isOnlySender: true });
  #backlog = new Set<Task>();
  #line = new WaitingLine();
  #table: TaskTable;
  /** How many tasks the workers can do at a time. */
  #atATime: number;
  /** The task that was written to the channel last, if it wasn't sent yet. */
  #written: Task | undefined;
  /** Whether a wait for room goes on. */
  #isWaiting = false;
  #onRefused: (task: Task, error: unknown) => void;

  /** `onRefused` is called with a task of the line that can't be sent. */
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

  /**
   * Puts a task in the line. It is encoded now, since the caller may change the
   * payload before the task's turn comes.
   */
  #standInLine(task: Task): void {
    this.#write(task);
    this.#keepRecord(task);
    if (this.#line.size === 0) this.#takeBack();
    this.#line.add(task);
    this.sendLine();
  }

  /** Puts all tasks in the line that no worker has taken. */
  #takeBack(): void {
    for (;;) {
      const taken = this.#channel.takeCopy((decoder) => decoder.readWord());
      if (taken === undefined) break;
      const task = this.#table.get(taken.head);
      // The task was called off.
      if (task === undefined) continue;
      task.record = taken.record;
      this.#line.add(task);
    }
    if (this.#backlog.size === 0) return;
    for (const task of this.#backlog) this.#line.add(task);
    this.#backlog.clear();
    // The wait for room ends.
    this.#channel.wakeSender();
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
      task.record = undefined;
      // It is garbage from now on, unless the caller keeps it.
      task.payload = undefined;
      return;
    }
    this.#keepRecord(task);
    this.#backlog.add(task);
    this.flush();
  }

  /** Keeps what was written of a task, since the caller may change the payload. */
  #keepRecord(task: Task): void {
    if (task.record !== undefined) return;
    task.record = this.#channel.copyWritten();
    task.payload = undefined;
    // What was written may be gone from the channel.
    this.#written = undefined;
  }

  /** Sends the backlog, at once or when there is room. */
  flush(): void {
    if (this.#isWaiting || this.#backlog.size === 0) return;
    this.#isWaiting = true;
    this.#channel.waitForRoom(() => {
      this.#isWaiting = !this.#sendBacklog();
      return !this.#isWaiting;
    }).catch(() => {
      // This thread has no more waiters. The next answer calls `flush()` again.
      this.#isWaiting = false;
    });
  }

  /** Takes a task back, if it isn't in the channel yet. */
  recall(task: Task): void {
    this.#line.delete(task);
    if (!this.#backlog.delete(task)) return;
    if (this.#written === task) this.#written = undefined;
    // The wait for room goes on with the next task, or ends if there is none.
    this.#channel.wakeSender();
  }

  /** Wakes a worker in place of one that has died, in case it was the one to look. */
  wakeTaker(): void {
    this.#channel.wakeTaker();
  }

  /** Wakes a worker for tasks that wait, as this thread is about to block. */
  restSender(): void {
    this.#channel.restSender();
  }

  /** Lets the workers end once the channel is empty. */
  close(): void {
    this.#channel.close();
  }

  /** Opens the channel again. Workers that haven't ended yet go on. */
  reopen(): void {
    this.#channel.reopen();
  }

  /** Sends tasks of the backlog; whether all were sent. */
  #sendBacklog(): boolean {
    for (const task of this.#backlog) {
      this.#write(task);
      if (!this.#channel.send()) return false;
      task.record = undefined;
      this.#backlog.delete(task);
    }
    this.#written = undefined;
    return true;
  }

  /** Writes a task to the channel, so that `send()` sends it. */
  #write(task: Task): void {
    if (this.#written === task) return;
    this.#written = undefined;
    if (task.record !== undefined) this.#channel.rewrite(task.record);
    else if (!this.#tryWrite(task)) {
      task.payload = undefined;
      this.#channel.write(writeTask, task);
    }
    this.#written = task;
  }

  /** Writes a task with its payload; false if the payload must go by message. */
  #tryWrite(task: Task): boolean {
    try {
      if (this.#channel.write(writeTask, task)) return true;
      // The list is copied, since the caller may change it before a worker asks. A
      // list that is marked for moving doesn't come here: the channel refuses it.
      task.mail = pack(task.payload!.slice(task.from, task.to), -1);
    } catch (error) {
      if (!isDataCloneError(error)) throw error;
      // The clone throws if no message can hold the payload either, and it moves at
      // once what is marked for moving.
      const packed = pack(partOf(task), -1);
      const transfer = transferList(packed);
      task.mail = structuredClone(packed, { transfer });
    }
    return false;
  }
}

/** The task's part of the payload. The whole is not copied, so it keeps its mark. */
function partOf({ payload, from, to }: Task): readonly unknown[] {
  const isWhole = from === 0 && to === payload!.length;
  return isWhole ? payload! : payload!.slice(from, to);
}
