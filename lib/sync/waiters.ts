// Copyright 2026 the lab9 authors. MIT license.

/**
 * Where threads sleep. All threads of the process share one table of waiters. A
 * waiter is a row of words for one wait: each thread has a waiter of its own for
 * blocking, and takes another for each wait that it awaits.
 *
 * Protocol of a waiter's `STATE`:
 *  - A thread that waits writes `PARKED`, then links the waiter into a list, then
 *    looks once more at what it waits for, and only then sleeps.
 *  - A waker takes the waiter out of its list and moves `PARKED` to `WOKEN`, both
 *    under the list's mutex: a thread that leaves the list later finds no part of
 *    it still to come. Then the waker notifies. By that time the thread may run
 *    already, or sleep again: notified for nothing, it just looks again.
 *  - A thread sleeps only while the word is `PARKED`, in a loop. Each time round
 *    it looks at the waiter's `STOP` word after `STATE`: ending a thread sets
 *    `WOKEN` as well, and must not pass for a wake.
 *  - News that are no wake (the holder of a lock has died) move `PARKED` to
 *    `ALERTED`: the thread leaves the list and looks again at what it waits for.
 *
 * A thread that waits in several lists at once has a waiter in each, in state
 * `LINKED`, and sleeps on one more. A thread that wakes a linked waiter also
 * moves that one from `PARKED` to `ALERTED`, under the list's mutex.
 *
 * `STOP` becomes `ORDERED` when the thread is to end, before its waiter is woken.
 * The thread moves it on to `HEEDED` when it first throws because of that, so that
 * it isn't taken for one that computes. It stays set: a thread that catches what
 * was thrown and calls the library again is ended on the spot, or its loop would
 * go on for ever. `GONE` means that the thread was given up: wakers pass over its
 * waits.
 *
 * `NEXT` and `PREVIOUS` belong to the list that the waiter stands in, under its
 * mutex. Free waiters are in a list of their own: a thread that ends leaves none.
 *
 * `THREAD_ID` of a thread's own waiter says which thread runs there: the waiter's
 * number in the lower bits, and above it the turn of that waiter. The starter
 * writes it before the thread runs, and it is taken away when the thread ends. So
 * the thread of a noted id is alive as long as the id stands in its waiter. No two
 * threads ever have the same id. A waiter of an awaited wait has the id of the
 * thread that awaits. A waiter that has had all its turns gets no other thread:
 * that thread would own the locks that a dead one left behind.
 *
 * @module
 */

import { clearAlarm, setAlarm } from "./alarms.ts";
import { now, Promise } from "../platform/platform.ts";
import { LABEL_WORDS, readLabel, writeLabel } from "./memory.ts";
import { Mutex } from "./mutex.ts";
import { reserveStackForCompiling } from "./reserve_stack.ts";

/** Words of a waiter, and where they are in it. */
export const STRIDE = 32;
export const STATE = 0;
/** The list's links, used by `WaitList`. */
export const NEXT = 1;
export const PREVIOUS = 2;
const STOP = 3;
const THREAD_ID = 4;
const TURN = 5;
/** Words of the graph of waits: see `wait_graph.ts`. */
export const GRAPH = 6;
/** Of a linked waiter: the one that sleeps for it. It stands in no graph. */
export const SLEEPER = GRAPH + 1;
/** How much of the waiter's thread others look after when it ends. */
const STAKES = GRAPH + 3;
/** How much room the waiter's wait needs, in lists where that differs. */
export const NEED = GRAPH + 4;
/** The name of the thread or lock that the waiter is for. */
const LABEL = STRIDE - LABEL_WORDS;

/** What `STOP` says. */
const Stop = { NONE: 0, ORDERED: 1, HEEDED: 2, GONE: 3 } as const;
/**
 * So many operations that don't wait are left to a thread that is being ended:
 * what it does while it unwinds, but no loop.
 */
const LAST_OPERATIONS = 1000;

const IDLE = 0;
export const PARKED = 1;
export const WOKEN = 2;
export const ALERTED = 3;
/** In a list for another waiter, which is alerted in its place. */
export const LINKED = 4;

const WAITER_BITS = 17;
/** How many waiters there are. */
export const MAX_WAITERS = 1 << WAITER_BITS;
/** How many turns the bits of an id above the waiter's number can distinguish. */
const TURNS = 1 << (32 - WAITER_BITS);
const MAIN_WAITER = 1;

// Words of waiter 0, which is nobody's: how many waiters were ever handed out, and
// the list of those that came back.
const COUNT = 0;
const SPARE_MUTEX = 1;
const SPARE_HEAD = 2;
/** Where the words of waiter 0 for the wait-for graph begin. */
export const GRAPH_HEADER = 3;
/** How many threads have ended, counted once their ids are taken away. */
const ENDS = GRAPH_HEADER + 3;
/** How often the main thread was called. */
const CALLS = GRAPH_HEADER + 4;

let words: Int32Array | undefined;
let ownWaiter = MAIN_WAITER;
let ownThreadId = 0;
/** How often the running thread has heeded the order to end. */
let heeded = 0;
/** How many operations it has done since. */
let lastOperations = 0;
let endWorker: () => never = () => {
  throw stopped();
};

/** What a stopped thread's waits throw. It unwinds the thread; nobody sees it. */
export class Stopped extends Error {
  override name = "Stopped";
}

/** The words of all waiters. */
export function waiterWords(): Int32Array {
  if (words === undefined) {
    words = new Int32Array(new SharedArrayBuffer(MAX_WAITERS * STRIDE * 4));
    words[COUNT] = MAIN_WAITER + 1;
    ownThreadId = assignWaiter(MAIN_WAITER, "MainThread");
  }
  return words;
}

/** The table's memory, for handing it to a new thread. */
export function waiterTable(): SharedArrayBuffer {
  return waiterWords().buffer as SharedArrayBuffer;
}

/** Joins the table of the process; a new thread does this first. */
export function adoptWaiterTable(
  buffer: SharedArrayBuffer,
  waiter: number,
): void {
  words = new Int32Array(buffer);
  ownWaiter = waiter;
}

/**
 * Leaves the table of the process: this worker's waiter can be another thread's
 * from now on. A timer that is left may still run before the worker has closed.
 * In this table it finds its order to end, and nobody else.
 */
export function leaveTable(): void {
  words = new Int32Array(new SharedArrayBuffer(MAX_WAITERS * STRIDE * 4));
  words[COUNT] = ownWaiter + 1;
  words[ownWaiter * STRIDE + STOP] = Stop.ORDERED;
  heeded = lastOperations = 0;
}

/** The waiters that were ever handed out are those below this. */
export function waiterCount(): number {
  return waiterWords()[COUNT];
}

/** Gives a waiter to a new thread; the thread's id. */
export function assignWaiter(waiter: number, label: string): number {
  const table = waiterWords();
  const at = waiter * STRIDE;
  const turn = ++table[at + TURN];
  writeLabel(table, at + LABEL, label);
  const threadId = turn << WAITER_BITS | waiter;
  Atomics.store(table, at + STAKES, 0);
  Atomics.store(table, at + THREAD_ID, threadId);
  return threadId;
}

/** Another number than before if a thread has ended since; it wraps. */
export function endsSoFar(): number {
  return Atomics.load(waiterWords(), ENDS);
}

/** Whether a waiter can be no other thread's any more. */
export function isWornOut(waiter: number): boolean {
  return waiterWords()[waiter * STRIDE + TURN] === TURNS - 1;
}

/** Takes a waiter from its thread, which has ended; that thread's id. */
export function vacateWaiter(waiter: number): number {
  const threadId = Atomics.exchange(
    waiterWords(),
    waiter * STRIDE + THREAD_ID,
    0,
  );
  Atomics.add(waiterWords(), ENDS, 1);
  return threadId;
}

/** The thread that the running worker was assigned runs from now on. */
export function enterThread(): void {
  ownThreadId = threadIdAt(ownWaiter);
  heeded = lastOperations = 0;
}

/** Says how the worker ends on the spot, from inside of what its thread does. */
export function setEndWorker(end: () => never): void {
  endWorker = end;
}

/** The id of the running thread. */
export function currentThreadId(): number {
  if (ownThreadId === 0) waiterWords();
  return ownThreadId;
}

/** Whether the running thread counts as ended, though it runs. */
export function hasEnded(): boolean {
  return Atomics.load(words!, ownWaiter * STRIDE + THREAD_ID) !== ownThreadId;
}

/**
 * Counts what of the running thread others look after when it ends: its waits at
 * barriers, and its permits. Not of a thread that it isn't any more.
 */
export function countStake(threadId: number, change: 1 | -1): void {
  if (threadIdAt(ownWaiter) !== threadId) return;
  Atomics.add(waiterWords(), ownWaiter * STRIDE + STAKES, change);
}

/** Whether the thread that has the waiter, or had it last, leaves any of that. */
export function hasStakes(waiter: number): boolean {
  return Atomics.load(waiterWords(), waiter * STRIDE + STAKES) !== 0;
}

/** The id of the thread that has a waiter; 0 if none has. */
export function threadIdAt(waiter: number): number {
  return Atomics.load(waiterWords(), waiter * STRIDE + THREAD_ID);
}

/** The waiter of the thread with that id. */
export function waiterOf(threadId: number): number {
  return threadId & (MAX_WAITERS - 1);
}

/** Whether the thread with that id has not ended. */
export function isAlive(threadId: number): boolean {
  return threadIdAt(waiterOf(threadId)) === threadId;
}

/** The name of the thread with that id, as long as it is known. */
export function threadLabel(threadId: number): string {
  const waiter = waiterOf(threadId);
  const turn = waiterWords()[waiter * STRIDE + TURN];
  const isKnown = (turn << WAITER_BITS | waiter) === threadId;
  return isKnown ? waiterLabel(waiter) : "a thread";
}

/** Names what a waiter is for. */
export function labelWaiter(waiter: number, label: string): void {
  writeLabel(waiterWords(), waiter * STRIDE + LABEL, label);
}

/** The name of what a waiter is for. */
export function waiterLabel(waiter: number): string {
  return readLabel(waiterWords(), waiter * STRIDE + LABEL);
}

/** The waiter that the running thread blocks on. */
export function currentWaiter(): number {
  return ownWaiter;
}

/**
 * Takes a waiter that nobody else has, and if that is asked for and possible, that
 * nobody ever had.
 */
export function allocateWaiter(isNew = false): number {
  const table = waiterWords();
  const mutex = new Mutex(table, SPARE_MUTEX);
  mutex.lock();
  const hasMore = table[COUNT] < MAX_WAITERS;
  let waiter = isNew && hasMore ? 0 : table[SPARE_HEAD];
  if (waiter !== 0) table[SPARE_HEAD] = table[waiter * STRIDE + NEXT];
  else if (hasMore) waiter = table[COUNT]++;
  mutex.unlock();
  if (waiter !== 0) table[waiter * STRIDE + THREAD_ID] = ownThreadId;
  else {
    throw new RangeError(
      `Cannot wait: ${
        MAX_WAITERS - 2
      } waits are pending already, await some of them first`,
    );
  }
  return waiter;
}

/**
 * Gives back a waiter that is in no list. A waiter that is worn out stays unused.
 */
export function releaseWaiter(waiter: number): void {
  if (isWornOut(waiter)) return;
  const table = waiterWords();
  const mutex = new Mutex(table, SPARE_MUTEX);
  table[waiter * STRIDE + STOP] = Stop.NONE;
  table[waiter * STRIDE + THREAD_ID] = 0;
  mutex.lock();
  table[waiter * STRIDE + NEXT] = table[SPARE_HEAD];
  table[SPARE_HEAD] = waiter;
  mutex.unlock();
}

/** Takes the announcement back; the waiter is in no list any more. */
export function cancel(waiter: number): void {
  Atomics.store(waiterWords(), waiter * STRIDE + STATE, IDLE);
}

/** Makes the thread that sleeps on the waiter look at its state. */
export function rouse(waiter: number): void {
  Atomics.notify(waiterWords(), waiter * STRIDE + STATE);
}

/** Makes the thread that waits look again at what it waits for. */
export function alertWaiter(waiter: number): void {
  Atomics.compareExchange(
    waiterWords(),
    waiter * STRIDE + STATE,
    PARKED,
    ALERTED,
  );
  rouse(waiter);
}

/** What the main thread does when it is called. */
let answerCalls: ((isWaiting?: boolean) => void) | undefined;

/**
 * Has the main thread call back when another thread calls it: at one of its
 * turns, or in the middle of a wait that blocks it. That must not wait itself.
 * A wait near the stack's end throws if it is called, or `answer` does.
 */
export async function onCalls(
  answer: (isWaiting: boolean) => void,
): Promise<never> {
  let seen = callsSoFar();
  answerCalls = (isWaiting = false) => {
    if (callsSoFar() === seen) return;
    // What is received while the stack ends would be lost.
    if (isWaiting) reserveStackForCompiling();
    seen = callsSoFar();
    answer(isWaiting);
  };
  for (;;) {
    answerCalls();
    await Atomics.waitAsync(waiterWords(), CALLS, seen).value;
  }
}

function callsSoFar(): number {
  return Atomics.load(waiterWords(), CALLS);
}

/** What a worker needs that calls the main thread without the library. */
export const CALL_WORDS = {
  /** Counts up, and notifies those that wait on it. */
  calls: CALLS,
  /** Notifies who sleeps on it. */
  main: MAIN_WAITER * STRIDE + STATE,
} as const;

/**
 * Calls the main thread. Between its look at the calls and its sleep it isn't
 * roused. So a thread that waits for an answer calls again.
 */
export function callMainThread(): void {
  Atomics.add(waiterWords(), CALLS, 1);
  Atomics.notify(waiterWords(), CALLS);
  rouse(MAIN_WAITER);
}

/**
 * Orders a thread to end at its next wait, and wakes it if it waits now.
 *
 * @returns Whether it waited by blocking: it will heed the order.
 */
export function stopThread(waiter: number): boolean {
  const table = waiterWords();
  const at = waiter * STRIDE;
  const { NONE, ORDERED } = Stop;
  Atomics.compareExchange(table, at + STOP, NONE, ORDERED);
  const state = at + STATE;
  const was = Atomics.compareExchange(table, state, PARKED, WOKEN);
  rouse(waiter);
  return was === PARKED;
}

/** Whether the thread that has the waiter waits by blocking. */
export function isParked(waiter: number): boolean {
  return Atomics.load(waiterWords(), waiter * STRIDE + STATE) === PARKED;
}

/** Gives a thread up: nobody is to wake its waits any more. */
export function desertWaiter(waiter: number): void {
  Atomics.store(waiterWords(), waiter * STRIDE + STOP, Stop.GONE);
}

/** Whether the thread whose wait the waiter is was given up. */
export function isDeserted(waiter: number): boolean {
  const owner = ownerOf(waiterWords(), waiter);
  return Atomics.load(waiterWords(), owner * STRIDE + STOP) === Stop.GONE;
}

/** Whether the thread that has the waiter awaits something, or blocks. */
export function hasWaits(owner: number): boolean {
  const table = waiterWords();
  for (let waiter = table[COUNT] - 1; waiter > 0; waiter--) {
    const isParked = table[waiter * STRIDE + STATE] === PARKED;
    if (isParked && ownerOf(table, waiter) === owner) return true;
  }
  return false;
}

/** The own waiter of the thread whose wait a waiter is. */
function ownerOf(table: Int32Array, waiter: number): number {
  // A thread that counts as ended has no thread id in its own waiter.
  return waiterOf(table[waiter * STRIDE + THREAD_ID]) || waiter;
}

/** Whether the thread that has the waiter was ordered to end. */
export function isStopOrdered(waiter: number): boolean {
  return Atomics.load(waiterWords(), waiter * STRIDE + STOP) !== Stop.NONE;
}

/** Whether the thread that has the waiter knows that it was ordered to end. */
export function isStopHeeded(waiter: number): boolean {
  return Atomics.load(waiterWords(), waiter * STRIDE + STOP) === Stop.HEEDED;
}

/**
 * Whether the running thread was ordered to end. It reads plainly, since every
 * put and get does: an order is seen at one of the next calls. Before the thread
 * sleeps, it is looked for atomically.
 */
export function isStopping(): boolean {
  return words !== undefined && words[ownWaiter * STRIDE + STOP] !== Stop.NONE;
}

/**
 * Throws {@linkcode Stopped} if the running thread was ordered to end. The second
 * time it doesn't come back: what was thrown has been caught, by a loop that may
 * have no end.
 */
export function checkStop(): void {
  if (isStopping()) throw heed();
}

/**
 * {@linkcode checkStop} for what awaits. It is thrown to each of the thread's
 * functions, which unwind by it, but not to a loop without end: that never goes on.
 */
export async function heedStop(): Promise<never> {
  if (heeded === 0) throw heed();
  if (++lastOperations <= LAST_OPERATIONS) throw stopped();
  return await new Promise<never>(() => {});
}

/**
 * {@linkcode checkStop} for an operation that never waits, once it is done. It
 * throws once; a thread that unwinds may still do some of them.
 */
export function checkStopAfterwards(): void {
  if (!isStopping()) return;
  if (heeded === 0) throw heed();
  if (++lastOperations > LAST_OPERATIONS) endWorker();
}

/** Notes that the running thread knows of its order to end; what it throws. */
export function heed(): Stopped {
  // Nobody waits for one that was given up: it may unwind by another call.
  const isGone = waiterWords()[ownWaiter * STRIDE + STOP] === Stop.GONE;
  if (heeded++ > (isGone ? 1 : 0)) endWorker();
  noteHeeded();
  return stopped();
}

/**
 * Notes that the running thread knows of its order to end.
 *
 * @param isThrown Whether its awaited waits throw it.
 */
export function noteHeeded(isThrown = false): void {
  if (isThrown) heeded ||= 1;
  const at = ownWaiter * STRIDE + STOP;
  Atomics.compareExchange(waiterWords(), at, Stop.ORDERED, Stop.HEEDED);
}

/** What ends a thread, where that may have been thrown before. */
export function stopped(): Stopped {
  return new Stopped("The thread was terminated");
}

/** What is done before the thread blocks. */
const blockers = new Set<() => void>();

/**
 * Has a function called before the running thread blocks, until the returned object
 * is disposed of. The function must not wait.
 */
export function beforeBlocking(call: () => void): Disposable {
  blockers.add(call);
  return { [Symbol.dispose]: () => void blockers.delete(call) };
}

/** Milliseconds left until a deadline on `performance.now()`'s clock. */
function remaining(deadline: number): number {
  return Math.max(0, deadline - now());
}

/**
 * Blocks the thread on its own, prepared waiter.
 *
 * @returns `WOKEN` or `ALERTED`, or `PARKED` when the deadline passed.
 * @throws {Stopped} If the thread is ordered to end.
 */
export function parkSync(deadline: number): number {
  const table = waiterWords();
  const at = ownWaiter * STRIDE + STATE;
  const stop = ownWaiter * STRIDE + STOP;
  for (;;) {
    const state = Atomics.load(table, at);
    if (Atomics.load(table, stop) !== 0) throw heed();
    if (state !== PARKED) return state;
    answerCalls?.(true);
    const left = remaining(deadline);
    if (left === 0) return PARKED;
    for (const call of blockers) call();
    Atomics.wait(table, at, PARKED, left);
  }
}

/**
 * Awaits a prepared waiter, unless it has been given back meanwhile.
 *
 * @returns `WOKEN` or `ALERTED`, or `PARKED` when the deadline passed.
 */
export async function park(
  waiter: number,
  deadline: number,
  isOver: () => boolean,
): Promise<number> {
  const table = waiterWords();
  const at = waiter * STRIDE + STATE;
  for (;;) {
    if (isOver()) return WOKEN;
    const state = Atomics.load(table, at);
    if (state !== PARKED) return state;
    if (remaining(deadline) === 0) return PARKED;
    const wait = Atomics.waitAsync(table, at, PARKED);
    if (!wait.async) continue;
    if (deadline === Infinity) {
      await wait.value;
      continue;
    }
    const alarm = setAlarm(deadline, () => rouse(waiter));
    await wait.value;
    clearAlarm(alarm);
  }
}
