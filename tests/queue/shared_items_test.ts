import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertThrows,
} from "@std/assert";
import {
  Barrier,
  Condition,
  Event,
  Full,
  Lock,
  Pool,
  Queue,
  Semaphore,
} from "../../mod.ts";
import {
  here,
  type LeftMemory,
  setExchange,
} from "../../lib/codec/left_memory.ts";
import { queueKinds } from "../support/queues.ts";
import { start } from "../support/start.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/reply_queues.ts";
import type { Question } from "../support/reply_queues.ts";

for (const { name, make, item } of queueKinds) {
  Deno.test(`${name}: shared objects and memory as items`, async () => {
    const queue = make();
    const words = new Int32Array(new SharedArrayBuffer(16), 4, 2);
    const reply = make();
    queue.putSync(item({ words, deep: [new Set([reply])] }));
    const value = (got: unknown) =>
      name === "PriorityQueue" ? (got as unknown[])[1] : got;
    const got = value(queue.getSync()) as {
      words: Int32Array;
      deep: [Set<Queue>];
    };
    words[1] = 5;
    assertEquals([got.words.byteOffset, ...got.words], [4, 0, 5]);
    const [found] = got.deep[0];
    assertEquals(String(found), String(reply));
    await reply.put(item(1));
    assertEquals(value(await found.get()), 1);
  });
}

Deno.test("A queue takes every lock as an item", () => {
  const queue = new Queue<unknown>();
  const lock = new Lock({ name: "inner" });
  for (
    const one of [
      lock,
      new Condition(lock),
      new Event(),
      new Semaphore(2),
      new Barrier(2),
    ]
  ) {
    queue.putNowait([one, one]);
    const [got, again] = queue.getNowait() as unknown[];
    assertEquals(String(got), String(one));
    assert(got === again);
    assertInstanceOf(got, one.constructor as typeof Lock);
  }
  queue.putNowait(new Condition(lock));
  using _held = lock.acquireSync();
  // It is the same lock.
  assertEquals(String(queue.getNowait()).includes("<locked"), true);
});

threadTest(
  "A reply queue goes to a thread, whatever the main thread does",
  async () => {
    for (const fn of [fns.answer, fns.answerAsync]) {
      const questions = new Queue<Question>();
      const thread = start(fn, questions);
      for (let n = 0; n < 3; n++) {
        const replies = new Queue<number>();
        questions.putSync({ n, replies });
        assertEquals(replies.getSync(), n * n);
        await questions.put({ n, replies });
        assertEquals(await replies.get(), n * n);
      }
      questions.shutdown();
      assertEquals(thread.joinSync(), 6);
    }
  },
);

threadTest("A reply queue goes from thread to thread", async () => {
  const questions = new Queue<Question>();
  const answering = [
    start(fns.answer, questions),
    start(fns.answerAsync, questions),
  ];
  const asking = [1, 2].map(() => start(fns.ask, questions, 20));
  // One is joined by a main thread that blocks, the other by one that doesn't.
  assertEquals(asking[0].joinSync(), 2470);
  assertEquals(await asking[1].join(), 2470);
  questions.shutdown();
  const [one, other] = await Promise.all(answering.map((t) => t.join()));
  assertEquals(one as number + (other as number), 40);
});

threadTest(
  "A pool's tasks ask and answer through queues in items",
  async () => {
    const questions = new Queue<Question>();
    await using pool = new Pool(2);
    const answered = pool.apply(fns.answer, [questions]);
    assertEquals(await pool.apply(fns.ask, [questions, 20]), 2470);
    questions.shutdown();
    assertEquals(await answered, 20);
  },
);

threadTest("What a thread has put is there when it has ended", async () => {
  const items = new Queue<unknown>();
  await start(fns.putShared, items).join();
  const { lock, deep } = items.getSync() as {
    lock: Lock;
    deep: [Map<string, Int32Array>];
  };
  assertEquals([...deep[0].get("words")!], [0, 7]);
  assertEquals((items.getSync() as SharedArrayBuffer).byteLength, 8);
  const condition = items.getSync() as Condition;
  using _held = lock.acquireSync();
  assertEquals(String(condition), `<Condition(${lock}, 0)>`);
  const [, barrier] = items.getSync() as [0, Barrier];
  assertEquals(barrier.waitSync(), 0);
});

threadTest("Items that bring memory are forwarded by a thread", async () => {
  const [from, to] = [new Queue<unknown>(), new Queue<unknown>()];
  const thread = start(fns.forward, from, to);
  const memory = new SharedArrayBuffer(4);
  for (let i = 0; i < 10; i++) from.putSync([memory]);
  for (let i = 0; i < 10; i++) {
    new Int32Array((to.getSync() as [SharedArrayBuffer])[0])[0]++;
  }
  from.shutdown();
  await thread.join();
  assertEquals(new Int32Array(memory)[0], 10);
});

const waits: Record<string, (released: Queue<number>) => void> = {
  "for a queue": (released) => void released.getSync(),
  "for a lock": (released) => {
    const lock = new Lock();
    lock.acquireSync();
    assertThrows(() => lock.acquireSync({ timeout: 0.3 }), DOMException);
    released.getSync();
  },
  "for a condition": (released) => {
    const condition = new Condition();
    using _held = condition.acquireSync();
    assertEquals(condition.waitSync({ timeout: 0.3 }), false);
    released.getSync();
  },
  "for an event": (released) => {
    new Event().waitSync({ timeout: 0.3 });
    released.getSync();
  },
};
for (const [what, wait] of Object.entries(waits)) {
  threadTest(
    `Memory is fetched while the main thread blocks ${what}`,
    async () => {
      const items = new Queue<unknown>();
      const thread = start(fns.takeAndWrite, items as Queue<SharedArrayBuffer>);
      const memory = new SharedArrayBuffer(4);
      const released = new Queue<number>();
      const late = start(fns.putLate, items, memory);
      const other = start(fns.putLate, released as Queue<unknown>, 1);
      wait(released);
      // Without a turn of the event loop.
      thread.joinSync();
      assertEquals(new Int32Array(memory)[0], 1);
      await Promise.all([late.join(), other.join()]);
    },
  );
}

threadTest("A thread that waits for memory can be ended", async () => {
  const items = new Queue<unknown>();
  const thread = start(fns.takeAndWrite, items as Queue<SharedArrayBuffer>);
  await items.put(new SharedArrayBuffer(4));
  await thread.terminate();
  assertEquals(thread.isAlive, false);
});

Deno.test("Memory is taken back if its item can't be put or is thrown away", async () => {
  const kept = new Set<number>();
  const exchange = setExchange({
    leave(left: readonly LeftMemory[]) {
      here.leave(left);
      for (const [number] of left) kept.add(number);
    },
    takeBack(numbers) {
      here.takeBack(numbers);
      for (const number of numbers) kept.delete(number);
    },
    fetch(number) {
      kept.delete(number);
      return here.fetch(number);
    },
  });
  try {
    for (const { make, item } of queueKinds) {
      const queue = make(1);
      const one = item(new SharedArrayBuffer(4));
      queue.putNowait(one);
      assertEquals(kept.size, 1);
      assertThrows(() => queue.putNowait(one), Full);
      assertThrows(() => queue.putSync(one, { timeout: 0 }), Full);
      const signal = AbortSignal.abort();
      await queue.put(one, { signal }).catch(() => {});
      await queue.put(one, { timeout: 0 }).catch(() => {});
      const controller = new AbortController();
      const put = queue.put(one, { signal: controller.signal });
      assertEquals(kept.size, 2);
      controller.abort();
      await put.catch(() => {});
      assertEquals(kept.size, 1);
      queue.shutdown({ immediate: true });
      assertEquals(kept.size, 0);
      assertThrows(() => queue.putSync(one));
      assertEquals(kept.size, 0);
    }
  } finally {
    setExchange(exchange);
  }
});
