// Copyright 2026 the lab9 authors. MIT license.

/**
 * The graph of waits: which thread waits for which. By it, deadlocks are found, and the
 * threads are woken that wait for a lock whose holder has died. Only threads that wait
 * are entered. For a lock that no thread waits for, only one of its words is read.
 *
 * Protocol. A lock that is waited for has a node, which is a waiter that no thread has.
 * The node's number stands in the lock's `NODE`. The words of nodes, and of waiters in the
 * graph, are written under the graph's mutex.
 *  - A waiter enters before it sleeps: it makes the node if there is none, and
 *    then copies the lock's `HOLDER` into it. The last waiter to leave takes the
 *    node away.
 *  - A thread that changes `HOLDER` looks at `NODE` afterwards. If there is a
 *    node, it copies `HOLDER` as it is then. Both orders are sequentially
 *    consistent: either the changer sees the node, or the waiter sees the
 *    change.
 *  - A thread that releases a lock for another holder sets `SIGNAL` in the node first,
 *    because the holder may sleep. From then on the lock is part of no ring.
 *  - A lock that several threads hold at once, as readers do, has a chain of nodes, one
 *    for each holder. `MORE` of a node is the next one. A thread that waits for the lock
 *    waits for all of its holders.
 *  - So while a thread blocks, the graph has the thread as the holder of each lock that
 *    it holds and that is waited for, and of no lock that it has released. A ring of
 *    threads that block without a timeout is therefore a deadlock. A ring is closed when
 *    a thread begins to block, and that thread looks for it.
 *  - When a thread is ended, its id is taken away first. Then the threads are alerted
 *    that wait for locks which it holds. A waiter looks at the holder's id after it has
 *    entered. Either of the two threads sees the other. If the ended thread waited at a
 *    barrier or held a permit, all threads that wait at any barrier or for any permit
 *    are alerted.
 *
 * @module
 */

import { type DeadlockedThread, DeadlockError } from "./errors.ts";
import { Mutex } from "../sync/mutex.ts";
import {
  alertWaiter,
  allocateWaiter,
  currentThreadId,
  GRAPH,
  GRAPH_HEADER,
  hasStakes,
  isAlive,
  isStopOrdered,
  labelWaiter,
  MAX_WAITERS,
  NEXT,
  PREVIOUS,
  releaseWaiter,
  STRIDE,
  threadIdAt,
  threadLabel,
  vacateWaiter,
  waiterCount,
  waiterLabel,
  waiterOf,
  waiterWords,
} from "../sync/waiters.ts";

// Words of waiter 0: the mutex, how many waits are entered, and the list of spare nodes.
// Nodes are made of waiters that no thread has ever had, and stay nodes: the waiter of a
// thread that has ended still has that thread's name.
const MUTEX = GRAPH_HEADER;
const ENTERED = GRAPH_HEADER + 1;
const SPARE_NODE = GRAPH_HEADER + 2;

// Words of a waiter.
const KIND = GRAPH;
/** The lock's node, or the id of the thread that is joined. */
const TARGET = GRAPH + 1;
// Words of a lock's node.

/** The id of a holder, or 0. */
const HOLDER = GRAPH;
/** How many threads wait for the lock. */
const WAITERS = GRAPH + 1;
/** 1 if another thread than the holder has released the lock, or is about to. */
const SIGNAL = GRAPH + 2;
/** The node of the next holder, or 0. Nodes stand in no list of waits. */
const MORE = PREVIOUS;

/** What a waiter in the graph waits for, and whether it blocks without a timeout. */
const Kind = {
  NONE: 0,
  LOCK: 1,
  LOCK_FOREVER: 2,
  JOIN_FOREVER: 3,
  /** A barrier or a permit. */
  STAKE: 4,
} as const;

/** What the graph needs of a lock. */
export interface GraphedLock {
  /** For example `Lock accounts`. */
  readonly label: string;
  /** The id of the holder, or 0. */
  readonly holder: number;
  /** The ids of all holders, where there may be several. */
  readonly holders?: readonly number[];
  /** Whether another thread than the holder has released it, or is about to. */
  readonly isSignal: boolean;
  /** Whether only the holder can release it. */
  readonly isPersonal: boolean;
  /** Whether this thread has made the lock, and has never passed it to another. */
  readonly isUnshared?: boolean;
  /** The lock's node, or 0; read and written atomically. */
  node: number;
}

function locked<T>(fn: (all: Int32Array) => T): T {
  const all = waiterWords();
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
 * @throws {DeadlockError} If the wait would cause a deadlock.
 */
export function enterLockWait(
  lock: GraphedLock,
  waiter: number,
  blocksForever: boolean,
): void {
  const ring = locked((all) => {
    const node = lock.node || makeNode(all, lock);
    all[node * STRIDE + WAITERS]++;
    Atomics.add(all, ENTERED, 1);
    copyHolder(all, lock, node);
    all[waiter * STRIDE + TARGET] = node;
    all[waiter * STRIDE + KIND] = blocksForever ? Kind.LOCK_FOREVER : Kind.LOCK;
    if (!blocksForever) return undefined;
    const ring = findRing(all, waiter);
    // A thread that takes a lock twice may wait for another one to release it, if another
    // thread knows the lock.
    const isCertain = ring !== undefined &&
      (ring.length > 1 || lock.isPersonal || lock.isUnshared);
    if (!isCertain) return undefined;
    leave(all, lock, waiter);
    return ring;
  });
  if (ring !== undefined) {
    throw deadlock(
      `Cannot acquire ${lock.label}`,
      ring,
      lock.isPersonal ? undefined : HELD_ITSELF,
    );
  }
}

/** Ends a wait for a lock. */
export function leaveLockWait(lock: GraphedLock, waiter: number): void {
  locked((all) => leave(all, lock, waiter));
}

/** Updates a lock's node after its holder has changed, or `isSignal`. */
export function noteHolder(lock: GraphedLock): void {
  if (lock.node === 0) return;
  locked((all) => {
    // Another lock may have got the node meanwhile.
    const { node } = lock;
    if (node !== 0) copyHolder(all, lock, node);
  });
}

/** Rehearses what a change of a lock's holder calls. */
export function rehearseWait(lock: GraphedLock): void {
  const waiter = allocateWaiter();
  enterLockWait(lock, waiter, false);
  noteHolder(lock);
  leaveLockWait(lock, waiter);
  releaseWaiter(waiter);
}

/**
 * Enters a wait for the end of a thread.
 *
 * @param joined The thread's id; 0 if it has ended.
 * @throws {DeadlockError} If the wait would cause a deadlock.
 */
export function enterJoin(waiter: number, joined: number): void {
  const ring = locked((all) => {
    all[waiter * STRIDE + TARGET] = joined;
    all[waiter * STRIDE + KIND] = Kind.JOIN_FOREVER;
    const ring = findRing(all, waiter);
    if (ring !== undefined) all[waiter * STRIDE + KIND] = Kind.NONE;
    return ring;
  });
  if (ring !== undefined) {
    throw deadlock(`Cannot join ${ring[0].heldBy}`, ring);
  }
}

/** Ends a wait for a thread's end. */
export function leaveJoin(waiter: number): void {
  locked((all) => all[waiter * STRIDE + KIND] = Kind.NONE);
}

/** Enters a wait at a barrier or for a permit: see `STAKES` in `waiters.ts`. */
export function enterStakeWait(waiter: number): void {
  locked((all) => {
    all[waiter * STRIDE + KIND] = Kind.STAKE;
    Atomics.add(all, ENTERED, 1);
  });
}

/** Ends such a wait. */
export function leaveStakeWait(waiter: number): void {
  locked((all) => {
    all[waiter * STRIDE + KIND] = Kind.NONE;
    Atomics.sub(all, ENTERED, 1);
  });
}

/**
 * Takes a waiter from its thread, which has ended, and alerts the threads that wait
 * for it.
 */
export function endThread(waiter: number): void {
  const threadId = vacateWaiter(waiter);
  if (threadId === 0 || Atomics.load(waiterWords(), ENTERED) === 0) return;
  const hadStakes = hasStakes(waiter);
  locked((all) => {
    const count = waiterCount();
    for (let waiter = 1; waiter < count; waiter++) {
      const kind = all[waiter * STRIDE + KIND];
      // A writer that waits for readers is of the kind `LOCK`, but needs an alert, too.
      const isConcerned = hadStakes && kind !== Kind.NONE ||
        waitsForLockOf(all, waiter, threadId);
      if (isConcerned) alertWaiter(waiter);
    }
  });
}

function waitsForLockOf(
  all: Int32Array,
  waiter: number,
  holder: number,
): boolean {
  const kind = all[waiter * STRIDE + KIND];
  if (kind !== Kind.LOCK && kind !== Kind.LOCK_FOREVER) return false;
  const node = all[waiter * STRIDE + TARGET];
  return all[node * STRIDE + HOLDER] === holder;
}

function makeNode(all: Int32Array, lock: GraphedLock): number {
  const node = takeNode(all);
  // The waiter may have had another value there.
  all[node * STRIDE + WAITERS] = 0;
  labelWaiter(node, lock.label);
  lock.node = node;
  return node;
}

function takeNode(all: Int32Array): number {
  const node = all[SPARE_NODE] || allocateWaiter(true);
  if (node === all[SPARE_NODE]) all[SPARE_NODE] = all[node * STRIDE + NEXT];
  all[node * STRIDE + MORE] = 0;
  return node;
}

/** Gives back a node and its chain. */
function giveNodes(all: Int32Array, first: number): void {
  for (let node = first; node !== 0;) {
    const at = node * STRIDE;
    all[at + HOLDER] = 0;
    all[at + NEXT] = all[SPARE_NODE];
    all[SPARE_NODE] = node;
    node = all[at + MORE];
    all[at + MORE] = 0;
  }
}

function copyHolder(all: Int32Array, lock: GraphedLock, node: number): void {
  const at = node * STRIDE;
  all[at + SIGNAL] = lock.isSignal ? 1 : 0;
  const { holders } = lock;
  all[at + HOLDER] = holders === undefined ? lock.holder : holders[0] ?? 0;
  if (holders !== undefined) copyFurther(all, node, holders);
}

/** Copies the further holders into the chain, which gets longer or shorter. */
function copyFurther(
  all: Int32Array,
  first: number,
  holders: readonly number[],
): void {
  let last = first;
  for (let i = 1; i < holders.length; i++) {
    let node = all[last * STRIDE + MORE];
    if (node === 0) {
      // There is no node for this holder, so no ring is found that it is part of.
      if (all[SPARE_NODE] === 0 && waiterCount() >= MAX_WAITERS) return;
      node = all[last * STRIDE + MORE] = takeNode(all);
    }
    all[node * STRIDE + HOLDER] = holders[i];
    last = node;
  }
  giveNodes(all, all[last * STRIDE + MORE]);
  all[last * STRIDE + MORE] = 0;
}

function leave(all: Int32Array, lock: GraphedLock, waiter: number): void {
  const { node } = lock;
  all[waiter * STRIDE + KIND] = Kind.NONE;
  Atomics.sub(all, ENTERED, 1);
  if (--all[node * STRIDE + WAITERS] > 0) return;
  lock.node = 0;
  giveNodes(all, node);
}

/** A wait on the path of the search for a ring. */
interface Step {
  waiter: number;
  /** The name of the lock that it waits for; undefined if it joins a thread. */
  lock: string | undefined;
  /** The holders that the search has not followed yet. */
  holders: number[];
  /** The holder that the search follows. */
  heldBy: number;
}

/** The ring that a waiter is part of, if any. */
function findRing(
  all: Int32Array,
  first: number,
): DeadlockedThread[] | undefined {
  const seen = new Set([first]);
  const path = isStopOrdered(first) ? [] : [stepFrom(all, first)];
  while (path.length > 0) {
    const step = path[path.length - 1];
    const holder = step.holders.pop();
    if (holder === undefined) path.pop();
    if (holder === undefined || holder === 0 || !isAlive(holder)) continue;
    step.heldBy = holder;
    const waiter = waiterOf(holder);
    if (waiter === first) return path.map((step) => describe(step, first));
    // A thread that is being ended unwinds, and releases what it holds.
    if (seen.has(waiter) || isStopOrdered(waiter)) continue;
    seen.add(waiter);
    path.push(stepFrom(all, waiter));
  }
}

/** The step from a waiter. It has no holders if the waiter doesn't block for ever. */
function stepFrom(all: Int32Array, waiter: number): Step {
  const kind = all[waiter * STRIDE + KIND];
  const target = all[waiter * STRIDE + TARGET];
  const step: Step = { waiter, lock: undefined, holders: [], heldBy: 0 };
  if (kind === Kind.JOIN_FOREVER) step.holders.push(target);
  if (kind !== Kind.LOCK_FOREVER || all[target * STRIDE + SIGNAL] !== 0) {
    return step;
  }
  step.lock = waiterLabel(target);
  for (let node = target; node !== 0; node = all[node * STRIDE + MORE]) {
    step.holders.unshift(all[node * STRIDE + HOLDER]);
  }
  return step;
}

function describe(
  { waiter, lock, heldBy }: Step,
  first: number,
): DeadlockedThread {
  return {
    thread: threadLabel(
      waiter === first ? currentThreadId() : threadIdAt(waiter),
    ),
    waitsFor: lock ?? threadLabel(heldBy),
    heldBy: threadLabel(heldBy),
  };
}

/** The message for a thread that waits for a lock of its own. */
const HELD_ITSELF =
  "this thread holds it itself, use RLock to acquire it again";

function deadlock(
  action: string,
  ring: DeadlockedThread[],
  alone = "the thread would wait for itself for ever",
): DeadlockError {
  const lines = ring.map(({ thread, waitsFor, heldBy }) =>
    waitsFor === heldBy
      ? `  ${thread} waits for the end of ${waitsFor}`
      : `  ${thread} waits for ${waitsFor}, which ${heldBy} holds`
  );
  const who = ring.length === 1
    ? alone
    : `${ring.length} threads would wait for each other for ever`;
  return new DeadlockError(
    `${action}: ${who}\n${lines.join("\n")}`,
    ring,
  );
}
