import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { expose, Pool, Queue, WorkerLostError } from "../../mod.ts";
import { outlast } from "../support/spinner.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/pool_functions.ts";
import { warningsOf } from "../support/warnings.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

threadTest("Pool: a signal ends a task that waits at once", async () => {
  await using pool = new Pool(1);
  for (const method of ["apply", "map"] as const) {
    const begun = new Queue<number>();
    const go = new Queue<number>();
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = method === "apply"
      ? pool.apply(fns.wait, [begun, go], { signal })
      : pool.starmap(fns.wait, [[begun, go], [begun, go]], { signal });
    const next = pool.apply(fns.square, [3]);
    await begun.get();
    controller.abort(new SyntaxError("called off"));
    await assertRejects(() => waiting, SyntaxError, "called off");
    assertEquals(await next, 9);
    assertEquals([go.size, begun.size], [0, 0]);
  }
});

threadTest("Pool: a timeout ends a task that waits at once", async () => {
  await using pool = new Pool(1);
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const error = await assertRejects(
    () => pool.apply(fns.wait, [begun, go], { timeout: 0.02 }),
    DOMException,
    "The call took longer than 0.02 seconds",
  );
  assertEquals(error.name, "TimeoutError");
  const results = pool.imap(fns.sleepIdent, [3600], { timeout: 0.02 });
  await assertRejects(() => results.next(), DOMException, "0.02 seconds");
  assertEquals(await pool.apply(fns.square, [3], { timeout: 3600 }), 9);
});

threadTest("Pool: a signal that was aborted before", async () => {
  await using pool = new Pool(1);
  const signal = AbortSignal.abort(new SyntaxError("before"));
  await assertRejects(
    () => pool.apply(fns.square, [1], { signal }),
    SyntaxError,
  );
  await assertRejects(() => pool.map(fns.square, [1], { signal }), SyntaxError);
  assertEquals(await pool.apply(fns.square, [3]), 9);
});

threadTest(
  "Pool: a task that computes is given up, its worker replaced",
  async () => {
    const until = new Int32Array(new SharedArrayBuffer(4));
    const warnings = await warningsOf(async () => {
      await using pool = new Pool(1);
      // Its start doesn't count: it has to compute before the time is over.
      await pool.apply(fns.square, [3]);
      const begun = new Queue<number>();
      await outlast(
        pool,
        begun,
        (timeout) => pool.apply(fns.spin, [begun, until], { timeout }),
      );
    });
    until[0] = 1;
    assertEquals(warnings.length, 1);
    assert(warnings[0].includes("PoolWorker-1"));
    assert(warnings[0].includes("Deno.exit()"));
  },
);

threadTest(
  "Pool: a worker that closes itself takes only its task along",
  async () => {
    await using pool = new Pool(2);
    const items = range(40).map((x) => x % 10 === 5 ? -1 : x);
    const results = await Promise.allSettled(
      items.map((x) => pool.apply(fns.closeIf, [x])),
    );
    for (const [i, result] of results.entries()) {
      if (items[i] >= 0) {
        assertEquals(result, { status: "fulfilled", value: i });
      } else {
        assert(result.status === "rejected");
        assert(result.reason instanceof WorkerLostError);
      }
    }
    await assertRejects(
      () => pool.apply(fns.exit),
      WorkerLostError,
      "closed its worker, by self.close() or Deno.exit()",
    );
    await assertRejects(
      () => pool.map(fns.closeIf, [1, 2, -1, 3]),
      WorkerLostError,
    );
    assertEquals(await pool.apply(fns.square, [3]), 9);
  },
);

threadTest("Pool: a failed map calls off what was not begun", async () => {
  await using pool = new Pool(1);
  const words = new Int32Array(new SharedArrayBuffer(4));
  const fails = pool.map(fns.failFrom, range(5000), { chunkSize: 1 });
  const counted = pool.apply(fns.mark, [[words, 0]]);
  await assertRejects(() => fails, RangeError, "no 10");
  assertEquals(await counted, 0);
});

threadTest("Pool: results and arguments that can't travel", async () => {
  await using pool = new Pool(1);
  await assertRejects(
    () => pool.apply(fns.returnUncloneable),
    TypeError,
    "never exposed",
  );
  await assertRejects(
    () => pool.apply(fns.returnSharedWithUnknown),
    TypeError,
    "the module that exposes it isn't loaded",
  );
  for (const value of [new WeakMap(), { deep: [Symbol()] }]) {
    const error = await assertRejects(
      () => pool.apply(fns.echo, [value]),
      DOMException,
    );
    assertEquals(error.name, "DataCloneError");
    await assertRejects(() => pool.map(fns.echo, [1, value]), DOMException);
  }
  await assertRejects(
    () => pool.apply(fns.echo, [() => {}]),
    TypeError,
    "never exposed",
  );
  assertEquals(await pool.apply(fns.square, [3]), 9);
});

threadTest("Pool: an argument that the workers don't know", async () => {
  await using pool = new Pool(1);
  function exposedLate(x: number): number {
    return x;
  }
  expose(import.meta, { exposedLate });
  // One goes through the channel, the other by message.
  const shared = new SharedArrayBuffer(8);
  for (const rest of [[], [shared]]) {
    const args = [exposedLate, 1, ...rest] as [typeof exposedLate, number];
    await assertRejects(
      () => pool.apply(fns.callWith, args),
      TypeError,
      "the module that exposes it isn't loaded",
    );
  }
  await assertRejects(
    () => pool.apply(exposedLate, [1]),
    TypeError,
    "'exposedLate' was exposed after the pool was made",
  );
  assertEquals(await pool.apply(fns.callWith, [fns.square, 3]), 9);
});

threadTest("Pool: more than there is room for, and then nonsense", async () => {
  await using pool = new Pool(1);
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const waiting = pool.apply(fns.wait, [begun, go]);
  await begun.get();
  // The channel holds 256 MB.
  const large = "x".repeat(80 * 2 ** 20);
  const counts = range(4).map(() => pool.apply(fns.countArguments, [large]));
  const list: unknown[] = [1];
  const changed = pool.apply(fns.echo<unknown>, [list]);
  const refused = assertRejects(
    () => pool.apply(fns.echo<unknown>, [Symbol()]),
    DOMException,
  );
  list.push(Symbol());
  // A list of items is read at once, even if it has to wait.
  const items = range(10);
  const squares = [1, 4, 100].map((chunkSize) =>
    pool.map(fns.square, items, { chunkSize })
  );
  items.fill(7);
  items.length = 5;
  go.putNowait(0);
  await refused;
  // A list of arguments, too.
  assertEquals(await changed, [1]);
  await waiting;
  assertEquals(await Promise.all(counts), [1, 1, 1, 1]);
  for (const results of squares) {
    assertEquals(await results, range(10).map((x) => x * x));
  }
});

threadTest(
  "Pool: a failing initializer rejects all and isn't tried for ever",
  async () => {
    const count = new Int32Array(new SharedArrayBuffer(4));
    const pool = new Pool(2, {
      initializer: fns.failToPrepare,
      initargs: [count],
    });
    const results = await Promise.allSettled(
      range(10).map((x) => pool.apply(fns.square, [x])),
    );
    for (const result of results) {
      assert(result.status === "rejected");
      assert(result.reason instanceof SyntaxError);
    }
    await assertRejects(() => pool.map(fns.square, [1]), SyntaxError);
    pool.close();
    await pool.join();
    assertLess(count[0], 3);
  },
);

threadTest("Pool: an initializer's error may be large", async () => {
  const pool = new Pool(2, {
    initializer: fns.failAtLength,
    initargs: [100_000],
  });
  await assertRejects(() => pool.apply(fns.square, [1]), SyntaxError);
  await pool.terminate();
});

threadTest(
  "Pool: an initializer that closes its worker rejects all",
  async () => {
    const pool = new Pool(2, { initializer: fns.closeInstead });
    await assertRejects(() => pool.apply(fns.square, [1]), WorkerLostError);
    await assertRejects(() => pool.apply(fns.square, [1]), WorkerLostError);
    await pool.terminate();
  },
);
