import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { activeCount, Pool, ShutDown } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import { until } from "../support/until.ts";
import * as fns from "../support/generators.ts";
import { ident, square } from "../support/pool_functions.ts";

const newWords = () => new Int32Array(new SharedArrayBuffer(8));

for (const name of ["count", "countLater"] as const) {
  threadTest(`Pool.stream(): ${name} is lazy, and ends early`, async () => {
    await using pool = new Pool(1);
    const before = await pool.apply(ident);
    const words = newWords();
    const stream = pool.stream(fns[name], [words]);
    await pool.apply(square, [1]);
    assertEquals(words[0], 0, "it begins with the first item");
    let next = 0;
    for await (const x of stream) {
      assertEquals(x, next++);
      assertLessOrEqual(words[0], next + 2);
      if (x === 20) break;
    }
    assertEquals(words[1], 1, "its finally has run");
    assertEquals(await pool.apply(ident), before);
  });

  threadTest(`Pool.stream(): ${name} to its end`, async () => {
    await using pool = new Pool(2);
    const all = await Array.fromAsync(
      pool.stream(fns[name], [newWords(), 500]),
    );
    assertEquals(all, Array.from({ length: 500 }, (_, i) => i));
    assertEquals(
      await Array.fromAsync(pool.stream(fns[name], [newWords(), 0])),
      [],
    );
  });
}

threadTest(
  "Pool.stream(): what was begun before close() is read to its end",
  async () => {
    const pool = new Pool(1);
    const begun = pool.stream(fns.count, [newWords(), 4]);
    assertEquals((await begun.next()).value, 0);
    const unread = pool.stream(fns.count, [newWords(), 3]);
    const late = pool.stream(fns.countLater, [newWords(), 2]);
    pool.close();
    assertThrows(
      () => pool.stream(fns.count, [newWords()]),
      Error,
      "not running",
    );
    assertEquals(await Array.fromAsync(begun), [1, 2, 3]);
    assertEquals(await Array.fromAsync(unread), [0, 1, 2]);
    await pool.join();
    assertEquals(activeCount(), 1);
    assertEquals(await Array.fromAsync(late), [0, 1]);
    // The reader waits for the end of the worker that was started for it.
    assertEquals(activeCount(), 1);
  },
);

threadTest("Pool.stream(): one that is refused ends", async () => {
  const pool = new Pool(1);
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = pool.stream(fns.count, [newWords()], { signal });
  const begun = pool.stream(fns.count, [newWords()]);
  const late = pool.stream(fns.count, [newWords()]);
  controller.abort(new RangeError("before it began"));
  await assertRejects(() => aborted.next(), RangeError, "before it began");
  const reading = assertRejects(async () => {
    while (!(await begun.next()).done);
  }, DOMException);
  await pool.terminate();
  await reading;
  await assertRejects(() => late.next(), DOMException, "terminated");
});

threadTest("Pool.stream(): errors arrive after what came before", async () => {
  await using pool = new Pool(1);
  for (const after of [0, 1, 5]) {
    const items: number[] = [];
    await assertRejects(
      async () => {
        for await (const x of pool.stream(fns.fail, [after])) items.push(x);
      },
      RangeError,
      "no more",
    );
    assertEquals(items.length, after);
  }
});

threadTest(
  "Pool.stream(): a reader leaves in the middle of a wait",
  async () => {
    await using pool = new Pool(1, { grace: 0.05 });
    const words = newWords();
    const stalled = pool.stream(fns.stall, [words]);
    assertEquals((await stalled.next()).value, 1);
    const next = stalled.next();
    const done = { value: undefined, done: true } as const;
    assertEquals(await stalled.return(), done);
    assertEquals(await next, done);
    await until(() => words[1] === 1);
    // One that was never begun, and one that was read to its end.
    assertEquals(await pool.stream(fns.list).return(), done);
    const whole = pool.stream(fns.list);
    assertEquals(await Array.fromAsync(whole), ["a", "b"]);
    assertEquals(await whole.return(), done);
    assertEquals(await pool.apply(square, [3]), 9);
  },
);

threadTest("Pool.stream(): no error of the generator is lost", async () => {
  await using pool = new Pool(1);
  await assertRejects(
    async () => {
      for await (const x of pool.stream(fns.failAtEnd)) if (x === 3) break;
    },
    RangeError,
    "no more",
  );
  const items: number[] = [];
  await assertRejects(async () => {
    for await (const x of pool.stream(fns.shutDown)) items.push(x);
  }, ShutDown);
  assertEquals(items, [1]);
});

threadTest("Pool.stream(): a signal ends the generator", async () => {
  await using pool = new Pool(1, { grace: 3600 });
  const words = newWords();
  const controller = new AbortController();
  const { signal } = controller;
  const stream = pool.stream(fns.stall, [words], { signal });
  assertEquals((await stream.next()).value, 1);
  const reason = new Error("enough");
  const next = assertRejects(() => stream.next());
  controller.abort(reason);
  assertStrictEquals(await next, reason);
  await until(() => words[1] === 1);
  const timed = pool.stream(fns.stall, [newWords()], { timeout: 0.05 });
  const error = await assertRejects(() => Array.fromAsync(timed), DOMException);
  assertEquals(error.name, "TimeoutError");
});

threadTest("Pool.stream(): a reader leaves what was called off", async () => {
  const pool = new Pool(1);
  const controller = new AbortController();
  const { signal } = controller;
  for await (const _ of pool.stream(fns.count, [newWords()], { signal })) {
    controller.abort(new RangeError("enough"));
    break;
  }
  for await (const _ of pool.stream(fns.count, [newWords()])) {
    await pool.terminate();
    break;
  }
});

threadTest("Pool.stream(): what isn't a generator", async () => {
  await using pool = new Pool(1);
  assertEquals(await Array.fromAsync(pool.stream(fns.list)), ["a", "b"]);
  await assertRejects(
    () => Array.fromAsync(pool.stream(fns.nothingToIterate as never)),
    TypeError,
    "it must return an iterable",
  );
  assertThrows(() => pool.stream((() => []) as never), TypeError);
  assertThrows(() => pool.stream(fns.list, 1 as never), TypeError);
  pool.close();
  assertThrows(() => pool.stream(fns.list), Error, "Pool is not running");
});

threadTest("Pool.stream(): several at a time", async () => {
  await using pool = new Pool(2);
  const sums = await Promise.all([1, 2, 3, 4].map(async () => {
    let sum = 0;
    for await (const x of pool.stream(fns.count, [newWords(), 100])) sum += x;
    return sum;
  }));
  assertEquals(sums, [4950, 4950, 4950, 4950]);
  assert(pool.stats().done >= 4);
});

threadTest("Pool.stream(): a generator that stalls is called off", async () => {
  await using pool = new Pool(1, { grace: 0.05 });
  const words = newWords();
  for await (const _ of pool.stream(fns.stall, [words])) break;
  await until(() => words[1] === 1);
  assertEquals(await pool.apply(square, [3]), 9);
});
