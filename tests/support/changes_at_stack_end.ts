/**
 * Changes shared state where the stack ends, some bytes apart, and looks each
 * time whether all of the change was made, or nothing. To be run without V8's
 * compilers, so that every frame has the same size each time.
 *
 * @module
 */

import {
  Barrier,
  Condition,
  Event,
  Gil,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  RLock,
  RWLock,
  Semaphore,
} from "../../mod.ts";
import { hold } from "../../lib/sync/keep_alive.ts";
import { turn } from "../../lib/sync/spin.ts";
import { handle, type Shareable } from "../../lib/codec/references.ts";
import {
  currentThreadId,
  STATE,
  STRIDE,
  waiterWords,
} from "../../lib/sync/waiters.ts";
import { deeper, deepest } from "./stack_end.ts";

const most = deepest();

/** How many awaited waits are in some list. */
function sleepers(): number {
  const waiters = waiterWords();
  let count = 0;
  for (let waiter = 1; waiter < 200; waiter++) {
    if (waiters[waiter * STRIDE + STATE] === 1) count++;
  }
  return count;
}

interface Round {
  /** The operation, to be done where the stack ends. */
  op(): void;
  /** What others see of it. */
  see(): unknown[];
  finish?(): void;
}

using _alive = hold();

const ending: AbortController[] = [];

/** A wait that lasts until somebody wakes it, or the round is over. */
function waits(wait: (limits: { signal: AbortSignal }) => Promise<unknown>) {
  const controller = new AbortController();
  ending.push(controller);
  wait({ signal: controller.signal }).catch(() => {});
}

function check(what: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new Error(`${what}: ${found} instead of ${expected}`);
}

async function sweep(name: string, begin: () => Round): Promise<void> {
  if (!name.includes(Deno.args[0] ?? "")) return;
  const look = (round: Round) => JSON.stringify([...round.see(), sleepers()]);
  const endRound = async (round: Round) => {
    round.finish?.();
    for (const controller of ending.splice(0)) controller.abort();
    do await turn(); while (sleepers() > 0);
  };
  // What is compiled at the first call takes far more of the stack.
  let before = "";
  let after = "";
  for (let i = 0; i < 5; i++) {
    const round = begin();
    before = look(round);
    round.op();
    after = look(round);
    await endRound(round);
  }
  const isPossible = async (height: number) => {
    const round = begin();
    try {
      deeper(height, 0, round.op);
      return true;
    } catch {
      return false;
    } finally {
      await endRound(round);
    }
  };
  let height = most;
  while (!await isPossible(height)) height -= 50;
  let exhausted = 0;
  const steps = 120;
  for (let step = 0; step < steps; step++) {
    const round = begin();
    let expected = after;
    try {
      deeper(height, step * 23, round.op);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      exhausted++;
      expected = before;
    }
    check(`${name}, step ${step}`, look(round), expected);
    if (expected === before && before !== after) {
      round.op();
      check(`${name}, once more after step ${step}`, look(round), after);
    }
    await endRound(round);
  }
  if (exhausted === 0 || exhausted === steps) {
    throw new Error(`${name} did not meet the end of the stack: ${exhausted}`);
  }
}

for (const Class of [Queue, LifoQueue, PriorityQueue]) {
  const item = [1, 2] as never;
  const make = (maxsize = 0) => new Class<never, never>(maxsize);
  for (const method of ["putNowait", "putSync"] as const) {
    await sweep(`${Class.name}.${method}`, () => {
      const queue = make();
      waits((limits) => queue.get(limits));
      return { op: () => queue[method](item), see: () => [queue.size] };
    });
  }
  for (const method of ["getNowait", "getSync"] as const) {
    await sweep(`${Class.name}.${method}`, () => {
      const queue = make(1);
      queue.putNowait(item);
      waits((limits) => queue.put(item, limits));
      return { op: () => void queue[method](), see: () => [queue.size] };
    });
  }
  await sweep(`${Class.name}.taskDone`, () => {
    const queue = make();
    queue.putNowait(item);
    waits((limits) => queue.join(limits));
    return { op: () => queue.taskDone(), see: () => [queue.unfinishedTasks] };
  });
  await sweep(`${Class.name}.maxsize`, () => {
    const queue = make(1);
    queue.putNowait(item);
    waits((limits) => queue.put(item, limits));
    return { op: () => queue.maxsize = 2, see: () => [queue.maxsize] };
  });
  for (const immediate of [false, true]) {
    await sweep(`${Class.name}.shutdown`, () => {
      const queue = make(1);
      queue.putNowait(item);
      waits((limits) => queue.put(item, limits));
      waits((limits) => queue.join(limits));
      const isOpen = () => {
        try {
          queue.putNowait(item);
        } catch (error) {
          return (error as Error).name;
        }
      };
      return {
        op: () => queue.shutdown({ immediate }),
        see: () => [queue.size, queue.unfinishedTasks, isOpen()],
      };
    });
  }
}

for (const Class of [Lock, RLock]) {
  await sweep(`${Class.name}.tryAcquire`, () => {
    const lock = new Class();
    return { op: () => void lock.tryAcquire(), see: () => [lock.isLocked] };
  });
  await sweep(`${Class.name}.acquireSync and using`, () => {
    const lock = new Class();
    const op = () => {
      using _held = lock.acquireSync();
    };
    return { op, see: () => [lock.isLocked] };
  });
}
const locks: Record<string, () => [held: Disposable, see: () => unknown]> = {
  Lock() {
    const lock = new Lock();
    return [lock.acquireSync(), () => lock.isLocked];
  },
  RLock() {
    const lock = new RLock();
    return [lock.acquireSync(), () => lock.isLocked];
  },
  Semaphore() {
    const semaphore = new Semaphore(1);
    return [semaphore.acquireSync(), () => semaphore.value];
  },
  "RWLock for writing"() {
    const lock = new RWLock();
    return [lock.acquireWriteSync(), () => lock.isLocked];
  },
  "RWLock for reading"() {
    const lock = new RWLock();
    return [lock.acquireReadSync(), () => lock.isLocked];
  },
};
for (const [name, acquire] of Object.entries(locks)) {
  await sweep(`${name}, disposed of`, () => {
    const [held, see] = acquire();
    return { op: () => held[Symbol.dispose](), see: () => [see()] };
  });
}
await sweep("Lock.release", () => {
  const lock = new Lock();
  lock.acquireSync();
  waits((limits) => lock.acquire(limits));
  return { op: () => lock.release(), see: () => [lock.isLocked] };
});
await sweep("Semaphore.release", () => {
  const semaphore = new Semaphore(0);
  for (let i = 0; i < 3; i++) waits((limits) => semaphore.acquire(limits));
  return {
    op: () => semaphore.release(2),
    see: () => [`${semaphore}`.slice(-10)],
  };
});
await sweep("Semaphore.acquireSync and using", () => {
  const semaphore = new Semaphore(1);
  const op = () => {
    using _permit = semaphore.acquireSync();
  };
  return { op, see: () => [`${semaphore}`.slice(-10)] };
});
await sweep("Event.set", () => {
  const event = new Event();
  for (let i = 0; i < 3; i++) waits((limits) => event.wait(limits));
  return { op: () => event.set(), see: () => [event.isSet] };
});
for (const method of ["notify", "notifyAll"] as const) {
  await sweep(`Condition.${method}`, () => {
    const condition = new Condition(new Lock());
    const wait = async (limits: { signal: AbortSignal }) => {
      await condition.wait(limits).finally(() => condition.release());
    };
    for (let i = 0; i < 3; i++) {
      condition.acquireSync();
      waits(wait);
    }
    condition.acquireSync();
    return {
      op: () => condition[method](),
      see: () => [`${condition}`.slice(-4)],
      finish: () => condition.release(),
    };
  });
}
for (const method of ["abort", "reset"] as const) {
  await sweep(`Barrier.${method}`, () => {
    const barrier = new Barrier(3);
    for (let i = 0; i < 2; i++) waits((limits) => barrier.wait(limits));
    return { op: () => barrier[method](), see: () => [barrier.broken] };
  });
}
await sweep("Barrier.waitSync", () => {
  const barrier = new Barrier(1);
  const see = () => [barrier.broken, barrier.nWaiting];
  return { op: () => void barrier.waitSync(), see };
});
const HOLDER = 0;
const DROP_REQUEST = 3;
const gilWords = (gil: Gil) =>
  new Int32Array((gil as unknown as Shareable)[handle]().buffer);
await sweep("Gil.run", () => {
  const gil = new Gil();
  return {
    op: () => gil.run(() => gil.checkpoint()),
    see: () => [gilWords(gil)[HOLDER]],
  };
});
const gilOperations: Record<string, (gil: Gil) => void> = {
  checkpoint: (gil) => gil.checkpoint(),
  allowThreads: (gil) => gil.allowThreads(() => {}),
};
for (const [name, operation] of Object.entries(gilOperations)) {
  await sweep(`Gil.${name}, held`, () => {
    const gil = new Gil();
    const words = gilWords(gil);
    // As inside of `run`, but not on its stack.
    words[HOLDER] = currentThreadId();
    words[DROP_REQUEST] = 1;
    return { op: () => operation(gil), see: () => [words[HOLDER]] };
  });
}
await sweep("Semaphore, a permit that is disposed of", () => {
  const semaphore = new Semaphore(1);
  const permit = semaphore.acquireSync();
  return {
    op: () => permit[Symbol.dispose](),
    // A permit that could not be given back is given back now.
    see: () => (permit[Symbol.dispose](), [semaphore.value]),
  };
});
