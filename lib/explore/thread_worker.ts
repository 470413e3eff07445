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
  deactivate,
  explores,
  releasePending,
  type ScheduleOptions,
  settleNext,
  type TracedStep,
  watchArrays,
} from "./instrument.ts";
import { type Packed, post, unpack } from "../codec/packing.ts";
import { packThrown } from "../codec/portable_error.ts";
import { functionOf } from "../codec/references.ts";
import { endThread } from "../locks/wait_graph.ts";
import { now } from "../platform/platform.ts";
import { reserveStack } from "../sync/reserve_stack.ts";
import { abandonWaits } from "../sync/wait_list.ts";
import {
  adoptWaiterTable,
  enterThread,
  setEndWorker,
  stopped,
} from "../sync/waiters.ts";
import type { Handover } from "../thread/handover.ts";
import { adoptLine } from "../thread/line.ts";
import { adoptThreadTable, enterSlot } from "../thread/thread_table.ts";
import { isThenable } from "../thread/worker_server.ts";

/** This module; in a bundle, the bundle. */
export const threadWorkerUrl: string = import.meta.url;
/** The key under which a worker's first module finds {@linkcode serveExplorer}. */
export const serveExplorerKey: string = `lab9.explore ${threadWorkerUrl}`;

if (explores) {
  Object.assign(globalThis, { [Symbol.for(serveExplorerKey)]: serveExplorer });
}

/** What a worker is told first. */
export interface CrewSetup {
  board: SharedArrayBuffer;
  /** The thread's number. */
  index: number;
  waiterTable: SharedArrayBuffer;
  threadTable: SharedArrayBuffer;
  port: MessagePort;
}

/** What a worker is told to run. */
export interface CrewJob extends ScheduleOptions {
  target: number;
  args: Packed;
  slot: number;
  waiter: number;
  name: string;
  /** The shared memory in the arguments: all threads number it alike. */
  memories: [SharedArrayBuffer, number][];
}

/** What a thread tells of itself when it has ended. */
export interface CrewReport {
  thrown?: Packed;
  steps: TracedStep[];
}

/** What a thread of a scenario asks the main thread for, it doesn't get. */
const noLine = {
  get deliveries(): never {
    throw new Error(
      "Cannot explore: a scenario's thread may not start threads or pools, name " +
        "their functions among the scenario's threads",
    );
  },
} as unknown as Handover;

/** Modules that could not be loaded, and why. */
export type LoadError = [url: string, message: string];

declare const self: {
  addEventListener: typeof globalThis.addEventListener;
};

/** Serves the explorer that started this worker. */
function serveExplorer(failures: LoadError[]): void {
  let board: Board;
  let setup: CrewSetup;
  self.addEventListener("message", (event) => {
    const { data } = event as MessageEvent<CrewSetup | CrewJob>;
    if ("board" in data) {
      setup = data;
      board = new Board(setup.board, setup.index);
      adoptThreadTable(setup.threadTable);
      adoptLine(setup.port, noLine);
      post(setup.port, failures, []);
    } else {
      runThread(data, board, setup);
    }
  });
}

async function runThread(
  job: CrewJob,
  board: Board,
  { port, waiterTable, threadTable }: CrewSetup,
): Promise<void> {
  const report: CrewReport = { steps: [] };
  adoptWaiterTable(waiterTable, job.waiter);
  enterThread();
  enterSlot(job.slot);
  setEndWorker(() => {
    throw stopped();
  });
  board.join();
  try {
    const fn = functionOf(job.target);
    const args = watchArrays(unpack(job.args)) as unknown[];
    // What the library does once in a worker is no part of the schedule.
    reserveStack();
    activate(board, [
      [waiterTable, WAITER_TABLE],
      [threadTable, THREAD_TABLE],
      ...job.memories,
    ], job);
    // Its clock was taken when it loaded.
    if (now() !== board.time) {
      throw new Error(
        "Cannot explore: the library has loaded before what replaces Atomics, " +
          "import @lab9/concurrency/explore first",
      );
    }
    const value = fn(...args);
    if (isThenable(value)) await settle(value);
    // Its microtasks are part of the schedule.
    else await turn();
  } catch (error) {
    // What it throws while it unwinds is no failure.
    const isThrown = !(error instanceof Unwound || error instanceof Closed);
    if (isThrown && !board.isUnwinding) {
      report.thrown = packThrown(error, job.name);
    }
  }
  try {
    // As at the end of any thread: who waits for its locks is told.
    abandonWaits(stopped());
    endThread(job.waiter);
  } catch (error) {
    if (!(error instanceof Unwound)) throw error;
  }
  report.steps = deactivate();
  // The library's clock goes on from schedule to schedule: it isn't to wait.
  if (releasePending()) await turn();
  const isNews = report.thrown !== undefined || report.steps.length > 0;
  if (isNews) port.postMessage(new Map([["message", report]]));
  board.end();
}

/** Awaits a promise of the thread's, which waits by the schedule's clock. */
async function settle(value: PromiseLike<unknown>): Promise<void> {
  let isSettled = false;
  const note = () => void (isSettled = true);
  const result = Promise.resolve(value);
  result.then(note, note);
  for (;;) {
    // All that the thread can do before it waits is done after a turn.
    await turn();
    if (isSettled) break;
    settleNext();
  }
  await result;
}

const word = new Int32Array(new SharedArrayBuffer(4));

/** Gives the event loop one turn. */
async function turn(): Promise<void> {
  const { value } = real.waitAsync(word, 0, 0);
  real.notify(word, 0);
  await value;
}
