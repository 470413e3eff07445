// Copyright 2026 the lab9 authors. MIT license.

/**
 * What real threads did, as steps with the state after each. As in the model of
 * the game, a state is never changed, so that one can go back.
 *
 * The recording is in the order in which threads claimed its entries. That is the
 * order of what they did, but for one thing: an item may be got before the thread
 * that put it has recorded so. A put is therefore moved before its get. Of a
 * wait's end only the time is known; where the wait brought nothing, it stands
 * before the next entry that is later.
 *
 * @module
 */

import { type Entry, Mark } from "../../../lib/sync/recorder.ts";
import type { Timeline, TimelineThread } from "../../notebook/timeline.ts";

/** What there is to replay of a cell. */
export interface Recorded {
  /** What was recorded since the lab began. */
  entries: readonly Entry[];
  timeline: Timeline;
  /** When the cell began and ended, in milliseconds since the epoch. */
  start: number;
  end: number;
  /** The names of locks, by their addresses. */
  names: ReadonlyMap<number, string>;
}

/** Where all threads are, and what they share. */
export interface ReplayState {
  /** What each thread does. */
  threads: readonly string[];
  /** What is in each queue. */
  queues: Readonly<Record<string, readonly string[]>>;
  /** The holder of each lock, as the index of a thread; undefined if it is free. */
  holders: Readonly<Record<string, number | undefined>>;
}

/** What a thread did. */
export interface ReplayStep {
  thread: number;
  /** In words. */
  text: string;
  /** What came of it. */
  state: ReplayState;
}

/** A cell's recording, step by step. */
export interface Replay {
  /** The names of the threads. */
  threads: readonly string[];
  first: ReplayState;
  steps: readonly ReplayStep[];
  /** Whether there were more steps than can be gone through. */
  isCut: boolean;
}

/** More steps than these nobody goes through. */
const MOST_STEPS = 1000;

/** What an entry says, at its place in the order. */
type Act =
  | { does: "begin" | "end" | "wait" | "go on"; entry: Entry }
  | { does: "put" | "get" | "acquire" | "release"; entry: Entry };

/**
 * Makes steps of a recording.
 *
 * @param recorded What was recorded.
 * @returns The steps of the cell; undefined if no thread did anything to a queue or
 * a lock.
 */
export function replayOf(recorded: Recorded): Replay | undefined {
  const { timeline: { threads }, start, end } = recorded;
  const entries = recorded.entries.filter((entry) => entry.start <= end);
  const acts = actsOf(entries, end);
  const telling = new Telling(threads, nameObjects(entries, recorded));
  const steps: ReplayStep[] = [];
  let first: ReplayState | undefined;
  for (const act of acts) {
    const isOfCell = timeOf(act) >= start;
    if (isOfCell) first ??= telling.state;
    const step = telling.take(act);
    if (!isOfCell || step === undefined) continue;
    if (steps.length === MOST_STEPS) return made(true);
    steps.push(step);
  }
  const hasPoints = entries.some(({ kind, start: time }) =>
    kind >= Mark.PUT && time >= start
  );
  return hasPoints ? made(false) : undefined;

  function made(isCut: boolean): Replay {
    const names = threads.map(({ name }) => name);
    return { threads: names, first: first!, steps, isCut };
  }
}

function timeOf({ does, entry }: Act): number {
  return does === "end" || does === "go on" ? entry.end : entry.start;
}

/** What each entry says, in the order in which it happened. */
function actsOf(entries: readonly Entry[], end: number): Act[] {
  const puts = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.kind === Mark.PUT) puts.set(keyOf(entry), entry);
  }
  const acts: Act[] = [];
  const ends: Act[] = [];
  const told = new Set<Entry>();
  for (const [i, entry] of entries.entries()) {
    while (ends.length > 0 && ends[0].entry.end <= entry.start) {
      acts.push(ends.shift()!);
    }
    switch (entry.kind) {
      case Mark.RUN:
        acts.push({ does: "begin", entry });
        break;
      case Mark.QUEUE:
      case Mark.LOCK:
        acts.push({ does: "wait", entry });
        if (isSuccess(entries, i)) continue;
        break;
      case Mark.GET: {
        const put = puts.get(keyOf(entry));
        if (put !== undefined && !told.has(put)) {
          told.add(put);
          acts.push({ does: "put", entry: put });
        }
        acts.push({ does: "get", entry });
        continue;
      }
      case Mark.PUT:
        if (!told.has(entry)) acts.push({ does: "put", entry });
        told.add(entry);
        continue;
      case Mark.ACQUIRE:
        acts.push({ does: "acquire", entry });
        continue;
      case Mark.RELEASE:
        acts.push({ does: "release", entry });
        continue;
      default:
        continue;
    }
    if (entry.end === 0 || entry.end > end) continue;
    const does = entry.kind === Mark.RUN ? "end" : "go on";
    ends.push({ does, entry });
    ends.sort((a, b) => a.entry.end - b.entry.end);
  }
  return [...acts, ...ends];
}

function keyOf({ object, index }: Entry): string {
  return `${object}:${index}`;
}

/** Whether what the thread did next is what it waited for. */
function isSuccess(entries: readonly Entry[], at: number): boolean {
  const { thread, object, end } = entries[at];
  for (let i = at + 1; i < entries.length; i++) {
    const next = entries[i];
    if (next.thread !== thread) continue;
    return next.kind >= Mark.PUT && next.object === object &&
      (end === 0 || next.start <= end);
  }
  return false;
}

/** The names of a cell's queues, and of its locks, by their addresses. */
interface Objects {
  queue: Map<number, string>;
  lock: Map<number, string>;
}

/** Names the queues and locks of the cell, as its picture does. */
function nameObjects(
  entries: readonly Entry[],
  { start, names }: Recorded,
): Objects {
  const found: Objects = { queue: new Map(), lock: new Map() };
  const name = (object: number, what: keyof Objects) => {
    if (object === 0 || found[what].has(object)) return;
    const known = names.get(object)?.replace(/^R?Lock /, "");
    found[what].set(object, known ?? `${what} ${found[what].size + 1}`);
  };
  const isItem = (kind: Mark) => kind === Mark.PUT || kind === Mark.GET;
  const ofCell = entries.filter((entry) =>
    entry.start >= start || entry.end === 0 || entry.end >= start
  );
  const points = ofCell.filter(({ kind }) => kind >= Mark.PUT);
  for (const { kind, object } of points.toSorted((a, b) => a.start - b.start)) {
    name(object, isItem(kind) ? "queue" : "lock");
  }
  for (const { kind, object } of ofCell) {
    if (kind === Mark.QUEUE) name(object, "queue");
    if (kind === Mark.LOCK) name(object, "lock");
  }
  return found;
}

const RUNS = "runs";

/** Goes through acts, and keeps the state. */
class Telling {
  state: ReplayState;
  #indexes: ReadonlyMap<number, number>;
  #names: ReadonlyMap<number, string>;

  constructor(threads: readonly TimelineThread[], { queue, lock }: Objects) {
    this.#indexes = new Map(threads.map(({ ident }, index) => [ident, index]));
    this.#names = new Map([...queue, ...lock]);
    this.state = {
      threads: threads.map((_, i) => i === 0 ? RUNS : "has not begun"),
      queues: Object.fromEntries([...queue.values()].map((name) => [name, []])),
      holders: Object.fromEntries(
        [...lock.values()].map((name) => [name, undefined]),
      ),
    };
  }

  /** What the act changes; undefined if it is about nothing of the cell. */
  take(act: Act): ReplayStep | undefined {
    const { does, entry } = act;
    const thread = this.#indexes.get(entry.thread) ?? -1;
    const name = this.#names.get(entry.object);
    const { queues, holders } = this.state;
    switch (does) {
      case "begin":
        return this.#step(thread, "begins", RUNS);
      case "end":
        return this.#step(thread, "ends", "has ended");
      case "wait": {
        const text = name === undefined ? "waits" : `waits for ${name}`;
        return this.#step(thread, text, text);
      }
      case "go on": {
        const isGivenUp = entry.kind === Mark.LOCK && name !== undefined;
        const text = isGivenUp ? `no longer waits for ${name}` : "goes on";
        return this.#step(thread, text, RUNS);
      }
    }
    // Something that the cell has nothing to do with.
    if (name === undefined) return undefined;
    const item = `item ${entry.index + 1}`;
    const items = queues[name];
    switch (does) {
      case "put":
        return this.#step(thread, `puts ${item} into ${name}`, RUNS, {
          queues: { ...queues, [name]: [...items, item] },
        });
      case "get":
        return this.#step(thread, `gets ${item} from ${name}`, RUNS, {
          queues: { ...queues, [name]: items.filter((one) => one !== item) },
        });
      case "acquire":
        return this.#step(thread, `acquires ${name}`, RUNS, {
          holders: { ...holders, [name]: thread },
        });
      case "release":
        return this.#step(thread, `releases ${name}`, RUNS, {
          holders: { ...holders, [name]: undefined },
        });
    }
  }

  #step(
    thread: number,
    text: string,
    status: string,
    shared: Partial<ReplayState> = {},
  ): ReplayStep | undefined {
    const { threads } = this.state;
    this.state = {
      ...this.state,
      ...shared,
      // A thread that had ended before the cell is none of its threads.
      threads: thread < 0 ? threads : threads.with(thread, status),
    };
    return thread < 0 ? undefined : { thread, text, state: this.state };
  }
}
