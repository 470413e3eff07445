// Copyright 2026 the lab9 authors. MIT license.

import { Mutex } from "../sync/mutex.ts";
import {
  countStake,
  currentThreadId,
  isAlive,
  MAX_WAITERS,
} from "../sync/waiters.ts";

// Words of the table.
const MUTEX = 0;
/** How many entries were ever in use. Only those are looked at. */
const TOP = 1;
const ENTRIES = 2;
// Words of an entry.
const THREAD_ID = 0;
const COUNT = 1;
const STRIDE = 2;

/** How many entries there is memory for at first. */
const FIRST_ENTRIES = 8;

/** How many bytes a table has at first, and at most. */
export const PERMIT_TABLE_BYTES = bytesFor(FIRST_ENTRIES);
export const LARGEST_PERMIT_TABLE_BYTES = bytesFor(MAX_WAITERS);

/**
 * How many permits of a semaphore each thread holds by `using`, or how often it reads
 * under a lock, in shared memory. So other threads find what a thread holds that has
 * ended without giving it back.
 *
 * Protocol. All words are written under the mutex. A thread has one entry, with its
 * thread id. An entry whose count is 0 is free. A thread that finds the entry of a thread
 * that has ended takes its whole count. So a thread that was given up, and runs on, finds
 * that it holds nothing when it gives back.
 */
export class PermitTable {
  #buffer: SharedArrayBuffer;
  #start: number;
  #words!: Int32Array;
  #mutex: Mutex;

  /** The table in the memory from byte `start` to the end. */
  constructor(buffer: SharedArrayBuffer, start: number) {
    this.#buffer = buffer;
    this.#start = start;
    this.#view();
    this.#mutex = new Mutex(this.#words, MUTEX);
  }

  /** Adds a permit of the running thread. It returns the thread's id. */
  add(): number {
    const threadId = currentThreadId();
    this.#mutex.lock();
    try {
      const at = this.#entryOf(threadId) || this.#newEntry();
      this.#words[at + THREAD_ID] = threadId;
      this.#words[at + COUNT]++;
    } finally {
      this.#mutex.unlock();
    }
    countStake(threadId, 1);
    return threadId;
  }

  /** Removes a permit of a thread; false if another thread has taken it. */
  remove(threadId: number): boolean {
    this.#mutex.lock();
    try {
      const at = this.#entryOf(threadId);
      if (at === 0) return false;
      this.#words[at + COUNT]--;
    } finally {
      this.#mutex.unlock();
    }
    countStake(threadId, -1);
    return true;
  }

  /** The ids of the threads that hold permits. */
  get threads(): number[] {
    const threads: number[] = [];
    this.#mutex.lock();
    try {
      this.#find((at) => {
        if (this.#words[at + COUNT] > 0) {
          threads.push(this.#words[at + THREAD_ID]);
        }
        return false;
      });
    } finally {
      this.#mutex.unlock();
    }
    return threads;
  }

  /** Takes the permits of threads that have ended. It returns how many there were. */
  takeFromDead(): number {
    const words = this.#words;
    const isDead = (at: number) =>
      words[at + COUNT] > 0 && !isAlive(words[at + THREAD_ID]);
    if (this.#find(isDead) === 0) return 0;
    let taken = 0;
    this.#mutex.lock();
    try {
      for (let at = this.#find(isDead); at !== 0; at = this.#find(isDead)) {
        taken += this.#words[at + COUNT];
        this.#words[at + COUNT] = 0;
      }
    } finally {
      this.#mutex.unlock();
    }
    return taken;
  }

  /** The index of the thread's entry; 0 if it holds no permit. */
  #entryOf(threadId: number): number {
    return this.#find((at) =>
      this.#words[at + THREAD_ID] === threadId && this.#words[at + COUNT] > 0
    );
  }

  /** The index of a free entry. The mutex is held. */
  #newEntry(): number {
    const unused = this.#find((at) => this.#words[at + COUNT] === 0);
    if (unused !== 0) return unused;
    const top = this.#words[TOP];
    const bytes = bytesFor(top + 1);
    if (this.#start + bytes > this.#buffer.byteLength) {
      this.#buffer.grow(this.#start + bytesFor(2 * top));
    }
    this.#view();
    this.#words[TOP] = top + 1;
    return ENTRIES + top * STRIDE;
  }

  #find(isIt: (at: number) => boolean): number {
    const top = Atomics.load(this.#words, TOP);
    let end = ENTRIES + top * STRIDE;
    if (end > this.#words.length) this.#view();
    end = Math.min(end, this.#words.length);
    for (let at = ENTRIES; at < end; at += STRIDE) if (isIt(at)) return at;
    return 0;
  }

  #view(): void {
    const length = (this.#buffer.byteLength - this.#start) >> 2;
    this.#words = new Int32Array(this.#buffer, this.#start, length);
  }
}

function bytesFor(entries: number): number {
  return (ENTRIES + Math.min(entries, MAX_WAITERS) * STRIDE) * 4;
}
