import { assertEquals, assertRejects } from "@std/assert";
import { Pool, Queue } from "../../mod.ts";
import { busyPool } from "../support/busy_pool.ts";
import { threadTest } from "../support/threads.ts";
import {
  echo,
  ends,
  put,
  square,
  textEnds,
} from "../support/pool_functions.ts";

/** The order in which one worker does what was submitted while it was busy. */
async function orderOf(priorities: (number | undefined)[]): Promise<number[]> {
  const { pool, go, first } = await busyPool();
  await using _pool = pool;
  const done = new Queue<number>();
  const tasks = priorities.map((priority, i) =>
    pool.apply(put, [done, i], priority === undefined ? {} : { priority })
  );
  assertEquals(pool.size, priorities.length);
  go.putNowait(0);
  await Promise.all([first, ...tasks]);
  const order: number[] = [];
  while (!done.isEmpty) order.push(done.getNowait());
  return order;
}

threadTest("Pool: the lowest priority runs first, ties in order", async () => {
  assertEquals(await orderOf([3, 1, 2, 1]), [1, 3, 2, 0]);
  assertEquals(await orderOf([undefined, undefined, -1]), [2, 0, 1]);
  assertEquals(await orderOf([1, undefined, 1, 0]), [1, 3, 0, 2]);
  assertEquals(await orderOf([5, -0.5, Infinity, -Infinity, 0]), [
    3,
    1,
    4,
    0,
    2,
  ]);
});

threadTest("Pool: many tasks of all priorities, some called off", async () => {
  await using pool = new Pool(2);
  const controller = new AbortController();
  const { signal } = controller;
  const tasks = Array.from(
    { length: 300 },
    (_, i) =>
      pool.apply(
        echo,
        [i],
        i % 7 === 0 ? {} : {
          priority: i % 5 - 2,
          signal: i % 3 === 0 ? signal : undefined,
        },
      ),
  );
  const settled = Promise.allSettled(tasks);
  controller.abort("off");
  for (const [i, result] of (await settled).entries()) {
    if (result.status === "fulfilled") assertEquals(result.value, i);
    else assertEquals([i % 3, result.reason], [0, "off"]);
  }
  assertEquals(await pool.map(square, [1, 2, 3], { priority: 1 }), [1, 4, 9]);
  await assertRejects(
    () => pool.apply(echo, [Symbol()], { priority: 1 }),
    DOMException,
  );
});

threadTest("Pool: what waits by priority is what was submitted", async () => {
  const { pool, go, first } = await busyPool();
  await using _pool = pool;
  const items = [1, 2, 3, 4];
  const list = [{ x: [1] }];
  const args = list as [typeof list[0]];
  const memory = new Int32Array(new SharedArrayBuffer(4));
  const beside = { x: 1 };
  const expected = [[1, 4, 9, 16], [1, 4, 9, 16], { x: [1] }, { x: [1] }];
  const submit = (options: { priority?: number }) => [
    pool.map(square, items, { chunkSize: 2, ...options }),
    pool.map(square, items, options),
    pool.apply(echo, args, options),
  ];
  const change = () => {
    items.fill(0);
    items.length = 0;
    list[0].x.push(2);
    list.length = 0;
  };
  // These are in the channel when the first that has a priority comes.
  const plain = [...submit({}), pool.apply(echo, [args[0]])];
  // Shared memory goes by message.
  const mailed = pool.apply(echo, [[memory, beside]], { priority: 2 });
  change();
  items.push(1, 2, 3, 4);
  list.push({ x: [1] });
  const other = [
    ...submit({ priority: 1 }),
    pool.apply(echo, [args[0]], { priority: -1 }),
  ];
  change();
  beside.x = 2;
  go.putNowait(7);
  assertEquals(await first, 7);
  assertEquals(await Promise.all(plain), expected);
  assertEquals(await Promise.all(other), expected);
  assertEquals(await mailed, [new Int32Array([0]), { x: 1 }]);
});

threadTest(
  "Pool: what the channel has no room for is what was submitted",
  async () => {
    const { pool, go, first } = await busyPool();
    await using _pool = pool;
    const bytes = new Uint8Array(1_000_000);
    const beside = { x: 0 };
    // Together more than the channel's 256 MB.
    const sent = Array.from({ length: 280 }, (_, i) => {
      bytes[0] = i;
      beside.x = i;
      return pool.apply(ends, [bytes, beside]);
    });
    bytes[0] = 77;
    const last = pool.apply(ends, [bytes, beside], { priority: 1 });
    bytes[0] = 78;
    beside.x = 78;
    go.putNowait(7);
    assertEquals(await first, 7);
    assertEquals(await Promise.all(sent), sent.map((_, i) => [i & 255, i]));
    assertEquals(await last, [77, 279]);
  },
);

threadTest(
  "Pool: what the channel has no room for arrives whole, however long",
  async () => {
    const { pool, go, first } = await busyPool();
    await using _pool = pool;
    // Each is longer than what is kept between records. The channel's 256 MB hold
    // all but the last.
    const texts = Array.from(
      { length: 34 },
      (_, i) => String(i % 9).repeat(8e6),
    );
    const sent = texts.map((text) => pool.apply(textEnds, [text]));
    go.putNowait(7);
    assertEquals(await first, 7);
    assertEquals(await Promise.all(sent), texts.map(textEnds));
  },
);

threadTest(
  "Pool: with a priority, what can't be sent fails alone",
  async () => {
    await using pool = new Pool(1);
    const results = await pool.map(echo, [1, Symbol(), 3], {
      priority: 1,
      settled: true,
      chunkSize: 3,
    });
    const brief = results.map((result) =>
      result.status === "fulfilled" ? result.value : result.reason.name
    );
    assertEquals(brief, [1, "DataCloneError", 3]);
  },
);

threadTest("Pool: priorities and the pool's end", async () => {
  const { pool, go, first } = await busyPool();
  const tasks = [2, 1].map((priority) =>
    pool.apply(square, [priority], { priority })
  );
  pool.close();
  go.putNowait(7);
  assertEquals(await Promise.all([first, ...tasks]), [7, 4, 1]);
  await pool.join();
  const ended = new Pool(1);
  const pending = assertRejects(() =>
    ended.apply(square, [1], { priority: 1 })
  );
  await ended.terminate();
  await pending;
});

threadTest("Pool refuses a priority that is none", async () => {
  await using pool = new Pool(1);
  await assertRejects(
    () => pool.apply(square, [1], { priority: NaN }),
    RangeError,
  );
  await assertRejects(
    () => pool.apply(square, [1], { priority: "1" as never }),
    TypeError,
    "priority must be a number, received string",
  );
});
