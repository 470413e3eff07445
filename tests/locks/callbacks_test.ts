/** Callbacks that are async where nobody could wait for them. @module */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Barrier, Condition, expose, Gil } from "../../mod.ts";

let calls = 0;

export async function failLater(): Promise<never> {
  calls++;
  await Promise.resolve();
  throw new RangeError("nobody may be told of this");
}

/** Not async by its form: only what it returns says so. */
export function returnPromise(): Promise<never> {
  return failLater();
}

expose(import.meta, { failLater, returnPromise });

/** A rejection that nobody handles would fail the test. */
async function turnOfTheLoop(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

const MESSAGE = "must not be async nor return a promise";

Deno.test("Barrier refuses an async action before anyone has arrived", async () => {
  calls = 0;
  const barrier = new Barrier(2, { action: failLater });
  await assertRejects(() => barrier.wait(), TypeError, MESSAGE);
  assertThrows(() => barrier.waitSync(), TypeError, MESSAGE);
  assertEquals([calls, barrier.nWaiting, barrier.broken], [0, 0, false]);
});

Deno.test("Barrier is broken by an action that returns a promise", async () => {
  for (const form of ["wait", "waitSync"] as const) {
    calls = 0;
    const barrier = new Barrier(1, { action: returnPromise as never });
    await assertRejects(async () => await barrier[form](), TypeError, MESSAGE);
    assertEquals([calls, barrier.nWaiting, barrier.broken], [1, 0, true]);
    await turnOfTheLoop();
  }
});

Deno.test("Condition refuses an async predicate, and keeps its lock", async () => {
  const condition = new Condition();
  using _held = await condition.acquire();
  for (const form of ["waitFor", "waitForSync"] as const) {
    for (const [predicate, called] of [[failLater, 0], [returnPromise, 1]]) {
      calls = 0;
      await assertRejects(
        async () => await condition[form](predicate as never, { timeout: 30 }),
        TypeError,
        MESSAGE,
      );
      assertEquals(calls, called);
      await turnOfTheLoop();
    }
    await assertRejects(
      async () => await condition[form](1 as never),
      TypeError,
      "the predicate must be a function, received number",
    );
  }
  // Whoever doesn't hold the lock is refused by this call.
  condition.notify();
});

Deno.test("Gil refuses async functions, and is free afterwards", async () => {
  const gil = new Gil();
  const ways: ((fn: () => unknown) => unknown)[] = [
    (fn) => gil.run(fn),
    (fn) => gil.run(() => gil.run(fn)),
    (fn) => gil.allowThreads(fn),
    (fn) => gil.run(() => gil.allowThreads(fn)),
  ];
  for (const way of ways) {
    calls = 0;
    assertThrows(() => way(failLater), TypeError, MESSAGE);
    assertEquals(calls, 0);
    assertThrows(() => way(returnPromise), TypeError, MESSAGE);
    assertThrows(() => way({} as never), TypeError, "must be a function");
    const thenable = { then: () => {} };
    assertThrows(() => way(() => thenable), TypeError, MESSAGE);
    await turnOfTheLoop();
  }
  assertEquals(gil.run(() => 1), 1);
});
