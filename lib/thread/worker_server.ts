// Copyright 2026 the lab9 authors. MIT license.

import {
  halt,
  ignoreEndingSignals,
  MessageChannel,
  onExit,
  Promise,
  startTimer,
} from "../platform/platform.ts";
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
  leaveTable,
  noteHeeded,
  setEndWorker,
  Stopped,
  stopped,
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
import { adoptLine, exchange, hasCharges, setReachable } from "./line.ts";
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
  isLoading,
  loadModules,
  ModuleError,
  type Offer,
  offerModules,
  prepareModules,
} from "./modules.ts";
import { redirectOutput, restoreOutput } from "./output.ts";
import { packThrown } from "../codec/portable_error.ts";
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

/** The name by which a worker of the library is known. */
export const WORKER_NAME = "lab9 thread";
/** This module; in a bundle, the bundle. */
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
let posted = Promise.withResolvers<PostedJob>();
/** Of a job that went by message. */
let port: MessagePort | undefined;
/** Has the answer in it that the starter has to ask for. */
let held: MessageChannel | undefined;
let running: Slot | undefined;
let stopRunning: () => void = () => {};
/** Ends the running thread with an error. */
let failRunning: (error: unknown) => void = () => {};
let isPending = (): boolean => true;
/** Whether a stray error ends the running thread. */
let isFailing = false;
/** The name of the thread that runs, or ran last. */
let lastName: string | undefined;
/** What was thrown before the first thread had a name. */
const early: unknown[] = [];
let closeWorker: () => void;
/** Those who asked for something, in this order. */
const asking: ((mail: Packed) => void)[] = [];

if (typeof self === "object" && self.name === WORKER_NAME) install();

/** Before any user's module runs: what ends a worker must say so. */
function install(): void {
  const close = self.close.bind(self);
  closeWorker = close;
  const announce = () => {
    if (handover === undefined || isLoading()) {
      // A module that can't load fails the thread that needs it.
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
 * Takes from users' modules what reaches the main thread whatever a worker's
 * permissions are: messages, which nobody there listens for, and whose flood
 * would leave it no turn for anything else; and listeners for the signals that
 * end the process, by which a worker takes Ctrl-C away. Python leaves signals to
 * the main thread, too.
 */
function leaveMainThreadAlone(): void {
  self.postMessage = () => {};
  ignoreEndingSignals();
}

/**
 * Ends the worker on the spot, and with it the thread that runs. It leaves every
 * list first: once it is seen to be gone, its waiter may go to another thread.
 */
function end(outcome: Outcome): void {
  abandonWaits(stopped());
  const slot = handover!.leave();
  if (slot > 0) new Slot(slot).end(outcome);
  leaveTable();
  setEndWorker(stayClosed);
  closeWorker();
}

/** Ends a worker that has left, from inside of what it has left behind. */
function stayClosed(): never {
  closeWorker();
  halt();
}

/**
 * Runs the worker's jobs. Before any user's module is loaded, the worker joins
 * the tables of the process: a wait of a module's own would be in tables that
 * nobody else sees.
 */
function serve(offers: Offer[]): void {
  offerModules(offers);
  setExchange(exchange);
  self.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    report(event.reason);
  });
  self.addEventListener("error", (event) => {
    event.preventDefault();
    report(event.error);
  });
  // Not by `onmessage`, which a user's function may set as well.
  self.addEventListener("message", (event) => {
    const { data } = event as MessageEvent<
      Setup | PostedJob | Mail | Request | "stop"
    >;
    if (data === "stop") stopRunning();
    else if ("waiterTable" in data) {
      if (handover === undefined) runJobs(data);
    } else if ("mail" in data) asking.shift()?.(data.mail);
    else if ("requester" in data) handOut(data);
    else posted.resolve(data);
  });
  // After the library's own listeners, which have to come first.
  enableHandlers();
}

/** Runs jobs until the worker leaves. */
export async function runJobs(setup: Setup): Promise<void> {
  if (setup.mayAsk) watchPermissions();
  adoptWaiterTable(setup.waiterTable, setup.waiter);
  adoptThreadTable(setup.table);
  adoptRecording(setup.recording);
  enterThread();
  handover = new Handover(setup.handover);
  if (setup.isKillable) handover.guardMutexes();
  adoptLine(setup.line, handover);
  noteOpen();
  stopRunning = () => abandonWaits(stopped());
  for (;;) {
    const index = await handover.assigned();
    if (index === GONE) return;
    if (index === DISMISSED) return end(Outcome.CLOSED);
    const slot = new Slot(index);
    const job = await prepareJob(slot, handover);
    if (job !== undefined) await runJob(slot, job, handover);
  }
}

/** Loads what a job needs; undefined if that ends the worker. */
async function prepareJob(
  slot: Slot,
  handover: Handover,
): Promise<Job | undefined> {
  try {
    const job = handover.form === Form.POSTED
      ? await receiveJob()
      : handover.take() as Job;
    // Without a message it can have got no queue.
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

/** Ends a thread, and thereby the worker, because a module can't be loaded. */
function breakDown(error: unknown, slot: Slot, handover: Handover): void {
  const cause = error instanceof ModuleError ? error.cause : error;
  const thrown = packThrown(cause, slot.name);
  const brokeDown = String((error as Error).message);
  answer({ thrown, brokeDown }, slot, handover);
  finish(slot, Outcome.BROKE_DOWN, handover);
}

/**
 * What nobody awaited, or caught in a timer or a port's handler. What the thread
 * still does would wait for ever for what has failed: it ends with the error.
 * When it does nothing, this is Python's `threading.excepthook`.
 */
function report(error: unknown): void {
  // What ends the waits of a thread that is being ended is nobody's mistake.
  if (error instanceof Stopped) return;
  if (running !== undefined && isPending()) return failRunning(error);
  if (lastName === undefined) early.push(error);
  else console.error(`Exception in thread ${lastName}:`, error);
}

/**
 * Says when something is pending that a stray error is to end. A thread's target
 * is, unless it says otherwise: a pool's worker is idle between its tasks.
 */
export function setPending(is: () => boolean): void {
  isPending = is;
}

/**
 * Whether the running thread ends, by order or by a stray error. What it still
 * does goes nowhere.
 */
export function isEnding(): boolean {
  return isFailing || isStopped();
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
  // One of its functions that await may have ended it before the others; and
  // what it has left behind must not take what others wait for.
  if (isStopped() || hasPendingWaits() || hasCharges()) {
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

/** Tells the end of a job, and that of a worker that runs no other. */
function finish(slot: Slot, outcome: Outcome, handover: Handover): void {
  // An answer that is still to be asked for keeps the worker until then.
  if (handover.isLast && handover.form !== Form.HELD) {
    return end(outcome);
  }
  // Before the end is known: the next job may come right after it.
  handover.finish(slot.index);
  slot.end(outcome);
}

/** Ends what the running thread awaits: what that throws releases its locks. */
function unwind(): Promise<void> {
  abandonWaits(stopped());
  return new Promise((resolve) => startTimer(resolve));
}

/** Awaits the job that comes by message. */
async function receiveJob(): Promise<Job> {
  const job = await posted.promise;
  posted = Promise.withResolvers();
  port = job.port;
  return job;
}

/** Answers in shared memory, or else by the port; without one, when asked. */
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

/** Sends the answer that is held. */
function handOut({ requester }: Request): void {
  const { port1, port2 } = held!;
  send(requester, port2, [port2]);
  requester.close();
  // Not before: a port doesn't stay open without the other.
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

/** Sends something to the main thread, for the run of the running thread. */
export function sendMail(mail: Packed): void {
  send(port!, { mail }, transferList(mail));
}

/** Awaits what is about to be asked for. Mail comes in the order of the asking. */
export function receiveMail(): Promise<Packed> {
  return new Promise((resolve) => asking.push(resolve));
}

function isStopped(): boolean {
  return isStopOrdered(currentWaiter());
}

/** Whether a function turned out to be async. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then ===
    "function";
}
