import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { cpuCount, Pool, Queue } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/pool_functions.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

async function* later<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await Promise.resolve();
    yield item;
  }
}

threadTest(
  "Pool.map() collects results in the order of the items",
  async () => {
    await using pool = new Pool(2);
    const expected = range(101).map((x) => x * x);
    assertEquals(await pool.map(fns.square, range(101)), expected);
    assertEquals(await pool.map(fns.squareLater, range(101)), expected);
    for (const chunkSize of [1, 7, 100, 101, 1000]) {
      const results = await pool.map(fns.square, range(101), { chunkSize });
      assertEquals(results, expected);
    }
  },
);

threadTest("Pool.map() takes any iterable, or none", async () => {
  await using pool = new Pool(2);
  assertEquals(await pool.map(fns.square, []), []);
  assertEquals(await pool.map(fns.square, later([])), []);
  assertEquals(await pool.map(fns.square, new Set([1, 2])), [1, 4]);
  assertEquals(await pool.map(fns.square, range(5).values()), [0, 1, 4, 9, 16]);
  assertEquals(await pool.map(fns.square, later(range(3))), [0, 1, 4]);
  assertEquals(await pool.map(fns.echo, "añ☃"), ["a", "ñ", "☃"]);
  assertEquals(await pool.map(fns.echo, [undefined, null, NaN]), [
    undefined,
    null,
    NaN,
  ]);
});

threadTest("Pool.map() passes the item alone", async () => {
  await using pool = new Pool(1);
  assertEquals(await pool.map(fns.countArguments, [1, [2, 3]]), [1, 1]);
});

threadTest("Pool.map() reads the items at once", async () => {
  await using pool = new Pool(1);
  const items = [1, 2, 3];
  const results = pool.map(fns.square, items);
  items.length = 0;
  assertEquals(await results, [1, 4, 9]);
});

threadTest("Pool.map() has Python's chunks", async () => {
  for (
    const [n, workers] of [[1, 1], [4, 1], [5, 1], [16, 2], [17, 2], [100, 3]]
  ) {
    await using pool = new Pool(workers);
    const seen: number[] = [];
    await pool.map(fns.square, range(n), {
      onProgress: (done) => seen.push(done),
    });
    // Python: chunksize, extra = divmod(n, 4 * workers), plus one if extra.
    let size = Math.floor(n / (4 * workers));
    if (n % (4 * workers) !== 0) size++;
    assertEquals(seen.length, Math.ceil(n / size), `${n} for ${workers}`);
    assertEquals(seen.at(-1), n);
  }
});

threadTest("Pool.map() tells its progress", async () => {
  await using pool = new Pool(2);
  const calls: [number, number][] = [];
  await pool.map(fns.square, range(10), {
    chunkSize: 4,
    onProgress: (done, total) => calls.push([done, total]),
  });
  assertEquals(calls.length, 3);
  assertEquals(calls.map(([, total]) => total), [10, 10, 10]);
  assertEquals(calls.at(-1)![0], 10);
  assert(calls.every(([done], i) => i === 0 || done > calls[i - 1][0]));
  await assertRejects(
    () =>
      pool.map(fns.square, [1], {
        onProgress() {
          throw new SyntaxError("in onProgress");
        },
      }),
    SyntaxError,
  );
});

threadTest("Pool.starmap() spreads each item", async () => {
  await using pool = new Pool(2);
  const items: [string, number, string?][] = [["a", 2], ["b", 3, "!"]];
  const expected = ["aa.", "bbb!"];
  assertEquals(await pool.starmap(fns.describe, items), expected);
  assertEquals(await pool.starmap(fns.describe, later(items)), expected);
  assertEquals(await pool.starmap(fns.describe, []), []);
});

threadTest("Pool.apply() calls once", async () => {
  await using pool = new Pool(2);
  assertEquals(await pool.apply(fns.describe, ["a", 1]), "a.");
  assertStrictEquals(await pool.apply(fns.nothing), undefined);
  assertEquals(await pool.apply(fns.squareLater, [3]), 9);
  assertStrictEquals(await pool.apply(fns.echo, [-0]), -0);
});

threadTest("Pool: workers run at the same time", async () => {
  await using pool = new Pool(3);
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const results = range(3).map(() => pool.apply(fns.wait, [begun, go]));
  const idents = new Set([
    await begun.get(),
    await begun.get(),
    await begun.get(),
  ]);
  assertEquals(idents.size, 3);
  for (const i of range(3)) go.putNowait(i);
  assertEquals((await Promise.all(results)).sort(), [0, 1, 2]);
});

threadTest(
  "Pool: arguments and results may hold queues, functions, shared memory",
  async () => {
    await using pool = new Pool(2);
    assertEquals(await pool.apply(fns.callWith, [fns.square, 5]), 25);
    const queue = new Queue<number>();
    await pool.starmap(fns.put, range(10).map((x) => [queue, x]));
    const got = range(10).map(() => queue.getNowait()).sort();
    assertEquals(got, range(10));
    const words = new Int32Array(new SharedArrayBuffer(40));
    await pool.map(fns.mark, range(10).map((i) => [words, i]));
    assertEquals([...words], new Array(10).fill(1));
    const [back] = await pool.map(fns.echo, [{ words, queue, fn: fns.square }]);
    back.queue.putNowait(1);
    back.words[0] = 9;
    assertEquals([queue.size, words[0], back.fn], [1, 9, fns.square]);
  },
);

threadTest("Pool: large arguments and results", async () => {
  await using pool = new Pool(2);
  const size = 50 * 2 ** 20;
  const result = await pool.apply(fns.large, [size]);
  assertEquals([result.length, result[0], result.at(-1)], [size, 7, 7]);
  assertEquals(await pool.apply(fns.sum, [result.subarray(0, 1000)]), 7000);
});

threadTest("Pool: 20,000 applies in flight", async () => {
  await using pool = new Pool(2);
  const results = range(20_000).map((x) => pool.apply(fns.square, [x]));
  const values = await Promise.all(results);
  assert(values.every((value, x) => value === x * x));
});

threadTest("Pool: 100,000 pending tasks", async () => {
  await using pool = new Pool(2);
  const values = await pool.map(fns.square, range(100_000), { chunkSize: 1 });
  assertEquals(values.length, 100_000);
  assert(values.every((value, x) => value === x * x));
});

threadTest("Pool: it stays in the thread that made it", async () => {
  await using pool = new Pool(1);
  const queue = new Queue<unknown>();
  const message = "its workers belong to the thread that made it";
  assertThrows(() => queue.putNowait({ pool }), DOMException, message);
  await assertRejects(
    () => pool.apply(fns.echo, [pool]),
    DOMException,
    message,
  );
});

threadTest("cpuCount() is the default number of workers", async () => {
  await using pool = new Pool();
  assertEquals(pool.workers, cpuCount());
  assertLessOrEqual(1, cpuCount());
});
