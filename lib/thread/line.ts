// Copyright 2026 the lab9 authors. MIT license.

/**
 * A worker's end of its line to the main thread; see `exchange.ts`.
 *
 * @module
 */

import { type Exchange, here, takeKept } from "../codec/left_memory.ts";
import { post, unpack } from "../codec/packing.ts";
import { areMessagesLate } from "../platform/platform.ts";
import { callMainThread, checkStop } from "../sync/waiters.ts";
import { receiveOn } from "./exchange.ts";
import type { Ask, Delivery, Note } from "./messages.ts";
import type { Handover } from "./handover.ts";

/** How long a thread waits for the main one before it calls again. */
const CALL_AGAIN_MS = 10;

let port: MessagePort | undefined;
let handover: Handover;
let lastNumber = 0;
/** Whether memory that this thread leaves may be fetched by another. */
let isReachable = false;

/** Has this worker reach the main thread so. */
export function adoptLine(line: MessagePort, worker: Handover): void {
  port = line;
  handover = worker;
}

/** A thread begins; says whether others have queues that it has. */
export function setReachable(is: boolean): void {
  isReachable = is;
}

/** Others are about to get queues of this thread: what it has left goes along. */
export function reachOut(): void {
  if (isReachable) return;
  isReachable = true;
  const leaves = takeKept();
  if (leaves.length > 0) send({ leaves } satisfies Note);
}

/** How many threads this one has started whose end it hasn't seen. */
let charges = 0;

/** The running thread has one more of them, or one less. */
export function countCharge(change: 1 | -1): void {
  charges += change;
}

/** Whether the running thread has any. */
export function hasCharges(): boolean {
  return charges > 0;
}

/**
 * Asks the main thread for something, and blocks until it answers.
 *
 * @throws {Stopped} If the thread is ordered to end.
 * @throws What the main thread has thrown.
 */
export function askMainThread(
  ask: Ask,
  transfer: Transferable[] = [],
): unknown {
  if (areMessagesLate) throw new Error(unanswerable(ask));
  const number = ++lastNumber;
  let before = handover.deliveries;
  send({ number, ask }, transfer);
  for (;;) {
    checkStop();
    callMainThread();
    if (!handover.deliveredSync(before, CALL_AGAIN_MS)) continue;
    before = handover.deliveries;
    const answer = find(number);
    if (answer === undefined) continue;
    if (answer.refusal !== undefined) throw unpack(answer.refusal);
    return answer.value;
  }
}

/** What to say of what a browser gives a thread no way to ask for. */
function unanswerable(ask: Ask): string {
  return "fetches" in ask
    ? "Cannot get item: it holds shared memory, which a thread in a browser can " +
      "get by its arguments only"
    : "Cannot start thread: in a browser, only the main thread can";
}

/** The answer with that number; others were given up. */
function find(number: number): Delivery | undefined {
  for (;;) {
    const delivery = receiveOn(port!) as Delivery | undefined;
    if (delivery === undefined || delivery.number === number) return delivery;
  }
}

function send(message: object, transfer: Transferable[] = []): void {
  post(port!, new Map([["message", message]]), transfer);
  handover.noteSent();
}

/** How this thread leaves memory with the main one. */
export const exchange: Exchange = {
  leave(leaves) {
    if (isReachable) send({ leaves } satisfies Note);
    else here.leave(leaves);
  },
  takeBack(takesBack) {
    here.takeBack(takesBack);
    if (isReachable) send({ takesBack } satisfies Note);
  },
  fetch(number) {
    const memory = here.fetch(number);
    if (memory !== undefined || !isReachable) return memory;
    return askMainThread({ fetches: number }) as SharedArrayBuffer | undefined;
  },
};
