import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  type AnyFunction,
  type AsyncWaitOptions,
  Condition,
  Event,
  Lock,
  RLock,
  type Thread,
} from "../../mod.ts";
import { owned } from "../../lib/locks/lock.ts";
import { threadTest } from "../support/threads.ts";
import {
  aMoment,
  awaitAndCount,
  script,
  scriptSync,
  type Step,
  waitAndCount,
  waitForWord,
} from "../support/locks.ts";
import { startNamed } from "../support/start.ts";
import { until } from "../support/until.ts";

const PATIENCE = 30;
const types = { Lock, RLock };

function start<F extends AnyFunction>(
  target: F,
  ...args: Parameters<F>
): Thread<F> {
  return startNamed(target.name, target, ...args);
}

const words = () => new Int32Array(new SharedArrayBuffer(16));
const form = (sync: boolean) => sync ? "waitSync" : "wait";

Deno.test("Condition: the lock has to be one", () => {
  for (const lock of [1, null, {}, new Condition(), Lock]) {
    assertThrows(
      () => new Condition(lock as never),
      TypeError,
      "the lock must be a Lock or an RLock",
    );
  }
  const lock = new Lock({ name: "l" });
  assertEquals(String(new Condition(lock)), `<Condition(${lock}, 0)>`);
  assertEquals(Deno.inspect(new Condition(lock)), `<Condition(${lock}, 0)>`);
});

threadTest("Condition: without the lock nothing goes", async () => {
  const lock = new Lock();
  const condition = new Condition(lock);
  const message = "the current thread doesn't hold its lock, acquire it first";
  const check = async () => {
    for (const member of ["wait", "waitSync", "waitFor", "waitForSync"]) {
      let calls = 0;
      const call = async () =>
        await (condition as never as Record<string, AnyFunction>)[member](
          member.startsWith("waitFor") ? () => calls++ : undefined,
        );
      await assertRejects(call, Error, `Cannot wait on condition: ${message}`);
      assertEquals(calls, 0);
    }
    const refused = `Cannot notify condition: ${message}`;
    assertThrows(() => condition.notify(), Error, refused);
    assertThrows(() => condition.notify(0), Error, refused);
    assertThrows(() => condition.notifyAll(), Error, refused);
  };
  await check();
  // Nor with a lock that another thread holds.
  const [held, go] = [new Event(), new Event()];
  const thread = start(scriptSync, [condition, held, go], [
    [0, "acquireSync"],
    [1, "set"],
    [2, "waitSync"],
    [0, "release"],
  ]);
  await held.wait();
  await check();
  go.set();
  await thread.join(PATIENCE);
  assertThrows(() => condition.release(), Error, "it is not held");
});

Deno.test("Condition: wrong arguments change nothing", async () => {
  const condition = new Condition();
  using _held = condition.acquireSync();
  for (const timeout of [-1, NaN, -Infinity]) {
    await assertRejects(() => condition.wait({ timeout }), RangeError);
    assertThrows(() => condition.waitSync({ timeout }), RangeError);
    await assertRejects(
      () => condition.waitFor(() => 1, { timeout }),
      RangeError,
    );
    assertThrows(() => condition.waitForSync(() => 1, { timeout }), RangeError);
  }
  for (const n of [-1, 0.5, NaN, Infinity]) {
    assertThrows(() => condition.notify(n), RangeError, "notify condition: n");
  }
  assertThrows(() => condition.notify("1" as never), TypeError);
  const signal = AbortSignal.abort(new Error("before"));
  await assertRejects(() => condition.wait({ signal }), Error, "before");
  condition.notify();
  assertEquals(await condition.wait({ timeout: 0 }), false);
  assertEquals(condition.waitSync({ timeout: 0 }), false);
});

for (const [type, Class] of Object.entries(types)) {
  threadTest(`Condition.notify(n) wakes just n, with ${type}`, async () => {
    const condition = new Condition(new Class());
    const woken = words();
    const threads = [0, 1, 2, 3, 4, 5].map((i) =>
      i % 2 === 0
        ? start(waitAndCount, condition, woken)
        : start(awaitAndCount, condition, woken)
    );
    await until(() => Atomics.load(woken, 0) === threads.length);
    let expected = 0;
    for (const n of [1, 2, 0, 1]) {
      const held = await condition.acquire();
      condition.notify(n);
      // Nobody goes on before the lock is released.
      assertEquals(woken[1], expected);
      held[Symbol.dispose]();
      expected += n;
      await until(() => Atomics.load(woken, 1) === expected);
      await aMoment();
      assertEquals(woken[1], expected);
    }
    {
      using _held = condition.acquireSync();
      condition.notifyAll();
    }
    for (const thread of threads) {
      assertEquals(await thread.join(PATIENCE), true);
    }
    // What was notified before does not count for who comes later.
    {
      using _held = condition.acquireSync();
      condition.notify(5);
      condition.notifyAll();
      assertEquals(condition.waitSync({ timeout: 0.01 }), false);
      assertEquals(await condition.wait({ timeout: 0.01 }), false);
    }
  });

  threadTest(
    `Condition: those who wait in one thread, with ${type}`,
    async () => {
      // On one thread, an RLock keeps nobody apart: so one after the other.
      const condition = new Condition(new Class());
      const woken = words();
      const waits: Promise<boolean>[] = [];
      for (let i = 0; i < 4; i++) {
        waits.push(awaitAndCount(condition, woken));
        await until(() => woken[0] === i + 1);
      }
      const notify = (n: number) => {
        using _held = condition.acquireSync();
        condition.notify(n);
      };
      notify(1);
      assertEquals(await waits[0], true);
      await aMoment();
      assertEquals(woken[1], 1);
      notify(9);
      assertEquals(await Promise.all(waits), [true, true, true, true]);
      assertEquals(condition.tryAcquire() !== undefined, true);
    },
  );

  for (const sync of [true, false]) {
    threadTest(
      `Condition.${form(sync)}() and its timeout, with ${type}`,
      async () => {
        const lock = new Class();
        const condition = new Condition(lock);
        const begin = performance.now();
        {
          using _held = condition.acquireSync();
          assertEquals(await condition[form(sync)]({ timeout: 0.03 }), false);
          assert(lock[owned].isMine);
        }
        assert(performance.now() - begin >= 29);
        assertEquals(lock.isLocked, false);
        // The lock is acquired again, however long that takes.
        const target = sync ? waitAndCount : awaitAndCount;
        const woken = words();
        const thread = start(target, condition, woken, { timeout: 0.001 });
        await until(() => Atomics.load(woken, 0) === 1);
        using hold = await lock.acquire();
        await aMoment();
        assert(thread.isAlive || woken[1] === 1);
        hold[Symbol.dispose]();
        assertEquals(await thread.join(PATIENCE), false);
      },
    );

    threadTest(
      `Condition.${sync ? "waitForSync" : "waitFor"}() with ${type}`,
      async () => {
        const condition = new Condition(new Class());
        const shared = words();
        const threads = [1, 2, 3].map((value) =>
          start(waitForWord, condition, shared, value, sync)
        );
        for (let value = 1; value <= 3; value++) {
          await aMoment();
          {
            using _held = condition.acquireSync();
            shared[0] = value;
            condition.notifyAll();
          }
          assertEquals(await threads[value - 1].join(PATIENCE), value);
        }
      },
    );
  }

  threadTest(
    `Condition: an abort acquires the lock again, with ${type}`,
    async () => {
      const lock = new Class();
      const condition = new Condition(lock);
      const controller = new AbortController();
      const { signal } = controller;
      const wait = (async () => {
        using _held = await condition.acquire();
        const error = await assertRejects(() => condition.wait({ signal }));
        assert(lock[owned].isMine);
        throw error;
      })();
      await until(() => !lock.isLocked);
      const [held, go] = [new Event(), new Event()];
      const thread = start(script, [lock, held, go], [
        [0, "acquireSync"],
        [1, "set"],
        [2, "waitSync"],
        [0, "release"],
      ]);
      await held.wait();
      controller.abort(new Error("enough"));
      await aMoment();
      go.set();
      await assertRejects(() => wait, Error, "enough");
      await thread.join(PATIENCE);
      assertEquals(lock.isLocked, false);
    },
  );
}

for (const sync of [true, false]) {
  threadTest(
    `Condition.${form(sync)}() restores an RLock's depth`,
    async () => {
      const lock = new RLock();
      const condition = new Condition(lock);
      const things = [condition, lock];
      const deep: Step[] = [1, 2, 3].map(() => [1, "acquireSync"]);
      const shallow: Step[] = [1, 2, 3].flatMap(() => [
        [1, "isLocked"],
        [1, "release"],
      ]);
      const thread = start(sync ? scriptSync : script, things, [
        ...deep,
        [0, form(sync)],
        ...shallow,
        [1, "isLocked"],
      ]);
      await until(() => {
        using held = lock.tryAcquire();
        if (held === undefined) return false;
        condition.notify();
        return !thread.isAlive;
      });
      const results = await thread.join(PATIENCE) as unknown[];
      assertEquals(
        results.slice(3).filter((one) => one !== undefined),
        [true, true, true, true, false],
      );
    },
  );
}

Deno.test("Condition.waitFor() and its timeout", async () => {
  const condition = new Condition();
  using _held = condition.acquireSync();
  let calls = 0;
  const never = () => (calls++, 0);
  for (const timeout of [0, 0.02]) {
    const begin = performance.now();
    assertEquals(condition.waitForSync(never, { timeout }), 0);
    assertEquals(await condition.waitFor(never, { timeout }), 0);
    assert(performance.now() - begin >= timeout * 2000 - 2);
  }
  assert(calls >= 6);
  assertEquals(condition.waitForSync(() => "at once"), "at once");
  assertEquals(await condition.waitFor(() => "at once"), "at once");
  const failing = () => {
    throw new RangeError("mine");
  };
  assertThrows(() => condition.waitForSync(failing), RangeError, "mine");
  await assertRejects(() => condition.waitFor(failing), RangeError, "mine");
});

Deno.test("Condition: a wait that goes on in another's hold of an RLock", async () => {
  const lock = new RLock();
  const condition = new Condition(lock);
  const wait = (async () => {
    using _held = lock.acquireSync();
    await condition.wait();
  })();
  {
    using _held = lock.acquireSync();
    condition.notify();
    await wait;
  }
  assertEquals(lock.isLocked, false);
});

Deno.test("Condition: several of one lock", async () => {
  const lock = new Lock();
  const [full, empty] = [new Condition(lock), new Condition(lock)];
  const items: number[] = [];
  const taken: number[] = [];
  const put = async () => {
    for (let i = 0; i < 20; i++) {
      using _held = await lock.acquire();
      await full.waitFor(() => items.length < 3);
      items.push(i);
      empty.notify();
    }
  };
  const take = async () => {
    for (let i = 0; i < 20; i++) {
      using _held = await empty.acquire();
      await empty.waitFor(() => items.length > 0);
      taken.push(items.shift()!);
      full.notify();
    }
  };
  await Promise.all([put(), put(), take(), take()]);
  assertEquals(taken.length, 40);
  assertEquals(lock.isLocked, false);
});

Deno.test("Condition: who can't begin to wait keeps the lock", () => {
  const lock = new Lock();
  const condition = new Condition(lock);
  let errors = 0;
  const deeper = (): void => {
    try {
      condition.waitSync({ timeout: 0 });
    } catch (error) {
      assert(error instanceof RangeError);
      errors++;
      return;
    }
    deeper();
  };
  lock.acquireSync();
  try {
    deeper();
  } catch (error) {
    assert(error instanceof RangeError);
    errors++;
  }
  assert(errors > 0);
  if (lock.isLocked) lock.release();
  using _held = lock.acquireSync({ timeout: 0 });
  assertEquals(condition.waitSync({ timeout: 0 }), false);
});

for (const sync of [true, false]) {
  threadTest(
    `Condition.${form(sync)}(): what a terminated thread was told, the next is`,
    async () => {
      const condition = new Condition();
      const waiting = async () => {
        const ready = new Event();
        const thread = start(sync ? scriptSync : script, [condition, ready], [
          [0, sync ? "acquireSync" : "acquire"],
          [1, "set"],
          [0, form(sync)],
          [0, "release"],
        ]);
        await ready.wait({ timeout: PATIENCE });
        // To be had only once the thread waits.
        await condition.acquire({ timeout: PATIENCE });
        condition.release();
        return thread;
      };
      const [first, second] = [await waiting(), await waiting()];
      await condition.acquire();
      condition.notify();
      // It has been told, and waits for the lock.
      await aMoment();
      await first.terminate();
      condition.release();
      await second.join(PATIENCE);
    },
  );
}

Deno.test("Condition prints how many wait", async () => {
  const condition = new Condition();
  const waits: Promise<boolean>[] = [];
  for (let i = 0; i < 3; i++) {
    assertStringIncludes(`${condition}`, `, ${i})>`);
    using _held = condition.acquireSync();
    waits.push(condition.wait());
  }
  {
    using _held = await condition.acquire();
    condition.notify(2);
    assertStringIncludes(`${condition}`, ", 1)>");
    condition.notifyAll();
    assertStringIncludes(`${condition}`, ", 0)>");
  }
  assertEquals(await Promise.all(waits), [true, true, true]);
});

Deno.test("Condition: every wait throws an aborted signal's reason first", async () => {
  const condition = new Condition();
  const signal = AbortSignal.abort(new SyntaxError("enough"));
  const options: AsyncWaitOptions = { signal };
  // The lock isn't held, which is a mistake, too.
  await assertRejects(() => condition.wait(options), SyntaxError);
  await assertRejects(() => condition.waitFor(() => 1, options), SyntaxError);
  assertThrows(() => condition.waitSync(options), SyntaxError);
  assertThrows(() => condition.waitForSync(() => 1, options), SyntaxError);
});
