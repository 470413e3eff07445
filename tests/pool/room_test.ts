import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Full, Pool, Queue } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/pool_functions.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** A pool with as many tasks as it takes. */
async function fullPool(workers: number, maxsize: number) {
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const pool = new Pool(workers, { maxsize });
  const running = range(workers).map(() => pool.apply(fns.wait, [begun, go]));
  for (const _ of running) await begun.get();
  const waits = range(maxsize).map((x) => pool.apply(fns.square, [x]));
  return { pool, running, waits, go };
}

threadTest("Pool: a call beyond maxsize rejects with Full", async () => {
  const { pool, running, waits, go } = await fullPool(2, 3);
  assertEquals([pool.size, pool.running], [3, 2]);
  const message = "Cannot submit to pool: 3 tasks wait already";
  await assertRejects(() => pool.apply(fns.square, [1]), Full, message);
  await assertRejects(() => pool.map(fns.square, [1]), Full, message);
  await assertRejects(() => pool.starmap(fns.describe, []), Full, message);
  for (const method of ["imap", "imapUnordered"] as const) {
    assertThrows(() => pool[method](fns.square, [1]), Full, message);
  }
  for (const method of ["starmapOrdered", "starmapUnordered"] as const) {
    assertThrows(() => pool[method](fns.describe, []), Full, message);
  }
  assertEquals(pool.size, 3);
  for (const i of range(2)) go.putNowait(i);
  await Promise.all([...running, ...waits]);
  assertEquals(await pool.apply(fns.square, [3]), 9);
  await pool.terminate();
  const one = await fullPool(1, 1);
  await assertRejects(
    () => one.pool.apply(fns.square, [1]),
    Full,
    "Cannot submit to pool: 1 task waits already",
  );
  one.go.putNowait(0);
  await Promise.all([...one.running, ...one.waits]);
  await one.pool.terminate();
});

threadTest("Pool: free workers take calls beyond maxsize", async () => {
  await using pool = new Pool(2, { maxsize: 1 });
  const taken = range(3).map((x) => pool.apply(fns.square, [x]));
  await assertRejects(() => pool.apply(fns.square, [1]), Full);
  assertEquals(await Promise.all(taken), [0, 1, 4]);
});

threadTest("Pool: what is called off leaves its place", async () => {
  const { pool, running, waits, go } = await fullPool(1, 1);
  go.putNowait(0);
  await Promise.all([...running, ...waits]);
  const begun = new Queue<number>();
  const blocked = pool.apply(fns.wait, [begun, go]);
  await begun.get();
  const other = new AbortController();
  const { signal } = other;
  const waiting = assertRejects(() => pool.apply(fns.nothing, [], { signal }));
  await assertRejects(() => pool.apply(fns.nothing), Full);
  const room = pool.room();
  other.abort();
  await waiting;
  await room;
  const placed = pool.apply(fns.square, [5]);
  go.putNowait(0);
  assertEquals(await placed, 25);
  await blocked;
  await pool.terminate();
});

threadTest("Pool.room() waits for a place", async () => {
  const { pool, running, waits, go } = await fullPool(1, 1);
  await assertRejects(
    () => pool.room({ timeout: 0.01 }),
    DOMException,
    "Cannot wait for room in pool: it was full after 0.01 seconds",
  );
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  assertStrictEquals(await assertRejects(() => pool.room({ signal })), reason);
  await assertRejects(() => pool.room(1 as never), TypeError);
  await assertRejects(() => pool.room({ timeout: -1 }), RangeError);
  let hasRoom = false;
  const room = pool.room().then(() => hasRoom = true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert(!hasRoom);
  go.putNowait(0);
  await room;
  await Promise.all([...running, ...waits]);
  await pool.terminate();
});

threadTest("Pool.room(): producers share the places", async () => {
  await using pool = new Pool(2, { maxsize: 2 });
  let sum = 0;
  let most = 0;
  await Promise.all(
    range(8).map(async (producer) => {
      for (const x of range(50)) {
        await pool.room();
        pool.apply(fns.square, [producer * 50 + x]).then((y) => sum += y);
        // Seen at one time: else one may wait, and then run.
        const { waiting, running } = pool.stats();
        most = Math.max(most, waiting + running);
      }
    }),
  );
  await pool.idle();
  assertLessOrEqual(most, 4);
  assertEquals(sum, range(400).reduce((sum, x) => sum + x * x));
});

threadTest(
  "Pool.room(): a place that isn't used is the next one's",
  async () => {
    const { pool, running, waits, go } = await fullPool(1, 1);
    const rooms = range(5).map(() => pool.room());
    go.putNowait(0);
    await Promise.all(rooms);
    await Promise.all([...running, ...waits]);
    await pool.terminate();
  },
);

threadTest("Pool.room() ends with its pool", async () => {
  const { pool, running, waits, go } = await fullPool(1, 1);
  const room = assertRejects(() => pool.room(), Error, "is not running");
  pool.close();
  await room;
  await assertRejects(() => pool.room(), Error, "Pool is not running");
  go.putNowait(0);
  await Promise.all([...running, ...waits]);
  await pool.join();
  const unbounded = new Pool(1);
  await unbounded.room();
  await unbounded.terminate();
  await assertRejects(() => unbounded.room(), Error, "Pool is not running");
});

threadTest("Pool refuses a maxsize that is none", () => {
  assertThrows(() => new Pool(1, { maxsize: 0 }), RangeError);
  assertThrows(() => new Pool(1, { maxsize: 1.5 }), RangeError);
  assertThrows(() => new Pool(1, { maxsize: "1" as never }), TypeError);
});
