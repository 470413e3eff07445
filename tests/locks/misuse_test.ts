/** Options that are none, and signals that are none, in every method. @module */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  Gil,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  RLock,
  RWLock,
  select,
  selectSync,
  Semaphore,
  sleep,
} from "../../mod.ts";

type Call = (options: never) => unknown;

/** Each method that takes options, with what would make it wait. */
function calls(): Record<string, Call> {
  const all: Record<string, Call> = { sleep: (options) => sleep(0, options) };
  for (const Class of [Queue, LifoQueue, PriorityQueue]) {
    const queue = new Class<never, never>();
    const item = [1, 1] as never;
    Object.assign(
      all,
      {
        [`${Class.name}.put`]: (options) => queue.put(item, options),
        [`${Class.name}.putSync`]: (options) => queue.putSync(item, options),
        [`${Class.name}.get`]: (options) => queue.get(options),
        [`${Class.name}.getSync`]: (options) => queue.getSync(options),
        [`${Class.name}.join`]: (options) => queue.join(options),
        [`${Class.name}.joinSync`]: (options) => queue.joinSync(options),
      } satisfies Record<string, Call>,
    );
  }
  const condition = new Condition();
  condition.acquireSync();
  const waiting = {
    wait: (options) => condition.wait(options),
    waitSync: (options) => condition.waitSync(options),
    waitFor: (options) => condition.waitFor(() => false, options),
    waitForSync: (options) => condition.waitForSync(() => false, options),
  } satisfies Record<string, Call>;
  for (const [name, call] of Object.entries(waiting)) {
    all[`Condition.${name}`] = call;
  }
  const queues = [new Queue(), new LifoQueue()];
  all.select = (options) => select(queues, options);
  all.selectSync = (options) => selectSync(queues, options);
  const written = new RWLock();
  written.acquireWriteSync();
  all["RWLock.acquireRead"] = (options) => written.acquireRead(options);
  all["RWLock.acquireReadSync"] = (options) => written.acquireReadSync(options);
  all["RWLock.acquireWrite"] = (options) => written.acquireWrite(options);
  all["RWLock.acquireWriteSync"] = (options) =>
    written.acquireWriteSync(options);
  const lock = new Lock();
  lock.acquireSync();
  const taken = [
    lock,
    new RLock(),
    new Condition(lock),
    new Semaphore(0),
    new BoundedSemaphore(0),
  ];
  for (const one of taken) {
    const { name } = one.constructor;
    all[`${name}.acquire`] = (options) => one.acquire(options);
    all[`${name}.acquireSync`] = (options) => one.acquireSync(options);
  }
  for (const one of [new Event(), new Barrier(2)]) {
    const { name } = one.constructor;
    all[`${name}.wait`] = (options) => one.wait(options);
    all[`${name}.waitSync`] = (options) => one.waitSync(options);
  }
  return all;
}

for (const [name, call] of Object.entries(calls())) {
  Deno.test(`${name}() refuses options that are none`, async () => {
    for (
      const [options, kind] of [
        [0.05, "number"],
        [false, "boolean"],
        [null, "null"],
        [[], "an array"],
      ]
    ) {
      await assertRejects(
        async () => await call(options as never),
        TypeError,
        `options must be an object, received ${kind}`,
      );
    }
  });

  Deno.test(`${name}() refuses a signal that is none`, async () => {
    for (
      const [signal, received] of [
        [new AbortController(), "an AbortController: pass its signal"],
        [null, "null"],
        [{ aborted: false }, "object"],
      ]
    ) {
      await assertRejects(
        async () => await call({ signal } as never),
        TypeError,
        `signal must be an AbortSignal, received ${received}`,
      );
    }
  });
}

for (const [name, call] of Object.entries(calls())) {
  Deno.test(`${name}() doesn't begin with a signal that was aborted`, async () => {
    const signal = AbortSignal.abort(new RangeError("before"));
    await assertRejects(
      async () => await call({ signal } as never),
      RangeError,
      "before",
    );
  });
}

Deno.test("What need not wait doesn't begin either, with such a signal", async () => {
  const signal = AbortSignal.abort(new RangeError("before"));
  const options = { signal } as never;
  const queue = new Queue<number>();
  queue.putNowait(1);
  const condition = new Condition();
  condition.acquireSync();
  const isSet = new Event();
  isSet.set();
  for (
    const call of [
      () => queue.put(2, options),
      () => queue.putSync(2, options),
      () => queue.get(options),
      () => queue.getSync(options),
      () => select([queue], options),
      () => selectSync([queue], options),
      () => condition.waitFor(() => true, options),
      () => condition.waitForSync(() => true, options),
      () => new Lock().acquire(options),
      () => new Lock().acquireSync(options),
      () => new RWLock().acquireRead(options),
      () => new RWLock().acquireReadSync(options),
      () => new RWLock().acquireWrite(options),
      () => new RWLock().acquireWriteSync(options),
      () => new Semaphore().acquire(options),
      () => new Semaphore().acquireSync(options),
      () => isSet.wait(options),
      () => isSet.waitSync(options),
      () => new Barrier(1).wait(options),
      () => new Barrier(1).waitSync(options),
    ] as (() => unknown)[]
  ) {
    await assertRejects(async () => await call(), RangeError, "before");
  }
  assertEquals([queue.size, queue.getNowait()], [1, 1]);
});

Deno.test("Constructors and shutdown() refuse options that are none", () => {
  const made: Record<string, Call> = {
    "create queue": (options) => new Queue(0, options),
    "create Lock": (options) => new Lock(options),
    "create RLock": (options) => new RLock(options),
    "create barrier": (options) => new Barrier(1, options),
    "create Gil": (options) => new Gil(options),
    "shut down queue": (options) => new Queue().shutdown(options),
  };
  for (const [action, call] of Object.entries(made)) {
    for (const options of [null, "name", 1, true, []]) {
      assertThrows(
        () => call(options as never),
        TypeError,
        `Cannot ${action}: options must be an object`,
      );
    }
  }
});

Deno.test("A refused call has changed nothing", async () => {
  const queue = new Queue<number>(1);
  await assertRejects(() => queue.put(1, { signal: 1 } as never), TypeError);
  assertThrows(() => queue.putSync(1, null as never), TypeError);
  assertThrows(() => queue.shutdown(true as never), TypeError);
  queue.putNowait(2);
  await assertRejects(() => queue.get(0 as never), TypeError);
  assertEquals(queue.getNowait(), 2);
  const lock = new Lock();
  await assertRejects(() => lock.acquire(true as never), TypeError);
  assertEquals(lock.isLocked, false);
});
