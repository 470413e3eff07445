// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the threads of a process do and when, written into shared memory. It is
 * off unless a program turns it on before it starts its first worker; off, it
 * costs the look at one variable, and only where a thread waits or hands over.
 *
 * Protocol. A thread claims an entry by counting `COUNT` up, fills it, and
 * writes its kind last; an entry without a kind isn't there yet. The end of a
 * span is written later, by the same thread; until then it is 0. Entries are
 * never given back: when there are none left, nothing more is recorded.
 *
 * @module
 */

/** What an entry tells of. */
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
  /** The object that it is about, or how many items a task has. */
  object: number;
  /** Which of the object's puts, gets, or changes of hands. */
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

/** Whether anything is recorded: for where even a call would cost too much. */
export let isRecording = false;

let count: Int32Array;
let doubles: Float64Array | undefined;
let currentThread = 0;
/** The names of the threads that this one started. */
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

/** The memory to record into, for handing it to a new worker. */
export function recordingBuffer(): SharedArrayBuffer | undefined {
  return doubles?.buffer as SharedArrayBuffer | undefined;
}

/** Records into what the process records into, if it does. */
export function adoptRecording(buffer: SharedArrayBuffer | undefined): void {
  if (buffer !== undefined) adopt(buffer);
}

/** Says which thread runs here from now on. */
export function setRecordedThread(ident: number): void {
  currentThread = ident;
}

/** Keeps a thread's name, which may be gone when somebody asks for it. */
export function recordName(ident: number, name: string): void {
  if (doubles !== undefined) names.set(ident, name);
}

/** The name of a thread that this one started. */
export function recordedName(ident: number): string | undefined {
  return names.get(ident);
}

/** The time on the clock that all threads share, in milliseconds. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now();
}

function write(kind: Mark, end: number, object: number, index: number): number {
  const entry = Atomics.add(count, 0, 1);
  if (entry >= ENTRIES) {
    // It must not come round to the first entries again.
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

/** Records that something happens to an object, for the `index`th time. */
export function recordPoint(kind: Mark, object: number, index: number): void {
  if (doubles !== undefined) write(kind, sharedNow(), object, index);
}

/** What was recorded and had not ended by a time. */
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
