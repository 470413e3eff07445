// Copyright 2026 the lab9 authors. MIT license.

import { wordsOf } from "./claim.ts";
import type { Task } from "./task.ts";

/** An id and its negative stand in a word of 32 bits. */
const LARGEST_ID = 2 ** 31 - 1;
/** The number of tickets at first. */
const FIRST_TICKETS = 1024;
/** The words of a cache line, which cores fetch as a whole from each other. */
const LINE_WORDS = 16;
/** The largest number of tickets. So many tasks would fill V8's heap. */
const MOST_TICKETS = 1 << 26;
/** The number of places for tasks at first. It is always a power of two. */
const FIRST_PLACES = 1024;

/** Makes so many places. V8 would copy a list that begins without an item. */
function places(count: number): (Task | undefined)[] {
  const places: (Task | undefined)[] = [undefined];
  places.length = count;
  return places.fill(undefined);
}

/**
 * The pending tasks of a pool. Each has a ticket, a word in memory that the
 * workers share.
 *
 * A task's place in the list is its id modulo the number of places. A task gets the
 * next id whose place is free. Tasks whose places differ have different places in a
 * longer list, too.
 *
 * Protocol. A ticket holds its task's id while the task waits. A worker that has
 * taken the task negates the id by compare-exchange, and then begins the task. If
 * the ticket holds anything else, the task was called off, and the worker drops it.
 * To call a task off, the main thread exchanges the ticket for zero. The old value
 * says whether a worker had begun the task. The ticket may be given to another task
 * at once: a worker that takes the old task later finds another id in the ticket,
 * since no two pending tasks have the same id.
 */
export class TaskTable {
  /** The tickets' memory, for handing it to the workers. */
  readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(
    FIRST_TICKETS * 4,
    { maxByteLength: MOST_TICKETS * 4 },
  );
  /** Is replaced when the memory has grown; see `wordsOf`. */
  #tickets = wordsOf(this.buffer);
  #usedTickets = 0;
  #freeTickets: number[] = [];
  #tasks = places(FIRST_PLACES);
  #size = 0;
  #lastId: number;
  #lastNumber = 0;

  /** An empty table. The first task gets the id after `lastId`. */
  constructor(lastId = 0) {
    this.#lastId = lastId;
  }

  get size(): number {
    return this.#size;
  }

  /** The numbers of tasks that wait, and of tasks that a worker has begun. */
  counts(): { waiting: number; running: number } {
    let waiting = 0;
    let running = 0;
    // Those that were never handed out hold 0.
    for (const id of this.#tickets) {
      if (id > 0) waiting++;
      else if (id < 0) running++;
    }
    return { waiting, running };
  }

  get(id: number): Task | undefined {
    const task = this.#tasks[this.#placeOf(id)];
    return task?.id === id ? task : undefined;
  }

  /** Every task in the order of submission. Tasks may be deleted meanwhile. */
  *tasks(): Iterable<Task> {
    const tasks = this.#tasks.filter((task) => task !== undefined)
      .sort((one, other) => one.number - other.number);
    for (const task of tasks) if (this.get(task.id) === task) yield task;
  }

  /** Gives a task its id and its ticket. */
  add(task: Task): void {
    if (this.#size * 2 >= this.#tasks.length) this.#grow();
    // A place is taken if its task is pending since the ids last came to it.
    do {
      this.#lastId = this.#lastId % LARGEST_ID + 1;
    } while (this.#tasks[this.#placeOf(this.#lastId)] !== undefined);
    task.id = this.#lastId;
    task.ticket = this.#freeTickets.pop() ?? this.#newTicket();
    // Written plainly: the record that tells a worker of the task is sent after it.
    this.#tickets[task.ticket] = task.id;
    this.#tasks[this.#placeOf(task.id)] = task;
    this.#size++;
    task.number = ++this.#lastNumber;
  }

  /**
   * Deletes a task that is about to settle.
   *
   * @returns The task; undefined if there is none with that id.
   */
  delete(id: number): Task | undefined {
    const task = this.get(id);
    if (task === undefined) return undefined;
    this.#remove(id, task.ticket);
    this.#tickets[task.ticket] = 0;
    return task;
  }

  /**
   * Deletes a task.
   *
   * @returns Whether no worker has begun the task; then none will.
   */
  callOff(task: Task): boolean {
    const { id, ticket } = task;
    if (this.get(id) !== task) return false;
    this.#remove(id, ticket);
    return Atomics.exchange(this.#tickets, ticket, 0) === id;
  }

  /**
   * Deletes a task unless a worker has begun it.
   *
   * @returns Whether it was deleted.
   */
  callOffWaiting(task: Task): boolean {
    const { id, ticket } = task;
    if (this.get(id) !== task) return false;
    if (Atomics.compareExchange(this.#tickets, ticket, id, 0) !== id) {
      return false;
    }
    this.#remove(id, ticket);
    return true;
  }

  #remove(id: number, ticket: number): void {
    this.#tasks[this.#placeOf(id)] = undefined;
    this.#size--;
    this.#freeTickets.push(ticket);
  }

  #placeOf(id: number): number {
    return id & (this.#tasks.length - 1);
  }

  #grow(): void {
    const tasks = this.#tasks;
    this.#tasks = places(tasks.length * 2);
    // It runs too seldom to be optimized: an iterator would make an object a step.
    for (let i = 0; i < tasks.length; i++) {
      const task = tasks[i];
      if (task !== undefined) this.#tasks[this.#placeOf(task.id)] = task;
    }
  }

  #newTicket(): number {
    const ticket = this.#usedTickets;
    if (ticket === this.#tickets.length) {
      this.buffer.grow(Math.min(ticket * 2, MOST_TICKETS) * 4);
      this.#tickets = wordsOf(this.buffer);
    }
    this.#usedTickets++;
    return placeOf(ticket);
  }
}

/**
 * Where a ticket stands. Tickets that are handed out one after another stand on
 * different cache lines: two threads that change tickets of one line wait for each
 * other. The first tickets fill the first memory, and so on.
 */
function placeOf(ticket: number): number {
  const block = ticket & -FIRST_TICKETS;
  const lines = FIRST_TICKETS / LINE_WORDS;
  const index = ticket - block;
  return block + (index % lines) * LINE_WORDS + Math.floor(index / lines);
}

/** Tasks of one priority, in the order in which they were added. */
interface Rank {
  tasks: Set<Task>;
  /**
   * Yields the first task that was not deleted. A new iterator would step over the
   * deleted ones each time.
   */
  next: Iterator<Task>;
}

/**
 * Tasks in the order of their priorities, and in the order in which they were
 * added. The lowest priority comes first.
 */
export class WaitingLine {
  #ranks = new Map<number, Rank>();
  /** The priorities that have tasks, the lowest last. */
  #priorities: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(task: Task): void {
    const { priority } = task;
    let rank = this.#ranks.get(priority);
    if (rank === undefined) {
      const tasks = new Set<Task>();
      this.#ranks.set(priority, rank = { tasks, next: tasks.values() });
      this.#priorities.splice(this.#indexOf(priority), 0, priority);
    }
    rank.tasks.add(task);
    this.#size++;
  }

  /** Takes the first task out; undefined if there is none. */
  take(): Task | undefined {
    const priority = this.#priorities.at(-1);
    if (priority === undefined) return undefined;
    const task: Task = this.#ranks.get(priority)!.next.next().value;
    this.delete(task);
    return task;
  }

  /** Deletes a task; false if it isn't in the line. */
  delete(task: Task): boolean {
    const { priority } = task;
    const rank = this.#ranks.get(priority);
    if (rank === undefined || !rank.tasks.delete(task)) return false;
    this.#size--;
    if (rank.tasks.size === 0) {
      this.#ranks.delete(priority);
      this.#priorities.splice(this.#indexOf(priority), 1);
    }
    return true;
  }

  /** The index where a priority stands, or is to be inserted. */
  #indexOf(priority: number): number {
    let from = 0;
    let to = this.#priorities.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#priorities[middle] > priority) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
