/**
 * Makes every change of shared state once, and says which of them did not reserve
 * the stack before their first write. To be run with `counting_import_map.json`.
 *
 * @module
 */

import {
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
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
import { reserved } from "./counting_reserve_stack.ts";

const item = [1, 2] as never;
const changes: Record<string, () => unknown> = {};
for (const Class of [Queue, LifoQueue, PriorityQueue] as (typeof Queue)[]) {
  const queue = new Class<never>();
  const put = () => queue.putNowait(item);
  // Getting follows on putting.
  Object.assign(changes, {
    [`${Class.name}.put`]: () => queue.put(item),
    [`${Class.name}.get`]: () => queue.get(),
    [`${Class.name}.putSync`]: () => queue.putSync(item),
    [`${Class.name}.getSync`]: () => queue.getSync(),
    [`${Class.name}.putNowait`]: put,
    [`${Class.name}.getNowait`]: () => queue.getNowait(),
    [`${Class.name}.putSync again`]: put,
    [`${Class.name} selectSync`]: () => selectSync([queue]),
    [`${Class.name}.putSync once more`]: put,
    [`${Class.name} select`]: () => select([queue]),
    [`${Class.name}.taskDone`]: () => queue.taskDone(),
    [`${Class.name}.maxsize`]: () => queue.maxsize = 7,
    [`${Class.name}.shutdown`]: () => queue.shutdown(),
  });
}
for (const Class of [Lock, RLock, Condition]) {
  const lock = new Class();
  let held: Disposable | undefined;
  Object.assign(changes, {
    [`${Class.name}.acquire`]: async () => void (held = await lock.acquire()),
    [`${Class.name} disposed of`]: () => held![Symbol.dispose](),
    [`${Class.name}.tryAcquire`]: () => lock.tryAcquire(),
    [`${Class.name}.release`]: () => lock.release(),
    [`${Class.name}.acquireSync`]: () => lock.acquireSync(),
  });
  if (!(lock instanceof Condition)) continue;
  Object.assign(changes, {
    "Condition.notify": () => lock.notify(),
    "Condition.notifyAll": () => lock.notifyAll(),
    "Condition.wait": () => lock.wait({ timeout: 0 }),
    "Condition.waitSync": () => lock.waitSync({ timeout: 0 }),
  });
}
for (const Class of [Semaphore, BoundedSemaphore]) {
  const semaphore = new Class(1);
  let held: Disposable | undefined;
  let give: (() => void) | undefined;
  Object.assign(changes, {
    [`${Class.name}.acquire`]: () => semaphore.acquire(),
    [`${Class.name}.release`]: () => semaphore.release(),
    [`${Class.name}.tryAcquire`]: () => void (held = semaphore.tryAcquire()),
    [`${Class.name} held`]: () => void (give = held![Symbol.dispose]),
    [`${Class.name} disposed of`]: () => give!.call(held),
    [`${Class.name}.acquireSync`]: () => void semaphore.acquireSync(),
  });
}
const rwlock = new RWLock();
const barrier = new Barrier(1);
const event = new Event();
const gil = new Gil();
let held: Disposable | undefined;
const endHold = () => held![Symbol.dispose]();
Object.assign(changes, {
  "RWLock.acquireRead": async () => void (held = await rwlock.acquireRead()),
  "RWLock disposed of, read": endHold,
  "RWLock.acquireReadSync": () => void (held = rwlock.acquireReadSync()),
  "RWLock disposed of, readSync": endHold,
  "RWLock.tryAcquireRead": () => void (held = rwlock.tryAcquireRead()),
  "RWLock disposed of, tried to read": endHold,
  "RWLock.acquireWrite": async () => void (held = await rwlock.acquireWrite()),
  "RWLock disposed of, written": endHold,
  "RWLock.acquireWriteSync": () => void (held = rwlock.acquireWriteSync()),
  "RWLock.release": () => rwlock.release(),
  "RWLock.tryAcquireWrite": () => rwlock.tryAcquireWrite(),
  "Barrier.wait": () => barrier.wait(),
  "Barrier.waitSync": () => barrier.waitSync(),
  "Barrier.abort": () => barrier.abort(),
  "Barrier.reset": () => barrier.reset(),
  "Event.set": () => event.set(),
  "Event.clear": () => event.clear(),
  "Event.wait": () => event.wait({ timeout: 0 }),
  "Event.waitSync": () => event.waitSync({ timeout: 0 }),
  "Gil.run": () => gil.run(() => {}),
  "Gil.allowThreads": () =>
    gil.run(() => {
      begin();
      gil.allowThreads(() => {});
    }),
});

/** The methods that change shared memory. */
const WRITES = [
  "add",
  "and",
  "compareExchange",
  "exchange",
  "or",
  "store",
  "sub",
  "xor",
] as const;
/** How often the stack had been reserved when the change began; -1 outside. */
let before = -1;
let isUnreserved = false;
for (const name of WRITES) {
  const original = Atomics[name] as (...args: unknown[]) => number;
  Object.assign(Atomics, {
    [name]: (...args: unknown[]) => {
      if (reserved === before) isUnreserved = true;
      return original(...args);
    },
  });
}

const missing: string[] = [];

function begin(): void {
  before = reserved;
  isUnreserved = false;
}

/** Notes the change that was begun if it has reserved nothing, or too late. */
function end(name: string): void {
  if (reserved === before || isUnreserved) missing.push(name);
}

for (const [name, change] of Object.entries(changes)) {
  begin();
  await change();
  end(name);
}
console.log(`${Object.keys(changes).length} changes`);
if (missing.length > 0) throw new Error(`not reserved: ${missing.join(", ")}`);
