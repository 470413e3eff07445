import { assert, assertEquals, assertThrows } from "@std/assert";
import { Event, Local, Queue, sleep, Thread } from "../../mod.ts";
import { runProcess } from "../support/thread_process.ts";
import { processTest, threadTest } from "../support/threads.ts";
import * as fns from "../support/leftovers.ts";

/** No other test has a worker with these. */
const permissions = { ffi: false, sys: false };

function run<A extends readonly unknown[], R>(
  target: (...args: A) => R,
  ...args: A
): Promise<Awaited<R>> {
  const thread = new Thread(target as never, { args, permissions } as never);
  thread.start();
  return thread.join() as Promise<Awaited<R>>;
}

threadTest("A thread that leaves nothing shares its worker", async () => {
  const calls = await run(fns.plain);
  assertEquals(await run(fns.timed), calls + 1);
  assertEquals(Number(await run(fns.large)), calls + 2);
  assertEquals(await run(fns.plain), calls + 3);
});

for (const name of ["timeout", "interval", "port", "broadcast"] as const) {
  threadTest(`What a thread leaves behind ends with it: ${name}`, async () => {
    const ticks = new Int32Array(new SharedArrayBuffer(4));
    await run(fns[name], ticks);
    assertEquals(await run(fns.plain), 1);
    const before = Atomics.load(ticks, 0);
    await sleep(0.05);
    assertEquals(Atomics.load(ticks, 0), before);
  });
}

threadTest("What a thread leaves behind ends with it: waits", async () => {
  const ticks = new Int32Array(new SharedArrayBuffer(4));
  const queue = new Queue<number>();
  await run(fns.wait, ticks, queue);
  queue.putNowait(1);
  // A thread with a queue is of a kind with the first.
  const plain: (queue: Queue<number>) => number = fns.plain;
  assertEquals(await run(plain, queue), 1);
  await sleep(0.02);
  assertEquals([Atomics.load(ticks, 0), queue.size], [0, 1]);
});

threadTest("What a thread listens to, it does so alone", async () => {
  const ticks = new Int32Array(new SharedArrayBuffer(4));
  const calls = await run(fns.listen, ticks);
  assertEquals(await run(fns.dispatch), calls + 1);
  assertEquals(Atomics.load(ticks, 0), 0);
  // Its own handler is called, as in a fresh worker.
  assertEquals(await run(fns.handle), [null, 1, calls + 2]);
});

threadTest(
  "What an ended thread listened to a signal for isn't called",
  async () => {
    const ticks = new Int32Array(new SharedArrayBuffer(4));
    const controller = new AbortController();
    const { signal } = controller;
    const calls = await run(fns.listenToSignal, ticks, signal);
    const isWaiting = new Event();
    const next = run(fns.awaitAbort, isWaiting, signal);
    await isWaiting.wait();
    controller.abort();
    // It ran in the same worker.
    assertEquals(await next, calls + 1);
    assertEquals(Atomics.load(ticks, 0), 0);
  },
);

threadTest("Messages that a thread dispatches disturb nobody", async () => {
  const ticks = new Int32Array(new SharedArrayBuffer(4));
  const calls = await run(fns.dispatchMessages);
  // It comes as a message itself.
  assertEquals(await run(fns.timeout, ticks), calls + 1);
});

threadTest("A Local is empty for each thread", async () => {
  const calls = await run(fns.plain);
  for (const name of ["Ada", "Grace"]) {
    const seen = await run(fns.useLocal, name);
    assertEquals(seen.slice(0, 4), [undefined, false, [], { name }]);
  }
  // On the same worker.
  assertEquals(await run(fns.plain), calls + 3);
});

Deno.test("A Local has the properties that it was given", () => {
  const local = new Local<{ user: string; age?: number }>();
  assert(local instanceof Local);
  assertEquals(Object.keys(local), []);
  local.user = "Ada";
  Object.defineProperty(local, "age", { value: 36, configurable: true });
  assertEquals([local.user, local.age, "age" in local], ["Ada", 36, true]);
  assertEquals(Object.entries(local), [["user", "Ada"]]);
  assertEquals(delete (local as { age?: number }).age, true);
  assertEquals("age" in local, false);
  assertThrows(() => Object.freeze(local), TypeError);
  assertEquals(new Local<{ user?: string }>().user, undefined);
  assertThrows(() => structuredClone(local), DOMException);
});

threadTest("A Local's value begins anew in each thread", async () => {
  const calls = await run(fns.plain);
  for (let i = 0; i < 2; i++) {
    const seen = await run(fns.useLocalValues);
    assertEquals(seen, [undefined, true, 1, 2, 5]);
  }
  // On the same worker.
  assertEquals(await run(fns.plain), calls + 1);
});

Deno.test("A Local's initializer is called when the value is read", () => {
  let calls = 0;
  const local = new Local(() => ++calls);
  assert(local instanceof Local);
  assertEquals(calls, 0);
  assertEquals([local.value, local.value, calls], [1, 1, 1]);
  local.value = 5;
  assertEquals([local.value, { ...local }], [5, { value: 5 }]);

  const set = new Local<string | undefined>(() => "initial");
  set.value = undefined;
  assertEquals(set.value, undefined);
  assertEquals("value" in new Local(() => 1), true);
  assertEquals(Object.keys(new Local(() => 1)), ["value"]);
});

Deno.test("A Local whose initializer throws calls it again", () => {
  let calls = 0;
  const local = new Local(() => {
    if (++calls === 1) throw new Error("once");
    return calls;
  });
  assertThrows(() => local.value, Error, "once");
  assertEquals(local.value, 2);
});

Deno.test("A Local without an initializer has no value", () => {
  const local = new Local<number>();
  assertEquals([local.value, "value" in local], [undefined, false]);
  local.value = 5;
  assertEquals(local.value, 5);
  assertThrows(
    () => new Local(0 as never),
    TypeError,
    "Cannot create local: initial must be a function, received number",
  );
});

processTest(
  "What goes on after a thread's end takes and holds nothing",
  async () => {
    const { code, out, err } = await runProcess("after_end.ts", []);
    assertEquals([code, err], [0, ""]);
    const lines = out.split("\n");
    assertEquals(lines.length, 24);
    // The queue has its one item, and nothing is held.
    const ends = lines.map((line) => line.split(" ").slice(2).join(" "));
    assertEquals(new Set(ends), new Set(["1 1 false false 1 2"]));
  },
);
