// Loops that call one operation again and again, for tests of how they end.

import {
  activeCount,
  Barrier,
  BoundedSemaphore,
  Condition,
  currentThread,
  enumerate,
  Event,
  expose,
  getIdent,
  Gil,
  LifoQueue,
  Lock,
  Pool,
  PriorityQueue,
  Queue,
  RLock,
  RWLock,
  select,
  selectSync,
  Semaphore,
  sleep,
  sleepSync,
  type Thread,
} from "../../mod.ts";
import { square } from "./pool_functions.ts";

/** What the operations are called on. */
export class Kit {
  /** Turns, and how often something was caught. */
  words: Int32Array = new Int32Array(new SharedArrayBuffer(8));
  queue: Queue<number> = new Queue();
  full: Queue<number> = new Queue(1);
  lifo: LifoQueue<number> = new LifoQueue();
  priority: PriorityQueue<number> = new PriorityQueue();
  lock: Lock = new Lock();
  held: Lock = new Lock();
  rlock: RLock = new RLock();
  semaphore: Semaphore = new Semaphore(1);
  bounded: BoundedSemaphore = new BoundedSemaphore(1);
  none: Semaphore = new Semaphore(0);
  event: Event = new Event();
  isSet: Event = new Event();
  signal: AbortSignal = new AbortController().signal;
  condition: Condition = new Condition();
  barrier: Barrier = new Barrier(1);
  gil: Gil = new Gil();
  rwlock: RWLock = new RWLock();
  /** A thread that has ended. */
  ended?: Thread;

  constructor() {
    this.full.putNowait(1);
    this.isSet.set();
    this.held.acquireSync();
  }
}

/** Holds the condition's lock, as what waits and notifies has to. */
function holding<T>({ condition }: Kit, fn: () => T): T {
  using _held = condition.acquireSync();
  return fn();
}

/** The kits whose condition this thread has acquired for good. */
const kept = new WeakSet<Kit>();

/** The same in a thread that doesn't let go of it from one turn to the next. */
function keeping<T>(kit: Kit, fn: () => T): T {
  if (!kept.has(kit)) kit.condition.acquireSync();
  kept.add(kit);
  return fn();
}

const soon = { timeout: 0.001 };

/** Pools of this thread. */
const pools = new Map<"open" | "closed", Pool>();

function poolOf(state: "open" | "closed"): Pool {
  let pool = pools.get(state);
  if (pool === undefined) pools.set(state, pool = new Pool(1));
  if (state === "closed") pool.close();
  return pool;
}

/** Operations that block, or that never wait. */
export const syncOperations: Record<string, (kit: Kit) => unknown> = {
  "Queue.getSync": ({ queue }) => queue.getSync(soon),
  "Queue.putSync": ({ full }) => full.putSync(1, soon),
  "Queue.putSync with room": ({ queue }) => {
    queue.putSync(1);
    queue.getNowait();
  },
  "Queue.putNowait": ({ full }) => full.putNowait(1),
  "Queue.getNowait": ({ queue }) => queue.getNowait(),
  "Queue.joinSync": ({ queue }) => queue.joinSync(),
  "Queue.taskDone": ({ queue }) => {
    queue.putSync(1);
    queue.taskDone();
  },
  "Queue.maxsize": (kit) => kit.queue.maxsize = 3,
  "Queue.shutdown": ({ lifo }) => lifo.shutdown(),
  "Queue as an iterable": ({ lifo }) => {
    lifo.shutdown();
    return [...lifo];
  },
  "LifoQueue.getSync": ({ lifo }) => lifo.getSync(soon),
  "PriorityQueue.getSync": ({ priority }) => priority.getSync(soon),
  "Lock.acquireSync": ({ lock }) => lock.acquireSync()[Symbol.dispose](),
  "Lock.acquireSync, held": ({ held }) => held.acquireSync(soon),
  "Lock.tryAcquire": ({ held }) => held.tryAcquire(),
  "RLock.acquireSync": ({ rlock }) => rlock.acquireSync()[Symbol.dispose](),
  "Semaphore.acquireSync": ({ semaphore }) =>
    semaphore.acquireSync()[Symbol.dispose](),
  "Semaphore.acquireSync, none": ({ none }) => none.acquireSync(soon),
  "Semaphore.tryAcquire": ({ none }) => none.tryAcquire(),
  "Semaphore.release": ({ semaphore }) => semaphore.release(),
  "BoundedSemaphore.acquireSync": ({ bounded }) =>
    bounded.acquireSync()[Symbol.dispose](),
  "Event.waitSync": ({ event }) => event.waitSync(soon),
  "Event.waitSync, set": ({ isSet }) => isSet.waitSync(),
  "Event.set": ({ event }) => event.set(),
  "Event.clear": ({ event }) => event.clear(),
  "Condition.waitSync": (kit) =>
    holding(kit, () => kit.condition.waitSync(soon)),
  "Condition.waitSync, kept": (kit) =>
    keeping(kit, () => kit.condition.waitSync(soon)),
  "Condition.waitForSync": (kit) =>
    holding(kit, () => kit.condition.waitForSync(() => true)),
  "Condition.waitForSync, kept": (kit) =>
    keeping(kit, () => kit.condition.waitForSync(() => true)),
  "Condition.notify": (kit) => holding(kit, () => kit.condition.notify()),
  "Condition.notify, kept": (kit) => keeping(kit, () => kit.condition.notify()),
  "Condition.notifyAll": (kit) => holding(kit, () => kit.condition.notifyAll()),
  "Condition.notifyAll, kept": (kit) =>
    keeping(kit, () => kit.condition.notifyAll()),
  "Barrier.waitSync": ({ barrier }) => barrier.waitSync(),
  "Barrier.reset": ({ barrier }) => barrier.reset(),
  "Barrier.abort": ({ barrier }) => barrier.abort(),
  "Gil.run": ({ gil }) => gil.run(() => 1),
  "Gil.checkpoint": ({ gil }) => gil.checkpoint(),
  "Gil.allowThreads": ({ gil }) => gil.run(() => gil.allowThreads(() => 1)),
  "RWLock.acquireReadSync": ({ rwlock }) =>
    rwlock.acquireReadSync()[Symbol.dispose](),
  "RWLock.acquireWriteSync": ({ rwlock }) =>
    rwlock.acquireWriteSync()[Symbol.dispose](),
  "RWLock.tryAcquireRead": ({ rwlock }) =>
    rwlock.tryAcquireRead()?.[Symbol.dispose](),
  "RWLock.tryAcquireWrite": ({ rwlock }) =>
    rwlock.tryAcquireWrite()?.[Symbol.dispose](),
  "RWLock.release, nobody writes": ({ rwlock }) => rwlock.release(),
  "Lock.release, not held": ({ lock }) => lock.release(),
  "Condition.release, not held": ({ condition }) => condition.release(),
  "Condition.notify, not held": ({ condition }) => condition.notify(),
  "Condition.notifyAll, not held": ({ condition }) => condition.notifyAll(),
  "Condition.waitSync, not held": ({ condition }) => condition.waitSync(),
  "Queue.taskDone, too often": ({ queue }) => queue.taskDone(),
  "BoundedSemaphore.release, too often": ({ bounded }) => bounded.release(),
  "Gil.run in itself": ({ gil }) =>
    gil.run(() => {
      for (;;) gil.run(() => 1);
    }),
  "Gil.allowThreads, not held": ({ gil }) => gil.allowThreads(() => 1),
  "Queue.size": ({ queue }) => queue.size,
  "Queue.isEmpty": ({ queue }) => queue.isEmpty,
  "Queue.isFull": ({ queue }) => queue.isFull,
  "Queue.isShutdown": ({ queue }) => queue.isShutdown,
  "Queue.maxsize, read": ({ queue }) => queue.maxsize,
  "Queue.unfinishedTasks": ({ queue }) => queue.unfinishedTasks,
  "Lock.isLocked": ({ lock }) => lock.isLocked,
  "RLock.isLocked": ({ rlock }) => rlock.isLocked,
  "RWLock.isLocked": ({ rwlock }) => rwlock.isLocked,
  "Semaphore.value": ({ semaphore }) => semaphore.value,
  "Event.isSet": ({ event }) => event.isSet,
  "AbortSignal.aborted": ({ signal }) => signal.aborted,
  "AbortSignal.reason": ({ signal }) => signal.reason,
  "AbortSignal.throwIfAborted": ({ signal }) => signal.throwIfAborted(),
  "Pool.size": () => poolOf("open").size,
  "Pool.running": () => poolOf("open").running,
  "Pool.stats": () => poolOf("open").stats(),
  "Pool.imap, closed": () => poolOf("closed").imap(square, [1]),
  "Barrier.broken": ({ barrier }) => barrier.broken,
  "Barrier.nWaiting": ({ barrier }) => barrier.nWaiting,
  "Thread.isAlive": ({ ended }) => ended!.isAlive,
  "currentThread": () => currentThread(),
  "getIdent": () => getIdent(),
  "enumerate": () => enumerate(),
  "activeCount": () => activeCount(),
  "Queue.getSync, called off": ({ queue }) => queue.getSync(never as never),
  "selectSync": ({ queue, lifo }) => selectSync([queue, lifo], soon),
  "selectSync, of something": ({ queue, full }) => {
    queue.putNowait(1);
    return selectSync([queue, full]);
  },
  "Thread.joinSync, ended": ({ ended }) => ended!.joinSync(),
  "sleepSync": () => sleepSync(0),
};

/** What doesn't begin, since it was called off before. */
const never = { signal: AbortSignal.abort(new Error("never")) };

/** Operations that are awaited. */
export const asyncOperations: Record<string, (kit: Kit) => Promise<unknown>> = {
  "Queue.get": ({ queue }) => queue.get(soon),
  "Queue.get, never": ({ queue }) => queue.get(),
  "Queue.put": ({ full }) => full.put(1, soon),
  "Queue.put with room": async ({ queue }) => {
    await queue.put(1);
    await queue.get();
  },
  "Queue.join": ({ queue }) => queue.join(),
  "Lock.acquire": async ({ lock }) => {
    using _held = await lock.acquire();
  },
  "Lock.acquire, held": ({ held }) => held.acquire(),
  "Semaphore.acquire": async ({ semaphore }) => {
    using _permit = await semaphore.acquire();
  },
  "Semaphore.acquire, none": ({ none }) => none.acquire(),
  "Event.wait": ({ event }) => event.wait(),
  "Event.wait, set": ({ isSet }) => isSet.wait(),
  "Condition.wait": async ({ condition }) => {
    using _held = await condition.acquire();
    await condition.wait(soon);
  },
  "Condition.waitFor": async ({ condition }) => {
    using _held = await condition.acquire();
    await condition.waitFor(() => true);
  },
  "Condition.wait, kept": (kit) => keeping(kit, () => kit.condition.wait(soon)),
  "Condition.waitFor, kept": (kit) =>
    keeping(kit, () => kit.condition.waitFor(() => true)),
  "Barrier.wait": ({ barrier }) => barrier.wait(),
  "RWLock.acquireRead": async ({ rwlock }) => {
    using _held = await rwlock.acquireRead();
  },
  "RWLock.acquireWrite": async ({ rwlock }) => {
    using _held = await rwlock.acquireWrite();
  },
  "select": ({ queue, lifo }) => select([queue, lifo], soon),
  "select, of something": ({ full }) => {
    if (full.isEmpty) full.putNowait(1);
    return select([full]);
  },
  "Thread.join, ended": ({ ended }) => ended!.join(),
  "Pool.apply": () => poolOf("open").apply(square, [1]),
  "Pool.apply, closed": () => poolOf("closed").apply(square, [1]),
  "Pool.map, closed": () => poolOf("closed").map(square, [1]),
  "Pool.ready": () => poolOf("open").ready(),
  "Pool.idle": () => poolOf("open").idle(),
  "Pool.room": () => poolOf("open").room(),
  "Pool.room, closed": () => poolOf("closed").room(),
  "Pool.join": () => poolOf("closed").join(),
  "sleep": () => sleep(0),
  "sleep for long": () => sleep(3600),
  "Queue.get, called off": ({ queue }) => queue.get(never),
  "Queue.put, called off": ({ queue }) => queue.put(1, never),
  "Queue.join, called off": ({ queue }) => queue.join(never),
  "Lock.acquire, called off": ({ lock }) => lock.acquire(never),
  "Semaphore.acquire, called off": ({ none }) => none.acquire(never),
  "Event.wait, called off": ({ event }) => event.wait(never),
  "Condition.wait, called off": (kit) =>
    keeping(kit, () => kit.condition.wait(never)),
  "Condition.waitFor, called off": (kit) =>
    keeping(kit, () => kit.condition.waitFor(() => true, never)),
  "Barrier.wait, called off": ({ barrier }) => barrier.wait(never),
  "RWLock.acquireRead, called off": ({ rwlock }) => rwlock.acquireRead(never),
  "RWLock.acquireWrite, called off": ({ rwlock }) => rwlock.acquireWrite(never),
  "select, called off": ({ queue }) => select([queue], never),
  "Thread.join, called off": ({ ended }) => ended!.join(never),
  "sleep, called off": () => sleep(1, never),
};

/** Does the operation for ever; what it throws is caught, or ends the loop. */
export function loop(operation: string, swallows: boolean, kit: Kit): void {
  for (;;) {
    begin(kit);
    try {
      syncOperations[operation](kit);
    } catch (error) {
      if (swallows) Atomics.add(kit.words, 1, 1);
      else if (isOrder(error)) throw error;
    }
  }
}

/** {@linkcode loop} with an operation that is awaited. */
export async function loopAsync(
  operation: string,
  swallows: boolean,
  kit: Kit,
): Promise<void> {
  for (;;) {
    begin(kit);
    try {
      await asyncOperations[operation](kit);
    } catch (error) {
      if (swallows) Atomics.add(kit.words, 1, 1);
      else if (isOrder(error)) throw error;
    }
  }
}

function begin({ words }: Kit): void {
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
}

/** Whether it is what ends a thread; the class is the library's own. */
function isOrder(error: unknown): boolean {
  return (error as Error).name === "Stopped";
}

/** Unwinds: gives back what it has, by operations that don't wait. */
export function unwind(kit: Kit): void {
  const { queue, lock, semaphore, event } = kit;
  using _permit = semaphore.acquireSync();
  lock.acquireSync();
  queue.putSync(1);
  queue.getSync();
  try {
    begin(kit);
    queue.getSync();
  } finally {
    queue.taskDone();
    event.set();
    lock.release();
  }
}

/** {@linkcode unwind}, of a thread that awaits. */
export async function unwindAsync(kit: Kit): Promise<void> {
  const { queue, lock, semaphore, event } = kit;
  using _permit = await semaphore.acquire();
  await lock.acquire();
  await queue.put(1);
  await queue.get();
  try {
    begin(kit);
    await queue.get();
  } finally {
    queue.taskDone();
    event.set();
    lock.release();
  }
}

expose(import.meta, { loop, loopAsync, unwind, unwindAsync });
