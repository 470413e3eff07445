import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Full, Queue } from "../../lib/queue/queue.ts";
import { prestartWorkers, Thread } from "../../lib/thread/thread.ts";
import { runProcess } from "../support/thread_process.ts";
import { processTest, threadTest } from "../support/threads.ts";
import { circulate, getMany, putAll } from "../support/queue.ts";

/** What a number takes in a queue. */
const NUMBER_BYTES = 16;

processTest(
  "Nothing is left of a large item that was got, or was refused",
  async () => {
    const flags = ["--v8-flags=--expose-gc"];
    const { code, out, err } = await runProcess("large_items.ts", [], flags);
    assertEquals([code, err], [0, ""]);
    const ways = out.split("\n");
    assertEquals(ways.length, 7);
    // The item has 32 MB, and takes 64 when it is encoded.
    for (const way of ways) assertLess(Number(way.split(" ").at(-1)), 16, way);
  },
);

Deno.test("Queue with a capacity is full when the bytes are used up", () => {
  const queue = new Queue<number>(0, { capacity: 10 * NUMBER_BYTES });
  for (let i = 0; i < 10; i++) queue.putNowait(i);
  assertThrows(() => queue.putNowait(10), Full, "it is full, its size is 10");
  assertThrows(() => queue.putSync(10, { timeout: 0.001 }), Full);
  assertEquals([queue.size, queue.unfinishedTasks], [10, 10]);
  for (let i = 0; i < 100; i++) {
    assertEquals(queue.getNowait(), i);
    queue.putNowait(i + 10);
  }
});

Deno.test("Queue keeps to the smaller of maxsize and capacity", () => {
  const byCount = new Queue<number>(2, { capacity: 10 * NUMBER_BYTES });
  const byBytes = new Queue<number>(10, { capacity: 2 * NUMBER_BYTES });
  for (const queue of [byCount, byBytes]) {
    queue.putNowait(1);
    queue.putNowait(2);
    assertThrows(() => queue.putNowait(3), Full);
  }
  assertEquals([byCount.isFull, byBytes.isFull], [true, false]);
});

Deno.test("Queue.put() waits past the capacity as when full", async () => {
  const queue = new Queue<string>(0, { capacity: 1 << 12 });
  const large = "x".repeat(3000);
  await queue.put(large);
  let isPut = false;
  const put = queue.put(large).then(() => isPut = true);
  await assertRejects(() => queue.put(large, { timeout: 0.01 }), Full);
  assertEquals([isPut, queue.size, queue.unfinishedTasks], [false, 1, 1]);
  assertEquals(await queue.get(), large);
  await put;
  assertEquals(await queue.get(), large);
});

Deno.test("Queue: one large item that is got makes room for many small ones", async () => {
  const queue = new Queue<string | number>(0, { capacity: 1 << 12 });
  await queue.put("x".repeat(4000));
  queue.putNowait(-1);
  while (true) {
    try {
      queue.putNowait(-1);
    } catch (error) {
      assert(error instanceof Full);
      break;
    }
  }
  const puts = Array.from({ length: 100 }, (_, i) => queue.put(i));
  await queue.get();
  // Nobody gets anything any more, nor needs to.
  await Promise.all(puts);
  const items = Array.from({ length: queue.size }, () => queue.getNowait());
  assertEquals(
    items.filter((item) => item !== -1),
    Array.from({ length: 100 }, (_, i) => i),
  );
});

threadTest(
  "Queue: one large item that is got makes room for many threads",
  async () => {
    const queue = new Queue<unknown>(0, { capacity: 1 << 12 });
    queue.putNowait(new Uint8Array(4000));
    const threads = Array.from(
      { length: 6 },
      (_, i) => new Thread(putAll, { args: [queue, [`${i}`.repeat(100)]] }),
    );
    for (const thread of threads) await thread.start();
    await new Promise((resolve) => setTimeout(resolve, 30));
    assertEquals(queue.size, 1);
    await queue.get();
    await Promise.all(threads.map((thread) => thread.join(60)));
    assertEquals(queue.size, 6);
  },
);

Deno.test("Queue refuses an item that can never fit, and goes on", async () => {
  const queue = new Queue<unknown>(0, { capacity: 64 });
  queue.putNowait(1);
  for (
    const item of ["x".repeat(64), new Uint8Array(1000), {
      a: "long".repeat(30),
    }]
  ) {
    const check = (error: Error) => {
      assertStringIncludes(error.message, "Cannot put into queue: the item's ");
      assertStringIncludes(error.message, "exceed the queue's capacity of 64 ");
    };
    check(assertThrows(() => queue.putNowait(item), RangeError));
    check(assertThrows(() => queue.putSync(item), RangeError));
    check(await assertRejects(() => queue.put(item), RangeError));
  }
  assertEquals([queue.size, queue.unfinishedTasks], [1, 1]);
  queue.putNowait("fits");
  assertEquals([queue.getNowait(), queue.getNowait()], [1, "fits"]);
});

Deno.test("Queue with the smallest capacity holds one number", () => {
  const queue = new Queue<unknown>(0, { capacity: NUMBER_BYTES });
  for (const item of [1, -0, NaN, null, undefined, true, 2 ** 60]) {
    queue.putNowait(item);
    assertThrows(() => queue.putNowait(item), Full);
    assert(Object.is(queue.getNowait(), item));
  }
  // Its 9 bytes alone would fit; the message must not say that they don't.
  const error = assertThrows(() => queue.putNowait("a"), RangeError);
  assertStringIncludes(error.message, "header");
});

Deno.test("Queue grows as needed, and keeps what it holds", () => {
  const queue = new Queue<number | Uint8Array>();
  // Not at the ring's beginning: what wraps has to move.
  for (let i = 0; i < 200; i++) queue.putNowait(i);
  for (let i = 0; i < 200; i++) assertEquals(queue.getNowait(), i);
  const sizes = Array.from({ length: 40 }, (_, i) => Math.ceil(1.4 ** i));
  for (const size of sizes) {
    queue.putNowait(size);
    queue.putNowait(new Uint8Array(size).fill(size));
  }
  for (const size of sizes) {
    assertEquals(queue.getNowait(), size);
    const bytes = queue.getNowait() as Uint8Array;
    assertEquals(bytes.length, size);
    assert(bytes.every((byte) => byte === size % 256));
  }
});

Deno.test("Queue: capacity is filled to the last record by items of any length", () => {
  for (let length = 0; length < 80; length++) {
    const queue = new Queue<string>(0, { capacity: 5000 });
    let count = 0;
    for (let lap = 0; lap < 3; lap++) {
      try {
        for (;;) queue.putNowait(`${count++}`.padEnd(length));
      } catch (error) {
        assert(error instanceof Full);
        count--;
      }
      assert(queue.size * (length + 8) <= 5000);
      assert((queue.size + 1) * (length + 40) > 5000);
      let next = count - queue.size;
      while (queue.size > lap) {
        assertEquals(queue.getNowait(), `${next++}`.padEnd(length));
      }
    }
  }
});

threadTest("Queue grows under the hands of several threads", async () => {
  const queue = new Queue<Uint8Array>();
  const count = 300;
  const items = Array.from(
    { length: count },
    (_, i) => new Uint8Array(1 + (i * i) % 20_000).fill(i),
  );
  const putters = [0, 1].map(() =>
    new Thread(putAll, { args: [queue, items] })
  );
  const getters = [0, 1].map(() =>
    new Thread(getMany, { args: [queue, count] })
  );
  for (const thread of [...putters, ...getters]) thread.start();
  await Promise.all(putters.map((thread) => thread.join(60)));
  const got = await Promise.all(getters.map((thread) => thread.join(60)));
  const seen = new Array(count).fill(0);
  for (const item of got.flat() as Uint8Array[]) {
    const index = items.findIndex((other) =>
      other.length === item.length && other[0] === item[0]
    );
    assertEquals(item, items[index]);
    seen[index]++;
  }
  assertEquals(seen.reduce((sum, times) => sum + times), 2 * count);
  assert(seen.every((times) => times % 2 === 0));
});

threadTest(
  "Queue stays full for a thread that has not put for 2 GiB",
  async () => {
    await prestartWorkers(1);
    const bytes = 1 << 20;
    const queue = new Queue<number | Uint8Array>(0, { capacity: 4 * bytes });
    queue.putNowait(1);
    queue.getNowait();
    const thread = new Thread(circulate, {
      args: [queue as never, 2100, bytes],
    });
    thread.start();
    await thread.join(120);
    const filler = new Thread(putAll, {
      args: [queue, [1, 2, 3].map((i) => new Uint8Array(bytes).fill(i))],
    });
    filler.start();
    await filler.join(60);
    assertThrows(() => queue.putNowait(new Uint8Array(bytes)), Full);
    for (const i of [1, 2, 3]) {
      const item = queue.getNowait() as Uint8Array;
      assert(item.length === bytes && item.every((byte) => byte === i));
    }
  },
);
