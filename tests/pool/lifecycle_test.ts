import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { activeCount, Pool, Queue } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/pool_functions.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

threadTest("Pool.close() finishes what was submitted", async () => {
  const pool = new Pool(2);
  const applied = range(50).map((x) => pool.apply(fns.squareLater, [x]));
  const mapped = pool.map(fns.square, range(10));
  pool.close();
  await pool.join();
  assertEquals(await Promise.all(applied), range(50).map((x) => x * x));
  assertEquals(await mapped, range(10).map((x) => x * x));
  assertEquals(activeCount(), 1);
});

threadTest("Pool: use after close, terminate and await using", async () => {
  const closed = new Pool(1);
  closed.close();
  const terminated = new Pool(1);
  await terminated.terminate();
  let used: Pool;
  {
    await using pool = new Pool(1);
    used = pool;
  }
  for (const pool of [closed, terminated, used]) {
    const message = "Pool is not running";
    await assertRejects(() => pool.apply(fns.square, [1]), Error, message);
    await assertRejects(() => pool.map(fns.square, [1]), Error, message);
    await assertRejects(() => pool.starmap(fns.describe, []), Error, message);
    assertThrows(() => pool.imap(fns.square, [1]), Error, message);
    assertThrows(() => pool.imapUnordered(fns.square, [1]), Error, message);
    assertThrows(() => pool.istarmap(fns.describe, []), Error, message);
    assertThrows(() => pool.starmapUnordered(fns.describe, []), Error, message);
    pool.close();
    await pool.join();
    await pool.join();
  }
});

threadTest("Pool.join() refuses a pool that runs", async () => {
  const pool = new Pool(1);
  await assertRejects(() => pool.join(), Error, "it is still running");
  await pool.terminate();
});

threadTest("Pool.terminate() rejects what is pending", async () => {
  const pool = new Pool(1);
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const pending = [
    pool.apply(fns.wait, [begun, go]),
    pool.apply(fns.square, [1]),
    pool.map(fns.square, range(10)),
  ];
  await begun.get();
  const settled = Promise.allSettled(pending);
  await pool.terminate();
  for (const result of await settled) {
    assert(result.status === "rejected");
    assertEquals(result.reason.name, "AbortError");
    assertEquals(result.reason.message, "The pool was terminated");
  }
  assertEquals(activeCount(), 1);
  await pool.terminate();
});

threadTest("await using waits for what was submitted", async () => {
  let result: Promise<number>;
  {
    await using pool = new Pool(1);
    result = pool.apply(fns.squareLater, [3]);
  }
  assertEquals(activeCount(), 1);
  assertEquals(await result, 9);
});

threadTest("Pool: the initializer runs in each worker", async () => {
  for (const initializer of [fns.prepare, fns.prepareLater]) {
    const count = new Int32Array(new SharedArrayBuffer(4));
    await using pool = new Pool(3, { initializer, initargs: ["by", count] });
    const begun = new Queue<number>();
    const go = new Queue<number>();
    const all = range(3).map(() => pool.apply(fns.wait, [begun, go]));
    for (const _ of all) await begun.get();
    assertEquals(count[0], 3);
    for (const i of range(3)) go.putNowait(i);
    await Promise.all(all);
    assertEquals(await pool.apply(fns.getPrepared), "by PoolWorker-N");
  }
});

threadTest("Pool: a worker ends after maxTasksPerChild tasks", async () => {
  const count = new Int32Array(new SharedArrayBuffer(4));
  await using pool = new Pool(1, {
    maxTasksPerChild: 3,
    initializer: fns.prepare,
    initargs: ["by", count],
  });
  const idents: number[] = [];
  for (let i = 0; i < 9; i++) idents.push(await pool.apply(fns.ident));
  assertEquals(new Set(idents).size, 3);
  for (let i = 0; i < 9; i += 3) {
    assertEquals(new Set(idents.slice(i, i + 3)).size, 1);
  }
  // A chunk counts as one.
  const chunks = await pool.map(fns.sleepIdent, new Array(12).fill(0), {
    chunkSize: 4,
  });
  assertEquals(new Set(chunks).size, 1);
  const next = await pool.map(fns.sleepIdent, [0, 0, 0, 0], { chunkSize: 1 });
  assertEquals(new Set([...chunks, ...next]).size, 3);
});

threadTest("Pool refuses what makes no sense", async () => {
  for (const workers of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(
      () => new Pool(workers),
      RangeError,
      "Cannot create pool: workers must be a positive integer, received " +
        workers,
    );
  }
  for (const maxTasksPerChild of [0, 1.5, -1]) {
    assertThrows(
      () => new Pool(1, { maxTasksPerChild }),
      RangeError,
      "maxTasksPerChild must be a positive integer",
    );
  }
  function unexposed() {}
  assertThrows(
    () => new Pool(1, { initializer: unexposed }),
    TypeError,
    "add `expose(import.meta, { unexposed })`",
  );
  await using pool = new Pool(1);
  await assertRejects(
    () => pool.apply(unexposed),
    TypeError,
    "add `expose(import.meta, { unexposed })`",
  );
  await assertRejects(() => pool.map(unexposed, []), TypeError, "exposed");
  assertThrows(() => pool.imap(unexposed, []), TypeError, "exposed");
  await assertRejects(() => pool.apply(1 as never), TypeError, "a function");
  for (const chunkSize of [0, -1, 1.5, NaN]) {
    const options = { chunkSize };
    await assertRejects(
      () => pool.map(fns.square, [1], options),
      RangeError,
      `chunkSize must be a positive integer, received ${chunkSize}`,
    );
    assertThrows(() => pool.imap(fns.square, [1], options), RangeError);
  }
  for (const timeout of [-1, NaN]) {
    const options = { timeout };
    await assertRejects(() => pool.apply(fns.square, [1], options), RangeError);
    await assertRejects(() => pool.map(fns.square, [1], options), RangeError);
    assertThrows(() => pool.imap(fns.square, [1], options), RangeError);
  }
  for (const items of [null, undefined, 5, {}]) {
    const message = "items must be iterable";
    await assertRejects(
      () => pool.map(fns.square, items as never),
      TypeError,
      message,
    );
    assertThrows(
      () => pool.imap(fns.square, items as never),
      TypeError,
      message,
    );
  }
  await assertRejects(
    () => pool.starmap(fns.describe, [1] as never),
    TypeError,
    "each item must be an array, received number",
  );
  assertEquals(await pool.apply(fns.square, [3]), 9);
});
