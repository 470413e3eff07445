import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  getIdent,
  Lock,
  Queue,
  RLock,
  Semaphore,
  Thread,
} from "../../mod.ts";
import { owned } from "../../lib/locks/lock.ts";
import { threadTest } from "../support/threads.ts";
import {
  aMoment,
  countWith,
  echo,
  script,
  scriptSync,
  type Step,
} from "../support/locks.ts";
import { until } from "../support/until.ts";

const PATIENCE = 30;
const types = { Lock, RLock };
const forms = ["acquireSync", "acquire"] as const;

function start(things: unknown[], steps: Step[], sync = true): Thread {
  const target = sync ? scriptSync : script;
  const thread = new Thread(target, { args: [things, steps], name: "other" });
  thread.start();
  return thread as unknown as Thread;
}

/** Has another thread take the steps; what they gave. */
async function elsewhere(things: unknown[], steps: Step[]): Promise<unknown[]> {
  return await start(things, steps, false).join(PATIENCE);
}

for (const [type, Class] of Object.entries(types)) {
  Deno.test(`${type}: what it is called`, () => {
    const lock = new Class({ name: "accounts" });
    assertEquals(lock.name, "accounts");
    const others = [new Class(), new Class()];
    assertMatch(others[0].name, RegExp(`^${type}-\\d+$`));
    assertNotEquals(others[0].name, others[1].name);
    assertEquals(new Class({ name: "" }).name, "");
    assertEquals(new Class({ name: "x".repeat(99) }).name.length < 40, true);
    assertEquals(new Class({ name: "nöme €𝄞" }).name, "nöme €𝄞");
    assertThrows(
      () => new Class({ name: 1 as never }),
      TypeError,
      `Cannot create ${type}: the name must be a string, received number`,
    );
  });

  Deno.test(`${type}: how Python prints it`, () => {
    const lock = new Class({ name: "accounts" });
    const printed = (state: string, owner: number, count: number) => {
      const what = type === "Lock"
        ? "lock object"
        : `RLock object owner=${owner} count=${count}`;
      assertMatch(
        String(lock),
        RegExp(`^<${state} _thread\\.${what} at 0x[0-9a-f]+>$`),
      );
      assertEquals(Deno.inspect(lock), String(lock));
    };
    printed("unlocked", 0, 0);
    lock.acquireSync();
    printed("locked", getIdent(), 1);
    if (type === "RLock") {
      lock.acquireSync();
      printed("locked", getIdent(), 2);
      lock.release();
    }
    lock.release();
    printed("unlocked", 0, 0);
  });

  Deno.test(`${type}: acquire and release`, async () => {
    const lock = new Class();
    for (const form of forms) {
      assertEquals(lock.isLocked, false);
      await lock[form]();
      assertEquals(lock.isLocked, true);
      lock.release();
    }
    {
      using held = lock.tryAcquire();
      assert(held);
    }
    assertThrows(
      () => {
        using _held = lock.acquireSync();
        throw new RangeError("out");
      },
      RangeError,
      "out",
    );
    assertEquals(lock.isLocked, false);
    const held = await lock.acquire();
    held[Symbol.dispose]();
    held[Symbol.dispose]();
    assertEquals(lock.isLocked, false);
  });

  Deno.test(`${type}: what was released by hand is not released again`, () => {
    const lock = new Class();
    {
      using _held = lock.acquireSync();
      lock.release();
    }
    assertEquals(lock.isLocked, false);
  });

  threadTest(`${type}: a hold that has ended ends no other`, async () => {
    const lock = new Class();
    const first = lock.acquireSync();
    lock.release();
    const second = await lock.acquire();
    // An RLock's holds are all the thread's.
    if (type === "Lock") {
      first[Symbol.dispose]();
      assert(lock[owned].isMine);
      const condition = new Condition(lock);
      assertEquals(condition.waitSync({ timeout: 0 }), false);
      assertEquals(await condition.wait({ timeout: 0 }), false);
    }
    second[Symbol.dispose]();
    assertEquals(lock.isLocked, false);
  });

  threadTest(`${type}: releasing what is not held is an error`, async () => {
    const lock = new Class({ name: "l" });
    const message = `Cannot release ${type} l: it is not held`;
    for (let i = 0; i < 2; i++) {
      assertThrows(() => lock.release(), Error, message);
      const error = () => elsewhere([lock], [[0, "release"]]);
      await assertRejects(error, Error, message);
      lock.acquireSync();
      lock.release();
    }
  });

  for (const form of forms) {
    threadTest(`${type}.${form}() waits for another thread`, async () => {
      const lock = new Class();
      lock.acquireSync();
      const thread = start(
        [lock],
        [[0, form], [0, "release"]],
        form !== "acquire",
      );
      await until(() => lock[owned].node !== 0);
      await aMoment();
      assert(thread.isAlive);
      lock.release();
      assertEquals(await thread.join(PATIENCE), ["held", undefined]);
    });

    threadTest(`${type}.${form}() by the main thread`, async () => {
      const lock = new Class();
      const steps: Step[] = [[0, "acquireSync"], [1, "set"], [2, "wait"], [
        0,
        "release",
      ]];
      const [held, go] = [new Event(), new Event()];
      const thread = start([lock, held, go], steps, false);
      await held.wait();
      assertEquals(lock.tryAcquire(), undefined);
      if (form === "acquire") setTimeout(() => go.set(), 20);
      else go.set();
      {
        using _held = await lock[form]();
        assert(lock[owned].isMine);
      }
      await thread.join(PATIENCE);
    });

    threadTest(`${type}.${form}() and its timeout`, async () => {
      const lock = new Class({ name: "l" });
      const call = (timeout: unknown) =>
        (async () => await lock[form]({ timeout: timeout as number }))();
      for (const held of [false, true]) {
        for (const timeout of [-1, -1e-9, -Infinity, NaN]) {
          await assertRejects(() => call(timeout), RangeError, "non-negative");
        }
        await assertRejects(() => call("1"), TypeError, "a number of seconds");
        assertEquals(lock.isLocked, held);
        if (!held) {
          for (const timeout of [0, 0.01, 1e9, Infinity, undefined]) {
            using _held = await call(timeout);
          }
          // Another thread, so that an RLock is held too.
          const steps: Step[] = [[0, "acquireSync"], [1, "set"], [2, "wait"]];
          const [isHeld, go] = [new Event(), new Event()];
          const thread = start(
            [lock, isHeld, go],
            [...steps, [0, "release"]],
            false,
          );
          await isHeld.wait();
          for (const timeout of [0, 0.02]) {
            const begin = performance.now();
            const error = await assertRejects(
              () => call(timeout),
              DOMException,
              `Cannot acquire ${type} l: after ${timeout} seconds, other held it`,
            );
            assertEquals(error.name, "TimeoutError");
            assert(performance.now() - begin >= timeout * 1000 - 1);
          }
          for (const timeout of [-1, NaN]) {
            await assertRejects(() => call(timeout), RangeError);
          }
          go.set();
          await thread.join(PATIENCE);
          lock.acquireSync();
        }
      }
    });
  }

  threadTest(`${type}.acquire() and its signal`, async () => {
    const lock = new Class();
    const aborted = AbortSignal.abort(new Error("before"));
    await assertRejects(
      () => lock.acquire({ signal: aborted }),
      Error,
      "before",
    );
    assertEquals(lock.isLocked, false);
    const [held, go] = [new Event(), new Event()];
    const thread = start([lock, held, go], [
      [0, "acquireSync"],
      [1, "set"],
      [2, "waitSync"],
      [0, "release"],
    ]);
    await held.wait();
    const controller = new AbortController();
    const wait = lock.acquire({ signal: controller.signal, timeout: 3600 });
    const other = lock.acquire();
    setTimeout(() => controller.abort(new Error("enough")), 5);
    await assertRejects(() => wait, Error, "enough");
    go.set();
    using _held = await other;
    controller.abort();
    await thread.join(PATIENCE);
  });

  threadTest(`${type}: one at a time, many threads`, async () => {
    const lock = new Class();
    const counter = new Int32Array(new SharedArrayBuffer(8));
    const threads = [true, false, true, false].map((sync) => {
      const args = [lock, counter, 2000, sync] as const;
      const thread = new Thread(countWith, { args });
      thread.start();
      return thread;
    });
    const own = countWith(lock, counter, 500, false);
    for (const thread of threads) await thread.join(PATIENCE);
    await own;
    assertEquals([...counter], [8500, 0]);
    assertEquals(lock[owned].node, 0);
  });
}

threadTest("Lock: any thread may release it", async () => {
  const lock = new Lock();
  lock.acquireSync();
  await elsewhere([lock], [[0, "release"]]);
  assertEquals(lock.isLocked, false);
  await elsewhere([lock], [[0, "acquireSync"], [0, "release"], [
    0,
    "acquireSync",
  ], [0, "release"]]);
  // Not the hold of one that has got it since.
  const hold = lock.acquireSync();
  await elsewhere([lock], [[0, "release"]]);
  const [held, go] = [new Event(), new Event()];
  const thread = start([lock, held, go], [
    [0, "acquireSync"],
    [1, "set"],
    [2, "waitSync"],
    [0, "release"],
  ]);
  await held.wait();
  hold[Symbol.dispose]();
  assertEquals(lock.isLocked, true);
  go.set();
  await thread.join(PATIENCE);
});

for (const form of forms) {
  threadTest(
    `Lock.${form}(): the holder waits until another releases`,
    async () => {
      const lock = new Lock();
      const thread = start(
        [lock],
        [[0, form], [0, "tryAcquire"], [0, form], [0, "release"]],
        form !== "acquire",
      );
      await until(() => lock[owned].node !== 0);
      await aMoment();
      assert(thread.isAlive);
      lock.release();
      assertEquals(await thread.join(PATIENCE), [
        "held",
        undefined,
        "held",
        undefined,
      ]);
    },
  );
}

Deno.test("Lock: functions that await take turns", async () => {
  const lock = new Lock();
  const order: number[] = [];
  await Promise.all([0, 1, 2, 3].map(async (i) => {
    using _held = await lock.acquire();
    order.push(i);
    await new Promise((resolve) => setTimeout(resolve, 2));
    order.push(i);
  }));
  assertEquals(order, [0, 0, 1, 1, 2, 2, 3, 3]);
});

threadTest(
  "RLock: the holder takes it again, and releases as often",
  async () => {
    const lock = new RLock({ name: "r" });
    {
      using _one = lock.acquireSync();
      using _two = await lock.acquire({ timeout: 0 });
      using three = lock.tryAcquire();
      assert(three);
      const error = await assertRejects(() =>
        elsewhere([lock], [[0, "release"]])
      );
      assertInstanceOf(error, Error);
      assertEquals(
        error.message,
        "Cannot release RLock r: MainThread holds it",
      );
      assertEquals(await elsewhere([lock], [[0, "tryAcquire"]]), [undefined]);
    }
    assertEquals(lock.isLocked, false);
    assertEquals(
      await elsewhere([lock], [
        ...Array.from({ length: 100 }, (): Step => [0, "acquireSync"]),
        ...Array.from({ length: 99 }, (): Step => [0, "release"]),
        [0, "isLocked"],
        [0, "release"],
        [0, "isLocked"],
      ]).then((results) => results.filter((one) => typeof one === "boolean")),
      [true, false],
    );
  },
);

/** Objects of every class. */
function everyClass() {
  const lock = new Lock({ name: "inner" });
  return {
    lock,
    rlock: new RLock(),
    semaphore: new Semaphore(3),
    bounded: new BoundedSemaphore(2),
    event: new Event(),
    condition: new Condition(lock),
    barrier: new Barrier(2),
  };
}

threadTest(
  "Every class passes through arguments, wherever it stands",
  async () => {
    const all = everyClass();
    const given = {
      ...all,
      nested: [[all], new Map([["all", all]]), new Set([all.lock])],
      again: all.lock,
    };
    const thread = new Thread(echo, { args: [given] });
    thread.start();
    const back = await thread.join(PATIENCE) as typeof given;
    assert(back.again === back.lock);
    assert((back.nested[0] as [typeof all])[0].event === back.event);
    for (const [key, one] of Object.entries(all)) {
      const there = back[key as keyof typeof all];
      assert(there.constructor === one.constructor, key);
      assertEquals(String(there), String(one));
    }
    // They share their state, and so do the condition and its lock.
    using _held = back.condition.acquireSync();
    assertEquals(all.lock.isLocked, true);
    back.lock.release();
    assertEquals(all.lock.isLocked, false);
    back.event.set();
    assertEquals(all.event.isSet, true);
    assertEquals(
      await elsewhere([all.condition, all.lock], [
        [1, "acquireSync"],
        [0, "notify"],
        [0, "release"],
        [1, "isLocked"],
      ]),
      ["held", undefined, undefined, false],
    );
  },
);

for (const [key, one] of Object.entries(everyClass())) {
  Deno.test(`A queue takes as an item: ${key}`, () => {
    const queue = new Queue<unknown>();
    for (const item of [one, { deep: [one] }]) {
      queue.putNowait(item);
      const got = queue.getNowait() as { deep: [unknown] };
      const found = item === one ? got : got.deep[0];
      assertEquals(String(found), String(one));
    }
  });
}
