// Functions that a thread leaves behind, and that go on when it has ended.

import {
  activeCount,
  Barrier,
  Event,
  expose,
  Lock,
  Queue,
  RWLock,
  select,
  Semaphore,
  sleepSync,
  Thread,
} from "../../mod.ts";

/** What they are called on. */
export class Kit {
  queue: Queue<number> = new Queue();
  lock: Lock = new Lock();
  rwlock: RWLock = new RWLock();
  semaphore: Semaphore = new Semaphore(1);
  barrier: Barrier = new Barrier(2);
  event: Event = new Event();
}

const operations: Record<string, (kit: Kit) => unknown> = {
  get: ({ queue }) => queue.get(),
  getSync: ({ queue }) => queue.getSync(),
  select: ({ queue }) => select([queue]),
  putNowait: ({ queue }) => queue.putNowait(2),
  lock: ({ lock }) => lock.acquire(),
  lockSync: ({ lock }) => lock.acquireSync(),
  read: ({ rwlock }) => rwlock.acquireRead(),
  write: ({ rwlock }) => rwlock.acquireWrite(),
  semaphore: ({ semaphore }) => semaphore.acquire(),
  barrier: ({ barrier }) => barrier.wait(),
  event: ({ event }) => event.wait(),
  sleepSync: () => sleepSync(3600),
};

/** Calls an operation so many microtasks later, when the thread has ended. */
export function leave(name: string, kit: Kit, turns: number): void {
  let called: Promise<unknown>;
  if (turns === 0) called = Promise.resolve(operations[name](kit));
  else {
    called = Promise.resolve();
    for (let turn = 0; turn < turns; turn++) called = called.then(() => {});
    called.then(() => operations[name](kit));
  }
}

/** Another thread, in the same worker. */
export function next(): number {
  return activeCount();
}
expose(import.meta, { leave, next });

if (import.meta.main) {
  for (const name of Object.keys(operations)) {
    // The barrier's wait goes on by itself.
    for (const turns of name === "barrier" ? [0, 1] : [1, 4]) {
      const kit: Kit = { ...new Kit() };
      const thread = new Thread(leave, { args: [name, kit, turns] });
      thread.start();
      await thread.join();
      const { queue, lock, rwlock, semaphore } = kit;
      queue.putNowait(1);
      const after = new Thread(next);
      after.start();
      const alive = await after.join();
      const held = [lock.isLocked, rwlock.isLocked, semaphore.value];
      console.log(name, turns, queue.size, queue.getNowait(), ...held, alive);
    }
  }
}
