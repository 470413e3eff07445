// Copyright 2026 the lab9 authors. MIT license.

/**
 * Where threads sleep. One table of cells is shared by every thread of the
 * process; a cell is one wait: each thread has a cell of its own for blocking,
 * and takes more for what it awaits.
 *
 * Protocol of a cell's `STATE`:
 *  - The waiter writes `PARKED`, then makes the cell known (puts it into a
 *    list), then looks at what it waits for once more, and only then sleeps.
 *  - A waker takes the cell out of its list and moves `PARKED` to `WOKEN`, both
 *    under the list's mutex: whoever leaves the list later finds nothing of it
 *    still to come. Then it notifies. By that time the waiter may run already,
 *    or sleep again: being notified for nothing, it just looks again.
 *  - The waiter sleeps only while the word is `PARKED`, in a loop, and looks
 *    at its `STOP` word each time round, after `STATE`: ending a thread sets
 *    `WOKEN` as well, and must not pass for a wake.
 *
 * `STOP` is `ORDERED` by whoever ends the thread, before the cell is woken. The
 * thread moves it on to `HEEDED` when it first throws because of that, so that
 * it isn't taken for one that computes. It stays set: a thread that catches what
 * was thrown and calls the library again is ended on the spot, or its loop would
 * go on for ever. `GONE` is written by whoever has given the thread up: a waker
 * passes over its waits. Whoever has news
 * for a waiter that are no wake (the holder of its lock has died) moves `PARKED`
 * to `ALERTED`: the waiter leaves its list and looks again at what it waits for.
 * `NEXT` and `PREVIOUS` belong to the list that the cell stands in, under its
 * mutex. Cells that nobody has are in a list of their own: a thread that ends
 * leaves none.
 *
 * `IDENTITY` of a cell that threads block on tells which of them runs: the
 * cell's number below, and above it which turn it is at that cell. The starter
 * writes it before the thread runs; whoever ends the thread takes it away. So an
 * identity that somebody noted is alive as long as it stands in its cell. No two
 * threads ever have the same. A cell of what is awaited has the identity of the
 * thread that awaits it. A cell that has had all its turns gets no other
 * thread, or a lock that a dead one left behind would be that thread's.
 *
 * @module
 */

import { clearAlarm, setAlarm } from "./alarms.ts";
import { now, Promise } from "./globals.ts";
import { LABEL_WORDS, readLabel, writeLabel } from "./label.ts";
import { Mutex } from "./mutex.ts";

/** Words of a cell, and where they are in it. */
export const STRIDE = 32;
export const STATE = 0;
/** The list's links, used by `WaitList`. */
export const NEXT = 1;
export const PREVIOUS = 2;
const STOP = 3;
const IDENTITY = 4;
const TURN = 5;
/** Words for who waits for whom: see `wait_graph.ts`. */
export const GRAPH = 6;
/** How much of the cell's thread others look after when it ends. */
const STAKES = GRAPH + 3;
/** How much room the cell's wait needs, in lists where that differs. */
export const NEED = GRAPH + 4;
/** The name of the thread or lock that the cell is for. */
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

const CELL_BITS = 17;
/** How many cells there are. */
export const CELLS = 1 << CELL_BITS;
/** How many turns an identity's bits above the cell's number can tell apart. */
const TURNS = 1 << (32 - CELL_BITS);
const MAIN_CELL = 1;

// Words of cell 0, which is nobody's: how many cells were ever handed out, and
// the list of those that came back.
const COUNT = 0;
const SPARE_MUTEX = 1;
const SPARE_HEAD = 2;
/** Where the words of cell 0 for the wait-for graph begin. */
export const GRAPH_HEADER = 3;
/** How often a thread has ended, counted once its identity is taken away. */
const ENDS = GRAPH_HEADER + 3;

let words: Int32Array | undefined;
let ownCell = MAIN_CELL;
let ownIdentity = 0;
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

/** The words of all cells. */
export function lot(): Int32Array {
  if (words === undefined) {
    words = new Int32Array(new SharedArrayBuffer(CELLS * STRIDE * 4));
    words[COUNT] = MAIN_CELL + 1;
    ownIdentity = assignCell(MAIN_CELL, "MainThread");
  }
  return words;
}

/** The table's memory, for handing it to a new thread. */
export function parkingLot(): SharedArrayBuffer {
  return lot().buffer as SharedArrayBuffer;
}

/** Joins the table of the process; a new thread does this first. */
export function adoptParkingLot(buffer: SharedArrayBuffer, cell: number): void {
  words = new Int32Array(buffer);
  ownCell = cell;
}

/** The cells that were ever handed out are those below this. */
export function cellCount(): number {
  return lot()[COUNT];
}

/** Makes a cell a new thread's; the thread's identity. */
export function assignCell(cell: number, label: string): number {
  const lotWords = lot();
  const at = cell * STRIDE;
  const turn = ++lotWords[at + TURN];
  writeLabel(lotWords, at + LABEL, label);
  const identity = turn << CELL_BITS | cell;
  Atomics.store(lotWords, at + STAKES, 0);
  Atomics.store(lotWords, at + IDENTITY, identity);
  return identity;
}

/** Another number than before if a thread has ended since; it wraps. */
export function endsSoFar(): number {
  return Atomics.load(lot(), ENDS);
}

/** Whether a cell can be no other thread's any more. */
export function isWornOut(cell: number): boolean {
  return lot()[cell * STRIDE + TURN] === TURNS - 1;
}

/** Takes a cell from its thread, which has ended; that thread's identity. */
export function vacateCell(cell: number): number {
  const identity = Atomics.exchange(lot(), cell * STRIDE + IDENTITY, 0);
  Atomics.add(lot(), ENDS, 1);
  return identity;
}

/** The thread that the running worker was assigned runs from now on. */
export function enterThread(): void {
  ownIdentity = identityAt(ownCell);
  heeded = lastOperations = 0;
}

/** Says how the worker ends on the spot, from inside of what its thread does. */
export function setEndWorker(end: () => never): void {
  endWorker = end;
}

/** The identity of the running thread. */
export function currentIdentity(): number {
  if (ownIdentity === 0) lot();
  return ownIdentity;
}

/** Whether the running thread counts as ended, though it runs. */
export function hasEnded(): boolean {
  return Atomics.load(words!, ownCell * STRIDE + IDENTITY) !== ownIdentity;
}

/**
 * Counts what of the running thread others look after when it ends: its waits at
 * barriers, and its permits. Not of a thread that it isn't any more.
 */
export function countStake(identity: number, change: 1 | -1): void {
  if (identityAt(ownCell) !== identity) return;
  Atomics.add(lot(), ownCell * STRIDE + STAKES, change);
}

/** Whether the thread that has the cell, or had it last, leaves any of that. */
export function hasStakes(cell: number): boolean {
  return Atomics.load(lot(), cell * STRIDE + STAKES) !== 0;
}

/** The identity of the thread that has a cell; 0 if none has. */
export function identityAt(cell: number): number {
  return Atomics.load(lot(), cell * STRIDE + IDENTITY);
}

/** The cell of the thread with that identity. */
export function cellOf(identity: number): number {
  return identity & (CELLS - 1);
}

/** Whether the thread with that identity has not ended. */
export function isAlive(identity: number): boolean {
  return identityAt(cellOf(identity)) === identity;
}

/** The name of the thread with that identity, as long as it is known. */
export function threadLabel(identity: number): string {
  const cell = cellOf(identity);
  const turn = lot()[cell * STRIDE + TURN];
  const isKnown = (turn << CELL_BITS | cell) === identity;
  return isKnown ? cellLabel(cell) : "a thread";
}

/** Names what a cell is for. */
export function labelCell(cell: number, label: string): void {
  writeLabel(lot(), cell * STRIDE + LABEL, label);
}

/** The name of what a cell is for. */
export function cellLabel(cell: number): string {
  return readLabel(lot(), cell * STRIDE + LABEL);
}

/** The cell that the running thread blocks on. */
export function currentCell(): number {
  return ownCell;
}

/**
 * Takes a cell that nobody else has, and if that is asked for and possible, that
 * nobody ever had.
 */
export function allocateCell(isNew = false): number {
  const lotWords = lot();
  const mutex = new Mutex(lotWords, SPARE_MUTEX);
  mutex.lock();
  const hasMore = lotWords[COUNT] < CELLS;
  let cell = isNew && hasMore ? 0 : lotWords[SPARE_HEAD];
  if (cell !== 0) lotWords[SPARE_HEAD] = lotWords[cell * STRIDE + NEXT];
  else if (hasMore) cell = lotWords[COUNT]++;
  mutex.unlock();
  if (cell !== 0) lotWords[cell * STRIDE + IDENTITY] = ownIdentity;
  else {
    throw new RangeError(
      `Cannot wait: ${
        CELLS - 2
      } waits are pending already, await some of them first`,
    );
  }
  return cell;
}

/** Gives back a cell that is in no list. One that is worn out stays unused. */
export function releaseCell(cell: number): void {
  if (isWornOut(cell)) return;
  const lotWords = lot();
  const mutex = new Mutex(lotWords, SPARE_MUTEX);
  lotWords[cell * STRIDE + STOP] = Stop.NONE;
  lotWords[cell * STRIDE + IDENTITY] = 0;
  mutex.lock();
  lotWords[cell * STRIDE + NEXT] = lotWords[SPARE_HEAD];
  lotWords[SPARE_HEAD] = cell;
  mutex.unlock();
}

/** Takes the announcement back; the cell is in no list any more. */
export function cancel(cell: number): void {
  Atomics.store(lot(), cell * STRIDE + STATE, IDLE);
}

/** Gets whoever sleeps on the cell to look at its state. */
export function rouse(cell: number): void {
  Atomics.notify(lot(), cell * STRIDE + STATE);
}

/** Gets whoever waits on the cell to look again at what it waits for. */
export function alertCell(cell: number): void {
  Atomics.compareExchange(lot(), cell * STRIDE + STATE, PARKED, ALERTED);
  rouse(cell);
}

/**
 * Orders a thread to end at its next wait, and wakes it if it waits now.
 *
 * @returns Whether it waited by blocking: it will heed the order.
 */
export function stopThread(cell: number): boolean {
  const lotWords = lot();
  const at = cell * STRIDE;
  const { NONE, ORDERED } = Stop;
  Atomics.compareExchange(lotWords, at + STOP, NONE, ORDERED);
  const state = at + STATE;
  const was = Atomics.compareExchange(lotWords, state, PARKED, WOKEN);
  rouse(cell);
  return was === PARKED;
}

/** Whether the thread that has the cell waits by blocking. */
export function isParked(cell: number): boolean {
  return Atomics.load(lot(), cell * STRIDE + STATE) === PARKED;
}

/** Gives a thread up: nobody is to wake its waits any more. */
export function desertCell(cell: number): void {
  Atomics.store(lot(), cell * STRIDE + STOP, Stop.GONE);
}

/** Whether the thread whose wait the cell is was given up. */
export function isDeserted(cell: number): boolean {
  const owner = ownerOf(lot(), cell);
  return Atomics.load(lot(), owner * STRIDE + STOP) === Stop.GONE;
}

/** Whether the thread that has the cell awaits something, or blocks. */
export function hasWaits(owner: number): boolean {
  const lotWords = lot();
  for (let cell = lotWords[COUNT] - 1; cell > 0; cell--) {
    const isParked = lotWords[cell * STRIDE + STATE] === PARKED;
    if (isParked && ownerOf(lotWords, cell) === owner) return true;
  }
  return false;
}

/** The cell that the thread blocks on whose wait the cell is. */
function ownerOf(lotWords: Int32Array, cell: number): number {
  // A thread that counts as ended has no identity in its own cell.
  return cellOf(lotWords[cell * STRIDE + IDENTITY]) || cell;
}

/** Whether the thread that has the cell was ordered to end. */
export function isStopOrdered(cell: number): boolean {
  return Atomics.load(lot(), cell * STRIDE + STOP) !== Stop.NONE;
}

/** Whether the thread that has the cell knows that it was ordered to end. */
export function isStopHeeded(cell: number): boolean {
  return Atomics.load(lot(), cell * STRIDE + STOP) === Stop.HEEDED;
}

/**
 * Whether the running thread was ordered to end. It reads plainly, since every
 * put and get does: an order is seen at one of the next calls. Before the thread
 * sleeps, it is looked for atomically.
 */
export function isStopping(): boolean {
  return words !== undefined && words[ownCell * STRIDE + STOP] !== Stop.NONE;
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
  const isGone = lot()[ownCell * STRIDE + STOP] === Stop.GONE;
  if (heeded++ > (isGone ? 1 : 0)) endWorker();
  noteHeeded();
  return stopped();
}

/** Notes that the running thread knows of its order to end. */
export function noteHeeded(): void {
  const at = ownCell * STRIDE + STOP;
  Atomics.compareExchange(lot(), at, Stop.ORDERED, Stop.HEEDED);
}

/** What ends a thread, where that may have been thrown before. */
export function stopped(): Stopped {
  return new Stopped("The thread was terminated");
}

/** Milliseconds left until a deadline on `performance.now()`'s clock. */
function remaining(deadline: number): number {
  return Math.max(0, deadline - now());
}

/**
 * Blocks the thread on its own, prepared cell.
 *
 * @returns `WOKEN` or `ALERTED`, or `PARKED` when the deadline passed.
 * @throws {Stopped} If the thread is ordered to end.
 */
export function parkSync(deadline: number): number {
  const lotWords = lot();
  const at = ownCell * STRIDE + STATE;
  const stop = ownCell * STRIDE + STOP;
  for (;;) {
    const state = Atomics.load(lotWords, at);
    if (Atomics.load(lotWords, stop) !== 0) throw heed();
    if (state !== PARKED) return state;
    const left = remaining(deadline);
    if (left === 0) return PARKED;
    Atomics.wait(lotWords, at, PARKED, left);
  }
}

/**
 * Awaits a prepared cell, unless it has been given back meanwhile.
 *
 * @returns `WOKEN` or `ALERTED`, or `PARKED` when the deadline passed.
 */
export async function park(
  cell: number,
  deadline: number,
  isOver: () => boolean,
): Promise<number> {
  const lotWords = lot();
  const at = cell * STRIDE + STATE;
  for (;;) {
    if (isOver()) return WOKEN;
    const state = Atomics.load(lotWords, at);
    if (state !== PARKED) return state;
    if (remaining(deadline) === 0) return PARKED;
    const wait = Atomics.waitAsync(lotWords, at, PARKED);
    if (!wait.async) continue;
    if (deadline === Infinity) {
      await wait.value;
      continue;
    }
    const alarm = setAlarm(deadline, () => rouse(cell));
    await wait.value;
    clearAlarm(alarm);
  }
}
