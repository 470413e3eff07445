// To take this lab with you, as one file that needs nothing beside it:
//
//     deno task copy deadlock deadlock.ts

/**
 * A lab of our own: deadlock. Two threads take two locks in opposite order, each
 * gets one, and each waits for the other's. Python hangs there for ever; here the
 * second one to wait gets an error that says who holds what. Then the fix.
 *
 *     deno task lab:deadlock
 *     deno run --no-prompt --allow-read=labs,lib,vendor,mod.ts labs/deadlock.ts
 */

import {
  Barrier,
  currentThread,
  DeadlockError,
  expose,
  Lock,
  sleepSync,
  Thread,
} from "@lab9/concurrency";
import { cell, type CellContext, runLab } from "./notebook/cell.ts";

interface Account {
  name: string;
  lock: Lock;
  /** A word in shared memory: all threads see the same. */
  balance: Int32Array;
}

let accounts: Account[] = [];

cell("accounts", "accounts, each with a lock and 100", {}, ({ workers }) => {
  accounts = Array.from({ length: Math.max(2, workers) }, (_, i) => {
    const name = `account-${i + 1}`;
    const balance = new Int32Array(new SharedArrayBuffer(4)).fill(100);
    return { name, lock: new Lock({ name }), balance };
  });
});

cell("move", "move() takes both locks, one after the other");

export function move(
  from: Account,
  to: Account,
  amount: number,
  barrier: Barrier,
): string {
  const { name } = currentThread();

  using _from = from.lock.acquireSync();
  console.log(`${name} has ${from.name}, takes ${to.name}`);
  barrier.waitSync(); // until every thread has its first lock
  using _to = to.lock.acquireSync();

  from.balance[0] -= amount;
  to.balance[0] += amount;
  // What was acquired with `using` is released here, even if something throws.
  return `${name} moved ${amount} from ${from.name} to ${to.name}`;
}

/** Each thread moves money from one account to the next; the last to the first. */
async function moveInCircle(
  threadOf: (
    from: Account,
    to: Account,
    amount: number,
  ) => Thread<typeof move> | Thread<typeof moveInOrder>,
): Promise<void> {
  const threads = accounts.map((from, i) =>
    threadOf(from, accounts[(i + 1) % accounts.length], 10 * (i + 1))
  );
  for (const thread of threads) await thread.start();

  // The thread that closes the ring lets go of its lock, so the others go on.
  const ends = await Promise.allSettled(threads.map((t) => t.join()));
  for (const end of ends) {
    if (end.status === "fulfilled") console.log(end.value);
    else if (end.reason instanceof DeadlockError) console.log(`${end.reason}`);
    else throw end.reason;
  }
  for (const { name, balance } of accounts) console.log(name, balance[0]);
}

const threaded = {
  needs: ["accounts", "move"],
  prestart: ({ workers }: CellContext) => workers,
};

cell("deadlock", "each takes its own lock first", threaded, async () => {
  const barrier = new Barrier(accounts.length);
  await moveInCircle((from, to, amount) =>
    new Thread(move, { args: [from, to, amount, barrier] })
  );
});

cell("in_order", "move_in_order() takes the locks in the same order, always");

// Any order will do, if all threads keep to it.
export function moveInOrder(from: Account, to: Account, amount: number) {
  const { name } = currentThread();

  const [first, second] = from.name < to.name ? [from, to] : [to, from];
  using _first = first.lock.acquireSync();
  console.log(`${name} has ${first.name}, takes ${second.name}`);
  sleepSync(0.1);
  using _second = second.lock.acquireSync();

  from.balance[0] -= amount;
  to.balance[0] += amount;
  return `${name} moved ${amount} from ${from.name} to ${to.name}`;
}

cell("fix", "all take the locks in the same order", {
  ...threaded,
  needs: ["accounts", "in_order"],
}, async () => {
  await moveInCircle((...args) => new Thread(moveInOrder, { args }));
});

// Other threads find the functions under these names.
expose(import.meta, { move, moveInOrder });

if (import.meta.main) {
  await runLab({
    name: "deadlock",
    about: "Deadlock: threads, locks, and who takes which first.",
    workers: 2,
    workersHelp: "How many threads there are, 2 to 64",
    workersRange: [2, 64],
  });
}
