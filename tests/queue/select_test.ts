import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  Empty,
  LifoQueue,
  PriorityQueue,
  Queue,
  select,
  selectSync,
  ShutDown,
} from "../../mod.ts";
import { queueKinds } from "../support/queues.ts";
import { start } from "../support/start.ts";
import { threadTest } from "../support/threads.ts";
import { until } from "../support/until.ts";
import { waitersInUse } from "../support/waiters.ts";
import * as fns from "../support/select.ts";

const PATIENCE = 30;
const forms = {
  select,
  // deno-lint-ignore require-await -- what it throws rejects
  selectSync: async (...args: Parameters<typeof selectSync>) =>
    selectSync(...args),
};

for (const [name, form] of Object.entries(forms)) {
  for (const { name: kind, make, item } of queueKinds) {
    Deno.test(`${name}() takes from each ${kind} that has something`, async () => {
      const queues = [make(), make(), make()];
      queues[1].putNowait(item("b"));
      queues[2].putNowait(item("c"));
      for (const [at, value] of [[1, "b"], [2, "c"]] as const) {
        const [queue, got] = await form(queues, { timeout: 0 });
        assertStrictEquals(queue, queues[at]);
        assertEquals(got, item(value));
      }
      assertEquals(queues.map(({ size }) => size), [0, 0, 0]);
      assertEquals(queues.map((q) => q.unfinishedTasks), [0, 1, 1]);
    });
  }

  Deno.test(`${name}() and its timeout`, async () => {
    const queues = [new Queue(), new LifoQueue(), new PriorityQueue()];
    const before = waitersInUse();
    for (const timeout of [0, 0.01]) {
      await assertRejects(
        () => form(queues, { timeout }),
        Empty,
        "Cannot select from queues: all are empty",
      );
    }
    assertEquals(waitersInUse(), before);
  });

  Deno.test(`${name}() refuses what makes no sense`, async () => {
    const queue = new Queue<number>();
    queue.putNowait(1);
    for (const queues of [1, null, queue, [1], [queue, {}]]) {
      await assertRejects(
        () => form(queues as never),
        TypeError,
        "Cannot select from queues: queues must be",
      );
    }
    await assertRejects(() => form([]), RangeError, "at least one");
    for (const timeout of [-1, NaN]) {
      await assertRejects(() => form([queue], { timeout }), RangeError);
    }
    await assertRejects(() => form([queue], null as never), TypeError);
    assertEquals(queue.size, 1);
  });

  Deno.test(`${name}() ends with ShutDown when all queues are`, async () => {
    const [one, two] = [new Queue<number>(), new Queue<number>()];
    one.putNowait(1);
    two.putNowait(2);
    one.shutdown();
    assertEquals((await form([one, two]))[1], 1);
    assertEquals((await form([one, two]))[1], 2);
    await assertRejects(() => form([one, two], { timeout: 0 }), Empty);
    two.shutdown();
    await assertRejects(() => form([one, two]), ShutDown);
  });
}

Deno.test("select() waits for whichever queue comes first", async () => {
  const numbers = new Queue<number>();
  const words = new PriorityQueue<number, string>();
  const before = waitersInUse();
  for (let i = 0; i < 3; i++) {
    const selected = select([numbers, words], { timeout: PATIENCE });
    words.putNowait([1, "word"]);
    const [queue, item] = await selected;
    assert(queue === words);
    assertEquals(item, [1, "word"]);
    const again = select([numbers, words]);
    numbers.putNowait(i);
    assertEquals((await again)[1], i);
  }
  const ended = select([numbers, words]);
  numbers.shutdown();
  words.shutdown();
  await assertRejects(() => ended, ShutDown);
  assertEquals(waitersInUse(), before);
});

Deno.test("select() is called off by its signal", async () => {
  const queues = [new Queue<number>(), new Queue<number>()];
  const before = waitersInUse();
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = [1, 2].map(() => select(queues, { signal }));
  controller.abort(new Error("called off"));
  for (const one of waiting) {
    await assertRejects(() => one, Error, "called off");
  }
  queues[1].putNowait(5);
  await assertRejects(() => select(queues, { signal }), Error, "called off");
  await assertRejects(
    () => select(queues, { signal: controller as never }),
    TypeError,
  );
  assertEquals((await select(queues))[1], 5);
  assertEquals(waitersInUse(), before);
});

Deno.test("select() loses nothing when several queues become ready", async () => {
  const [one, two] = [new Queue<number>(), new Queue<number>()];
  // Others wait for the same queues: a wake that isn't needed is theirs.
  const selected = select([one, two]);
  const gets = [two.get(), one.get(), two.get()];
  one.putNowait(1);
  two.putNowait(2);
  const [, item] = await selected;
  assertEquals(item, 1);
  assertEquals(await gets[0], 2);
  one.putNowait(3);
  two.putNowait(4);
  assertEquals(await Promise.all(gets), [2, 3, 4]);
});

Deno.test("A wake that select() no longer needs is passed on", async () => {
  const [one, two] = [new Queue<number>(), new Queue<number>()];
  const controller = new AbortController();
  const { signal } = controller;
  const selected = select([one, two], { signal });
  // At its end it would look once more.
  const got = one.get({ timeout: PATIENCE });
  const begin = performance.now();
  one.putNowait(1);
  controller.abort(new Error("called off"));
  await assertRejects(() => selected, Error, "called off");
  assertEquals(await got, 1);
  assertLess(performance.now() - begin, PATIENCE / 2 * 1000);
});

threadTest(
  "Threads select what others put: nothing is lost or doubled",
  async () => {
    const queues = [1, 2, 3].map(() => new Queue<number>(4));
    const getters = [fns.sumSync, fns.sum, fns.sumSync].map((fn) =>
      start(fn as typeof fns.sumSync, queues)
    );
    const putters = queues.map((queue) => start(fns.putRange, queue, 1000));
    await Promise.all(putters.map((putter) => putter.join(PATIENCE)));
    for (const queue of queues) queue.shutdown();
    const sums = await Promise.all(
      getters.map((getter) => getter.join(PATIENCE)),
    );
    const totals = [0, 1, 2].map((i) => sums.reduce((sum, s) => sum + s[i], 0));
    assertEquals(totals, [500500, 500500, 500500]);
  },
);

threadTest("selectSync() on the main thread is woken by threads", async () => {
  const queues = [new Queue<number>(), new Queue<number>()];
  const putter = start(fns.putRange, queues[1], 100);
  let sum = 0;
  for (let i = 0; i < 100; i++) {
    const [queue, n] = selectSync(queues, { timeout: PATIENCE });
    assertStrictEquals(queue, queues[1]);
    sum += n;
  }
  assertEquals(sum, 5050);
  await putter.join();
});

for (const isAsync of [false, true]) {
  threadTest(
    `A thread that selects can be ended${isAsync ? ", async" : ""}`,
    async () => {
      const queues = [new Queue<number>(), new Queue<number>()];
      const before = waitersInUse();
      const thread = start(fns.selectForGood, queues, isAsync);
      await until(() => waitersInUse() > before + 1);
      await thread.terminate();
      assertEquals(thread.isAlive, false);
      // It has left all lists.
      for (const queue of queues) {
        queue.putNowait(1);
        assertEquals(queue.getNowait(), 1);
      }
      const other = start(fns.getOne, queues[0]);
      queues[0].putNowait(7);
      assertEquals(await other.join(PATIENCE), 7);
    },
  );
}
