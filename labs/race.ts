// To take this lab with you, as one file that needs nothing beside it:
//
//     deno task copy race race.ts

/**
 * A lab of our own: a race. Threads count up the same word without a lock. Run as
 * usual they hardly ever lose an update; an explorer goes through the orders in
 * which their steps can happen, finds one that does, and tells it step by step.
 * Then the lock, and every schedule of it.
 *
 *     deno task lab:race
 *     deno run --no-prompt --allow-read=labs,lib,vendor,mod.ts labs/race.ts
 */

import {
  explore,
  type Scenario,
  ScheduleError,
} from "@lab9/concurrency/explore";
import { expose, Lock, Thread } from "@lab9/concurrency";
import { cell, runLab } from "./notebook/cell.ts";

/** A word in shared memory: all threads see the same. */
function newCounter(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4));
}

cell("increment", "increment() reads, adds one, and writes");

// Between the read and the write another thread may do the same.
export function increment(counter: Int32Array): void {
  counter[0] = counter[0] + 1;
}

cell("luck", "threads that each count one up, ten times", {
  needs: ["increment"],
  prestart: ({ workers }) => workers,
}, async ({ workers }) => {
  const results: number[] = [];
  for (let i = 0; i < 10; i++) {
    const counter = newCounter();
    const threads = Array.from(
      { length: workers },
      () => new Thread(increment, { args: [counter] }),
    );
    for (const thread of threads) await thread.start();
    for (const thread of threads) await thread.join();
    results.push(counter[0]);
  }
  console.log(`Ten runs without a lock counted to: ${results.join(" ")}`);
});

/** So many threads, and what they have to come to. */
function counting(workers: number, target: Scenario["threads"][0]["target"]) {
  return (): Scenario => {
    const counter = newCounter();
    const lock = new Lock({ name: "counter" });
    const thread = { target, args: [counter, lock] };
    return {
      threads: Array(workers).fill(thread),
      check() {
        if (counter[0] === workers) return;
        throw new Error(`${workers} increments came to ${counter[0]}`);
      },
    };
  };
}

cell("race", "the explorer finds the schedule that loses an update", {
  needs: ["increment"],
}, async ({ workers }) => {
  const scenario = counting(workers, increment);
  const lost = await explore(scenario, { seed: 1 }).catch((error) => error);
  if (!(lost instanceof ScheduleError)) throw lost;
  console.log(lost.message);

  // The same schedule once more, from its text.
  const again = await explore(scenario, { replay: lost.replay })
    .catch((error) => error);
  const isSame = again.table === lost.table;
  console.log(`Run again from that line, it fails in the same way: ${isSame}`);
});

cell("locked", "increment_locked() holds a lock meanwhile");

export function incrementLocked(counter: Int32Array, lock: Lock): void {
  using _held = lock.acquireSync();
  counter[0] = counter[0] + 1;
}

cell("fix", "no schedule with one preemption or none loses an update", {
  needs: ["locked"],
}, async ({ workers }) => {
  const options = { preemptions: 1, schedules: 2000 };
  const { schedules, isComplete } = await explore(
    counting(workers, incrementLocked),
    options,
  );
  console.log(
    isComplete
      ? `nothing lost in all ${schedules} schedules`
      : `nothing lost in ${schedules} schedules, there are more`,
  );
});

// Other threads find the functions under these names.
expose(import.meta, { increment, incrementLocked });

if (import.meta.main) {
  await runLab({
    name: "race",
    about: "A race: threads that count without a lock, schedule by schedule.",
    workers: 2,
    workersHelp: "How many threads there are, 2 to 6",
    workersRange: [2, 6],
  });
}
