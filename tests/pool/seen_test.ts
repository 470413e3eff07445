import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Pool, Queue } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import { until } from "../support/until.ts";
import * as fns from "../support/pool_functions.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** A pool whose workers all wait, and tasks that wait for them. */
async function busyPool(workers: number, waiting: number) {
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const pool = new Pool(workers);
  const running = range(workers).map(() => pool.apply(fns.wait, [begun, go]));
  for (const _ of running) await begun.get();
  const waits = range(waiting).map((x) => pool.apply(fns.square, [x]));
  return { pool, running, waits, go };
}

threadTest("Pool.ready() waits for all workers' initializers", async () => {
  for (const initializer of [fns.prepare, fns.prepareLater, undefined]) {
    const count = new Int32Array(new SharedArrayBuffer(4));
    let starts = 0;
    await using pool = new Pool(3, {
      initializer,
      initargs: ["by", count],
      onWorkerStart: () => void starts++,
    });
    assertStrictEquals(await pool.ready(), undefined);
    assertEquals(pool.stats().workers, 3);
    assertEquals(starts, 3);
    if (initializer) assertEquals(count[0], 3);
    await pool.ready();
  }
});

threadTest("Pool.ready() rejects with what an initializer threw", async () => {
  const count = new Int32Array(new SharedArrayBuffer(4));
  const reasons: string[] = [];
  const pool = new Pool(2, {
    initializer: fns.failToPrepare,
    initargs: [count],
    onWorkerEnd: (reason) => reasons.push(reason),
  });
  await assertRejects(() => pool.ready(), SyntaxError, "not prepared");
  pool.close();
  await pool.join();
  assertEquals(new Set(reasons).has("failed"), true);
});

threadTest("Pool: what a closed one refuses", async () => {
  const pool = new Pool(1);
  pool.close();
  await assertRejects(() => pool.ready(), Error, "Pool is not running");
  await pool.idle();
  await pool.join();
});

threadTest("Pool: size, running and stats()", async () => {
  const { pool, running, waits, go } = await busyPool(2, 3);
  assertEquals([pool.size, pool.running], [3, 2]);
  const failing = assertRejects(
    () => pool.apply(fns.failFrom, [10]),
    RangeError,
  );
  const controller = new AbortController();
  const calledOff = pool.apply(fns.square, [1], { signal: controller.signal });
  assertEquals(pool.size, 5);
  controller.abort();
  await assertRejects(() => calledOff, DOMException);
  assertEquals(pool.size, 4);
  for (const i of range(2)) go.putNowait(i);
  await Promise.all([...running, ...waits]);
  await failing;
  await pool.idle();
  const { waitMs, runMs, ...counts } = pool.stats();
  assertEquals(counts, {
    waiting: 0,
    running: 0,
    done: 5,
    failed: 1,
    calledOff: 1,
    workers: 2,
  });
  for (const times of [waitMs, runMs]) {
    const { p50, p90, p99, max } = times;
    assert(p50 >= 0 && p50 <= p90 && p90 <= p99 && p99 <= max, `${times}`);
  }
  assertEquals([pool.size, pool.running], [0, 0]);
  await pool.terminate();
});

threadTest("Pool.stats(): times are those of the tasks", async () => {
  await using pool = new Pool(1);
  const none = { p50: 0, p90: 0, p99: 0, max: 0 };
  assertEquals(pool.stats().runMs, none);
  const tasks = range(4).map(() => pool.apply(fns.sleepIdent, [0.02]));
  await Promise.all(tasks);
  const { waitMs, runMs } = pool.stats();
  // A sleep may end a little early by another clock.
  assertGreaterOrEqual(runMs.p50, 18);
  assertGreaterOrEqual(waitMs.max, 3 * 18);
});

threadTest("Pool.stats() keeps what ended workers did", async () => {
  await using pool = new Pool(1, { maxTasksPerChild: 1 });
  await pool.apply(fns.sleepIdent, [0.02]);
  await pool.apply(fns.nothing);
  await until(() => pool.stats().runMs.max >= 18);
  assertEquals(pool.stats().done, 2);
});

threadTest("Pool.idle() waits for what was submitted", async () => {
  const { pool, waits, go } = await busyPool(1, 2);
  const settled: unknown[] = [];
  for (const wait of waits) wait.then((value) => settled.push(value));
  await assertRejects(
    () => pool.idle({ timeout: 0.01 }),
    DOMException,
    "Cannot wait for idle pool: it had tasks after 0.01 seconds",
  );
  const reason = new Error("enough");
  const controller = new AbortController();
  const aborted = pool.idle({ signal: controller.signal });
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => aborted), reason);
  assertStrictEquals(
    await assertRejects(() => pool.idle({ signal: AbortSignal.abort(reason) })),
    reason,
  );
  const idle = pool.idle();
  go.putNowait(0);
  await idle;
  await Promise.all(waits);
  assertEquals(settled, [0, 1]);
  await pool.terminate();
});

threadTest("Pool.idle() and join() refuse wrong options", async () => {
  const pool = new Pool(1);
  const wrong = (options: unknown) => options as never;
  await assertRejects(() => pool.idle(wrong(1)), TypeError);
  await assertRejects(() => pool.idle({ timeout: -1 }), RangeError);
  await assertRejects(() => pool.idle({ signal: wrong({}) }), TypeError);
  assertThrows(() => pool.close(wrong(true)), TypeError);
  pool.close();
  await assertRejects(() => pool.join(wrong(1)), TypeError);
  await assertRejects(() => pool.join({ timeout: -1 }), RangeError);
  await assertRejects(() => pool.join({ signal: wrong({}) }), TypeError);
  await pool.join();
});

threadTest("Pool.join() ends early by timeout and signal", async () => {
  const { pool, running, go } = await busyPool(1, 0);
  pool.close();
  await assertRejects(
    () => pool.join({ timeout: 0.01 }),
    DOMException,
    "Cannot join pool: its workers were alive after 0.01 seconds",
  );
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  assertStrictEquals(await assertRejects(() => pool.join({ signal })), reason);
  go.putNowait(7);
  await pool.join({ timeout: 60 });
  assertEquals(await Promise.all(running), [7]);
});

threadTest("Pool.close({ immediate }) rejects what waits", async () => {
  const { pool, running, waits, go } = await busyPool(2, 3);
  const mapped = pool.map(fns.square, range(10));
  const settled = Promise.allSettled([...waits, mapped]);
  pool.close({ immediate: true });
  for (const result of await settled) {
    assert(result.status === "rejected");
    assertEquals(result.reason.name, "AbortError");
    assertEquals(
      result.reason.message,
      "The pool was closed before a worker began the task",
    );
  }
  for (const i of range(2)) go.putNowait(i);
  await pool.join();
  assertEquals((await Promise.all(running)).sort(), [0, 1]);
});

threadTest(
  "Pool.close({ immediate }) lets a map that runs finish",
  async () => {
    const begun = new Queue<number>();
    const go = new Queue<number>();
    const pool = new Pool(2);
    const items = range(2).map(() => ({ begun, go }));
    const mapped = pool.map(fns.waitItem, items);
    for (const _ of items) await begun.get();
    pool.close({ immediate: true });
    for (const i of range(2)) go.putNowait(i);
    assertEquals((await mapped).sort(), [0, 1]);
    await pool.join();
  },
);

threadTest("Pool.close({ immediate }) ends what waits for items", async () => {
  const pool = new Pool(1);
  async function* endless() {
    yield 2;
    await new Promise(() => {});
  }
  const iterator = pool.imap(fns.square, endless());
  assertEquals((await iterator.next()).value, 4);
  const next = iterator.next();
  const mapped = pool.map(fns.square, endless());
  const settled = Promise.allSettled([next, mapped]);
  pool.close({ immediate: true });
  for (const result of await settled) {
    assert(result.status === "rejected");
    assertEquals(result.reason.name, "AbortError");
  }
  await pool.join();
});

threadTest("Pool.close({ immediate }): by a source that fails", async () => {
  for (const method of ["map", "imap"] as const) {
    const pool = new Pool(1);
    const next = async () => {
      pool.close({ immediate: true });
      // Nobody waits for the item any more. The rejection mustn't end the program.
      await Promise.resolve();
      throw new RangeError("in the source");
    };
    const items = { [Symbol.asyncIterator]: () => ({ next }) };
    const results = method === "map"
      ? pool.map(fns.square, items)
      : pool.imap(fns.square, items).next();
    const error = await assertRejects(() => results, DOMException);
    assertEquals(error.name, "AbortError");
    await pool.join();
  }
});

threadTest("Pool: onWorkerEnd is told why", async () => {
  const ends: string[] = [];
  const onWorkerEnd = (reason: string) => void ends.push(reason);
  const closed = new Pool(1, { onWorkerEnd });
  await closed.ready();
  closed.close();
  await closed.join();
  const recycled = new Pool(1, { onWorkerEnd, maxTasksPerChild: 1 });
  await recycled.apply(fns.nothing);
  await until(() => ends.length === 2);
  await recycled.terminate();
  const lost = new Pool(1, { onWorkerEnd });
  await assertRejects(() => lost.apply(fns.closeIf, [-1]));
  await until(() => ends.includes("lost"));
  await assertRejects(() => lost.apply(fns.strayWhileWaiting), RangeError);
  await until(() => ends.filter((end) => end === "lost").length === 2);
  await lost.terminate();
  assertEquals(ends.filter((end) => end !== "terminated"), [
    "closed",
    "recycled",
    "lost",
    "lost",
  ]);
  assert(ends.includes("terminated"));
});

threadTest("Pool: callbacks are refused if nobody could wait", () => {
  assertThrows(
    () => new Pool(1, { onWorkerStart: async () => {} }),
    TypeError,
    "Cannot create pool: onWorkerStart must not be async",
  );
  assertThrows(() => new Pool(1, { onWorkerEnd: 1 as never }), TypeError);
});
