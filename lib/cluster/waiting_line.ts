// Copyright 2026 the lab9 authors. MIT license.

import type { Task } from "../pool/task.ts";

/**
 * Tasks in the order of their priorities, and of their coming. There may be very
 * many, of few priorities.
 */
export class WaitingLine {
  #tasks = new Map<number, Set<Task>>();
  /** The priorities that there are, the lowest first. */
  #priorities: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(task: Task): void {
    const { priority } = task;
    let tasks = this.#tasks.get(priority);
    if (tasks === undefined) {
      this.#tasks.set(priority, tasks = new Set());
      this.#priorities.push(priority);
      this.#priorities.sort((a, b) => a - b);
    }
    tasks.add(task);
    this.#size++;
  }

  /** Takes the first one. */
  take(): Task | undefined {
    const [priority] = this.#priorities;
    if (priority === undefined) return undefined;
    const [task] = this.#tasks.get(priority)!;
    this.delete(task);
    return task;
  }

  /** Whether the task stood in line. */
  delete(task: Task): boolean {
    const { priority } = task;
    const tasks = this.#tasks.get(priority);
    if (tasks === undefined || !tasks.delete(task)) return false;
    this.#size--;
    if (tasks.size === 0) {
      this.#tasks.delete(priority);
      this.#priorities = this.#priorities.filter((one) => one !== priority);
    }
    return true;
  }
}
