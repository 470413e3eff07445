import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { BoundedSemaphore, Event, Semaphore, type Thread } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import { aMoment, countWith, script, type Step } from "../support/locks.ts";
import { start } from "../support/start.ts";

const PATIENCE = 30;
const types = { Semaphore, BoundedSemaphore };
const forms = ["acquireSync", "acquire"] as const;
const waits = ["waitSync", "wait"] as const;

function valueOf(semaphore: Semaphore): number {
  const { value } = semaphore;
  assertEquals(Number(/value=(\d+)/.exec(String(semaphore))![1]), value);
  return value;
}

for (const [type, Class] of Object.entries(types)) {
  Deno.test(`${type}: what it is made of`, () => {
    assertEquals(valueOf(new Class()), 1);
    const bound = type === "Semaphore" ? "" : "/3";
    assertMatch(
      String(new Class(3)),
      RegExp(`^<threading\\.${type} at 0x[0-9a-f]+: value=3${bound}>$`),
    );
    assertEquals(new Class(0).tryAcquire(), undefined);
    for (const value of [-1, 0.5, NaN, 2 ** 31]) {
      assertThrows(() => new Class(value), RangeError, "create semaphore");
    }
    assertThrows(() => new Class("1" as never), TypeError, "create semaphore");
  });

  Deno.test(`${type}: acquire and release`, async () => {
    const semaphore = new Class(3);
    {
      using _one = semaphore.acquireSync();
      using _two = await semaphore.acquire();
      using three = semaphore.tryAcquire();
      assert(three);
      assertEquals(semaphore.tryAcquire(), undefined);
      three[Symbol.dispose]();
      assertEquals(valueOf(semaphore), 1);
    }
    assertEquals(valueOf(semaphore), 3);
    for (const n of [0, -1, 0.5, NaN, 2 ** 31]) {
      assertThrows(() => semaphore.release(n), RangeError, "release semaphore");
    }
    assertThrows(() => semaphore.release("1" as never), TypeError);
    assertEquals(valueOf(semaphore), 3);
  });

  for (const form of forms) {
    threadTest(`${type}.${form}() waits for a permit`, async () => {
      const semaphore = new Class(4);
      for (let i = 0; i < 4; i++) semaphore.acquireSync();
      const threads = [1, 2, 3, 4].map(() =>
        start(script, [semaphore], [[0, form]])
      ) as Thread[];
      await aMoment();
      assert(threads.every((thread) => thread.isAlive));
      semaphore.release();
      semaphore.release(3);
      for (const thread of threads) {
        assertEquals(await thread.join(PATIENCE), ["held"]);
      }
      assertEquals(valueOf(semaphore), 0);
    });

    Deno.test(`${type}.${form}() and its timeout`, async () => {
      const semaphore = new Class(0);
      const call = async (timeout: unknown) =>
        await semaphore[form]({ timeout: timeout as number });
      for (const timeout of [-1, NaN]) {
        await assertRejects(() => call(timeout), RangeError, "non-negative");
      }
      await assertRejects(() => call("1"), TypeError);
      for (const timeout of [0, 0.02]) {
        const begin = performance.now();
        const error = await assertRejects(
          () => call(timeout),
          DOMException,
          `Cannot acquire semaphore: after ${timeout} seconds, its value was 0`,
        );
        assertEquals(error.name, "TimeoutError");
        assert(performance.now() - begin >= timeout * 1000 - 1);
      }
      assertEquals(valueOf(semaphore), 0);
    });
  }

  Deno.test(`${type}.acquire() and its signal`, async () => {
    const semaphore = new Class(1);
    const signal = AbortSignal.abort(new Error("before"));
    await assertRejects(() => semaphore.acquire({ signal }), Error, "before");
    assertEquals(valueOf(semaphore), 1);
    const permit = semaphore.acquireSync();
    const controller = new AbortController();
    const wait = semaphore.acquire({ signal: controller.signal });
    const other = semaphore.acquire();
    // A wake that reaches one who leaves is passed on.
    permit[Symbol.dispose]();
    controller.abort(new Error("enough"));
    const ends = await Promise.allSettled([wait]);
    if (ends[0].status === "fulfilled") ends[0].value[Symbol.dispose]();
    (await other)[Symbol.dispose]();
    assertEquals(valueOf(semaphore), 1);
  });

  threadTest(`${type}(1): one at a time, many threads`, async () => {
    const semaphore = new Class(1);
    const counter = new Int32Array(new SharedArrayBuffer(8));
    const threads = [true, false, true].map((sync) =>
      start(countWith, semaphore, counter, 2000, sync)
    );
    await countWith(semaphore, counter, 500, false);
    for (const thread of threads) await thread.join(PATIENCE);
    assertEquals([...counter], [6500, 0]);
  });
}

Deno.test("Semaphore: there may be more permits than at first", () => {
  const semaphore = new Semaphore(0);
  semaphore.release(5);
  assertEquals(valueOf(semaphore), 5);
  semaphore.release(2 ** 31 - 6);
  assertThrows(() => semaphore.release(), RangeError, "too many times");
  assertEquals(valueOf(semaphore), 2 ** 31 - 1);
});

Deno.test("BoundedSemaphore: a release too many is an error", () => {
  const semaphore = new BoundedSemaphore(2);
  assertThrows(() => semaphore.release(), RangeError, "too many times");
  semaphore.acquireSync();
  assertThrows(() => semaphore.release(2), RangeError, "at most 2");
  assertEquals(valueOf(semaphore), 1);
  semaphore.release();
  assertThrows(() => semaphore.release(), RangeError);
});

Deno.test("Event: set and clear", async () => {
  const event = new Event();
  assertMatch(String(event), /^<threading\.Event at 0x[0-9a-f]+: unset>$/);
  for (const member of waits) {
    for (const timeout of [0, 0.01]) {
      assertEquals(await event[member]({ timeout }), false);
    }
    for (const timeout of [-1, NaN]) {
      const call = async () => await event[member]({ timeout });
      await assertRejects(call, RangeError, "wait for event");
    }
  }
  event.set();
  event.set();
  assertEquals(event.isSet, true);
  assertMatch(Deno.inspect(event), /: set>$/);
  for (const member of waits) {
    assertEquals(await event[member](), true);
    assertEquals(await event[member]({ timeout: 0 }), true);
  }
  event.clear();
  event.clear();
  assertEquals(event.isSet, false);
});

Deno.test("Event.wait() and its signal", async () => {
  const event = new Event();
  const controller = new AbortController();
  const { signal } = controller;
  const wait = event.wait({ signal });
  setTimeout(() => controller.abort(new Error("enough")), 2);
  await assertRejects(() => wait, Error, "enough");
  await assertRejects(() => event.wait({ signal }), Error, "enough");
});

Deno.test("Event: set and cleared before a waiter looks", async () => {
  const event = new Event();
  const waiting = [event.wait(), event.wait({ timeout: 3600 })];
  event.set();
  event.clear();
  const late = event.wait({ timeout: 0.01 });
  assertEquals(await Promise.all(waiting), [true, true]);
  assertEquals(await late, false);
});

for (const member of waits) {
  threadTest(`Event.${member}() of many threads`, async () => {
    const event = new Event();
    for (let round = 0; round < 3; round++) {
      const ready = new Semaphore(0);
      const steps: Step[] = [[1, "release"], [0, member]];
      const threads = [1, 2, 3, 4, 5].map(() =>
        start(script, [event, ready], steps)
      );
      for (const _ of threads) await ready.acquire();
      await aMoment();
      assert(threads.every((thread) => thread.isAlive));
      event.set();
      if (round > 0) event.clear();
      for (const thread of threads) {
        assertEquals(await thread.join(PATIENCE), [undefined, true]);
      }
      event.clear();
    }
  });
}
