// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the threads of a process do and when, written into shared memory.
 * Recording is off unless a program turns it on before it starts its first
 * worker. While it is off, it costs the reading of one variable, and only where a
 * thread waits, or passes something on.
 *
 * Protocol. A thread claims an entry by counting `COUNT` up, fills it, and
 * writes its kind last. An entry without a kind isn't there yet. The same
 * thread writes the end of a span later; until then it is 0. Entries are never
 * given back: when none is left, nothing more is recorded.
 *
 * @module
 */

import { now, timeOrigin } from "../platform/platform.ts";

/** What an entry is about. */
export const Mark = {
  NONE: 0,
  // Spans.
  RUN: 1,
  TASK: 2,
  SLEEP: 3,
  QUEUE: 4,
  LOCK: 5,
  GIL: 6,
  JOIN: 7,
  POOL: 8,
  // Points.
  PUT: 9,
  GET: 10,
  RELEASE: 11,
  ACQUIRE: 12,
} as const;
export type Mark = (typeof Mark)[keyof typeof Mark];

/** An entry, read back. */
export interface Entry {
  kind: Mark;
  /** The ident of the thread. */
  thread: number;
  /** Milliseconds since the epoch. */
  start: number;
  /** 0 while a span goes on. */
  end: number;
  /**
   * The address of the object that the entry is about or the thread waits for, or
   * how many items a task has. 0 if it isn't known.
   */
  object: number;
  /** The number of the object's put, get, or change of hands. */
  index: number;
}

const ENTRIES = 1 << 20;
const DOUBLES = 6;
const HEADER_BYTES = 8;
const KIND = 0;
const THREAD = 1;
const START = 2;
const END = 3;
const OBJECT = 4;
const INDEX = 5;

/** Whether recording is on, for places where even a call would cost too much. */
export let isRecording = false;

let count: Int32Array;
let doubles: Float64Array | undefined;
let currentThread = 0;
/**
 * The names of the threads that this one started, by their idents, and of the
 * locks that it made, by their addresses. An address has 32 bits, an ident more.
 */
const names = new Map<number, string>();

function adopt(buffer: SharedArrayBuffer): void {
  count = new Int32Array(buffer, 0, 1);
  doubles = new Float64Array(buffer, HEADER_BYTES);
  isRecording = true;
}

/** Turns recording on, for this thread and the workers that it starts. */
export function startRecording(thread: number): void {
  adopt(new SharedArrayBuffer(HEADER_BYTES + ENTRIES * DOUBLES * 8));
  currentThread = thread;
}

/** The memory to record into, for a new worker. */
export function recordingBuffer(): SharedArrayBuffer | undefined {
  return doubles?.buffer as SharedArrayBuffer | undefined;
}

/** Joins the process's recording, if there is one. */
export function adoptRecording(buffer: SharedArrayBuffer | undefined): void {
  if (buffer !== undefined) adopt(buffer);
}

/** Sets the thread that runs here from now on. */
export function setRecordedThread(ident: number): void {
  currentThread = ident;
}

/** Keeps the name of a thread, for when the thread is gone, or of a lock. */
export function recordName(id: number, name: string): void {
  if (doubles !== undefined) names.set(id, name);
}

/** The name of a thread that this one started, or of a lock that it made. */
export function recordedName(id: number): string | undefined {
  return names.get(id);
}

/** The names of the threads that this one started, and of the locks it made. */
export function recordedNames(): ReadonlyMap<number, string> {
  return names;
}

/** The time on the clock that all threads share, in milliseconds. */
export function sharedNow(): number {
  return timeOrigin + now();
}

function write(kind: Mark, end: number, object: number, index: number): number {
  const entry = Atomics.add(count, 0, 1);
  if (entry >= ENTRIES) {
    // The count must not wrap to the first entries.
    Atomics.sub(count, 0, 1);
    return -1;
  }
  const at = entry * DOUBLES;
  const all = doubles!;
  all[at + THREAD] = currentThread;
  all[at + START] = sharedNow();
  all[at + END] = end;
  all[at + OBJECT] = object;
  all[at + INDEX] = index;
  all[at + KIND] = kind;
  return at;
}

/** Records that something begins, and its end when it is disposed of. */
export function recordSpan(kind: Mark, object = 0): Disposable | undefined {
  if (doubles === undefined || kind === Mark.NONE) return undefined;
  const at = write(kind, 0, object, 0);
  const all = doubles;
  return {
    [Symbol.dispose]() {
      if (at >= 0) all[at + END] = sharedNow();
    },
  };
}

/** Records an event of an object: its `index`th. */
export function recordPoint(kind: Mark, object: number, index: number): void {
  if (doubles !== undefined) write(kind, sharedNow(), object, index);
}

/** The entries that had not ended at a time. */
export function entriesSince(start: number): Entry[] {
  const all = doubles;
  if (all === undefined) return [];
  const entries: Entry[] = [];
  const end = Math.min(Atomics.load(count, 0), ENTRIES) * DOUBLES;
  for (let at = 0; at < end; at += DOUBLES) {
    const kind = all[at + KIND] as Mark;
    const ended = all[at + END];
    if (kind === Mark.NONE || ended !== 0 && ended < start) continue;
    entries.push({
      kind,
      thread: all[at + THREAD],
      start: all[at + START],
      end: ended,
      object: all[at + OBJECT],
      index: all[at + INDEX],
    });
  }
  return entries;
}
