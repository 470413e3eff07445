// To take this lab with you, as one file that needs nothing beside it:
//
//     deno task copy gil gil.ts

/**
 * Lab 9, fourth part: the global interpreter lock. Deno has none, so the library
 * brings one, which works as CPython's does. Under it threads that compute are no
 * faster than a loop, unless they release it.
 *
 *     deno task lab:gil
 *     deno run --no-prompt --allow-read=labs,lib,vendor,mod.ts labs/gil.ts
 */

import { expose, Gil, Pool, Queue, Thread } from "@lab9/concurrency";
import { cell, type CellContext, runLab, time } from "./notebook/cell.ts";

const SIZE = 5_000_000;

/** Whose lock to hold; null for none. */
type Lock = Gil | null;

let interpreterLock: Lock | undefined;

// Each copy of this module makes a lock of its own, as each process of Python has
// one. Threads of one process share a lock, so they are passed the main thread's.
function ownLock(): Lock {
  if (interpreterLock === undefined) interpreterLock = new Gil();
  return interpreterLock;
}

cell(33, "f() holds the lock, g() releases it, do_work() calls either", {}, ({
  switchInterval,
}) => {
  interpreterLock = switchInterval === null
    ? null
    : new Gil({ switchInterval });
});

// Does not release the lock. Python looks at every turn of a loop whether another
// thread has asked for it; here every thousandth turn is often enough.
export function f(x: number, lock: Lock = ownLock()): void {
  const compute = () => {
    console.log(`${x}`);
    const y = new Array<number>(SIZE).fill(1);
    const z = new Array<number>(SIZE);
    for (let i = 0; i < SIZE; i++) {
      z[i] = Math.exp(y[i]);
      if (i % 1000 === 0) lock?.checkpoint();
    }
  };
  if (lock === null) compute();
  else lock.run(compute);
}

// Releases the lock while it computes, as numpy does.
export function g(x: number, lock: Lock = ownLock()): void {
  const compute = () => {
    const y = new Float64Array(SIZE).fill(1);
    for (let i = 0; i < SIZE; i++) y[i] = Math.exp(y[i]);
  };
  if (lock === null) {
    console.log(`${x}`);
    return compute();
  }
  lock.run(() => {
    console.log(`${x}`);
    lock.allowThreads(compute);
  });
}

export function doWork(
  q: Queue<number | null>,
  func: (x: number, lock: Lock) => void,
  lock: Lock,
): void {
  while (true) {
    const item = q.getSync();

    if (item !== null) {
      func(item, lock);
      q.taskDone();
    } else {
      q.taskDone();
      break;
    }
  }
}

const threaded = {
  needs: [33],
  prestart: ({ workers }: CellContext) => workers,
};

async function runThreaded(
  func: typeof f,
  count: number,
  numThreads: number,
  lock: Lock = ownLock(),
): Promise<void> {
  const start = time();

  const q = new Queue<number | null>();

  for (let i = 0; i < numThreads; i++) {
    const worker = new Thread(doWork, {
      args: [q, func, lock],
      daemon: true, // this stops the threads when the program quits
    });
    worker.start();
  }

  // Now we have started the threads.

  for (let i = 0; i < count; i++) {
    await q.put(i);
  }

  await q.join();
  console.log(`Finished in ${(time() - start).toFixed(4)} seconds`);

  // The notebook leaves its threads waiting, each with its memory. Here the
  // next cells would be slower for it.
  for (let i = 0; i < numThreads; i++) {
    await q.put(null);
  }
}

const callsOfF = ({ quick, items }: CellContext) => items ?? (quick ? 4 : 10);
const callsOfG = ({ quick, items }: CellContext) => items ?? (quick ? 10 : 100);

cell(34, "serial f()", { needs: [33] }, (context) => {
  const start = time();

  for (let i = 0; i < callsOfF(context); i++) {
    f(i);
  }

  console.log(`Finished in ${(time() - start).toFixed(4)} seconds`);
});

cell(35, "threaded f()", threaded, async (context) => {
  await runThreaded(f, callsOfF(context), context.workers);
});

cell(36, "parallel f()", threaded, async (context) => {
  const start = time();

  const pool = new Pool(context.workers);

  await pool.map(f, Array(callsOfF(context)).keys());

  pool.close();
  console.log(`Finished in ${(time() - start).toFixed(4)} seconds`);
});

cell(37, "serial g()", { needs: [33] }, (context) => {
  const start = time();

  for (let i = 0; i < callsOfG(context); i++) {
    g(i);
  }

  console.log(`Finished in ${(time() - start).toFixed(4)} seconds`);
});

// The notebook's last cell was never run: it has no number and no record.
cell("None", "threaded g()", threaded, async (context) => {
  await runThreaded(g, callsOfG(context), context.workers);
});

// Not in the notebook: what the same threads do where there is no such lock.
cell("own", "threaded f() without the lock", threaded, async (context) => {
  await runThreaded(f, callsOfF(context), context.workers, null);
});

// Other threads find the functions under these names.
expose(import.meta, { f, g, doWork });

if (import.meta.main) {
  await runLab({
    name: "gil",
    about: "The global interpreter lock: when threads help, and when not.",
    workers: 4,
    workersHelp: "How many threads and pool workers",
    hasGil: true,
  });
}
