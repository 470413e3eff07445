import { assertEquals, assertRejects } from "@std/assert";
import { Full, type Queue, ShutDown } from "../../lib/queue/queue.ts";
import { Thread } from "../../lib/thread/thread.ts";
import { NEED, STATE, STRIDE, waiterWords } from "../../lib/sync/waiters.ts";
import { type QueueKind, queueKinds } from "../support/queues.ts";
import { threadTest } from "../support/threads.ts";
import { until } from "../support/until.ts";
import { getMany, putAll } from "../support/queue.ts";

const LARGE = "x".repeat(100);

/** A queue whose capacity is used up by small items. */
function makeFull({ make, item }: QueueKind): Queue<unknown> {
  const queue = make(0, { capacity: 256 });
  try {
    for (;;) queue.putNowait(item(0));
  } catch (error) {
    if (!(error instanceof Full)) throw error;
  }
  return queue;
}

/** How many waiters of the process sleep until there is some room in a queue. */
function sleepersForRoom(): number {
  let count = 0;
  const waiters = waiterWords();
  for (let at = STRIDE; at < 400 * STRIDE; at += STRIDE) {
    if (waiters[at + STATE] === 1 && waiters[at + NEED] > 0) count++;
  }
  return count;
}

for (const kind of queueKinds) {
  const { name, item } = kind;

  Deno.test(`${name}: a small item is put though a large one waits before it`, async () => {
    const queue = makeFull(kind);
    const ending = new AbortController();
    const large = queue.put(item(LARGE), { signal: ending.signal });
    const small = queue.put(item(1), { timeout: 30 });
    const next = queue.put(item(2), { timeout: 30 });
    queue.getNowait();
    await small;
    queue.getNowait();
    await next;
    ending.abort();
    await assertRejects(() => large, DOMException);
  });

  Deno.test(`${name}: a wake that a large item can't use any more is passed on`, async () => {
    const queue = makeFull(kind);
    const large = queue.put(item(LARGE), { timeout: 30 });
    const small = queue.put(item(1), { timeout: 30 });
    const count = queue.size;
    for (let i = 0; i < count; i++) queue.getNowait();
    // The large one is woken, and finds that others were quicker.
    const quick: unknown[] = [];
    while (quick.length < count - 1) {
      queue.putNowait(item(0));
      quick.push(0);
    }
    await small;
    for (let i = 0; i < count; i++) queue.getNowait();
    await large;
    assertEquals(queue.size, 1);
  });

  Deno.test(`${name}: a wake is passed on by a large item's put that is called off`, async () => {
    const queue = makeFull(kind);
    const ending = new AbortController();
    const large = queue.put(item(LARGE), { signal: ending.signal });
    const small = queue.put(item(1), { timeout: 30 });
    for (let count = queue.size; count > 0; count--) queue.getNowait();
    ending.abort();
    await assertRejects(() => large, DOMException);
    await small;
    assertEquals(queue.size, 1);
  });

  Deno.test(`${name}: shutdown() ends the puts of large and small items`, async () => {
    const queue = makeFull(kind);
    const puts = [LARGE, 1, LARGE, 2].map((value) => queue.put(item(value)));
    queue.shutdown();
    for (const put of puts) await assertRejects(() => put, ShutDown);
  });

  threadTest(
    `${name}: a thread's small item is put though a large one waits before it`,
    async () => {
      const queue = makeFull(kind);
      const before = sleepersForRoom();
      const threads = [LARGE, 1].map((value) =>
        new Thread(putAll, { args: [queue, [item(value)]] })
      );
      for (const [i, thread] of threads.entries()) {
        await thread.start();
        await until(() => sleepersForRoom() === before + i + 1);
      }
      queue.getNowait();
      await threads[1].join(30);
      for (let count = queue.size; count > 0; count--) queue.getNowait();
      await threads[0].join(30);
      assertEquals(queue.size, 1);
    },
  );

  threadTest(`${name}: items of many sizes all come through`, async () => {
    const queue = kind.make(0, { capacity: 640 });
    const count = 400;
    const items = Array.from(
      { length: count },
      (_, i) => item("x".repeat((i * i) % 300)),
    );
    const putters = [0, 1, 2].map(() =>
      new Thread(putAll, { args: [queue, items] })
    );
    const getters = [0, 1].map(() =>
      new Thread(getMany, { args: [queue, 3 * count / 2] })
    );
    for (const thread of [...putters, ...getters]) thread.start();
    await Promise.all([...putters, ...getters].map((one) => one.join(60)));
    assertEquals([queue.size, queue.unfinishedTasks], [0, 3 * count]);
  });
}
