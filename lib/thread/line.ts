// Copyright 2026 the lab9 authors. MIT license.

/**
 * The main thread's end of the lines by which threads reach it: they leave shared
 * memory with it and fetch it (what for is described in `codec/left_memory.ts`),
 * and have it start threads (see `starts.ts`).
 *
 * Protocol. Every worker gets a port with its setup, its line. What a thread
 * leaves it sends there, and waits for nothing. To ask for something it sends a
 * request with a number, calls the main thread and sleeps until that has sent
 * something, counted by `DELIVERIES` of its handover. It calls again if that takes
 * long: the main thread may have been about to sleep. An answer has its request's
 * number: one that a stopped thread didn't wait for may still come.
 *
 * The main thread, when it is called, reads all lines, and once more if memory is
 * asked for: that was left before its number could be known, but maybe through a
 * line that was read already. It is called in the middle of its own blocking
 * waits, too. While it computes, who asks waits. A line is read to its end before
 * it is closed.
 *
 * A test in Deno fails if a port stays open in it, and workers are kept from test
 * to test. So the main thread's end of a line that nobody has used yet stands in
 * the queue of another port, which is as old as the library.
 *
 * In a browser a message comes when the main thread is idle, maybe after the call:
 * then it is read when it comes. A thread there leaves memory, and asks for none:
 * it can get no message while it blocks.
 *
 * @module
 */

import {
  type Exchange,
  here,
  setExchange,
  takeKept,
} from "../codec/left_memory.ts";
import { pack, post, unpack } from "../codec/packing.ts";
import {
  areMessagesLate,
  MessageChannel,
  nextMessage,
  onMessages,
} from "../platform/platform.ts";
import { reserveStackForCompiling } from "../sync/reserve_stack.ts";
import { callMainThread, checkStop, onCalls } from "../sync/waiters.ts";
import type { Handover } from "./handover.ts";
import type {
  Ask,
  Delivery,
  LineRequest,
  Note,
  StartRequest,
} from "./messages.ts";

// The main thread's end.

/** What is answered, and what of it is moved. */
export interface Reply {
  value: unknown;
  transfer?: Transferable[];
}

/** A worker with a line, in the main thread. */
export interface Correspondent {
  /** Whether something may have come through the line that wasn't read. */
  readonly hasNews: boolean;
  /** Takes what has come through the line. */
  readLine(): void;
  /** Its line, which was put away. */
  takeLine(line: MessagePort): void;
  /** What the thread in it waits for, and has no answer to. */
  readonly requests: LineRequest[];
  deliver(delivery: Delivery, transfer?: Transferable[]): void;
}

const correspondents = new Set<Correspondent>();
let isListening = false;
let startFor: (from: never, request: StartRequest) => Reply;
let levelsOf: (from: never, request: StartRequest) => number;

/**
 * Says what is done for a thread that asks for another, in such a worker, and how
 * deep what is read for that is nested.
 */
export function onStartRequests<Worker extends Correspondent>(
  start: (from: Worker, request: StartRequest) => Reply,
  levels: (from: Worker, request: StartRequest) => number,
): void {
  startFor = start;
  levelsOf = levels;
}

const { port1: into, port2: outOf } = new MessageChannel();
/** Whose lines are put away, in this order. */
let away: Correspondent[] = [];
/** How many of them have ended. */
let ended = 0;
const MAX_ENDED = 64;

/** Puts a line away until something comes through it. */
export function putAway(one: Correspondent, line: MessagePort): void {
  if (areMessagesLate) {
    // A call may come before the message that it is about.
    onMessages(line, () => answerAll());
    return one.takeLine(line);
  }
  into.postMessage(new Map([["message", line]]), [line]);
  away.push(one);
  if (ended > MAX_ENDED) takeOut(() => false);
}

/** Takes the lines out of those that want theirs, and of those that have ended. */
function takeOut(wants: (one: Correspondent) => boolean): void {
  const all = away;
  away = [];
  ended = 0;
  for (const one of all) {
    const line = receiveOn(outOf) as MessagePort;
    if (!correspondents.has(one)) line.close();
    else if (wants(one)) one.takeLine(line);
    else putAway(one, line);
  }
}

/** The worker has a line from now on. */
export function addCorrespondent(one: Correspondent): void {
  correspondents.add(one);
  if (isListening) return;
  isListening = true;
  setExchange({ ...here, fetch: fetchHere });
  onCalls(answerAll);
}

/** The worker's line is closed. */
export function removeCorrespondent(one: Correspondent): void {
  correspondents.delete(one);
  one.requests.length = 0;
  if (away.includes(one)) ended++;
}

/** Takes what a thread has sent by its line. Its code may have sent anything. */
export function receive(from: Correspondent, sent: unknown): void {
  const { ask, number, leaves, takesBack } = Object(sent) as Partial<
    LineRequest & Note
  >;
  if (typeof ask === "object" && ask !== null) {
    from.requests.push({ ask, number: Number(number) });
  }
  const areLeft = Array.isArray(leaves) && leaves.every(Array.isArray);
  if (areLeft) here.leave(leaves as never);
  if (Array.isArray(takesBack)) here.takeBack(takesBack);
}

/** The next message in a port; undefined if there is none, null if it is none. */
export function receiveOn(port: MessagePort): unknown {
  const received = nextMessage(port);
  if (received === undefined) return undefined;
  const { message } = received;
  return message instanceof Map ? message.get("message") ?? null : null;
}

/** Fetches memory for the main thread itself. */
function fetchHere(number: number): SharedArrayBuffer | undefined {
  return here.fetch(number) ?? (readLines(), here.fetch(number));
}

/** Takes what has come through all lines. */
export function readLines(): void {
  const ones = [...correspondents].filter(({ hasNews }) => hasNews);
  if (ones.some((one) => away.includes(one))) {
    takeOut(({ hasNews }) => hasNews);
  }
  for (const one of ones) one.readLine();
}

/** Answers what is asked for; what there is no stack for waits for another turn. */
function answerAll(isWaiting = false): void {
  readLines();
  const asking = [...correspondents].filter(({ requests }) =>
    requests.length > 0
  );
  const fetchesAny = asking.some(({ requests }) =>
    requests.some(({ ask }) => "fetches" in ask)
  );
  if (fetchesAny) readLines();
  for (const one of asking) {
    while (one.requests.length > 0) {
      const { ask } = one.requests[0];
      const levels = "fetches" in ask ? 0 : levelsOf(one as never, ask);
      if (isWaiting) reserveStackForCompiling(levels);
      answer(one, one.requests.shift()!);
    }
  }
}

function answer(one: Correspondent, { number, ask }: LineRequest): void {
  try {
    const { value, transfer } = "fetches" in ask
      ? { value: here.fetch(ask.fetches) }
      : startFor(one as never, ask);
    one.deliver({ number, value }, transfer);
  } catch (error) {
    one.deliver({ number, refusal: pack(error) });
  }
}

// A worker's end.

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
