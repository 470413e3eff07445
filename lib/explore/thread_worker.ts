// Copyright 2026 the lab9 authors. MIT license.

/**
 * Runs one thread of a scenario, schedule after schedule. A worker's first module
 * imports `instrument.ts` before this, and calls {@linkcode serveExplorer} last.
 *
 * @module
 */

import {
  Board,
  Closed,
  real,
  THREAD_TABLE,
  Unwound,
  WAITER_TABLE,
} from "./board.ts";
import {
  activate,
  awaitMail,
  deactivate,
  explores,
  isActive,
  isUnwinding,
  learnMemory,
  noteAfter,
  originalOf,
  releasePending,
  type ScheduleOptions,
  settleNext,
  type TracedStep,
  watchArrays,
} from "./instrument.ts";
import type { NumberedMemory } from "./memories.ts";
import { type Letter, ThreadLine } from "./thread_line.ts";
import { Encoder } from "../codec/encoder.ts";
import { pack, type Packed, transferList, unpack } from "../codec/packing.ts";
import { packThrown } from "../codec/portable_error.ts";
import { functionOf, isShareable } from "../codec/references.ts";
import { endThread } from "../locks/wait_graph.ts";
import { Lock } from "../locks/lock.ts";
import { RWLock } from "../locks/rwlock.ts";
import { now, onExit } from "../platform/platform.ts";
import { LifoQueue } from "../queue/lifo_queue.ts";
import { PriorityQueue } from "../queue/priority_queue.ts";
import { Queue } from "../queue/queue.ts";
import { reserveStack } from "../sync/reserve_stack.ts";
import { abandonWaits, hasPendingWaits } from "../sync/wait_list.ts";
import {
  adoptWaiterTable,
  checkStop,
  currentWaiter,
  enterThread,
  isStopOrdered,
  noteHeeded,
  setEndWorker,
  Stopped,
  stopped,
} from "../sync/waiters.ts";
import { adoptLine, setReachable } from "../thread/line.ts";
import {
  adoptThreadTable,
  enterSlot,
  Outcome,
  Slot,
} from "../thread/thread_table.ts";
import { isThenable, serveKey } from "../thread/worker_server.ts";

/** This module; in a bundle, the bundle. */
export const threadWorkerUrl: string = import.meta.url;
/** The key under which a worker's first module finds {@linkcode serveExplorer}. */
export const serveExplorerKey: string = `lab9.explore ${threadWorkerUrl}`;

if (explores) {
  Object.assign(globalThis, { [Symbol.for(serveExplorerKey)]: serveExplorer });
}

/** The first message to a worker. */
export interface CrewSetup {
  board: SharedArrayBuffer;
  /** The thread's number. */
  index: number;
  tables: { waiters: SharedArrayBuffer; threads: SharedArrayBuffer };
  /** The worker's waiter until it runs a thread. */
  waiter: number;
  port: MessagePort;
}

/** A thread for a worker to run. */
export interface CrewJob extends ScheduleOptions {
  target: number;
  args: Packed;
  slot: number;
  waiter: number;
  name: string;
  /** The shared memory in the arguments. Its numbers are the same in all threads. */
  memories: NumberedMemory[];
  /** Whether another thread of the schedule has started it. */
  isStarted: boolean;
  /** Whether it is a worker of a pool. */
  isPools: boolean;
}

/** The report of a thread that has ended. */
export interface CrewReport {
  thrown?: Packed;
  steps: TracedStep[];
}

/** Modules that could not be loaded, and why. */
export type LoadError = [url: string, message: string];

declare const self: {
  addEventListener: typeof globalThis.addEventListener;
  dispatchEvent(event: globalThis.Event): boolean;
};

/** The errors of this schedule that were not handled. */
const strays: unknown[] = [];

/**
 * Waits for the explorer that has started this worker, and then serves it. A browser drops
 * the explorer's first message if the worker's first module awaits something before there
 * is a listener. So users' modules are loaded after the message.
 *
 * @param load Loads users' modules.
 */
function serveExplorer(load: () => Promise<LoadError[]>): void {
  self.addEventListener("message", async (event) => {
    const setup = (event as MessageEvent<CrewSetup>).data;
    serveCrew(setup, await load());
  }, { once: true });
}

function serveCrew(setup: CrewSetup, failures: LoadError[]): void {
  watchStrays();
  unwatchItems();
  const close = () => {
    throw new Closed();
  };
  Object.assign(globalThis, { close });
  onExit(close);
  self.addEventListener("message", (event) => {
    const { data } = event as MessageEvent<CrewJob>;
    if ("target" in data) runner.run(data);
  });
  // The library listens for mail by the same events.
  Reflect.get(globalThis, Symbol.for(serveKey))([]);
  const runner = new Runner(setup);
  // This isn't sent by the line, because it holds no memory.
  MessagePort.prototype.postMessage.call(setup.port, failures);
}

/** Makes an error that isn't handled fail the thread, instead of being printed. */
function watchStrays(): void {
  const note = (event: globalThis.Event, error: unknown) => {
    // The library's own listener would keep the error for its next thread.
    event.stopImmediatePropagation();
    const isOrder = error instanceof Unwound || error instanceof Closed ||
      error instanceof Stopped;
    if (!isActive() && !isOrder) return;
    event.preventDefault();
    if (!isOrder) strays.push(error);
  };
  self.addEventListener("unhandledrejection", (event) => {
    note(event, (event as PromiseRejectionEvent).reason);
  });
  self.addEventListener("error", (event) => {
    note(event, (event as ErrorEvent).error);
  });
  const print = console.error.bind(console);
  console.error = (...data: unknown[]) => {
    // Errors of threads that unwind have no meaning.
    if (isUnwinding()) return;
    const isThreads = String(data[0]).startsWith("Exception in thread ");
    if (isThreads && isActive()) strays.push(data[1]);
    else print(...data);
  };
}

/** Whether the running thread is a pool's worker. */
let isPools = false;

/** Makes the encoder write arrays in place of the proxies that watch them. */
function unwatchItems(): void {
  const write = Encoder.prototype.write;
  Encoder.prototype.write = function (value) {
    try {
      return write.call(this, originalOf(value));
    } catch (error) {
      // A task may have a pool of its own, whose tasks may take what is shared.
      const isAnswer = isPools && new Error().stack!.includes("Replies.");
      throw isAnswer && isSharedMemory(value) ? unanswerable(error) : error;
    }
  };
}

function isSharedMemory(value: unknown): boolean {
  const memory = ArrayBuffer.isView(value) ? value.buffer : value;
  return memory instanceof SharedArrayBuffer ||
    typeof value === "object" && value !== null && isShareable(value);
}

/** The error for the result of a task that would have to go by message to the pool. */
function unanswerable(cause: unknown): Error {
  return new Error(
    "Cannot explore: what a task returns may hold no shared memory, queue or " +
      "lock, let it put that into a queue",
    { cause },
  );
}

/** Does what the library does once in each worker, so that it is no part of a schedule. */
function rehearse(): void {
  new Lock();
  new RWLock();
  for (const Class of [Queue, LifoQueue, PriorityQueue]) new Class();
  reserveStack();
}

/** The mail for tasks that still await mail at the end of a schedule. */
const nothing: Packed = { value: undefined, references: [], transferables: [] };
/** How many tasks of a pool may await their mail. */
const MOST_AWAITED = 16;

/** Runs one thread after another. */
class Runner {
  readonly #board: Board;
  readonly #tables: CrewSetup["tables"];
  readonly #line: ThreadLine;

  constructor({ board, index, tables, waiter, port }: CrewSetup) {
    this.#board = new Board(board, index);
    this.#tables = tables;
    this.#line = new ThreadLine(port);
    adoptThreadTable(tables.threads);
    adoptWaiterTable(tables.waiters, waiter);
    enterThread();
    rehearse();
  }

  async run(job: CrewJob): Promise<void> {
    const board = this.#board;
    const report: CrewReport = { steps: [] };
    adoptWaiterTable(this.#tables.waiters, job.waiter);
    // A scenario of the library's own may have adopted another.
    adoptLine(this.#line.port, this.#line.handover);
    setReachable(true);
    enterThread();
    enterSlot(job.slot);
    setEndWorker(() => {
      throw stopped();
    });
    strays.length = 0;
    isPools = job.isPools;
    this.#line.hasPools = false;
    board.join();
    try {
      const outcome = await this.#live(job, report);
      await this.#end(job, outcome);
    } catch (error) {
      if (!(error instanceof Unwound)) strays.push(error);
    }
    report.steps = deactivate();
    if (strays.length > 0 && !board.isUnwinding) {
      report.thrown ??= packThrown(strays[0], job.name);
    }
    // The library's clock lives from schedule to schedule, so its wait has to end.
    if (releasePending()) await turn();
    if (job.isPools) await this.#forgetMail();
    const isNews = report.thrown !== undefined || report.steps.length > 0;
    if (isNews) {
      board.noteReport();
      this.#line.report(report);
    }
    board.end();
  }

  /** Runs the thread's function. It returns the thread's outcome. */
  async #live(job: CrewJob, report: CrewReport): Promise<Outcome> {
    const board = this.#board;
    const { isStarted } = job;
    try {
      const fn = functionOf(job.target);
      const args = unpack(job.args);
      activate(board, [
        [this.#tables.waiters, WAITER_TABLE],
        [this.#tables.threads, THREAD_TABLE],
        ...job.memories,
      ], job);
      // The library keeps the clock that it finds when it is loaded.
      if (now() !== board.time) {
        throw new Error(
          "Cannot explore: the library has loaded before what replaces " +
            "Atomics, import @lab9/concurrency/explore first",
        );
      }
      if (isStarted) {
        new Slot(job.slot).begin();
        checkStop();
      }
      let value = fn(...(job.isPools ? args : watchArrays(args)) as unknown[]);
      if (isThenable(value)) value = await this.#settle(value, isStarted);
      // The function's microtasks are part of the schedule.
      else await turn();
      if (strays.length > 0) throw strays[0];
      if (isStarted) {
        const packed = pack(value);
        this.#line.send({ answer: { value: packed } }, transferList(packed));
      }
      return Outcome.RETURNED;
    } catch (error) {
      if (error instanceof Unwound || board.isUnwinding) return Outcome.CLOSED;
      if (error instanceof Closed) return Outcome.CLOSED;
      if (isStarted && isStopOrdered(currentWaiter())) {
        return Outcome.TERMINATED;
      }
      const thrown = packThrown(error, job.name);
      if (isStarted) this.#line.send({ answer: { thrown } });
      else report.thrown = thrown;
      return Outcome.THREW;
    }
  }

  /** Ends the thread as any other: threads that wait for it or for its locks are woken. */
  async #end(
    { isStarted, slot, waiter }: CrewJob,
    outcome: Outcome,
  ): Promise<void> {
    noteAfter();
    const unwinds = hasPendingWaits();
    abandonWaits(stopped());
    // The error that this throws in the thread's functions releases what they hold.
    if (unwinds && !this.#board.isUnwinding) await turn();
    if (isStarted) new Slot(slot).end(outcome);
    else endThread(waiter);
    if (!this.#board.isUnwinding) this.#line.leavePools();
  }

  /** Awaits a promise of the thread, by the schedule's clock. */
  async #settle(
    value: PromiseLike<unknown>,
    isStarted: boolean,
  ): Promise<unknown> {
    let isSettled = false;
    const note = () => void (isSettled = true);
    const result = Promise.resolve(value);
    result.then(note, note);
    if (isStarted) awaitMail();
    for (;;) {
      // In this turn the thread does all that it can do before it waits.
      await turn();
      if (isSettled) break;
      if (strays.length > 0) throw strays[0];
      if (isStarted && this.#board.takesMail()) await this.#readMail();
      else settleNext();
    }
    return await result;
  }

  async #readMail(): Promise<void> {
    const letters = this.#line.ask("mail") as {
      content: Letter;
      memories: NumberedMemory[];
    }[];
    for (const { content, memories } of letters) {
      if (content === "stop") {
        noteHeeded(hasPendingWaits());
        abandonWaits(stopped());
        await turn();
        throw stopped();
      }
      learnMemory(memories);
      deliver({ ...content.mail, value: watchArrays(content.mail.value) });
    }
  }

  /** Sends mail to tasks that still await it, so that none awaits in the next schedule. */
  async #forgetMail(): Promise<void> {
    for (let i = 0; i < MOST_AWAITED; i++) deliver(nothing);
    await turn();
  }
}

/** Delivers mail to the library, for the task that was the first to ask for it. */
function deliver(mail: Packed): void {
  self.dispatchEvent(new MessageEvent("message", { data: { mail } }));
}

const word = new Int32Array(new SharedArrayBuffer(4));

/** Gives the event loop one turn. */
async function turn(): Promise<void> {
  const { value } = real.waitAsync(word, 0, 0);
  real.notify(word, 0);
  await value;
}
