/** What waits with one signal, or with long timeouts, cost. @module */

import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import {
  Barrier,
  Condition,
  Empty,
  Event,
  Lock,
  Queue,
  Semaphore,
  sleep,
} from "../../mod.ts";
import { hold } from "../../lib/sync/keep_alive.ts";
import { runProcess } from "../support/thread_process.ts";
import { processTest } from "../support/threads.ts";
import { clearAlarm, setAlarm } from "../../lib/sync/alarms.ts";

interface Limits {
  signal?: AbortSignal;
  timeout?: number;
}

/** What waits until it is ended from outside. */
function waits(): Record<string, (limits: Limits) => Promise<unknown>> {
  const full = new Queue<number>(1);
  full.putNowait(1);
  const lock = new Lock();
  lock.acquireSync();
  const condition = new Condition();
  condition.acquireSync();
  const empty = new Queue<number>();
  const semaphore = new Semaphore(0);
  const event = new Event();
  return {
    put: (limits) => full.put(1, limits),
    get: (limits) => empty.get(limits),
    join: (limits) => full.join(limits),
    acquire: (limits) => lock.acquire(limits),
    permit: (limits) => semaphore.acquire(limits),
    event: (limits) => event.wait(limits),
    condition: (limits) => condition.wait(limits),
    barrier: (limits) => new Barrier(2).wait(limits),
    sleep: ({ signal }) => sleep(3600, { signal }),
  };
}

Deno.test("Waits with one signal have one listener together", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener;
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add.apply(signal, args);
  };
  const all = [1, 2, 3].flatMap(() =>
    Object.entries(waits()).map(([name, wait]) =>
      assertRejects(() => wait({ signal }), Error, "enough", name)
    )
  );
  controller.abort(new Error("enough"));
  await Promise.all(all);
  assertEquals(listeners, 1);
});

Deno.test("A long timeout isn't kept once its wait is over", async () => {
  const timeouts: number[] = [];
  const { waitAsync } = Atomics;
  const spied = (...args: Parameters<typeof waitAsync>) => {
    if (args[3] !== undefined) timeouts.push(args[3]);
    return waitAsync.apply(Atomics, args);
  };
  Atomics.waitAsync = spied as typeof waitAsync;
  try {
    const controller = new AbortController();
    const { signal } = controller;
    const all = Object.values(waits()).map((wait) =>
      assertRejects(() => wait({ signal, timeout: 3600 }))
    );
    controller.abort();
    await Promise.all(all);
    const queue = new Queue<number>();
    const got = Array.from({ length: 100 }, () => queue.get({ timeout: 3600 }));
    for (let i = 0; i < 100; i++) queue.putNowait(i);
    assertEquals((await Promise.all(got)).length, 100);
  } finally {
    Atomics.waitAsync = waitAsync;
  }
  // The clock's own, which all of them share.
  assert(timeouts.length <= 10, `${timeouts}`);
  assert(timeouts.every((timeout) => timeout <= 1000), `${timeouts}`);
});

processTest(
  "A wait that is over leaves nothing of its long timeout",
  async () => {
    const flags = ["--v8-flags=--expose-gc"];
    const { code, out, err } = await runProcess("long_timeouts.ts", [], flags);
    assertEquals([code, err], [0, ""]);
    // It was some 400 bytes for each.
    assertLess(Number(out), 100);
  },
);

Deno.test("Waits end at their own times, whichever began first", async () => {
  const queue = new Queue<number>();
  const order: number[] = [];
  const times = [160, 20, 100, 240, 40, 120, 4, 200, 80];
  // The first call takes longer than the others.
  await assertRejects(() => queue.get({ timeout: 0 }), Empty);
  const ends = await Promise.all(times.map(async (time) => {
    const start = performance.now();
    await assertRejects(() => queue.get({ timeout: time / 1000 }), Empty);
    assert(performance.now() - start >= time);
    order.push(start + time);
    return start + time;
  }));
  // On a busy machine they don't begin at one moment.
  assertEquals(order, ends.toSorted((a, b) => a - b));
});

Deno.test("Alarms ring in order, except those taken back", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0];
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  const rung: number[] = [];
  const start = performance.now();
  // Once the clock runs, no alarm rings before this function awaits.
  const { promise, resolve } = Promise.withResolvers<void>();
  setAlarm(start + 40, resolve);
  const alarms = Array.from({ length: 300 }, () => {
    const deadline = start + random(30);
    return setAlarm(deadline, () => rung.push(deadline));
  });
  const kept = alarms.filter((alarm) => {
    if (random(2) === 0) return true;
    clearAlarm(alarm);
    clearAlarm(alarm);
    return false;
  });
  // Alarms alone don't keep the event loop alive.
  using _alive = hold();
  await promise;
  const expected = kept.map(({ deadline }) => deadline).sort((a, b) => a - b);
  assertEquals(rung, expected, `seed ${seed}`);
});
