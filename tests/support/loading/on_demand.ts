// A program of modules that say when they are loaded, and one that never is.

import {
  Barrier,
  Condition,
  Event,
  Gil,
  Lock,
  Pool,
  Queue,
  RLock,
  RWLock,
  Semaphore,
  Thread,
} from "../../../mod.ts";
import { add, callNext, useBarrier, useShared } from "./functions.ts";
import { loud } from "./loud.ts";
import { never } from "./hanging.ts";

const shared = {
  Barrier: () => new Barrier(1),
  Condition: () => new Condition(),
  Event: () => new Event(),
  Gil: () => new Gil(),
  Lock: () => new Lock(),
  RLock: () => new RLock(),
  RWLock: () => new RWLock(),
  Semaphore: () => new Semaphore(),
  SharedArrayBuffer: () => new SharedArrayBuffer(8),
  AbortSignal: () => new AbortController().signal,
};

// deno-lint-ignore no-explicit-any -- any exposed function
async function run(target: (...args: any[]) => unknown, ...args: unknown[]) {
  const thread = new Thread(target, { args });
  thread.start();
  console.log(await thread.join());
  await using pool = new Pool(1);
  console.log(await pool.apply(target, args as never));
}

if (import.meta.main) {
  for (const [name, make] of Object.entries(shared)) {
    await run(useShared, name, { deep: [make()] });
  }
  const thread = new Thread(add, { args: [1] });
  thread.start();
  await thread.join();
  await run(useShared, "Thread", thread);
  // Its action's module is needed, and no other.
  await run(useBarrier, new Barrier(1, { action: loud }));
  const queue = new Queue<() => unknown>();
  queue.putNowait(loud);
  queue.putNowait(loud);
  // A function of any module may come through it, in a thread that blocks.
  await run(callNext, queue);
  void never;
}
