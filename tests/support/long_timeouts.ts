// Says how many bytes each wait has left whose long timeout was not needed.

import { Event, Lock, Queue, Semaphore, sleep } from "../../mod.ts";

declare const gc: () => void;

const options = { timeout: 3600 };
const queue = new Queue<number>();
const event = new Event();
const lock = new Lock();
const semaphore = new Semaphore(0);

/** Waits in each way, and ends the waits. */
async function round(): Promise<void> {
  lock.acquireSync();
  event.clear();
  const controller = new AbortController();
  const { signal } = controller;
  const waits = [
    queue.get(options),
    event.wait(options),
    lock.acquire(options),
    semaphore.acquire(options),
    sleep(3600, { signal }).catch(() => {}),
  ];
  queue.putNowait(1);
  event.set();
  lock.release();
  semaphore.release();
  controller.abort();
  await Promise.all(waits);
  lock.release();
}

async function bytesUsed(rounds: number): Promise<number> {
  for (let i = 0; i < rounds; i++) await round();
  gc();
  return Deno.memoryUsage().heapUsed;
}

if (import.meta.main) {
  const before = await bytesUsed(300);
  const rounds = 2000;
  const after = await bytesUsed(rounds);
  console.log(Math.round((after - before) / rounds / 5));
}
