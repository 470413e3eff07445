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
/** How many entries were ever in use: those below it are looked at. */
const TOP = 1;
const ENTRIES = 2;
// Words of an entry.
const THREAD_ID = 0;
const COUNT = 1;
const STRIDE = 2;

/** How many threads find room before the memory grows. */
const FIRST_ENTRIES = 8;

/** So many bytes, and at most so many, are a table's. */
export const PERMIT_TABLE_BYTES = bytesFor(FIRST_ENTRIES);
export const LARGEST_PERMIT_TABLE_BYTES = bytesFor(MAX_WAITERS);

/**
 * How many permits of a semaphore each thread holds by `using`, in shared memory:
 * so that others find the permits of a thread that has ended without giving them
 * back.
 *
 * Protocol. All words are written under the mutex. A thread has one entry, which
 * has its thread id; an entry whose count is 0 is free. A thread that finds an
 * entry of one that has ended takes its whole count, once. So a thread that was
 * given up, and runs on, finds nothing of its own left when it gives back.
 */
export class PermitTable {
  #buffer: SharedArrayBuffer;
  #start: number;
  #words!: Int32Array;
  #mutex: Mutex;

  /** The table from a byte of the memory to its end. */
  constructor(buffer: SharedArrayBuffer, start: number) {
    this.#buffer = buffer;
    this.#start = start;
    this.#view();
    this.#mutex = new Mutex(this.#words, MUTEX);
  }

  /** Counts a permit of the running thread; returns its thread id. */
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

  /** Counts a permit of a thread off; false if others have taken it already. */
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

  /** The ids of the threads that hold any. */
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

  /** Takes the permits of threads that have ended; how many. */
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

  /** Where the thread's entry is; 0 if it holds no permit. */
  #entryOf(threadId: number): number {
    return this.#find((at) =>
      this.#words[at + THREAD_ID] === threadId && this.#words[at + COUNT] > 0
    );
  }

  /** Where an entry is that nobody needs. The mutex is held. */
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
