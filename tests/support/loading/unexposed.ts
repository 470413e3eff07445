// Functions that are exposed where no worker comes by.

import { expose, Pool, Queue, Thread } from "../../../mod.ts";

export function add(x: number): number {
  return x + 1;
}
export function later(x: number): number {
  return x + 1;
}
export function call(fn: typeof add): number {
  return fn(1);
}
export function callNext(queue: Queue<typeof add>): number {
  return queue.getSync()(1);
}
expose(import.meta, { call, callNext });

function setUp(): void {
  expose(import.meta, { later });
}

async function report(run: () => Promise<unknown>): Promise<void> {
  try {
    console.log(await run());
  } catch (error) {
    console.log(String(error));
  }
}

function start<A extends readonly unknown[], R>(
  target: (...args: A) => R,
  args: A,
): Promise<unknown> {
  const thread = new Thread(target as never, { args: args as never });
  thread.start();
  return thread.join();
}

if (import.meta.main) {
  expose(import.meta, { add });
  setUp();
  await using pool = new Pool(1);
  for (const fn of [add, later]) {
    await report(() => start(fn, [1]));
    await report(() => start(call, [fn]));
    await report(() => pool.apply(fn, [1]));
    await report(() => pool.apply(call, [fn]));
    const queue = new Queue<typeof add>();
    queue.putNowait(fn);
    await report(() => start(callNext, [queue]));
    queue.putNowait(fn);
    await report(() => pool.apply(callNext, [queue]));
  }
}
