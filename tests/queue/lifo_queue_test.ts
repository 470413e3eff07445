import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { LifoQueue } from "../../lib/queue/lifo_queue.ts";
import { Full, Queue } from "../../lib/queue/queue.ts";
import { Thread } from "../../lib/thread/thread.ts";
import { threadTest } from "../support/threads.ts";
import { classOf, drain, getMany, putRange } from "../support/queue.ts";

/** What a number takes in a queue. */
const NUMBER_BYTES = 16;

Deno.test("LifoQueue gives the newest item first", async () => {
  const queue = new LifoQueue<number | string>();
  queue.putNowait(1);
  queue.putSync("two".repeat(1000));
  await queue.put(3);
  assertEquals(await queue.get(), 3);
  queue.putNowait(4);
  assertEquals(queue.getSync(), 4);
  assertEquals(queue.getNowait(), "two".repeat(1000));
  assertEquals(queue.getNowait(), 1);
});

Deno.test("LifoQueue is a Queue, and prints as Python prints it", () => {
  const queue = new LifoQueue();
  assert(queue instanceof Queue);
  assertMatch(String(queue), /^<queue\.LifoQueue object at 0x[0-9a-f]{9}>$/);
  assertEquals(Deno.inspect(queue), String(queue));
});

Deno.test("LifoQueue with a capacity is full when the bytes are used up", () => {
  const queue = new LifoQueue<number>(0, { capacity: 10 * NUMBER_BYTES });
  for (let i = 0; i < 10; i++) queue.putNowait(i);
  assertThrows(() => queue.putNowait(10), Full, "it is full, its size is 10");
  for (let i = 10; i < 100; i++) {
    queue.getNowait();
    queue.putNowait(i);
  }
  assertEquals(Array.from({ length: 10 }, () => queue.getNowait()), [
    ...[99, 8, 7, 6, 5, 4, 3, 2, 1, 0],
  ]);
});

Deno.test("LifoQueue refuses an item that can never fit, and goes on", () => {
  const queue = new LifoQueue<unknown>(0, { capacity: 64 });
  assertThrows(() => queue.putNowait("x".repeat(64)), RangeError, "exceed");
  queue.putNowait("fits");
  assertEquals([queue.getNowait(), queue.size], ["fits", 0]);
});

Deno.test("LifoQueue refuses what can't travel, and goes on", () => {
  const queue = new LifoQueue<unknown>();
  for (const item of [Symbol(), [Promise.resolve()]]) {
    const error = assertThrows(() => queue.putNowait(item), DOMException);
    assertEquals(error.name, "DataCloneError");
  }
  queue.putNowait({ a: 1 });
  assertEquals([queue.getNowait(), queue.size], [{ a: 1 }, 0]);
});

threadTest("LifoQueue reaches a thread as what it is", async () => {
  const queue = new LifoQueue<unknown>(4);
  for (let i = 0; i < 3; i++) queue.putNowait(i);
  const thread = new Thread(classOf, { args: [queue] });
  thread.start();
  assertEquals(await thread.join(60), "LifoQueue");
  const getter = new Thread(getMany, { args: [queue, 3] });
  getter.start();
  assertEquals(await getter.join(60), [2, 1, 0]);
});

threadTest(
  "LifoQueue: 4 producers and 4 consumers lose and double nothing",
  async () => {
    for (const maxsize of [0, 1, 7]) {
      const queue = new LifoQueue<unknown>(maxsize);
      const each = 3000;
      const producers = [0, 1, 2, 3].map((i) =>
        new Thread(putRange, { args: [queue, i * each, each] })
      );
      const consumers = producers.map(() =>
        new Thread(drain, { args: [queue] })
      );
      for (const thread of [...consumers, ...producers]) thread.start();
      await Promise.all(producers.map((thread) => thread.join(120)));
      queue.shutdown();
      const got = await Promise.all(consumers.map((thread) => thread.join(60)));
      assertEquals(
        (got.flat() as number[]).sort((a, b) => a - b),
        Array.from({ length: 4 * each }, (_, i) => i),
      );
    }
  },
);
