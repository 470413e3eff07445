import { assertEquals, assertRejects } from "@std/assert";
import { broadcastTo } from "../../lib/pool/own_tasks.ts";
import { hold } from "../../lib/sync/keep_alive.ts";
import { Pool, Queue, transfer } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import {
  countAndFail,
  echo,
  failFrom,
  ident,
  lookAt,
  sleepIdent,
  wait,
} from "../support/pool_functions.ts";

threadTest("Pool.broadcast() calls once on each worker", async () => {
  await using pool = new Pool(3);
  const idents = await pool.broadcast(ident);
  assertEquals(new Set(idents).size, 3);
  const [first, second] = await Promise.all([
    pool.broadcast(sleepIdent, [0.01]),
    pool.broadcast(ident),
  ]);
  assertEquals(first.sort(), idents.sort());
  assertEquals(new Set(second).size <= 3, true);
  await assertRejects(() => pool.broadcast(failFrom, [10]), RangeError);
});

threadTest("Pool.broadcast() gives each worker a copy", async () => {
  await using pool = new Pool(2);
  const go = new Queue<number>();
  const begun = new Queue<number>();
  const busy = pool.apply(wait, [begun, go]);
  await begun.get();
  const array = new Float64Array(3);
  const list = [1];
  const args = [transfer(array, [array.buffer]), list, ident, go] as const;
  const seen = pool.broadcast(lookAt, args);
  // It is a copy of what was given, even for a worker whose turn comes later.
  list.push(2);
  array[0] = 1;
  await pool.apply(ident);
  go.putNowait(0);
  await busy;
  assertEquals(await seen, [[3, 0, 1], [3, 0, 1]]);
  assertEquals(array.length, 3);
  await assertRejects(() => pool.broadcast(echo, [Symbol()]), DOMException);
  await assertRejects(() => pool.broadcast(echo, [() => {}]), TypeError);
  assertEquals(pool.stats().done, 4);
});

threadTest("Pool.broadcast() waits for busy workers", async () => {
  await using pool = new Pool(2);
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const busy = pool.apply(wait, [begun, go]);
  const worker = await begun.get();
  const idents = pool.broadcast(ident);
  await pool.apply(ident);
  go.putNowait(1);
  assertEquals((await idents).includes(worker), true);
  assertEquals(new Set(await idents).size, 2);
  await busy;
});

threadTest(
  "Pool.broadcast() that fails gives each worker its turn",
  async () => {
    const pool = new Pool(2);
    const begun = new Queue<number>();
    const go = new Queue<number>();
    const busy = pool.apply(wait, [begun, go]);
    await begun.get();
    const count = new Int32Array(new SharedArrayBuffer(4));
    await assertRejects(
      () => pool.broadcast(countAndFail, [count]),
      RangeError,
    );
    assertEquals(count[0], 1);
    // The busy worker's turn waits: the other one gives its task back again and again.
    pool.close();
    const ended = pool.join();
    go.putNowait(1);
    await Promise.all([busy, ended]);
    assertEquals(count[0], 2);
    assertEquals(pool.stats().workers, 0);
  },
);

threadTest(
  "Pool.broadcast() is one call, whatever the pool does since",
  async () => {
    const pool = new Pool(2, { maxsize: 1 });
    const begun = new Queue<number>();
    const go = new Queue<number>();
    const busy = pool.apply(wait, [begun, go]);
    await begun.get();
    const idents = pool.broadcast(ident);
    // No room for others, and no others taken.
    const waiting = Promise.allSettled([1, 2, 3].map(() => pool.apply(ident)));
    pool.close();
    go.putNowait(1);
    assertEquals(new Set(await idents).size, 2);
    await Promise.all([busy, waiting]);
    await pool.join();
  },
);

Deno.test("broadcastTo() starts missing workers whenever it submits", async () => {
  using _alive = hold();
  const steps: string[] = [];
  const parts = broadcastTo(
    1,
    () => {
      steps.push("ready");
      return Promise.resolve();
    },
    () => {
      steps.push("submit");
      // The worker has had its turn, and the other one has ended.
      return Promise.resolve(steps.length < 4 ? undefined : { value: 5 });
    },
  );
  assertEquals(await Promise.all(parts), [5]);
  assertEquals(steps, ["ready", "submit", "ready", "submit"]);
});

threadTest("Pool.broadcast() is called off with the pool", async () => {
  const pool = new Pool(2);
  await pool.ready();
  const never = new Queue<number>();
  const begun = new Queue<number>();
  const results = pool.broadcast(wait, [begun, never]);
  await begun.get();
  const ended = pool.terminate();
  await assertRejects(() => results, DOMException);
  await ended;
});
