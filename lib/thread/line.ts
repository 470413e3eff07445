// Copyright 2026 the lab9 authors. MIT license.

/**
 * The line between a worker and the main thread. By its line, a thread leaves shared
 * memory with the main thread and fetches it (`codec/left_memory.ts` says what for),
 * and has the main thread start other threads (see `starts.ts`).
 *
 * Protocol. A line is a pair of message ports. The worker's end comes with its setup.
 *  - To leave memory, a thread sends a note. It waits for nothing.
 *  - To ask for something, a thread sends a request with a number. It calls the main
 *    thread and sleeps until `DELIVERIES` of its handover has changed: the main
 *    thread counts there what it has sent. The thread calls again after a moment,
 *    because the main thread may have been about to sleep at the first call.
 *  - The answer has the number of its request. The thread skips an answer with
 *    another number: it is for an earlier request, whose thread was ordered to end.
 *  - When the main thread is called, it reads all lines and answers the requests. If
 *    memory is requested, it reads all lines once more: the memory was left before
 *    the request was sent, but maybe through a line that had been read already.
 *  - The main thread is also called during its own blocking waits. A thread that asks
 *    waits as long as the main thread computes.
 *  - The main thread reads a line to its end before it closes it.
 *
 * Deno fails a test that leaves a port open, but workers are kept from test to test.
 * So the main thread puts its end of an unused line away: it posts the port into
 * another port, which has been open since the library was loaded.
 *
 * In a browser, the main thread gets messages only when it is idle, maybe after the
 * call. It then answers a request when the message arrives. A thread in a browser
 * leaves memory, but can't ask for any: it gets no messages while it blocks.
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

/** A value to answer with, and the parts of it that are moved. */
export interface Reply {
  value: unknown;
  transfer?: Transferable[];
}

/** A worker with a line, seen from the main thread. */
export interface Correspondent {
  /** Whether the line may have messages that weren't read. */
  readonly hasNews: boolean;
  /** Reads all messages of the line, with {@linkcode receive}. */
  readLine(): void;
  /** Gives the worker its line back, which was put away. */
  takeLine(line: MessagePort): void;
  /** The requests of the worker's thread that weren't answered. */
  readonly requests: LineRequest[];
  /** Sends an answer through the line. */
  deliver(delivery: Delivery, transfer?: Transferable[]): void;
}

const correspondents = new Set<Correspondent>();
let isListening = false;
let startFor: (from: never, request: StartRequest) => Reply;
let levelsOf: (from: never, request: StartRequest) => number;

/**
 * Sets what handles a request that concerns other threads.
 *
 * @param start Answers the request of the worker's thread.
 * @param levels How deep the value is nested that `start` will read.
 */
export function onStartRequests<Worker extends Correspondent>(
  start: (from: Worker, request: StartRequest) => Reply,
  levels: (from: Worker, request: StartRequest) => number,
): void {
  startFor = start;
  levelsOf = levels;
}

/** The channel in which lines are put away. */
const { port1: into, port2: outOf } = new MessageChannel();
/** The workers whose lines are put away, in the order of the lines. */
let away: Correspondent[] = [];
/** How many of those workers have ended. */
let ended = 0;
/** With more lines of ended workers than this, they are taken out and closed. */
const MAX_ENDED = 64;

/** Puts the worker's line away until a message comes through it. */
export function putAway(one: Correspondent, line: MessagePort): void {
  if (areMessagesLate) {
    // The message may come after the call that was made for it.
    onMessages(line, () => answerAll());
    return one.takeLine(line);
  }
  into.postMessage(new Map([["message", line]]), [line]);
  away.push(one);
  if (ended > MAX_ENDED) takeOut(() => false);
}

/**
 * Takes lines out again: those of the workers that `wants` selects, which get them
 * back, and those of ended workers, which are closed.
 */
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

/** Adds a worker that has a line. */
export function addCorrespondent(one: Correspondent): void {
  correspondents.add(one);
  if (isListening) return;
  isListening = true;
  setExchange({ ...here, fetch: fetchHere });
  onCalls(answerAll);
}

/** Removes a worker, whose line isn't read any more. */
export function removeCorrespondent(one: Correspondent): void {
  correspondents.delete(one);
  one.requests.length = 0;
  if (away.includes(one)) ended++;
}

/**
 * Handles a message that came through a worker's line. It is checked, because the
 * user's code in the worker may have sent anything.
 */
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

/**
 * Takes the next message out of a port. It is undefined if there is none, and null
 * if what is there is not an {@linkcode Envelope}.
 */
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

/** Reads all lines that may have messages. */
export function readLines(): void {
  const ones = [...correspondents].filter(({ hasNews }) => hasNews);
  if (ones.some((one) => away.includes(one))) {
    takeOut(({ hasNews }) => hasNews);
  }
  for (const one of ones) one.readLine();
}

/**
 * Answers all requests.
 *
 * @param isWaiting Whether the main thread is in a blocking wait. Then there may be
 * too little stack, which is checked: the request stays for a later call.
 */
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

/** How long a thread waits for an answer before it calls the main thread again. */
const CALL_AGAIN_MS = 10;

let port: MessagePort | undefined;
let handover: Handover;
/** The number of the last request. */
let lastNumber = 0;
/** Whether other threads may fetch the memory that this thread leaves. */
let isReachable = false;

/** Sets this worker's end of its line, and its handover. */
export function adoptLine(line: MessagePort, worker: Handover): void {
  port = line;
  handover = worker;
}

/** Sets, for a thread that begins, whether it shares queues with other threads. */
export function setReachable(is: boolean): void {
  isReachable = is;
}

/**
 * Is called before other threads get queues of this thread. What the thread has left
 * so far is sent to the main thread.
 */
export function reachOut(): void {
  if (isReachable) return;
  isReachable = true;
  const leaves = takeKept();
  if (leaves.length > 0) send({ leaves } satisfies Note);
}

/** How many threads this worker's threads have started and not seen the end of. */
let startedThreads = 0;

/** Counts one started thread more, or one less. */
export function countStartedThread(change: 1 | -1): void {
  startedThreads += change;
}

/** Whether a thread was started whose end wasn't seen. */
export function hasStartedThreads(): boolean {
  return startedThreads > 0;
}

/**
 * Asks the main thread for something, and blocks until it answers.
 *
 * @throws {Stopped} If the thread is ordered to end.
 * @throws {Error} If the main thread answers with an error, or in a browser.
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

/** The message for a request that can't be answered in a browser. */
function unanswerable(ask: Ask): string {
  return "fetches" in ask
    ? "Cannot get item: it holds shared memory, and in a browser a thread gets " +
      "shared memory only in its arguments"
    : "Cannot start thread: in a browser, only the main thread can";
}

/** Finds the answer with that number. Nobody waits for others any more. */
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

/** How this worker's threads leave and fetch memory. */
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
