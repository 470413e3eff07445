// Copyright 2026 the lab9 authors. MIT license.

import { abandonWaits } from "../shared/wait_list.ts";
import { pack, type Packed, transferList, unpack } from "../shared/packing.ts";
import { adoptParkingLot, checkStop, Stopped } from "../shared/parking.ts";
import {
  adoptRecording,
  Mark,
  recordSpan,
  setRecordedThread,
} from "../shared/recorder.ts";
import { functionOf } from "../shared/references.ts";
import { toPortable } from "./portable_error.ts";
import { adoptThreadTable, enterSlot, Outcome, Slot } from "./thread_table.ts";
import type { Answer, Envelope, Job, Mail, Setup } from "./worker.ts";

/** By this name a worker of the library is told from any other. */
export const WORKER_NAME = "lab9 thread";
/** This module; in a bundle, the bundle. */
export const serverUrl: string = import.meta.url;
/** In the word that tells a worker's slot: it closed itself, or is about to. */
export const GONE = -1;
/** The key under which a worker's first module finds {@linkcode serve}. */
export const serveKey: string = `lab9.serve ${serverUrl}`;

declare const self: {
  name?: string;
  close(): void;
  addEventListener: typeof globalThis.addEventListener;
};

let port: MessagePort;
let assigned: Int32Array | undefined;
let running: Slot | undefined;
let stopRunning: (reason: Stopped) => void = () => {};
let closeWorker: () => void;
let mailbox = Promise.withResolvers<Packed>();

if (typeof self === "object" && self.name === WORKER_NAME) install();

/** Before any user's module runs: what ends a worker must say so. */
function install(): void {
  const close = self.close.bind(self);
  closeWorker = () => {
    abandonWaits(new Stopped("The worker was closed"));
    close();
  };
  const announce = () => {
    if (assigned === undefined) {
      // It can tell nobody yet, but what throws while it loads is reported.
      throw new Error("The worker was closed while its modules were loading");
    }
    const slot = Atomics.exchange(assigned, 0, GONE);
    if (slot > 0) new Slot(slot).end(Outcome.CLOSED);
    closeWorker();
  };
  self.close = announce;
  Deno.exit = announce as typeof Deno.exit;
  Object.assign(globalThis, { [Symbol.for(serveKey)]: serve });
}

function serve(): void {
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
    const { data } = event as MessageEvent<Setup | Job | Mail | "stop">;
    if (data === "stop") stopRunning(new Stopped("The thread was terminated"));
    else if ("lot" in data) setUp(data);
    else if ("mail" in data) mailbox.resolve(data.mail);
    else runJob(data);
  });
}

function setUp(
  { lot, cell, table, recording, slot }: Setup,
): void {
  adoptParkingLot(lot, cell);
  adoptThreadTable(table);
  adoptRecording(recording);
  assigned = slot;
}

/** What nobody awaited: Python's `threading.excepthook`. */
function report(error: unknown): void {
  console.error(`Exception in thread ${running?.name ?? "(idle)"}:`, error);
}

async function runJob(
  { slot: index, target, args, port: given }: Job,
): Promise<void> {
  port = given;
  enterSlot(index);
  const slot = running = new Slot(index);
  setRecordedThread(slot.ident);
  const life = recordSpan(Mark.RUN);
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => {});
  stopRunning = (reason) => {
    abandonWaits(reason);
    stopped.reject(reason);
  };
  slot.begin();
  let outcome: Outcome;
  try {
    checkStop();
    const fn = functionOf(target);
    let value = fn(...unpack(args) as unknown[]);
    if (isThenable(value)) value = await Promise.race([value, stopped.promise]);
    const packed = pack(value);
    answer({ value: packed }, transferList(packed));
    outcome = Outcome.RETURNED;
  } catch (error) {
    outcome = isStopped() ? Outcome.TERMINATED : Outcome.THREW;
    if (outcome === Outcome.THREW) {
      answer({ thrown: toPortable(error, slot.name) });
    }
  }
  running = undefined;
  port.close();
  life?.[Symbol.dispose]();
  // Before the end is known: the next job may come right after it.
  Atomics.compareExchange(assigned!, 0, index, 0);
  slot.end(outcome);
  // What a terminated thread left behind must not meet the next one.
  if (isStopped()) closeWorker();
}

function answer(message: Answer | Mail, transfer: Transferable[] = []): void {
  const envelope: Envelope = new Map([["message", message]]);
  port.postMessage(envelope, transfer);
}

/** Sends something to whoever started the running thread. */
export function sendMail(mail: Packed): void {
  answer({ mail }, transferList(mail));
}

/** Awaits what was asked for: there is one mail at a time. */
export async function receiveMail(): Promise<Packed> {
  const mail = await mailbox.promise;
  mailbox = Promise.withResolvers();
  return mail;
}

function isStopped(): boolean {
  try {
    checkStop();
    return false;
  } catch {
    return true;
  }
}

/** Whether a function turned out to be async. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then ===
    "function";
}
