// Copyright 2026 the lab9 authors. MIT license.

/**
 * Where threads sleep. One table of cells is shared by every thread of the
 * process; a cell is one wait: each thread has a cell of its own for blocking,
 * and takes more for what it awaits.
 *
 * Protocol of a cell's `STATE`:
 *  - The waiter writes `PARKED`, then makes the cell known (puts it into a
 *    list), then looks at what it waits for once more, and only then sleeps.
 *  - A waker that has taken the cell out of its list moves `PARKED` to `WOKEN`
 *    in one step and notifies. Between those two the waiter may already run.
 *  - The waiter sleeps only while the word is `PARKED`, in a loop, and looks
 *    at its `STOP` word each time round.
 *
 * `STOP` is written once, by whoever ends the thread, before the cell is woken.
 * It stays set: every later wait of that thread throws as well. `NEXT` and
 * `PREVIOUS` belong to the list that the cell stands in, under its mutex.
 *
 * @module
 */

/** Words of a cell, and where they are in it. */
const STRIDE = 8;
const STATE = 0;
/** The list's links, used by `Condition`. */
export const NEXT = 1;
export const PREVIOUS = 2;
const STOP = 3;

const IDLE = 0;
const PARKED = 1;
const WOKEN = 2;

const CELLS = 1 << 17;
/** Cell 0 is nobody's: its first word counts the cells that were handed out. */
const MAIN_CELL = 1;

let words: Int32Array | undefined;
let ownCell = MAIN_CELL;
const spareCells: number[] = [];

/** What a stopped thread's waits throw. It unwinds the thread; nobody sees it. */
export class Stopped extends Error {
  override name = "Stopped";
}

function lot(): Int32Array {
  if (words === undefined) {
    words = new Int32Array(new SharedArrayBuffer(CELLS * STRIDE * 4));
    words[0] = MAIN_CELL + 1;
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

/** The cell that the running thread blocks on. */
export function currentCell(): number {
  return ownCell;
}

/** Takes a cell that nobody else has. */
export function allocateCell(): number {
  const spare = spareCells.pop();
  if (spare !== undefined) return spare;
  const cell = Atomics.add(lot(), 0, 1);
  if (cell >= CELLS) {
    Atomics.sub(lot(), 0, 1);
    throw new RangeError(
      `Cannot wait: ${
        CELLS - 2
      } waits are pending already, await some of them first`,
    );
  }
  return cell;
}

/** Gives back a cell that is in no list. */
export function releaseCell(cell: number): void {
  lot()[cell * STRIDE + STOP] = 0;
  spareCells.push(cell);
}

/** Reads a list's link of a cell. The list's mutex is held. */
export function link(cell: number, which: number): number {
  return lot()[cell * STRIDE + which];
}

/** Writes a list's link of a cell. The list's mutex is held. */
export function setLink(cell: number, which: number, to: number): void {
  lot()[cell * STRIDE + which] = to;
}

/** Announces that the cell is about to sleep. */
export function prepare(cell: number): void {
  Atomics.store(lot(), cell * STRIDE + STATE, PARKED);
}

/** Takes the announcement back; the cell is in no list any more. */
export function cancel(cell: number): void {
  Atomics.store(lot(), cell * STRIDE + STATE, IDLE);
}

/** Wakes a cell that was prepared. */
export function unpark(cell: number): void {
  const at = cell * STRIDE + STATE;
  if (Atomics.compareExchange(lot(), at, PARKED, WOKEN) === PARKED) {
    Atomics.notify(lot(), at, 1);
  }
}

/** Orders a thread to end at its next wait, and wakes it if it waits now. */
export function stopThread(cell: number): void {
  Atomics.store(lot(), cell * STRIDE + STOP, 1);
  unpark(cell);
}

/** Throws {@linkcode Stopped} if the running thread was ordered to end. */
export function checkStop(): void {
  if (Atomics.load(lot(), ownCell * STRIDE + STOP) !== 0) {
    throw new Stopped("The thread was terminated");
  }
}

/** Milliseconds left until a deadline on `performance.now()`'s clock. */
function remaining(deadline: number): number {
  return Math.max(0, deadline - performance.now());
}

/**
 * Blocks the thread on its own, prepared cell.
 *
 * @returns Whether it was woken; false when the deadline passed.
 * @throws {Stopped} If the thread is ordered to end.
 */
export function parkSync(deadline: number): boolean {
  const lotWords = lot();
  const at = ownCell * STRIDE + STATE;
  for (;;) {
    checkStop();
    if (Atomics.load(lotWords, at) !== PARKED) return true;
    const left = remaining(deadline);
    if (left === 0) return false;
    Atomics.wait(lotWords, at, PARKED, left);
  }
}

/**
 * Awaits a prepared cell.
 *
 * @returns Whether it was woken; false when the deadline passed.
 */
export async function park(cell: number, deadline: number): Promise<boolean> {
  const lotWords = lot();
  const at = cell * STRIDE + STATE;
  for (;;) {
    if (Atomics.load(lotWords, at) !== PARKED) return true;
    const left = remaining(deadline);
    if (left === 0) return false;
    const wait = Atomics.waitAsync(lotWords, at, PARKED, left);
    if (wait.async) await wait.value;
  }
}
