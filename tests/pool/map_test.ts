import { assert, assertEquals, assertRejects } from "@std/assert";
import { Pool } from "../../mod.ts";
import { Ring } from "../../lib/store/ring.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/pool_functions.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

threadTest(
  "Pool.map() puts results of every kind in their places",
  async () => {
    await using pool = new Pool(2);
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const same = { a: [1] };
    // Each chunk travels in another way; with the last two, by message.
    const items: unknown[] = [
      ...[1, 2, 3, -(2 ** 31)],
      ...[0.5, NaN, Infinity, 2 ** 31],
      ...[0, -0, 1, 2],
      ...["a", "b", "ñ", ""],
      ...[1, 2, "c", null],
      ...[same, same, [same], undefined],
      ...[fns.square, 7n, new Date(0), true],
      ...[1, 2, shared, 3],
      ...[shared, 5],
    ];
    for (const chunkSize of [1, 4, 5, 34, 100]) {
      const results = await pool.map(fns.echo, items, { chunkSize });
      assertEquals(results, items);
      assert(Object.is(results[9], -0));
      assertEquals(Object.keys(results).length, items.length);
    }
    const results = await pool.map(fns.echo, items, { chunkSize: 4 });
    assert(results[20] === results[21]);
    const settled = await pool.map(fns.echo, items, {
      chunkSize: 4,
      settled: true,
    });
    assertEquals(
      settled,
      items.map((value) => ({ status: "fulfilled" as const, value })),
    );
  },
);

threadTest("Pool.map() of large chunks", async () => {
  await using pool = new Pool(2);
  const integers = range(300_000);
  const fractions = integers.map((x) => x + 0.5);
  for (const items of [integers, fractions]) {
    // The last results of the first list need more than 32 bits.
    const results = await pool.map(fns.square, items);
    assertEquals(results.length, items.length);
    assert(results.every((result, i) => result === items[i] * items[i]));
  }
});

threadTest("Pool.map() sees holes and iterators as a loop does", async () => {
  await using pool = new Pool(2);
  const holey = [1, , 3, , ,];
  for (const chunkSize of [1, 2, 10]) {
    assertEquals(
      await pool.map(fns.echo<number | undefined>, holey, { chunkSize }),
      [1, undefined, 3, undefined, undefined],
    );
  }
  class Backwards extends Array<number> {
    override *[Symbol.iterator](): ArrayIterator<number> {
      for (let i = this.length - 1; i >= 0; i--) yield this[i];
    }
  }
  assertEquals(await pool.map(fns.echo, Backwards.of(1, 2, 3)), [3, 2, 1]);
  assertEquals(await pool.map(fns.echo, new Uint8Array([1, 2])), [1, 2]);
});

threadTest("Pool.map() that fails leaves nothing behind", async () => {
  await using pool = new Pool(2);
  const numbers = range(100_000);
  const half = 50_001;
  await assertRejects(
    () => pool.map(fns.failOdd, numbers.map((x) => x === half ? half : 2 * x)),
    RangeError,
    `odd ${half}`,
  );
  assertEquals(await pool.map(fns.failOdd, [2, 4]), [2, 4]);
});

threadTest(
  "Pool.map(): a list too large for the channel is no more the caller's",
  async () => {
    await using pool = new Pool(1);
    const { canEverHold } = Ring.prototype;
    const items = [1, 2, 3];
    const given = [...items];
    Ring.prototype.canEverHold = () => false;
    try {
      const results = pool.map(fns.square, given, { chunkSize: given.length });
      given.splice(0, 3, 9);
      assertEquals(await results, items.map((x) => x * x));
    } finally {
      Ring.prototype.canEverHold = canEverHold;
    }
  },
);

threadTest("Pool.map(): items may refer to their list", async () => {
  await using pool = new Pool(1);
  const items: { all: unknown[]; n: number }[] = [];
  for (const n of [0, 1, 2]) items.push({ all: items, n });
  for (const settled of [false, true]) {
    const results = await pool.map(fns.sumOfAll, items, {
      chunkSize: 3,
      settled,
    } as { chunkSize: number });
    assertEquals(
      results.map((r) => typeof r === "number" ? r : (r as never)["value"]),
      [3, 3, 3],
    );
  }
});

threadTest("Pool: results take the places of numbers", async () => {
  await using pool = new Pool(1);
  const numbers = [1, 2.5, -0, NaN, 5];
  assertEquals(await pool.map(fns.describeNumber, numbers), [
    ...["1", "2.5", "-0", "NaN", "5"],
  ]);
  assertEquals(await pool.map(fns.later<number>, numbers), numbers);
  assertEquals(numbers, [1, 2.5, -0, NaN, 5]);
  const settled = await pool.map(fns.failOdd, [0, 1, 2], { settled: true });
  assertEquals(settled.map(({ status }) => status), [
    ...["fulfilled", "rejected", "fulfilled"],
  ]);
});
