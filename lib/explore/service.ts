// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the explorer does for the threads of a schedule in place of the main thread: it
 * starts threads, passes on their mail and their answers, and keeps the memory that travels
 * through queues. `thread/starts.ts` does the same with real threads.
 *
 * All of that is done at once, as a part of the asking thread's step. The asking thread
 * itself changes shared memory, for example for an order to end.
 *
 * @module
 */

import { type Board, MOST_THREADS } from "./board.ts";
import type { NumberedMemory } from "./memories.ts";
import type { Letter, OwnAsk, Sent } from "./thread_line.ts";
import type { CrewJob, CrewReport } from "./thread_worker.ts";
import { pack, post, transferList } from "../codec/packing.ts";
import { unpackThrown } from "../codec/portable_error.ts";
import { messageIn, nextMessage } from "../platform/platform.ts";
import { assignWaiter } from "../sync/waiters.ts";
import type { Answer, StartOptions, StartRequest } from "../thread/messages.ts";
import type { Unread } from "../thread/run.ts";
import {
  allocateSlot,
  Outcome,
  Slot,
  type SlotNote,
} from "../thread/thread_table.ts";

/** A worker of the explorer, seen from the main thread. */
export interface Member {
  worker: Worker;
  port: MessagePort;
  waiter: number;
  /** The slot of a thread that the scenario names; 0 if it runs none. */
  slot: number;
}

/** The options that the jobs of all threads have in common. */
export type JobOptions = Pick<
  CrewJob,
  "isTraced" | "seed" | "longestTimeout"
>;

/** A message that has arrived, and the memory in it. */
interface Parcel<T> {
  content: T;
  memories: NumberedMemory[];
}

/** A thread that another thread of the schedule has started. */
interface Child {
  index: number;
  parent: number;
  slot: Slot;
  isPools: boolean;
  isTaken: boolean;
}

/** A thread that has thrown, and its error. */
export interface Thrown {
  thread: number;
  error: unknown;
}

/** The explorer's side of the lines of a schedule's threads. */
export class Service {
  /** The names of the threads, in the order in which they were started. */
  readonly names: string[];
  readonly #board: Board;
  readonly #members: readonly Member[];
  readonly #options: JobOptions;
  readonly #children = new Map<number, Child>();
  readonly #left = new Map<number, Parcel<SharedArrayBuffer>>();
  readonly #letters: Parcel<Letter>[][] = [];
  readonly #asked: Parcel<Sent>[][] = [];
  readonly #answers: (Parcel<Answer> | undefined)[] = [];
  readonly #reports: (CrewReport | undefined)[] = [];

  constructor(
    board: Board,
    members: readonly Member[],
    names: readonly string[],
    options: JobOptions,
  ) {
    this.#board = board;
    this.#members = members;
    this.#options = options;
    this.names = [...names];
  }

  /** Answers the request of the thread that asks. */
  serve(): void {
    const asker = this.#board.asker;
    this.#read(asker);
    const sent = this.#asked[asker]?.shift();
    if (sent !== undefined) this.#answer(asker, sent);
    this.#board.answer();
  }

  /** In a browser: waits until the report of a thread has arrived. */
  async reportArrives(thread: number): Promise<void> {
    while (this.reportOf(thread) === undefined) {
      await messageIn(this.#members[thread].port);
    }
  }

  /** The report of a thread that has ended; undefined if it has sent none. */
  reportOf(thread: number): CrewReport | undefined {
    this.#read(thread);
    return this.#reports[thread];
  }

  /** The threads that have thrown an error which no other thread has got. */
  *unheard(): Generator<Thrown, undefined> {
    for (const { index, slot, isPools, isTaken } of this.#children.values()) {
      if (isTaken || isPools || slot.outcome !== Outcome.THREW) continue;
      const answer = this.#answers[index]?.content;
      if (answer === undefined || !("thrown" in answer)) continue;
      yield { thread: index, error: unpackThrown(answer.thrown) };
    }
  }

  /** Frees the slots of the threads that were started. */
  [Symbol.dispose](): void {
    for (const { slot, isTaken } of this.#children.values()) {
      if (!isTaken || slot.outcome === Outcome.LOST) slot.free();
    }
  }

  /** Reads the messages of a thread. Its requests are kept. */
  #read(thread: number): void {
    for (;;) {
      const received = nextMessage(this.#members[thread].port);
      if (received === undefined) return;
      const message = received.message as Map<string, unknown>;
      const memories = message.get("memories") as NumberedMemory[];
      const content = message.get("message") as Sent | CrewReport;
      if ("steps" in content) this.#reports[thread] = content;
      else if ("answer" in content) {
        this.#answers[thread] = { content: content.answer, memories };
      } else (this.#asked[thread] ??= []).push({ content, memories });
    }
  }

  #answer(asker: number, { content, memories }: Parcel<Sent>): void {
    if ("asks" in content) {
      const own = this.#serveOwn(asker, content.asks);
      return post(this.#members[asker].port, new Map([["own", own]]), []);
    }
    if ("leaves" in content || "takesBack" in content) {
      for (const [number, buffer] of content.leaves ?? []) {
        this.#left.set(number, { content: buffer, memories });
      }
      for (const number of content.takesBack ?? []) this.#left.delete(number);
      return;
    }
    if (!("ask" in content)) return;
    const { number, ask, done } = content;
    try {
      if ("fetches" in ask) {
        const left = this.#left.get(ask.fetches);
        this.#left.delete(ask.fetches);
        const value = left?.content;
        return this.#reply(asker, { number, value }, left?.memories);
      }
      if ("starts" in ask) {
        const value = this.#start(asker, ask.starts, memories);
        return this.#reply(asker, { number, value });
      }
      this.#serveChild(asker, number, ask, { content: done, memories });
    } catch (error) {
      this.#reply(asker, { number, refusal: pack(error) });
    }
  }

  #serveOwn(asker: number, asks: OwnAsk): unknown {
    if (asks === "mail") return this.#letters[asker]?.splice(0) ?? [];
    const children = [...this.#children.values()];
    if (asks === "orphans") {
      return children
        .filter(({ parent, slot, isPools }) =>
          isPools && parent === asker && slot.isAlive
        ).map(({ slot }) => [slot.ident, slot.waiter]);
    }
    for (const ident of asks.stopped) {
      this.#post(this.#children.get(ident)!, { content: "stop", memories: [] });
    }
  }

  #serveChild(
    asker: number,
    number: number,
    { does, of, mail }: Exclude<StartRequest, { starts: unknown }>,
    { content: done, memories }: Parcel<boolean | undefined>,
  ): void {
    const child = this.#children.get(of);
    if (child === undefined || child.isTaken) {
      return this.#reply(asker, { number, value: undefined });
    }
    if (does === "settle") {
      const { value, from } = this.#take(child);
      const { answer } = value;
      const transfer = answer && "value" in answer
        ? transferList(answer.value)
        : [];
      return this.#reply(asker, { number, value }, from, transfer);
    }
    if (does === "send mail") {
      this.#post(child, { content: { mail: mail! }, memories });
    }
    if (does === "stop") this.#post(child, { content: "stop", memories: [] });
    this.#reply(asker, { number, value: done });
  }

  /** Takes the outcome of a thread, for its starter. */
  #take(child: Child): { value: Unread; from?: NumberedMemory[] } {
    child.isTaken = true;
    this.#read(child.index);
    const parcel = this.#answers[child.index];
    const { outcome } = child.slot;
    // A thread that was given up may still end its slot.
    if (outcome !== Outcome.LOST) child.slot.free();
    const answer = parcel?.content;
    const value = { outcome, answer, error: undefined, hasBegun: true };
    return { value, from: parcel?.memories };
  }

  #start(
    parent: number,
    { target, args, name, daemon, isPools }: StartOptions,
    memories: NumberedMemory[],
  ): SlotNote | undefined {
    const index = this.#board.threads;
    if (index === MOST_THREADS) {
      throw new RangeError(
        `Cannot start ${name}: a schedule may have ${MOST_THREADS} threads, ` +
          "those included that the scenario's threads start",
      );
    }
    if (index === this.#members.length) {
      this.#board.crowd();
      return undefined;
    }
    const { worker, waiter } = this.#members[index];
    assignWaiter(waiter, name);
    const slot = new Slot(allocateSlot({ name, daemon, waiter }));
    const job: CrewJob = {
      ...this.#options,
      seed: this.#options.seed + index,
      target,
      args,
      name,
      waiter,
      memories,
      slot: slot.index,
      isStarted: true,
      isPools,
    };
    post(worker, job, transferList(args));
    this.#children.set(slot.ident, {
      index,
      parent,
      slot,
      isPools,
      isTaken: false,
    });
    this.names.push(this.#unique(name));
    this.#board.start();
    return { index: slot.index, ident: slot.ident, name, daemon, waiter };
  }

  /** The name, with a number if another thread has the same, such as a pool's worker. */
  #unique(name: string): string {
    let unique = name;
    for (let i = 2; this.names.includes(unique); i++) unique = `${name} #${i}`;
    return unique;
  }

  #post({ index }: Child, letter: Parcel<Letter>): void {
    (this.#letters[index] ??= []).push(letter);
    this.#board.sendMail(index);
  }

  #reply(
    to: number,
    message: unknown,
    memories: NumberedMemory[] = [],
    transfer: Transferable[] = [],
  ): void {
    const envelope = new Map<string, unknown>([
      ["message", message],
      ["memories", memories],
    ]);
    post(this.#members[to].port, envelope, transfer);
  }
}
