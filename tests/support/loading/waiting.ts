// A module that waits with the library while a worker loads it, and then again.

import {
  Event,
  expose,
  Lock,
  type Queue,
  sleep,
  sleepSync,
} from "../../../mod.ts";

const isWorker = "name" in self && self.name === "lab9 thread";
const lock = new Lock();
const event = new Event();
if (isWorker) {
  await sleep(0.02);
  sleepSync(0.01);
  using _held = await lock.acquire();
  await event.wait({ timeout: 0.01 });
}

export function getAll(queue: Queue<number>, got: Int32Array): void {
  for (const item of queue) Atomics.add(got, 0, item);
}
expose(import.meta, { getAll });
