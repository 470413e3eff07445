/**
 * Code that is written for a pool of threads, over each store: every test here
 * runs on a local pool, too, and sees the same.
 */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { type AnyPool, Full, Lock, Pool, Queue } from "@lab9/concurrency";
import { ClusterPool } from "@lab9/concurrency/cluster";
import { kinds, startServer } from "./support/stores.ts";
import { startHost } from "./support/hosts.ts";
import * as fns from "./support/functions.ts";

type Connect = (options?: { maxsize?: number }) => Promise<AnyPool>;

const numbers = Array.from({ length: 100 }, (_, i) => i);
const squares = numbers.map((x) => x * x);

const cases: Record<string, (connect: Connect) => Promise<void>> = {
  async "map, starmap and apply"(connect) {
    await using pool = await connect();
    assertEquals(await pool.map(fns.square, numbers), squares);
    assertEquals(await pool.map(fns.squareLater, new Set(numbers)), squares);
    assertEquals(await pool.map(fns.square, []), []);
    assertEquals(
      await pool.map(fns.square, numbers, { chunkSize: 1 }),
      squares,
    );
    assertEquals(
      await pool.starmap(fns.power, numbers.map((x) => [x, 2] as const)),
      squares,
    );
    assertEquals(await pool.apply(fns.power, [2, 10]), 1024);
  },

  async "iterators, in the order of the items or not"(connect) {
    await using pool = await connect();
    const pairs = numbers.map((x) => [x, 2] as const);
    async function* slowly() {
      for (const x of numbers) yield x;
    }
    const sorted = (list: number[]) => list.sort((a, b) => a - b);
    assertEquals(
      await Array.fromAsync(pool.imap(fns.square, slowly())),
      squares,
    );
    assertEquals(
      await Array.fromAsync(pool.starmapOrdered(fns.power, pairs)),
      squares,
    );
    const unordered = await Array.fromAsync(
      pool.imapUnordered(fns.square, numbers, { chunkSize: 7 }),
    );
    assertEquals(sorted(unordered), squares);
    const star = await Array.fromAsync(pool.starmapUnordered(fns.power, pairs));
    assertEquals(sorted(star), squares);
    for await (const x of pool.imap(fns.square, numbers)) {
      if (x > 10) break;
    }
  },

  async "values travel as what they are"(connect) {
    await using pool = await connect();
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const values = [
      undefined,
      null,
      NaN,
      -0,
      2n ** 70n,
      "\u{1f600}\ud800",
      new Date(7),
      /a/gi,
      new Map([[1, new Set(["x"])]]),
      new Float64Array([1.5, NaN]),
      { nested: { deep: [1, , 3] } },
    ];
    assertEquals(await pool.map(fns.echo, values), values);
    const [copy] = await pool.map(fns.echo, [cycle]) as unknown[][];
    assertStrictEquals(copy[0], copy);
    const minusZero = await pool.apply(fns.echo, [-0]);
    assert(Object.is(minusZero, -0));
  },

  async "a getter of an item may call the pool"(connect) {
    await using pool = await connect();
    const inner: Promise<unknown>[] = [];
    const item = () => ({
      before: "b".repeat(300),
      get called() {
        inner.push(pool.apply(fns.echo, [{ text: "i".repeat(500) }]));
        return 1;
      },
      after: ["z"],
    });
    const items = [item(), item()];
    const results = await pool.map(fns.echo, items, { chunkSize: 2 });
    const copy = { before: "b".repeat(300), called: 1, after: ["z"] };
    assertEquals(results, [copy, copy]);
    const called = { text: "i".repeat(500) };
    assertEquals(await Promise.all(inner), [called, called]);
  },

  async "functions and classes of errors travel by reference"(connect) {
    await using pool = await connect();
    assertEquals(await pool.apply(fns.call, [fns.square, 5]), 25);
    assertStrictEquals(await pool.apply(fns.give, []), fns.square);
    assertEquals(await pool.apply(fns.isError, [new fns.Odd(3)]), true);
  },

  async "an error keeps its class, message, properties and stack"(connect) {
    await using pool = await connect();
    const error = await assertRejects(
      () => pool.map(fns.even, [2, 3, 4]),
      fns.Odd,
      "3 is odd",
    );
    assertEquals(error.value, 3);
    const { cause } = error as { cause?: Error };
    assertEquals(cause?.name, "RemoteTraceback");
    assert(cause?.message.includes("functions.ts"));
  },

  async "with settled, an error stands in its item's place"(connect) {
    await using pool = await connect();
    for (const chunkSize of [1, 3]) {
      const options = { settled: true, chunkSize } as const;
      const results = await pool.map(fns.even, [2, 3, 4, 5], options);
      const shown = results.map((result) =>
        result.status === "fulfilled" ? result.value : result.reason.message
      );
      assertEquals(shown, [2, "3 is odd", 4, "5 is odd"]);
      const iterated = await Array.fromAsync(
        pool.imap(fns.even, [2, 3, 4, 5], options),
      );
      assertEquals(iterated.map(({ status }) => status), [
        "fulfilled",
        "rejected",
        "fulfilled",
        "rejected",
      ]);
    }
  },

  async "a worker that dies rejects its task only"(connect) {
    await using pool = await connect();
    const error = await pool.apply(fns.end, []).catch((error) => error);
    assertEquals(error.name, "WorkerLostError");
    assertEquals(await pool.apply(fns.square, [3]), 9);
  },

  async "what can't be sent is refused, and the pool stays usable"(connect) {
    await using pool = await connect();
    const unknown = () => 1;
    await assertRejects(() => pool.apply(unknown), TypeError, "never exposed");
    await assertRejects(
      () => pool.apply(fns.echo, [Symbol("x")]),
      DOMException,
    );
    const results = await pool.map(fns.echo, [1, Symbol("x"), 3], {
      settled: true,
      chunkSize: 3,
    });
    assertEquals(results.map(({ status }) => status), [
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
  },

  async "a storage's value goes along"(connect) {
    await using pool = await connect();
    const context = [fns.storage];
    const [one, two] = await fns.storage.run("held", async () => [
      await pool.apply(fns.held, [], { context }),
      await pool.map(fns.held, [1], { context }),
    ]);
    assertEquals([one, two], ["held", ["held"]]);
  },

  async "progress is told, and what it throws ends the call"(connect) {
    await using pool = await connect();
    const told: number[][] = [];
    await pool.map(fns.square, numbers, {
      chunkSize: 25,
      onProgress: (done, total) => told.push([done, total]),
    });
    assertEquals(told, [[25, 100], [50, 100], [75, 100], [100, 100]]);
    await assertRejects(
      () =>
        pool.map(fns.square, numbers, {
          onProgress: () => {
            throw new Error("enough");
          },
        }),
      Error,
      "enough",
    );
  },

  async "calls end by their signal and their timeout"(connect) {
    await using pool = await connect();
    const controller = new AbortController();
    const { signal } = controller;
    const called = pool.apply(fns.wait, [60], { signal });
    const map = pool.map(fns.wait, [60, 60], { signal });
    const both = Promise.allSettled([called, map]);
    controller.abort(new Error("no more"));
    for (const result of await both) {
      assertEquals((result as PromiseRejectedResult).reason.message, "no more");
    }
    const late = await pool.apply(fns.wait, [60], { timeout: 0.1 })
      .catch((error) => error);
    assertEquals(late.name, "TimeoutError");
    assertEquals(late.message, "The call took longer than 0.1 seconds");
    const slow = await pool.apply(fns.wait, [60], { runTimeout: 0.1 })
      .catch((error) => error);
    assertEquals(slow.name, "TimeoutError");
    assertEquals(slow.message, "The task ran longer than 0.1 seconds");
    // The workers that were at it do something else now.
    assertEquals(await pool.map(fns.square, [1, 2, 3, 4]), [1, 4, 9, 16]);
  },

  async "options are checked"(connect) {
    await using pool = await connect();
    const { square } = fns;
    await assertRejects(
      () => pool.map(square, [1], { chunkSize: 0 }),
      RangeError,
      "Cannot map function: chunkSize must be a positive integer, received 0",
    );
    await assertRejects(
      () => pool.map(square, 3 as never),
      TypeError,
      "Cannot map function: items must be iterable, received number",
    );
    await assertRejects(
      () => pool.apply(square, [1], { timeout: -1 }),
      RangeError,
      "timeout must be non-negative, received -1",
    );
    assertThrows(
      () => pool.imap(square, [1], { chunkSize: 1.5 }),
      RangeError,
    );
  },

  async "what waits beyond maxsize is refused"(connect) {
    const pool = await connect({ maxsize: 1 });
    const calls: Promise<unknown>[] = [];
    const error = await (async () => {
      for (;;) {
        const call = pool.apply(fns.wait, [60]);
        calls.push(call);
        const first = await Promise.race([
          call.catch((error) => error),
          new Promise((resolve) => setTimeout(resolve, 10)),
        ]);
        if (first !== undefined) return first;
      }
    })();
    assert(error instanceof Full);
    const all = Promise.allSettled(calls);
    await pool.terminate();
    await all;
  },

  async "closing, joining and terminating"(connect) {
    const pool = await connect();
    const map = pool.map(fns.square, numbers);
    await assertRejects(
      () => pool.join(),
      Error,
      "Cannot join pool: it is still running, close it first",
    );
    pool.close();
    await assertRejects(
      () => pool.apply(fns.square, [3]),
      Error,
      "Pool is not running",
    );
    await pool.join();
    assertEquals(await map, squares);

    const other = await connect();
    const waits = other.apply(fns.wait, [60]).catch((error) => error);
    await other.terminate();
    const error = await waits;
    assertEquals([error.name, error.message], [
      "AbortError",
      "The pool was terminated",
    ]);
    await assertRejects(() => other.apply(fns.square, [3]), Error);
    await other.terminate();
  },

  async "what waits is called off when the pool is closed at once"(connect) {
    const pool = await connect();
    const calls = Array.from(
      { length: 40 },
      () => pool.apply(fns.wait, [0.05]),
    );
    const settled = Promise.allSettled(calls);
    pool.close({ immediate: true });
    await pool.join();
    const reasons = (await settled).map((result) =>
      result.status === "rejected" ? result.reason.name : "waited"
    );
    assert(reasons.includes("AbortError"), String(reasons));
  },

  async "a pool counts and becomes idle"(connect) {
    await using pool = await connect();
    await pool.ready();
    const calls = [
      pool.apply(fns.square, [3]),
      pool.apply(fns.even, [3]).catch(() => {}),
    ];
    await pool.idle();
    await Promise.all(calls);
    const { done, failed, waiting, running, workers } = pool.stats();
    assertEquals([done, failed, waiting, running], [1, 1, 0, 0]);
    assert(workers > 0 && pool.workers > 0);
    assertEquals([pool.size, pool.running], [0, 0]);
  },
};

for (const [name, run] of Object.entries(cases)) {
  Deno.test(`threads: ${name}`, () =>
    run((options) => Promise.resolve(new Pool(2, options))));
}

for (const kind of kinds) {
  Deno.test({
    name: `ClusterPool over ${kind}`,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn(t) {
      await using server = await startServer(kind);
      await using _host = await startHost(server.url, "same");
      const connect: Connect = (options) =>
        ClusterPool.connect(server.url, { name: "same", ...options });

      for (const [name, run] of Object.entries(cases)) {
        await t.step(name, () => run(connect));
      }

      await t.step("what is in this process's memory is refused", async () => {
        await using pool = await connect();
        for (
          const [value, what] of [
            [new Queue<number>(), "A Queue"],
            [new Lock(), "A Lock"],
            [new SharedArrayBuffer(8), "A SharedArrayBuffer"],
            [new Int32Array(new SharedArrayBuffer(8)), "A SharedArrayBuffer"],
            [new Blob(["x"]), "A Blob"],
          ] as const
        ) {
          const error = await assertRejects(
            () => pool.apply(fns.echo, [{ value }]),
            DOMException,
            `${what} can't travel to another machine`,
          );
          assertEquals(error.name, "DataCloneError");
        }
      });
    },
  });
}
