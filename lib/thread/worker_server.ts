// Copyright 2026 the lab9 authors. MIT license.

/**
 * What a worker of the library runs: it gets jobs, calls their functions and answers.
 *
 * @module
 */

import {
  closerOf,
  halt,
  ignoreEndingSignals,
  MessageChannel,
  MessagePort,
  onExit,
  Promise,
  startTimer,
} from "../platform/platform.ts";
import { areModulesLoading } from "../sync/memory.ts";
import { turn } from "../sync/spin.ts";
import { abandonWaits, hasPendingWaits } from "../sync/wait_list.ts";
import {
  pack,
  type Packed,
  post,
  transferList,
  unpack,
} from "../codec/packing.ts";
import {
  adoptWaiterTable,
  checkStop,
  currentWaiter,
  enterThread,
  isStopOrdered,
  isStopping,
  leaveTable,
  leaveWaiter,
  noteHeeded,
  setEndWorker,
  Stopped,
  stopped,
  takeWaiter,
} from "../sync/waiters.ts";
import {
  adoptRecording,
  Mark,
  recordSpan,
  setRecordedThread,
} from "../sync/recorder.ts";
import { forgetMemory, setExchange } from "../codec/left_memory.ts";
import { functionOf } from "../codec/references.ts";
import { DISMISSED, Form, GONE, Handover } from "./handover.ts";
import {
  adoptLine,
  exchange,
  hasStartedThreads,
  setReachable,
} from "./line.ts";
import { unheeded } from "./errors.ts";
import {
  beginThread,
  enableHandlers,
  isAnythingLeft,
  noteOpen,
  removeListeners,
  watchLeftovers,
  watchPermissions,
} from "./leftovers.ts";
import {
  loadModules,
  ModuleError,
  type Offer,
  offerModules,
  prepareModules,
} from "./modules.ts";
import { guardConsole, redirectOutput, restoreOutput } from "./output.ts";
import { markBottom, packThrown } from "../codec/portable_error.ts";
import {
  adoptThreadTable,
  enterSlot,
  NO_SLOT,
  Outcome,
  Slot,
} from "./thread_table.ts";
import type {
  Answer,
  Envelope,
  Job,
  Letter,
  Mail,
  PostedJob,
  Request,
  Setup,
} from "./messages.ts";

/** The name of the library's workers. A worker finds out by it that it is one. */
export const WORKER_NAME = "lab9 thread";
/** The URL of this module; in a bundle, that of the bundle. */
export const serverUrl: string = import.meta.url;
/** The key under which a worker's first module finds {@linkcode serve}. */
export const serveKey: string = `lab9.serve ${serverUrl}`;

declare const self: {
  name?: string;
  postMessage(): void;
  close(): void;
  addEventListener: typeof globalThis.addEventListener;
};

let handover: Handover | undefined;
/** Resolves to the next job that is posted. */
let posted = Promise.withResolvers<PostedJob>();
/** The port of a job that was posted. */
let port: MessagePort | undefined;
/** Holds the answer in one of its ports, until the main thread asks for it. */
let held: MessageChannel | undefined;
/** The slot of the running thread. */
let running: Slot | undefined;
/** Ends what the running thread awaits, because it is ordered to end. */
let stopRunning: () => void = () => {};
/** Ends the running thread with an error. */
let failRunning: (error: unknown) => void = () => {};
/** Whether a call is pending that a stray error is to end. */
let isPending = (): boolean => true;
/** Whether a stray error ends the running thread. */
let isFailing = false;
/** The name of the thread that runs, or ran last. */
let lastName: string | undefined;
/** Stray errors from before the first thread. */
const early: unknown[] = [];
/** Ends the worker, as far as it does that itself. */
let closeWorker: () => void;
/** The resolvers of promises for mail, in the order in which mail was asked for. */
const receivers: ((mail: Packed) => void)[] = [];

if (typeof self === "object" && self.name === WORKER_NAME) install();

/**
 * Prepares the worker, before any module of the user's runs. `self.close()` and
 * `Deno.exit()` are replaced, because they would end the worker and tell nobody.
 */
function install(): void {
  const close = self.close.bind(self);
  closeWorker = closerOf(close);
  const announce = () => {
    if (handover === undefined || areModulesLoading()) {
      // Fails the module, and so the thread that needs it.
      throw new Error("The worker was closed while its modules were loading");
    }
    end(Outcome.CLOSED);
  };
  setEndWorker(() => {
    end(Outcome.TERMINATED);
    return stayClosed();
  });
  leaveMainThreadAlone();
  self.close = announce;
  onExit(announce);
  enterSlot(NO_SLOT);
  watchLeftovers();
  Object.assign(globalThis, { [Symbol.for(serveKey)]: serve });
}

/**
 * Takes away what would disturb the main thread, whatever the worker's permissions
 * are:
 *  - `self.postMessage()`. The main thread doesn't listen, but a flood of messages
 *    would leave it no time for anything else.
 *  - Listeners for the signals that end a process. With one, a worker would disable
 *    Ctrl-C. In Python, too, only the main thread handles signals.
 */
function leaveMainThreadAlone(): void {
  self.postMessage = () => {};
  ignoreEndingSignals();
}

/**
 * Ends the worker at once, and the running thread with it. The worker leaves all wait
 * lists first: as soon as `SLOT` is `GONE`, another worker may get its waiter.
 *
 * Another thread may then also get the slot of a thread that was given up. So the outcome
 * is decided before. A worker whose thread was given up doesn't touch the slot any more.
 */
function end(outcome: Outcome): void {
  abandonWaits(stopped());
  const index = handover!.keep();
  const running = index > 0 ? new Slot(index) : undefined;
  const isFirst = running?.decide(outcome);
  const left = handover!.leave();
  if (isFirst) running!.complete();
  // The job came just now.
  else if (running === undefined && left > 0) new Slot(left).end(outcome);
  leaveTable();
  setEndWorker(stayClosed);
  closeWorker();
}

/** Ends a worker that has closed itself, from a callback that was left behind. */
function stayClosed(): never {
  closeWorker();
  halt();
}

/**
 * Begins to listen for the main thread's messages. The worker's first module calls it.
 *
 * @param offers The users' modules that this worker may load.
 */
function serve(offers: Offer[]): void {
  offerModules(offers);
  setExchange(exchange);
  self.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    if (unheeded.has(event.reason)) return;
    report(event.reason);
  });
  self.addEventListener("error", (event) => {
    event.preventDefault();
    report(event.error);
  });
  // Not `onmessage`: a function of the user's may set it.
  self.addEventListener("message", (event) => {
    const { data } = event as MessageEvent<
      Setup | PostedJob | Mail | Request | "stop"
    >;
    if (data === "stop") return stopRunning();
    // Other events come from the users' code, which may dispatch any.
    if (typeof data !== "object" || data === null) return;
    if ("waiterTable" in data) {
      if (handover === undefined) runJobs(data);
    } else if ("mail" in data) receivers.shift()?.(data.mail);
    else if ("requester" in data) {
      if (data.requester instanceof MessagePort) handOut(data);
    } else if (data.port instanceof MessagePort) posted.resolve(data);
  });
  // Afterwards, so that the library's own listeners are called first.
  enableHandlers();
}

/**
 * Runs jobs until the worker closes itself. The worker joins the tables of the process
 * before it loads any module of the user's: a module that waits at its top level has
 * to wait in the tables that other threads see.
 */
export async function runJobs(setup: Setup): Promise<void> {
  if (setup.mayAsk) watchPermissions();
  adoptWaiterTable(setup.waiterTable, setup.waiter);
  adoptThreadTable(setup.table);
  adoptRecording(setup.recording);
  enterThread();
  handover = new Handover(setup.handover);
  if (setup.isKillable) guardConsole(handover.guardMutexes());
  adoptLine(setup.line, handover);
  noteOpen();
  stopRunning = () => abandonWaits(stopped());
  for (;;) {
    const index = await handover.assigned();
    takeWaiter(setup.waiter);
    if (index === GONE) return;
    if (index === DISMISSED) return end(Outcome.CLOSED);
    const slot = new Slot(index);
    const job = await prepareJob(slot, handover);
    if (job !== undefined) await runJob(slot, job, handover);
    // The next job may be there already. What promises call that the thread has left
    // behind must not run as a part of it.
    await turn();
  }
}

/** Gets a job and loads the modules that it needs; undefined if the worker ended. */
async function prepareJob(
  slot: Slot,
  handover: Handover,
): Promise<Job | undefined> {
  try {
    const job = handover.form === Form.POSTED
      ? await receiveJob()
      : handover.take() as Job;
    // A job that wasn't posted holds no queue.
    setReachable(handover.form === Form.POSTED);
    const { modules = [], isOpen = false, output } = job;
    if (output !== undefined) redirectOutput(output, slot.name);
    if (modules.length > 0) await loadModules(modules);
    if (isOpen) await prepareModules();
    if (handover.claim(slot.index)) return job;
    end(Outcome.CLOSED);
  } catch (error) {
    handover.setLast();
    if (!handover.claim(slot.index)) end(Outcome.CLOSED);
    else if (isStopped()) finish(slot, Outcome.TERMINATED, handover);
    else breakDown(error, slot, handover);
  }
}

/** Ends the thread, and so the worker, because a module can't be loaded. */
function breakDown(error: unknown, slot: Slot, handover: Handover): void {
  const cause = error instanceof ModuleError ? error.cause : error;
  const thrown = packThrown(cause, slot.name);
  const brokeDown = String((error as Error).message);
  answer({ thrown, brokeDown }, slot, handover);
  finish(slot, Outcome.BROKE_DOWN, handover);
}

/**
 * Handles a stray error: one that was thrown in a timer or a listener, or rejected a
 * promise that nobody handles. The pending call ends with the error, because it may
 * wait for ever for what has failed. If no call is pending, the error is printed, as
 * Python's `threading.excepthook` does.
 */
function report(error: unknown): void {
  // It ends the waits of a thread that is ordered to end: it is no mistake.
  if (error instanceof Stopped) return;
  if (running !== undefined && isPending()) return failRunning(error);
  if (lastName === undefined) early.push(error);
  else console.error(`Exception in thread ${lastName}:`, error);
}

/**
 * Sets whether a call is pending that a stray error is to end. A thread's target is,
 * from its beginning to its end. A pool's worker is idle between its tasks.
 */
export function setPending(is: () => boolean): void {
  isPending = is;
}

/**
 * Whether the running thread is ending, by order or by a stray error. Nobody gets the
 * results of what it still does.
 */
export function isEnding(): boolean {
  return isFailing || isStopping();
}

async function runJob(
  slot: Slot,
  { target, args }: Job,
  handover: Handover,
): Promise<void> {
  slot.begin();
  enterSlot(slot.index);
  enterThread();
  running = slot;
  beginThread();
  lastName = slot.name;
  for (const error of early.splice(0)) report(error);
  isPending = () => true;
  setRecordedThread(slot.ident);
  const life = recordSpan(Mark.RUN);
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  stopRunning = () => {
    noteHeeded(hasPendingWaits());
    unwind().then(() => ended.reject(stopped()));
  };
  isFailing = false;
  failRunning = (error) => {
    isFailing = true;
    handover.setLast();
    ended.reject(error);
  };
  let outcome: Outcome;
  try {
    checkStop();
    const fn = functionOf(target);
    let value = fn(...unpack(args) as unknown[]);
    if (isThenable(value)) value = await Promise.race([value, ended.promise]);
    const packed = pack(value);
    answer({ value: packed }, slot, handover, transferList(packed));
    outcome = Outcome.RETURNED;
  } catch (error) {
    outcome = isStopped() ? Outcome.TERMINATED : Outcome.THREW;
    if (outcome === Outcome.THREW) {
      answer({ thrown: packThrown(error, slot.name) }, slot, handover);
    }
  }
  // Functions of the thread may still await something. What they await must not be
  // taken from other threads.
  if (isStopped() || hasPendingWaits() || hasStartedThreads()) {
    handover.setLast();
    await unwind();
  }
  running = undefined;
  port?.close();
  port = undefined;
  life?.[Symbol.dispose]();
  removeListeners();
  forgetMemory();
  restoreOutput();
  if (!handover.isLast && isAnythingLeft(held === undefined ? 0 : 2)) {
    handover.setLast();
  }
  finish(slot, outcome, handover);
}

markBottom(runJob);

/** Ends the thread, and the worker if it is to run no other. */
function finish(slot: Slot, outcome: Outcome, handover: Handover): void {
  // A worker that holds the answer has to stay until it is asked for it.
  if (handover.isLast && handover.form !== Form.HELD) {
    return end(outcome);
  }
  leaveWaiter();
  // Before the slot ends: the next job may come right afterwards.
  handover.finish(slot.index);
  slot.end(outcome);
}

/**
 * Ends all waits of the running thread's async functions. The error that they throw
 * runs `finally` blocks and releases locks.
 */
function unwind(): Promise<void> {
  abandonWaits(stopped());
  return new Promise((resolve) => startTimer(resolve));
}

/** Waits for the job that is posted. */
async function receiveJob(): Promise<Job> {
  const job = await posted.promise;
  posted = Promise.withResolvers();
  port = job.port;
  return job;
}

/**
 * Answers the job: in shared memory if that is possible, or else by the job's port.
 * Without a port, the answer is held until the main thread asks for it.
 */
function answer(
  message: Answer,
  slot: Slot,
  handover: Handover,
  transfer: Transferable[] = [],
): void {
  const { levels = 0 } = "value" in message ? message.value : message.thrown;
  slot.levels = levels;
  if (transfer.length === 0 && handover.put(message)) return;
  if (port !== undefined) {
    send(port, message, transfer);
    handover.form = Form.POSTED;
    return;
  }
  const channel = new MessageChannel();
  try {
    send(channel.port1, message, transfer);
  } catch (error) {
    channel.port1.close();
    throw error;
  }
  held = channel;
  handover.form = Form.HELD;
}

/** Sends the answer that was held. */
function handOut({ requester }: Request): void {
  const { port1, port2 } = held!;
  send(requester, port2, [port2]);
  requester.close();
  // Only now: if one port of a channel is closed, so is the other.
  port1.close();
  held = undefined;
  handover!.form = Form.POSTED;
}

function send(
  to: MessagePort,
  message: Letter,
  transfer: Transferable[] = [],
): void {
  post(to, new Map([["message", message]]) satisfies Envelope, transfer);
}

/** Sends mail to the starter of the running thread, by way of the main thread. */
export function sendMail(mail: Packed): void {
  send(port!, { mail }, transferList(mail));
}

/** Waits for mail. Promises resolve in the order in which they were asked for. */
export function receiveMail(): Promise<Packed> {
  return new Promise((resolve) => receivers.push(resolve));
}

function isStopped(): boolean {
  return isStopOrdered(currentWaiter());
}

/** Whether a function has returned a promise. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = typeof value === "object"
    ? value !== null
    : typeof value === "function";
  return isObject && typeof (value as PromiseLike<unknown>).then === "function";
}
