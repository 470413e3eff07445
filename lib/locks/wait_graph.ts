// Copyright 2026 the lab9 authors. MIT license.

/**
 * Who waits for whom: for telling a deadlock, and for waking those who wait for
 * a thread that has died. Only who waits is entered here; a lock that nobody
 * waits for costs nothing but the look at one of its words.
 *
 * Protocol. A lock that is waited for has a node, a cell of its own; the node's
 * number stands in the lock's `NODE`. All words of nodes and waiting cells are
 * written under the graph's mutex.
 *  - A waiter enters before it sleeps: it makes the node if there is none, and
 *    then copies the lock's `HOLDER` into it. The last waiter to leave takes the
 *    node away.
 *  - Whoever changes `HOLDER` looks at `NODE` afterwards, and copies `HOLDER` as
 *    it is then if there is a node. Both orders are sequentially consistent:
 *    either the changer sees the node, or the waiter sees the change.
 *  - Whoever releases a lock for a holder that may sleep meanwhile lets the node
 *    know that beforehand: from then on the lock is in no ring.
 *  - So a thread that blocks has every lock that it holds, and that is waited
 *    for, in the graph under its own name, and none that it has released. A ring
 *    of threads that block without a timeout is therefore a deadlock. It comes
 *    about only when a thread begins to block, and that thread looks for it.
 *  - Whoever ends a thread takes its identity away first, and then alerts those
 *    who wait for locks that it holds; a waiter looks at the holder's identity
 *    after it has entered. Either of them sees the other. Whoever waits at a
 *    barrier or for a permit is alerted if the ended thread waited at a barrier
 *    or held a permit, whichever it was.
 *
 * @module
 */

import { type DeadlockedThread, DeadlockError } from "./errors.ts";
import { Mutex } from "../sync/mutex.ts";
import {
  alertCell,
  allocateCell,
  cellCount,
  cellLabel,
  cellOf,
  currentIdentity,
  GRAPH,
  GRAPH_HEADER,
  hasStakes,
  identityAt,
  isAlive,
  isStopOrdered,
  labelCell,
  lot,
  NEXT,
  STRIDE,
  threadLabel,
  vacateCell,
} from "../sync/waiters.ts";

// Words of cell 0: the mutex, how many waits are entered, and the list of
// nodes that came back. These stay nodes, and are made of new cells: the cell of
// a thread that has ended still has that thread's name.
const MUTEX = GRAPH_HEADER;
const ENTERED = GRAPH_HEADER + 1;
const SPARE_NODE = GRAPH_HEADER + 2;

// Words of a waiting cell.
const KIND = GRAPH;
/** The lock's node, or the identity of the thread that is joined. */
const TARGET = GRAPH + 1;
// Words of a lock's node.
const HOLDER = GRAPH;
const WAITERS = GRAPH + 1;
/** Not 0 if another than its holder has released the lock, or is about to. */
const SIGNAL = GRAPH + 2;

const Kind = {
  NONE: 0,
  LOCK: 1,
  LOCK_FOREVER: 2,
  JOIN_FOREVER: 3,
  STAKE: 4,
} as const;

/** A lock, as far as the graph sees it. */
export interface GraphedLock {
  /** For example `Lock accounts`. */
  readonly label: string;
  /** The identity of the holder, or 0. */
  readonly holder: number;
  /** Whether another thread than the holder has released it, or is about to. */
  readonly isSignal: boolean;
  /** The lock's node, or 0; read and written atomically. */
  node: number;
}

function locked<T>(fn: (all: Int32Array) => T): T {
  const all = lot();
  const mutex = new Mutex(all, MUTEX);
  mutex.lock();
  try {
    return fn(all);
  } finally {
    mutex.unlock();
  }
}

/**
 * Enters a wait for a lock.
 *
 * @throws {DeadlockError} If it could never end.
 */
export function enterLockWait(
  lock: GraphedLock,
  cell: number,
  blocksForever: boolean,
): void {
  const ring = locked((all) => {
    const node = lock.node || makeNode(all, lock);
    all[node * STRIDE + WAITERS]++;
    Atomics.add(all, ENTERED, 1);
    copyHolder(all, lock, node);
    all[cell * STRIDE + TARGET] = node;
    all[cell * STRIDE + KIND] = blocksForever ? Kind.LOCK_FOREVER : Kind.LOCK;
    if (!blocksForever) return undefined;
    const ring = findRing(all, cell);
    // A thread that takes a lock twice may wait for another to release it.
    const isCertain = ring !== undefined && ring.length > 1;
    if (!isCertain) return undefined;
    leave(all, lock, cell);
    return ring;
  });
  if (ring !== undefined) {
    throw deadlock(`Cannot acquire ${lock.label}`, ring);
  }
}

/** Ends a wait for a lock. */
export function leaveLockWait(lock: GraphedLock, cell: number): void {
  locked((all) => leave(all, lock, cell));
}

/** Notes that the lock has become a signal, or got another holder. */
export function noteHolder(lock: GraphedLock): void {
  if (lock.node === 0) return;
  locked((all) => {
    // The node may have gone meanwhile, and be another lock's.
    const { node } = lock;
    if (node !== 0) copyHolder(all, lock, node);
  });
}

/**
 * Enters a wait for the end of the thread with an identity; 0 if it has ended.
 *
 * @throws {DeadlockError} If it could never end.
 */
export function enterJoin(cell: number, joined: number): void {
  const ring = locked((all) => {
    all[cell * STRIDE + TARGET] = joined;
    all[cell * STRIDE + KIND] = Kind.JOIN_FOREVER;
    const ring = findRing(all, cell);
    if (ring !== undefined) all[cell * STRIDE + KIND] = Kind.NONE;
    return ring;
  });
  if (ring !== undefined) {
    throw deadlock(`Cannot join ${ring[0].heldBy}`, ring);
  }
}

/** Ends a wait for a thread's end. */
export function leaveJoin(cell: number): void {
  locked((all) => all[cell * STRIDE + KIND] = Kind.NONE);
}

/** Enters a wait that looks after what ended threads leave. */
export function enterStakeWait(cell: number): void {
  locked((all) => {
    all[cell * STRIDE + KIND] = Kind.STAKE;
    Atomics.add(all, ENTERED, 1);
  });
}

/** Ends such a wait. */
export function leaveStakeWait(cell: number): void {
  locked((all) => {
    all[cell * STRIDE + KIND] = Kind.NONE;
    Atomics.sub(all, ENTERED, 1);
  });
}

/** Takes a cell from its thread, which has ended, and tells who waits for it. */
export function endThread(cell: number): void {
  const identity = vacateCell(cell);
  if (identity === 0 || Atomics.load(lot(), ENTERED) === 0) return;
  const hadStakes = hasStakes(cell);
  locked((all) => {
    const count = cellCount();
    for (let cell = 1; cell < count; cell++) {
      const isConcerned = all[cell * STRIDE + KIND] === Kind.STAKE
        ? hadStakes
        : waitsForLockOf(all, cell, identity);
      if (isConcerned) alertCell(cell);
    }
  });
}

function waitsForLockOf(
  all: Int32Array,
  cell: number,
  holder: number,
): boolean {
  const kind = all[cell * STRIDE + KIND];
  if (kind !== Kind.LOCK && kind !== Kind.LOCK_FOREVER) return false;
  const node = all[cell * STRIDE + TARGET];
  return all[node * STRIDE + HOLDER] === holder;
}

function makeNode(all: Int32Array, lock: GraphedLock): number {
  const node = all[SPARE_NODE] || allocateCell(true);
  if (node === all[SPARE_NODE]) all[SPARE_NODE] = all[node * STRIDE + NEXT];
  // In a cell that was waited in, something else stood there.
  all[node * STRIDE + WAITERS] = 0;
  labelCell(node, lock.label);
  lock.node = node;
  return node;
}

function copyHolder(all: Int32Array, lock: GraphedLock, node: number): void {
  all[node * STRIDE + HOLDER] = lock.holder;
  all[node * STRIDE + SIGNAL] = lock.isSignal ? 1 : 0;
}

function leave(all: Int32Array, lock: GraphedLock, cell: number): void {
  const { node } = lock;
  all[cell * STRIDE + KIND] = Kind.NONE;
  Atomics.sub(all, ENTERED, 1);
  if (--all[node * STRIDE + WAITERS] > 0) return;
  lock.node = 0;
  all[node * STRIDE + HOLDER] = 0;
  all[node * STRIDE + NEXT] = all[SPARE_NODE];
  all[SPARE_NODE] = node;
}

/** The ring that a waiting cell stands in, if it stands in one. */
function findRing(
  all: Int32Array,
  first: number,
): DeadlockedThread[] | undefined {
  const ring: DeadlockedThread[] = [];
  const seen = new Set<number>();
  let cell = first;
  do {
    // One that is being ended goes on, and gives up what it holds.
    if (seen.has(cell) || isStopOrdered(cell)) return undefined;
    seen.add(cell);
    const target = all[cell * STRIDE + TARGET];
    const kind = all[cell * STRIDE + KIND];
    let next: number;
    if (kind === Kind.JOIN_FOREVER) next = target;
    else if (kind !== Kind.LOCK_FOREVER) return undefined;
    else if (all[target * STRIDE + SIGNAL] !== 0) return undefined;
    else next = all[target * STRIDE + HOLDER];
    if (next === 0 || !isAlive(next)) return undefined;
    const heldBy = threadLabel(next);
    ring.push({
      thread: threadLabel(
        cell === first ? currentIdentity() : identityAt(cell),
      ),
      waitsFor: kind === Kind.JOIN_FOREVER ? heldBy : cellLabel(target),
      heldBy,
    });
    cell = cellOf(next);
  } while (cell !== first);
  return ring;
}

function deadlock(action: string, ring: DeadlockedThread[]): DeadlockError {
  const lines = ring.map(({ thread, waitsFor, heldBy }) =>
    waitsFor === heldBy
      ? `  ${thread} waits for the end of ${waitsFor}`
      : `  ${thread} waits for ${waitsFor}, which ${heldBy} holds`
  );
  const who = ring.length === 1
    ? "the thread would wait for itself"
    : `${ring.length} threads would wait for each other`;
  return new DeadlockError(
    `${action}: ${who} for ever\n${lines.join("\n")}`,
    ring,
  );
}
