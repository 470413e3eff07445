/**
 * An object of each class that each thread makes for itself when it loads this
 * module, and the ways to use it.
 *
 * @module
 */

import {
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  expose,
  Gil,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  RLock,
  RWLock,
  select,
  selectSync,
  Semaphore,
} from "../../mod.ts";

const queue = new Queue<number>();
const lifo = new LifoQueue<number>();
const priority = new PriorityQueue<number, string>();
const lock = new Lock();
const rlock = new RLock();
const rwlock = new RWLock();
const semaphore = new Semaphore(9);
const bounded = new BoundedSemaphore(9);
const event = new Event();
const condition = new Condition();
const barrier = new Barrier(1);
const gil = new Gil();

// What every thread does while it loads the module is no use of a copy.
queue.putNowait(1);
queue.putNowait(1);
lifo.putNowait(1);
event.set();
void event.isSet;
{
  using _held = lock.acquireSync();
}

/** How each object may be used, by the class's name and the method's. */
export const uses: Record<string, () => unknown> = {
  "Queue put": () => queue.put(1),
  "Queue putSync": () => queue.putSync(1),
  "Queue putNowait": () => queue.putNowait(1),
  "Queue get": () => queue.get(),
  "Queue getSync": () => queue.getSync(),
  "Queue getNowait": () => queue.getNowait(),
  "Queue isEmpty": () => queue.isEmpty,
  "Queue shutdown": () => queue.shutdown(),
  "Queue select": () => select([queue]),
  "Queue selectSync": () => selectSync([queue]),
  "LifoQueue getSync": () => lifo.getSync(),
  "PriorityQueue putSync": () => priority.putSync([1, "a"]),
  "Lock acquire": () => lock.acquire(),
  "Lock acquireSync": () => lock.acquireSync(),
  "Lock tryAcquire": () => lock.tryAcquire(),
  "RLock acquire": () => rlock.acquire(),
  "RLock acquireSync": () => rlock.acquireSync(),
  "RLock tryAcquire": () => rlock.tryAcquire(),
  "RWLock acquireRead": () => rwlock.acquireRead(),
  "RWLock acquireReadSync": () => rwlock.acquireReadSync(),
  "RWLock tryAcquireRead": () => rwlock.tryAcquireRead(),
  "RWLock acquireWrite": () => rwlock.acquireWrite(),
  "RWLock acquireWriteSync": () => rwlock.acquireWriteSync(),
  "RWLock tryAcquireWrite": () => rwlock.tryAcquireWrite(),
  "Semaphore acquire": () => semaphore.acquire(),
  "Semaphore acquireSync": () => semaphore.acquireSync(),
  "Semaphore tryAcquire": () => semaphore.tryAcquire(),
  "Semaphore release": () => semaphore.release(),
  "BoundedSemaphore acquireSync": () => bounded.acquireSync(),
  "Event wait": () => event.wait(),
  "Event waitSync": () => event.waitSync(),
  "Event set": () => event.set(),
  "Event clear": () => event.clear(),
  "Event isSet": () => event.isSet,
  "Condition acquire": () => condition.acquire(),
  "Condition acquireSync": () => condition.acquireSync(),
  "Condition tryAcquire": () => condition.tryAcquire(),
  "Barrier wait": () => barrier.wait(),
  "Barrier waitSync": () => barrier.waitSync(),
  "Barrier abort": () => barrier.abort(),
  "Barrier reset": () => barrier.reset(),
  "Gil run": () => gil.run(() => 1),
};

/** What the worker warns of when it uses a copy so, twice the same. */
export async function warningsOfUse(use: string): Promise<string[]> {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (message: string) => warnings.push(message);
  try {
    await uses[use]();
    // Printing shows no use, and what a function makes is no copy.
    String([queue, lock, rwlock, semaphore, event, condition, barrier]);
    await useOwn();
  } finally {
    console.warn = warn;
  }
  return warnings;
}

/** Uses what is made in a function. */
async function useOwn(): Promise<void> {
  using _lock = new Lock().acquireSync();
  using _condition = await new Condition().acquire();
  using _writer = new RWLock().acquireWriteSync();
  new Gil().run(() => 1);
  new Event().set();
  new Barrier(1).waitSync();
}

/** What the worker warns of when it uses none of its copies. */
export async function warningsOfNone(): Promise<string[]> {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (message: string) => warnings.push(message);
  try {
    await useOwn();
  } finally {
    console.warn = warn;
  }
  return warnings;
}

let counter = 0;

/** Counts as README's example of what does not work. */
function countUnderLock(): number {
  for (let i = 0; i < 1000; i++) {
    using _held = lock.acquireSync();
    counter++;
  }
  return counter;
}

expose(import.meta, { warningsOfUse, warningsOfNone, countUnderLock });

if (import.meta.main) {
  const { Thread } = await import("../../mod.ts");
  const threads = Array.from({ length: 4 }, () => new Thread(countUnderLock));
  for (const thread of threads) thread.start();
  for (const thread of threads) await thread.join();
  console.log(counter);
}
