/**
 * Makes the first change of its life where the stack ends: from there towards the
 * beginning until it succeeds, as a program that recurses too deep would. V8 compiles
 * what is called for the first time, which takes much of the stack. Each change is
 * made in a worker of its own.
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
  selectSync,
  Semaphore,
} from "../../mod.ts";

interface Round {
  /** The change. */
  op(): unknown;
  /** What others see: the same before a change that failed and after it. */
  see(): unknown;
  /** What the change wakes. */
  wakes?: Promise<unknown>;
}

const item = [1, { a: ["b"] }] as never;

function withQueue(
  Class: typeof Queue,
  begin: (queue: Queue<never>) => Omit<Round, "see">,
  maxsize = 0,
): () => Round {
  return () => {
    const queue = new Class<never>(maxsize);
    const round = begin(queue);
    return { ...round, see: () => [queue.size, queue.unfinishedTasks] };
  };
}

const scenarios: Record<string, () => Round> = {};
for (const Class of [Queue, LifoQueue, PriorityQueue] as (typeof Queue)[]) {
  for (const method of ["putNowait", "putSync"] as const) {
    scenarios[`${Class.name}.${method}`] = withQueue(Class, (queue) => ({
      op: () => queue[method](item),
      wakes: queue.get(),
    }));
  }
  const gets: Record<string, (queue: Queue<never>) => unknown> = {
    getNowait: (queue) => queue.getNowait(),
    getSync: (queue) => queue.getSync(),
    select: (queue) => selectSync([queue]),
  };
  for (const [name, get] of Object.entries(gets)) {
    scenarios[`${Class.name}.${name}`] = withQueue(Class, (queue) => {
      queue.putNowait(item);
      return { op: () => get(queue), wakes: queue.put(item) };
    }, 1);
  }
  scenarios[`${Class.name}.taskDone`] = withQueue(Class, (queue) => {
    queue.putNowait(item);
    return { op: () => queue.taskDone(), wakes: queue.join() };
  });
  scenarios[`${Class.name}.shutdown`] = withQueue(Class, (queue) => {
    queue.putNowait(item);
    const wakes = queue.put(item).catch(() => {});
    return { op: () => queue.shutdown({ immediate: true }), wakes };
  }, 1);
}
for (const Class of [Lock, RLock]) {
  scenarios[`${Class.name}.release`] = () => {
    const lock = new Class();
    lock.acquireSync();
    const wakes = Class === Lock ? lock.acquire() : undefined;
    return { op: () => lock.release(), see: () => `${lock}`, wakes };
  };
  scenarios[`${Class.name} and using`] = () => {
    const lock = new Class();
    const op = () => {
      using _held = lock.acquireSync();
    };
    return { op, see: () => lock.isLocked };
  };
}
scenarios["Semaphore.release"] = () => {
  const semaphore = new Semaphore(0);
  const wakes = Promise.all([semaphore.acquire(), semaphore.acquire()]);
  return { op: () => semaphore.release(2), see: () => semaphore.value, wakes };
};
scenarios["Semaphore and using"] = () => {
  const semaphore = new Semaphore(1);
  const op = () => {
    using _permit = semaphore.acquireSync();
  };
  return { op, see: () => semaphore.value };
};
scenarios["Event.set"] = () => {
  const event = new Event();
  return { op: () => event.set(), see: () => event.isSet, wakes: event.wait() };
};
scenarios["Event.clear"] = () => {
  const event = new Event();
  event.set();
  return { op: () => event.clear(), see: () => event.isSet };
};
for (const method of ["notify", "notifyAll"] as const) {
  scenarios[`Condition.${method}`] = () => {
    const condition = new Condition(new Lock());
    condition.acquireSync();
    const wakes = condition.wait();
    condition.acquireSync();
    const op = () => condition[method]();
    const see = () => `${condition}`;
    return {
      op,
      see,
      wakes: Promise.resolve().then(() => (condition.release(), wakes)),
    };
  };
}
scenarios["Condition.waitSync"] = () => {
  const condition = new Condition();
  condition.acquireSync();
  const op = () => condition.waitSync({ timeout: 0 });
  return { op, see: () => `${condition}` };
};
scenarios["RWLock for writing"] = () => {
  const lock = new RWLock();
  const held = lock.acquireWriteSync();
  const op = () => held[Symbol.dispose]();
  return { op, see: () => lock.isLocked, wakes: lock.acquireRead() };
};
scenarios["RWLock for reading"] = () => {
  const lock = new RWLock();
  const held = lock.acquireReadSync();
  const op = () => held[Symbol.dispose]();
  return { op, see: () => lock.isLocked, wakes: lock.acquireWrite() };
};
scenarios["RWLock and using"] = () => {
  const lock = new RWLock();
  const op = () => {
    {
      using _held = lock.acquireReadSync();
    }
    using _held = lock.acquireWriteSync();
  };
  return { op, see: () => lock.isLocked };
};
scenarios["Barrier.waitSync"] = () => {
  const barrier = new Barrier(1);
  return { op: () => barrier.waitSync(), see: () => `${barrier}` };
};
scenarios["Barrier.abort"] = () => {
  const barrier = new Barrier(2);
  const wakes = barrier.wait().catch(() => {});
  return { op: () => barrier.abort(), see: () => `${barrier}`, wakes };
};
scenarios["Gil.run"] = () => {
  const gil = new Gil();
  return { op: () => gil.run(() => 1), see: () => gil.run(() => 1) };
};

function deeper<T>(depth: number, op: () => T): T {
  return depth > 0 ? deeper(depth - 1, op) : op();
}

function highest(): number {
  let depth = 0;
  for (let step = 1 << 17; step > 0; step >>= 1) {
    try {
      deeper(depth + step, () => {});
      depth += step;
    } catch { /* It doesn't fit. */ }
  }
  return depth;
}

/** Frames are smaller once they are compiled: begin beyond what was the end. */
const OVERSHOOT = 6000;

Error.stackTraceLimit = 0;

/** What went wrong, if anything did. */
async function run(name: string): Promise<string> {
  const { op, see, wakes } = scenarios[name]();
  const isCalledToSee = name !== "Gil.run";
  const before = isCalledToSee ? JSON.stringify(see()) : "";
  let isBegun = false;
  const begin = () => {
    isBegun = true;
    op();
  };
  // In large steps to where it can begin at all, and from there in small ones.
  let height = highest() + OVERSHOOT;
  for (let step = 200;; height -= step) {
    try {
      deeper(height, begin);
      break;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const now = isCalledToSee ? JSON.stringify(see()) : "";
      if (now !== before) return `${before} became ${now}`;
    }
    if (isBegun && step === 200) {
      height += step;
      step = 7;
    }
  }
  if (wakes === undefined) return "";
  const isWoken = Promise.race([
    wakes.then(() => ""),
    new Promise<string>((resolve) => setTimeout(resolve, 20_000, "no wake")),
  ]);
  return await isWoken;
}

declare const self: { postMessage(message: string): void; name?: string };

if (import.meta.main && self.name?.startsWith("first ")) {
  self.postMessage(await run(self.name.slice(6)));
} else if (import.meta.main) {
  let isSound = true;
  for (const name of Object.keys(scenarios)) {
    if (!name.includes(Deno.args[0] ?? "")) continue;
    const worker = new Worker(import.meta.url, {
      type: "module",
      name: `first ${name}`,
    });
    const fault = await new Promise<string>((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve(event.message);
      };
    });
    worker.terminate();
    if (fault !== "") console.error(`${name}: ${fault}`);
    isSound &&= fault === "";
  }
  Deno.exit(isSound ? 0 : 1);
}
