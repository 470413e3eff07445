// Copyright 2026 the lab9 authors. MIT license.

import type { Task } from "./task.ts";

/** Tasks in the order of their priorities, and of their submission. */
export class Line {
  /** The next one is the last. */
  #tasks: Task[] = [];

  get size(): number {
    return this.#tasks.length;
  }

  add(task: Task): void {
    const tasks = this.#tasks;
    let from = 0;
    let to = tasks.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (comesAfter(tasks[middle], task)) from = middle + 1;
      else to = middle;
    }
    tasks.splice(from, 0, task);
  }

  take(): Task | undefined {
    return this.#tasks.pop();
  }

  delete(task: Task): void {
    const index = this.#tasks.indexOf(task);
    if (index >= 0) this.#tasks.splice(index, 1);
  }
}

function comesAfter(one: Task, other: Task): boolean {
  return one.priority === other.priority
    ? one.number > other.number
    : one.priority > other.priority;
}
