/**
 * What the threads of the library's own scenarios do. A thread that another one
 * ends is a victim: it says first which waiter it has.
 */

import {
  type Barrier,
  BrokenBarrierError,
  type Condition,
  DeadlockError,
  Empty,
  type Event,
  expose,
  Full,
  type Gil,
  type Lock,
  LockPoisonedError,
  type Queue,
  RLock,
  type RWLock,
  type Semaphore,
  ShutDown,
} from "../../mod.ts";
import { endThread } from "../../lib/locks/wait_graph.ts";
import { Mutex } from "../../lib/sync/mutex.ts";
import { PENDING, WaitList } from "../../lib/sync/wait_list.ts";
import {
  checkStop,
  currentWaiter,
  desertWaiter,
  isParked,
  Stopped,
  stopThread,
  STRIDE,
  waiterWords,
} from "../../lib/sync/waiters.ts";
import { Tickets } from "../../lib/pool/claim.ts";
import { Handover } from "../../lib/thread/handover.ts";

/** What threads tell the check: how much of it happened. */
export type Notes = Int32Array;

/** Where a victim notes its waiter, in the notes. */
export const VICTIM = 15;
/** Where the one that waits behind it notes its own. */
const BEHIND = 13;
const STOP = 3;

/** Enters a section that one thread at a time may be in. */
function inside(notes: Notes, most = 1): void {
  if (Atomics.add(notes, 0, 1) >= most) throw new Error("too many inside");
  Atomics.add(notes, 1, 1);
  Atomics.sub(notes, 0, 1);
}

/** Runs what another thread may end; where that happens, it is no failure. */
function asVictim(notes: Notes, run: () => void): void {
  const waiter = currentWaiter();
  Atomics.store(notes, VICTIM, waiter);
  try {
    run();
  } catch (error) {
    const hasEnded = String(error).includes("has ended");
    if (!(error instanceof Stopped) && !hasEnded) throw error;
    Atomics.store(notes, 2, 1);
  } finally {
    // The next schedule's thread has the same waiter.
    waiterWords()[waiter * STRIDE + STOP] = 0;
  }
}

/** Where a scenario's victim says that it was struck, and where who is done. */
export const STRUCK = 14;

// deno-lint-ignore no-explicit-any -- whatever a scenario's threads do
type Target = (...args: any[]) => unknown;

/** Runs what may throw, or reject; `tolerates` says which errors are none. */
function tolerating(
  run: () => unknown,
  tolerates: (error: unknown) => boolean,
  done: () => void = () => {},
): unknown {
  const fail = (error: unknown) => {
    if (!tolerates(error)) throw error;
  };
  try {
    const result = run();
    if (!(result instanceof Promise)) return done();
    return result.then(done, (error) => {
      done();
      fail(error);
    });
  } catch (error) {
    done();
    fail(error);
  }
}

/** Does what a thread of a scenario does, and may be ended meanwhile. */
export function doAsVictim(
  lives: Notes,
  target: Target,
  args: unknown[],
): unknown {
  const waiter = currentWaiter();
  Atomics.store(lives, VICTIM, waiter);
  return tolerating(() => target(...args), () => true, () => {
    Atomics.store(lives, VICTIM, 0);
    waiterWords()[waiter * STRIDE + STOP] = 0;
  });
}

/** Does what a thread of a scenario does whose victim may end at any time. */
export function doAsSurvivor(
  target: Target,
  args: unknown[],
  victimGoesOn: boolean,
): unknown {
  return tolerating(
    () => target(...args),
    (error) =>
      error instanceof LockPoisonedError ||
      // A thread that was given up goes on, without what it had.
      victimGoesOn && /inside/.test(String(error)),
  );
}

/** Ends the victim at whatever step it has come to, or gives it up. */
export function strike(lives: Notes, givesUp: boolean): void {
  const waiter = Atomics.load(lives, VICTIM);
  if (waiter === 0) return;
  Atomics.store(lives, STRUCK, 1);
  if (!givesUp) stopThread(waiter);
  else {
    endThread(waiter);
    desertWaiter(waiter);
  }
}

/** Runs what may time out; whether it didn't. */
function inTime(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    const isLate = error instanceof Full || error instanceof Empty ||
      (error as Error).name === "TimeoutError";
    if (!isLate) throw error;
    return false;
  }
}

/** Ends the victim at whatever step it has come to. */
export function stopVictim(notes: Notes): void {
  const waiter = Atomics.load(notes, VICTIM);
  if (waiter !== 0) stopThread(waiter);
}

/** Ends the victim once it has begun, so that it has to end. */
export function stopVictimLater(notes: Notes): void {
  while (Atomics.load(notes, VICTIM) === 0) Atomics.pause();
  stopVictim(notes);
  Atomics.store(notes, 7, 1);
}

/** Counts the victim as ended, though it goes on. */
export function giveVictimUp(notes: Notes): void {
  const waiter = Atomics.load(notes, VICTIM);
  if (waiter !== 0) endThread(waiter);
}

export function useMutex(words: Int32Array, notes: Notes): void {
  const mutex = new Mutex(words, 0);
  mutex.lock();
  inside(notes);
  mutex.unlock(4);
}

/** Takes a lock so often, with a timeout or without. */
export function useLock(
  lock: Lock | RLock,
  notes: Notes,
  times: number,
  timeout?: number,
): void {
  for (let i = 0; i < times; i++) {
    inTime(() => {
      using _held = lock.acquireSync({ timeout });
      if (lock instanceof RLock) {
        using _again = lock.acquireSync();
        inside(notes);
      } else inside(notes);
    });
  }
}

export function useLockAsVictim(lock: Lock, notes: Notes): void {
  asVictim(notes, () => useLock(lock, notes, 1));
}

export async function awaitLock(lock: Lock, notes: Notes): Promise<void> {
  using _held = await lock.acquire();
  inside(notes);
}

/** Ends with the lock held. */
export function keepLock(lock: Lock): void {
  lock.acquireSync();
}

/** Keeps a lock that another has released, and may have ended by then. */
export function keepLockAsVictim(lock: Lock, notes: Notes): void {
  asVictim(notes, () => {
    Atomics.wait(notes, 7, 0);
    keepLock(lock);
  });
}

/** Ends with a lock that it has waited for, and may have ended by then. */
export function waitForLockAsVictim(lock: Lock, notes: Notes): void {
  asVictim(notes, () => keepLock(lock));
}

/** Takes the lock, behind a victim that waits for it. */
export function takeBehindVictim(lock: Lock, notes: Notes): void {
  untilParked(notes, VICTIM);
  Atomics.store(notes, BEHIND, currentWaiter());
  takeLeft(lock, notes);
}

/** Releases another's lock when both of those wait for it. */
export function releaseForBoth(lock: Lock, notes: Notes): void {
  untilParked(notes, BEHIND);
  lock.release();
}

/** Spins until the thread sleeps whose waiter stands there. */
function untilParked(notes: Notes, at: number): void {
  for (;;) {
    const waiter = Atomics.load(notes, at);
    if (waiter !== 0 && isParked(waiter)) return;
    Atomics.pause();
  }
}

/** Takes a lock, and goes on only when another thread has had it. */
export function giveAndWait(lock: Lock, notes: Notes): void {
  useLock(lock, notes, 1);
  Atomics.wait(notes, 7, 0);
}

/** Takes that lock. */
export async function awaitGiven(lock: Lock, notes: Notes): Promise<void> {
  await awaitLock(lock, notes);
  Atomics.store(notes, 7, 1);
  Atomics.notify(notes, 7);
}

/** Where the first of a list notes that it stands there. */
const FIRST = 8;

/** Waits in a list for what never comes. */
export function waitFirst(words: Int32Array, notes: Notes): void {
  new WaitList(words, 0).waitSync(() => {
    Atomics.store(notes, FIRST, 1);
    return PENDING;
  }, Infinity);
}

/** Waits there behind that one, until it is ended. */
export function waitSecondAsVictim(words: Int32Array, notes: Notes): void {
  while (Atomics.load(notes, FIRST) === 0) Atomics.pause();
  asVictim(notes, () => {
    new WaitList(words, 0).waitSync(() => {
      checkStop();
      return PENDING;
    }, Infinity);
  });
}

/** Releases another's lock for it. */
export function releaseForVictim(lock: Lock, notes: Notes): void {
  lock.release();
  Atomics.store(notes, 7, 1);
  Atomics.notify(notes, 7);
}

/** Takes a lock that its holder may have left behind. */
export function takeLeft(lock: Lock, notes: Notes): void {
  try {
    lock.acquireSync();
    inside(notes);
  } catch (error) {
    if (!(error instanceof LockPoisonedError)) throw error;
    Atomics.add(notes, 3, 1);
  }
  lock.release();
}

/** As {@linkcode takeLeft}, but awaits. */
export async function awaitLeft(lock: Lock, notes: Notes): Promise<void> {
  try {
    await lock.acquire();
    inside(notes);
  } catch (error) {
    if (!(error instanceof LockPoisonedError)) throw error;
    Atomics.add(notes, 3, 1);
  }
  lock.release();
}

/** Takes two locks; a ring is no failure. */
export function takeTwo(first: Lock, second: Lock, notes: Notes): void {
  using _first = first.acquireSync();
  try {
    using _second = second.acquireSync();
    Atomics.add(notes, 1, 1);
  } catch (error) {
    if (!(error instanceof DeadlockError)) throw error;
    Atomics.add(notes, 3, 1);
  }
}

/** Takes two locks where there can be no ring. */
export function takeInOrder(first: Lock, second: Lock, notes: Notes): void {
  using _first = first.acquireSync();
  using _second = second.acquireSync();
  inside(notes);
}

export function takeInOrderAsVictim(
  first: Lock,
  second: Lock,
  notes: Notes,
): void {
  asVictim(notes, () => takeInOrder(first, second, notes));
}

/** Takes the second, and waits for the first until it is ended. */
export function closeRingAsVictim(
  first: Lock,
  second: Lock,
  notes: Notes,
): void {
  asVictim(notes, () => {
    using _second = second.acquireSync();
    Atomics.store(notes, 8, 1);
    using _first = first.acquireSync();
  });
}

/** Takes the second lock while its holder, who waits for the first, is ended. */
export function waitForVictim(first: Lock, second: Lock, notes: Notes): void {
  using _first = first.acquireSync();
  while (Atomics.load(notes, 8) === 0) Atomics.pause();
  while (Atomics.load(notes, 7) === 0) Atomics.pause();
  using _second = second.acquireSync();
  Atomics.add(notes, 1, 1);
}

/** Releases the first before it takes the second. */
export function oneByOne(first: Lock, second: Lock): void {
  first.acquireSync();
  first.release();
  second.acquireSync();
  second.release();
}

/** Takes the second while it has the first. */
export function nested(first: Lock, second: Lock): void {
  using _first = first.acquireSync();
  using _second = second.acquireSync();
}

export function useSemaphore(
  semaphore: Semaphore,
  notes: Notes,
  most: number,
  timeout?: number,
): void {
  inTime(() => {
    using _permit = semaphore.acquireSync({ timeout });
    inside(notes, most);
  });
}

export function useSemaphoreAsVictim(
  semaphore: Semaphore,
  notes: Notes,
): void {
  asVictim(notes, () => useSemaphore(semaphore, notes, 1));
}

export function takePermit(semaphore: Semaphore): void {
  semaphore.acquireSync();
}

export async function awaitPermit(semaphore: Semaphore): Promise<void> {
  await semaphore.acquire();
}

export function givePermits(semaphore: Semaphore, n: number): void {
  semaphore.release(n);
}

/** Gives a permit when those who spin for one have had time to sleep. */
export function givePermitLate(semaphore: Semaphore, notes: Notes): void {
  for (let i = 0; i < 12; i++) Atomics.add(notes, 9, 1);
  semaphore.release();
}

export function waitForEvent(
  event: Event,
  notes: Notes,
  timeout?: number,
): void {
  Atomics.add(notes, 4, 1);
  if (event.waitSync({ timeout })) Atomics.add(notes, 1, 1);
}

export async function awaitEvent(event: Event, notes: Notes): Promise<void> {
  if (await event.wait()) Atomics.add(notes, 1, 1);
}

export function setEvent(event: Event): void {
  event.set();
}

/** Puts into or takes from a place for one, told of changes by a condition. */
export function produce(condition: Condition, notes: Notes, n: number): void {
  for (let i = 0; i < n; i++) {
    using _held = condition.acquireSync();
    while (Atomics.load(notes, 5) === 1) condition.waitSync();
    Atomics.store(notes, 5, 1);
    condition.notifyAll();
  }
}

export function consume(condition: Condition, notes: Notes, n: number): void {
  for (let i = 0; i < n; i++) {
    using _held = condition.acquireSync();
    while (Atomics.load(notes, 5) === 0) condition.waitSync();
    Atomics.store(notes, 5, 0);
    Atomics.add(notes, 1, 1);
    condition.notifyAll();
  }
}

/** Waits for a token; who is told passes on what it can't use. */
export function takeToken(
  condition: Condition,
  notes: Notes,
  timeout?: number,
): void {
  using _held = condition.acquireSync();
  while (Atomics.load(notes, 5) === 0) {
    if (!condition.waitSync({ timeout })) return;
  }
  Atomics.sub(notes, 5, 1);
  Atomics.add(notes, 1, 1);
}

export function takeTokenAsVictim(condition: Condition, notes: Notes): void {
  asVictim(notes, () => takeToken(condition, notes));
}

export function giveTokens(condition: Condition, notes: Notes, n: number) {
  for (let i = 0; i < n; i++) {
    using _held = condition.acquireSync();
    Atomics.add(notes, 5, 1);
    condition.notify();
  }
}

/** Notifies once when so many wait, and each who is told passes that on. */
export function waitAndPassOn(
  condition: Condition,
  notes: Notes,
  timeout?: number,
): void {
  using _held = condition.acquireSync();
  Atomics.add(notes, 4, 1);
  if (!condition.waitSync({ timeout })) return;
  condition.notify();
}

export function notifyWaiting(
  condition: Condition,
  notes: Notes,
  n: number,
): void {
  for (;;) {
    Atomics.pause();
    using _held = condition.acquireSync();
    if (Atomics.load(notes, 4) < n) continue;
    condition.notify();
    return;
  }
}

export function waitAtBarrier(
  barrier: Barrier,
  notes: Notes,
  rounds: number,
  timeout?: number,
): void {
  for (let i = 0; i < rounds; i++) {
    try {
      const index = barrier.waitSync({ timeout });
      Atomics.add(notes, 1, 1 << (4 * index));
    } catch (error) {
      if (!(error instanceof BrokenBarrierError)) throw error;
      Atomics.store(notes, 3, 1);
      return;
    }
  }
}

export function waitAtBarrierAsVictim(barrier: Barrier, notes: Notes): void {
  asVictim(notes, () => waitAtBarrier(barrier, notes, 1));
}

export function abortBarrier(barrier: Barrier): void {
  barrier.abort();
}

export function useGil(gil: Gil, notes: Notes, times: number): void {
  gil.run(() => {
    for (let i = 0; i < times; i++) {
      inside(notes);
      gil.checkpoint();
    }
    gil.allowThreads(() => {});
    inside(notes);
  });
}

export function useGilAsVictim(gil: Gil, notes: Notes): void {
  asVictim(notes, () => useGil(gil, notes, 2));
}

export function read(lock: RWLock, notes: Notes): void {
  using _held = lock.acquireReadSync();
  if (Atomics.load(notes, 0) !== 0) throw new Error("a writer is inside");
}

export function write(lock: RWLock, notes: Notes): void {
  using _held = lock.acquireWriteSync();
  inside(notes);
}

type Item = number | string | [number, number];

/** Puts items, again where it was too late. */
export function putItems(
  queue: Queue<Item>,
  items: Item[],
  timeout?: number,
): void {
  for (const item of items) {
    try {
      while (!inTime(() => queue.putSync(item, { timeout }))) {
        timeout = undefined;
      }
    } catch (error) {
      if (error instanceof ShutDown) return;
      throw error;
    }
  }
}

/** Puts one item, and notes that with a bit. */
export function putOne(
  queue: Queue<Item>,
  item: Item,
  notes: Notes,
  bit: number,
  timeout?: number,
): void {
  if (inTime(() => queue.putSync(item, { timeout }))) {
    Atomics.or(notes, 6, bit);
  }
}

/** As {@linkcode putOne}, but awaits. */
export async function awaitPutOne(
  queue: Queue<Item>,
  item: Item,
  notes: Notes,
  bit: number,
  timeout?: number,
): Promise<void> {
  try {
    await queue.put(item, { timeout });
    Atomics.or(notes, 6, bit);
  } catch (error) {
    if (!(error instanceof Full)) throw error;
  }
}

/** Gets so many items, and adds their numbers up. */
export function getItems(
  queue: Queue<Item>,
  n: number,
  notes: Notes,
  timeout?: number,
): void {
  for (let i = 0; i < n;) {
    try {
      const isThere = inTime(() => {
        const item = queue.getSync({ timeout });
        Atomics.add(notes, 1, Array.isArray(item) ? item[1] : Number(item));
        queue.taskDone();
      });
      if (isThere) i++;
      else timeout = undefined;
    } catch (error) {
      if (error instanceof ShutDown) return;
      throw error;
    }
  }
}

export function getItemsAsVictim(queue: Queue<Item>, notes: Notes): void {
  asVictim(notes, () => getItems(queue, 1, notes));
}

export function putItemsAsVictim(queue: Queue<Item>, notes: Notes): void {
  asVictim(notes, () => putItems(queue, [1]));
}

export async function awaitPuts(queue: Queue<Item>, items: Item[]) {
  for (const item of items) await queue.put(item);
}

export async function awaitGets(queue: Queue<Item>, n: number, notes: Notes) {
  for (let i = 0; i < n; i++) {
    Atomics.add(notes, 1, Number(await queue.get()));
    queue.taskDone();
  }
}

export async function awaitGetOrGiveUp(queue: Queue<Item>, notes: Notes) {
  const signal = { timeout: 0.001 };
  const item = await queue.get(signal).catch((error) => {
    if (error instanceof Empty) return undefined;
    throw error;
  });
  if (item !== undefined) Atomics.add(notes, 1, Number(item));
}

export function joinQueue(queue: Queue<Item>, notes: Notes): void {
  queue.joinSync();
  Atomics.store(notes, 6, queue.unfinishedTasks);
}

export function closeQueue(queue: Queue<Item>, immediate: boolean): void {
  queue.shutdown({ immediate });
}

const TASK = { id: 7, ticket: 0 };

/** A pool's worker takes a task, unless that was called off. */
export function beginClaim(words: Int32Array, notes: Notes): void {
  const tickets = new Tickets(words.buffer as SharedArrayBuffer);
  if (!tickets.begin(TASK)) return;
  Atomics.add(notes, 1, 1);
  if (tickets.isBegun(TASK)) Atomics.add(notes, 3, 1);
}

/** Calls a task off that hasn't begun. */
export function callOff(tickets: Int32Array, notes: Notes): void {
  const isOff = Atomics.compareExchange(tickets, 0, TASK.id, 0) === TASK.id;
  if (isOff) Atomics.add(notes, 2, 1);
}

const SLOT = 5;

/** A worker does a job, and then leaves. */
export async function doJob(
  buffer: SharedArrayBuffer,
  notes: Notes,
): Promise<void> {
  const handover = new Handover(buffer);
  const slot = await handover.assigned();
  if (slot === SLOT && handover.claim(slot)) {
    Atomics.add(notes, 1, 1);
    handover.finish(slot);
  }
  if (handover.leave() === SLOT) Atomics.add(notes, 3, 1);
}

/** Gives a job to a worker, takes it back if it can, and waits for its end. */
export async function giveJob(
  buffer: SharedArrayBuffer,
  notes: Notes,
  takesBack: boolean,
): Promise<void> {
  const handover = new Handover(buffer);
  handover.assign(SLOT);
  if (takesBack && handover.takeBack(SLOT)) Atomics.add(notes, 2, 1);
  if (!await handover.left(Infinity)) throw new Error("it never left");
}

expose(import.meta, {
  abortBarrier,
  awaitEvent,
  awaitGetOrGiveUp,
  awaitGets,
  awaitGiven,
  awaitLeft,
  awaitLock,
  awaitPermit,
  awaitPutOne,
  awaitPuts,
  beginClaim,
  callOff,
  closeQueue,
  closeRingAsVictim,
  consume,
  doAsSurvivor,
  doAsVictim,
  doJob,
  getItems,
  getItemsAsVictim,
  giveAndWait,
  giveJob,
  givePermitLate,
  givePermits,
  giveTokens,
  giveVictimUp,
  joinQueue,
  keepLock,
  keepLockAsVictim,
  nested,
  notifyWaiting,
  oneByOne,
  produce,
  putItems,
  putItemsAsVictim,
  putOne,
  read,
  releaseForBoth,
  releaseForVictim,
  setEvent,
  stopVictim,
  stopVictimLater,
  strike,
  takeBehindVictim,
  takeInOrder,
  takeInOrderAsVictim,
  takeLeft,
  takePermit,
  takeToken,
  takeTokenAsVictim,
  takeTwo,
  useGil,
  useGilAsVictim,
  useLock,
  useLockAsVictim,
  useMutex,
  useSemaphore,
  useSemaphoreAsVictim,
  waitAndPassOn,
  waitAtBarrier,
  waitAtBarrierAsVictim,
  waitForEvent,
  waitForLockAsVictim,
  waitForVictim,
  waitFirst,
  waitSecondAsVictim,
  write,
});
