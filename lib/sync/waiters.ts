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
 *    under the list's mutex. So a thread that leaves the list sees both or neither.
 *    Then the waker notifies. By that time the thread may run already, or sleep
 *    again. If it is notified for nothing, it just looks again.
 *  - A thread sleeps only while the word is `PARKED`, in a loop. In each turn of the
 *    loop it reads the waiter's `STOP` word after `STATE`, because an order to end
 *    sets `WOKEN` as well, and must not be taken for a wake.
 *  - If something else has happened (the holder of a lock has died), `PARKED` is moved
 *    to `ALERTED`. The thread leaves the list and looks again at what it waits for.
 *
 * A thread that waits in several lists at once has a waiter in each, in state
 * `LINKED`, and sleeps on one more. A thread that wakes a linked waiter also
 * moves that one from `PARKED` to `ALERTED`, under the list's mutex.
 *
 * `STOP` becomes `ORDERED` when the thread is to end, before its waiter is woken.
 * When the thread throws because of that for the first time, it moves `STOP` to
 * `HEEDED`. So it isn't taken for a thread that computes. `STOP` stays set: a thread
 * that catches what was thrown and calls the library again is ended at once, because
 * it may be in a loop without end. `GONE` means that the thread was given up: wakers
 * skip its waits.
 *
 * `NEXT` and `PREVIOUS` belong to the list that the waiter stands in, under its
 * mutex. Free waiters are in a list of their own: a thread that ends leaves none.
 *
 * `THREAD_ID` of a thread's own waiter is the id of the thread: the waiter's number in
 * the lower bits, and above it the waiter's turn, which counts the threads that have
 * had the waiter. The main thread writes the id before the thread runs, and 0 is
 * written when the thread ends. So a thread is alive as long as its id stands in its
 * waiter. No two threads ever have the same id. A waiter of an awaited wait has the id
 * of the thread that awaits. A waiter whose turns are used up gets no other thread,
 * because that thread would own the locks that a dead one left behind.
 *
 * @module
 */

import { clearAlarm, setAlarm } from "./alarms.ts";
import { now, Promise } from "../platform/platform.ts";
import { LABEL_WORDS, readLabel, writeLabel } from "./memory.ts";
import { Mutex } from "./mutex.ts";
import { reserveStackForCompiling } from "./reserve_stack.ts";
import { turn } from "./spin.ts";

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
/** Of a linked waiter: the waiter that its thread sleeps on. It stands in no graph. */
export const SLEEPER = GRAPH + 1;
/** How many waits at barriers and permits others must take back when the thread ends. */
const STAKES = GRAPH + 3;
/** How much room the waiter's wait needs, in lists where that differs. */
export const NEED = GRAPH + 4;
/** The name of the thread or lock that the waiter is for. */
const LABEL = STRIDE - LABEL_WORDS;

/** What `STOP` says. */
const Stop = { NONE: 0, ORDERED: 1, HEEDED: 2, GONE: 3 } as const;
/**
 * How many operations that don't wait a thread may do after it has heeded its order to
 * end: enough to unwind, but not for a loop without end.
 */
const LAST_OPERATIONS = 1000;

const IDLE = 0;
export const PARKED = 1;
export const WOKEN = 2;
export const ALERTED = 3;
/** The waiter is in a list, and its thread sleeps on another waiter. */
export const LINKED = 4;

const WAITER_BITS = 17;
/** How many waiters there are. */
export const MAX_WAITERS = 1 << WAITER_BITS;
/** How many turns of a waiter an id can distinguish. */
const TURNS = 1 << (32 - WAITER_BITS);
const MAIN_WAITER = 1;
/** The waiter of code that a thread has left behind. It is always ordered to end. */
const NO_WAITER = MAX_WAITERS;
const TABLE_BYTES = (MAX_WAITERS + 1) * STRIDE * 4;

// Words of waiter 0, which no thread has: how many waiters were ever handed out, and
// the list of those that were given back.
const COUNT = 0;
const SPARE_MUTEX = 1;
const SPARE_HEAD = 2;
/** Where the words of waiter 0 for the wait-for graph begin. */
export const GRAPH_HEADER = 3;
/** How many threads have ended, counted once their ids are taken away. */
const ENDS = GRAPH_HEADER + 3;
/** How often the main thread was called: see `onCalls`. */
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

/** What the waits of a thread throw that is ordered to end. No user gets to see it. */
export class Stopped extends Error {
  override name = "Stopped";
}

/** The words of all waiters. */
export function waiterWords(): Int32Array {
  if (words === undefined) {
    words = new Int32Array(new SharedArrayBuffer(TABLE_BYTES));
    words[COUNT] = MAIN_WAITER + 1;
    words[NO_WAITER * STRIDE + STOP] = Stop.ORDERED;
    ownThreadId = assignWaiter(MAIN_WAITER, "MainThread");
  }
  return words;
}

/** The table's memory, for a new worker. */
export function waiterTable(): SharedArrayBuffer {
  return waiterWords().buffer as SharedArrayBuffer;
}

/** Joins the table of the process. A new worker does this first. */
export function adoptWaiterTable(
  buffer: SharedArrayBuffer,
  waiter: number,
): void {
  words = new Int32Array(buffer);
  ownWaiter = waiter;
}

/**
 * Leaves the table of the process, because another thread may get this worker's waiter
 * from now on. A timer of the user's may still run before the worker has closed. In the
 * new table it finds nothing but an order to end.
 */
export function leaveTable(): void {
  words = new Int32Array(new SharedArrayBuffer(TABLE_BYTES));
  words[COUNT] = ownWaiter + 1;
  words[ownWaiter * STRIDE + STOP] = Stop.ORDERED;
  heeded = lastOperations = 0;
}

/**
 * Leaves this worker's waiter until {@linkcode takeWaiter}, because its thread has ended.
 * A promise may still call a function that the thread has left behind. It gets an order
 * to end, because it would take what others wait for.
 */
export function leaveWaiter(): void {
  ownWaiter = NO_WAITER;
  heeded = lastOperations = 0;
}

/** Takes this worker's waiter, for the next thread. */
export function takeWaiter(waiter: number): void {
  ownWaiter = waiter;
  heeded = lastOperations = 0;
}

/** The number of the first waiter that was never handed out. */
export function waiterCount(): number {
  return waiterWords()[COUNT];
}

/** Gives a waiter to a new thread. It returns the thread's id. */
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

/** How many threads have ended. The number wraps. */
export function endsSoFar(): number {
  return Atomics.load(waiterWords(), ENDS);
}

/** Whether the waiter's turns are used up, so that no other thread gets it. */
export function isWornOut(waiter: number): boolean {
  return waiterWords()[waiter * STRIDE + TURN] === TURNS - 1;
}

/** Takes a waiter from its thread, which has ended. It returns the thread's id. */
export function vacateWaiter(waiter: number): number {
  const threadId = Atomics.exchange(
    waiterWords(),
    waiter * STRIDE + THREAD_ID,
    0,
  );
  Atomics.add(waiterWords(), ENDS, 1);
  return threadId;
}

/** Begins the thread that this worker's waiter was assigned to. */
export function enterThread(): void {
  ownThreadId = threadIdAt(ownWaiter);
  heeded = lastOperations = 0;
}

/** Sets the function that ends this worker at once, from within its thread's code. */
export function setEndWorker(end: () => never): void {
  endWorker = end;
}

/** The id of the running thread. */
export function currentThreadId(): number {
  if (ownThreadId === 0) waiterWords();
  return ownThreadId;
}

/** Whether the running thread counts as ended, because it was given up. */
export function hasEnded(): boolean {
  return Atomics.load(words!, ownWaiter * STRIDE + THREAD_ID) !== ownThreadId;
}

/**
 * Counts the waits at barriers and the permits of the running thread, which others must
 * take back when it ends. It does nothing if that thread doesn't run here any more.
 */
export function countStake(threadId: number, change: 1 | -1): void {
  if (threadIdAt(ownWaiter) !== threadId) return;
  Atomics.add(waiterWords(), ownWaiter * STRIDE + STAKES, change);
}

/** Whether the thread that has the waiter, or had it last, has any of those. */
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

/** Sets the name of the thread or lock that a waiter is for. */
export function labelWaiter(waiter: number, label: string): void {
  writeLabel(waiterWords(), waiter * STRIDE + LABEL, label);
}

/** The name of the thread or lock that a waiter is for. */
export function waiterLabel(waiter: number): string {
  return readLabel(waiterWords(), waiter * STRIDE + LABEL);
}

/** The waiter that the running thread blocks on. */
export function currentWaiter(): number {
  return ownWaiter;
}

/**
 * Takes a free waiter.
 *
 * @param isNew Whether it takes one that was never handed out, as long as there is one.
 * @throws {RangeError} If all waiters are in use.
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
 * Gives back a waiter that is in no list. A waiter whose turns are used up isn't used
 * again.
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

/** Makes a waiter idle that is in no list any more. */
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

/** Answers the calls of other threads, in the main thread. */
let answerCalls: ((isWaiting?: boolean) => void) | undefined;

/**
 * Calls a function in the main thread when another thread calls the main thread: in a
 * turn of its event loop, or during a wait that blocks it.
 *
 * @param answer The function. It must not wait. During a blocking wait it isn't called
 * if there is too little stack: the wait throws then.
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

/** The words by which a worker calls the main thread without the library. */
export const CALL_WORDS = {
  /** The worker counts it up and notifies it. */
  calls: CALLS,
  /** The worker notifies it. */
  main: MAIN_WAITER * STRIDE + STATE,
} as const;

/**
 * Calls the main thread. The call is missed if the main thread has just looked for calls
 * and is about to sleep. So a thread that waits for an answer calls again.
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

/** Marks a thread as given up: its waits are skipped by wakers from now on. */
export function desertWaiter(waiter: number): void {
  Atomics.store(waiterWords(), waiter * STRIDE + STOP, Stop.GONE);
}

/** Whether the thread that waits on the waiter was given up. */
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

/** The own waiter of the thread that waits on a waiter. */
function ownerOf(table: Int32Array, waiter: number): number {
  // A thread that counts as ended has no thread id in its own waiter.
  return waiterOf(table[waiter * STRIDE + THREAD_ID]) || waiter;
}

/** Whether the thread that has the waiter was ordered to end. */
export function isStopOrdered(waiter: number): boolean {
  return Atomics.load(waiterWords(), waiter * STRIDE + STOP) !== Stop.NONE;
}

/** Whether the thread that has the waiter has heeded its order to end. */
export function isStopHeeded(waiter: number): boolean {
  return Atomics.load(waiterWords(), waiter * STRIDE + STOP) === Stop.HEEDED;
}

/**
 * Whether the running thread was ordered to end. Every put and get asks, so the word is
 * read plainly: an order is seen at one of the next calls. Before the thread sleeps, the
 * word is read atomically.
 */
export function isStopping(): boolean {
  return words !== undefined && words[ownWaiter * STRIDE + STOP] !== Stop.NONE;
}

/**
 * Throws {@linkcode Stopped} if the running thread was ordered to end. The second time
 * it ends the worker at once: the thread has caught what was thrown, and may be in a
 * loop without end.
 */
export function checkStop(): void {
  if (isStopping()) throw heed();
}

/**
 * {@linkcode checkStop} for an operation that awaits. Each of the thread's async
 * functions gets {@linkcode Stopped}, so that it unwinds. After a thousand of them the
 * promise never settles, so that a loop without end stops.
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

/** Heeds the order to end of the running thread. It returns what to throw. */
export function heed(): Stopped {
  // Nobody waits for a thread that was given up, so it may call once more.
  const isGone = waiterWords()[ownWaiter * STRIDE + STOP] === Stop.GONE;
  if (heeded++ > (isGone ? 1 : 0)) endWorker();
  noteHeeded();
  return stopped();
}

/** Whether the running thread has heeded its order to end: its next wait ends it at once. */
export function isUnwinding(): boolean {
  return heeded > 0;
}

/**
 * Notes that the running thread has heeded its order to end.
 *
 * @param isThrown Whether its awaited waits throw {@linkcode Stopped}.
 */
export function noteHeeded(isThrown = false): void {
  if (isThrown) heeded ||= 1;
  const at = ownWaiter * STRIDE + STOP;
  Atomics.compareExchange(waiterWords(), at, Stop.ORDERED, Stop.HEEDED);
}

/** The error that ends a thread, without a check whether it was thrown before. */
export function stopped(): Stopped {
  return new Stopped("The thread was terminated");
}

/** Functions that are called before the thread blocks. */
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
 * Blocks the thread on its own waiter, which is parked.
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
 * Awaits a waiter, which is parked. It takes a turn of the event loop at least: a loop of
 * waits with a timeout of 0 must not keep timers and messages from being handled, one of
 * which may end it.
 *
 * @param isOver Returns whether the waiter was given back meanwhile.
 * @returns `WOKEN` or `ALERTED`, or `PARKED` when the deadline passed.
 */
export async function park(
  waiter: number,
  deadline: number,
  isOver: () => boolean,
): Promise<number> {
  const table = waiterWords();
  const at = waiter * STRIDE + STATE;
  for (let turns = 0;; turns++) {
    if (isOver()) return WOKEN;
    const state = Atomics.load(table, at);
    if (state !== PARKED) return state;
    if (remaining(deadline) === 0) {
      if (turns > 0) return PARKED;
      await turn();
      continue;
    }
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
