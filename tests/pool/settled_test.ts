import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import { Pool, Queue, WorkerLostError } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/pool_functions.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** What is told of each item, shortly. */
function brief(results: PromiseSettledResult<unknown>[]): unknown[] {
  return results.map((result) =>
    result.status === "fulfilled"
      ? result.value
      : `${result.reason.name}: ${result.reason.message}`
  );
}

const oddFail = range(10).map((x) => x % 2 ? `RangeError: odd ${x}` : x);

threadTest("settled: an item's error is told in its place", async () => {
  await using pool = new Pool(2);
  const { failOdd, failOddLater, failSometimes, rejectEarly } = fns;
  for (const fn of [failOdd, failOddLater, failSometimes, rejectEarly]) {
    for (const chunkSize of [1, 4, 100]) {
      const options = { chunkSize, settled: true } as const;
      const mapped = await pool.map(fn, range(10), options);
      assertEquals(brief(mapped), oddFail, `${fn.name} ${chunkSize}`);
      const lazy = await Array.fromAsync(pool.imap(fn, range(10), options));
      assertEquals(brief(lazy), oddFail);
      const unordered = await Array.fromAsync(
        pool.imapUnordered(fn, range(10), options),
      );
      assertEquals(brief(unordered).sort(), oddFail.toSorted());
    }
  }
});

threadTest("settled: what isn't quite a promise", async () => {
  await using pool = new Pool(1);
  for (const chunkSize of [1, 4]) {
    const options = { chunkSize, settled: true } as const;
    const results = await pool.map(fns.failOddForeign, range(4), options);
    assertEquals(brief(results), [0, "Error: odd 1", 2, "Error: odd 3"]);
  }
});

threadTest("settled: the forms that spread each item", async () => {
  await using pool = new Pool(2);
  const items: [string, number][] = [["a", 1], ["b", -1], ["c", 2]];
  const expected = ["a.", "RangeError: Invalid count value: -1", "cc."];
  for (const chunkSize of [1, 3]) {
    const options = { chunkSize, settled: true } as const;
    const { describe } = fns;
    assertEquals(
      brief(await pool.starmap(describe, items, options)),
      expected,
    );
    assertEquals(
      brief(
        await Array.fromAsync(pool.starmapOrdered(describe, items, options)),
      ),
      expected,
    );
    const unordered = await Array.fromAsync(
      pool.starmapUnordered(describe, items, options),
    );
    assertEquals(brief(unordered).sort(), expected.toSorted());
  }
});

threadTest("settled: the errors are as they are otherwise", async () => {
  await using pool = new Pool(1);
  const [, result] = await pool.map(fns.failOdd, [0, 1], { settled: true });
  assert(result.status === "rejected");
  const thrown = await assertRejects(() => pool.apply(fns.failOdd, [1]));
  assertInstanceOf(result.reason, RangeError);
  assertEquals(
    (result.reason.cause as Error).stack,
    (thrown as Error & { cause: Error }).cause.stack,
  );
});

threadTest(
  "settled: what can't be sent leaves its chunk alone",
  async () => {
    await using pool = new Pool(1);
    for (const chunkSize of [1, 4, 100]) {
      const options = { chunkSize, settled: true } as const;
      const sent = [0, Symbol("s"), 2, () => {}, 4, 5, new WeakMap(), 7];
      const mapped = await pool.map(fns.echo<unknown>, sent, options);
      assertEquals(
        mapped.map((r) => r.status === "rejected" ? r.reason.name : r.value),
        [0, "DataCloneError", 2, "TypeError", 4, 5, "DataCloneError", 7],
      );
      const wrong = [["a", 1], 5, ["b", 2]] as [string, number][];
      const starred = await Array.fromAsync(
        pool.starmapOrdered(fns.describe, wrong, options),
      );
      assertEquals(brief(starred), [
        "a.",
        "TypeError: Cannot starmap function: each item must be an array, " +
        "received number",
        "bb.",
      ]);
      const back = await pool.map(
        fns.returnUncloneableIfOdd,
        range(4),
        options,
      );
      assertEquals(brief(back), [
        0,
        "DataCloneError: Symbol(odd) could not be cloned.",
        2,
        "DataCloneError: Symbol(odd) could not be cloned.",
      ]);
      const nested = await pool.map(fns.nestIfOdd, range(3), options);
      assertEquals(nested[0], { status: "fulfilled", value: 0 });
      assert(nested[1].status === "rejected");
      assertInstanceOf(nested[1].reason, RangeError);
      assertEquals(nested[2], { status: "fulfilled", value: 2 });
      const shared = await pool.map(fns.share, range(4), options);
      assertEquals(
        shared.map((r) =>
          r.status === "rejected" ? r.reason.message : r.value[0]
        ),
        [0, "odd 1", 2, "odd 3"],
      );
    }
  },
);

threadTest(
  "settled: a lost worker takes its chunk along, and the stream goes on",
  async () => {
    await using pool = new Pool(2);
    const items = range(30).map((x) => x % 10 === 5 ? -1 : x);
    for (const chunkSize of [1, 2, 7]) {
      const options = { chunkSize, settled: true } as const;
      const results = await Array.fromAsync(
        pool.imap(fns.closeIf, items, options),
      );
      assertEquals(results.length, items.length);
      for (const [i, result] of results.entries()) {
        const start = i - i % chunkSize;
        const isLost = items.slice(start, start + chunkSize).includes(-1);
        if (isLost) {
          assert(result.status === "rejected", `${i} of ${chunkSize}`);
          assertInstanceOf(result.reason, WorkerLostError);
        } else {
          assertEquals(result, { status: "fulfilled", value: items[i] });
        }
      }
    }
  },
);

threadTest("settled: the call itself can still fail", async () => {
  const pool = new Pool(1);
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const settled = true as const;
  const controller = new AbortController();
  const { signal } = controller;
  const mapped = pool.map(fns.waitItem, [{ begun, go }], { settled, signal });
  await begun.get();
  controller.abort(new SyntaxError("called off"));
  await assertRejects(() => mapped, SyntaxError, "called off");
  await assertRejects(
    () => pool.map(fns.waitItem, [{ begun, go }], { settled, timeout: 0.02 }),
    DOMException,
    "0.02 seconds",
  );
  function* broken() {
    yield* [0, 1, 2];
    throw new SyntaxError("in the source");
  }
  const options = { settled, chunkSize: 2 };
  const results = pool.imap(fns.failOdd, broken(), options);
  const seen: PromiseSettledResult<unknown>[] = [];
  await assertRejects(
    async () => {
      for await (const result of results) seen.push(result);
    },
    SyntaxError,
    "in the source",
  );
  assertEquals(brief(seen), [0, "RangeError: odd 1", 2]);
  const endless = pool.imap(fns.square, range(100), { settled });
  await endless.next();
  await pool.terminate();
  // It doesn't tell of a hundred items that the pool was terminated.
  await assertRejects(
    () => Array.fromAsync(endless),
    DOMException,
    "The pool was terminated",
  );
});

threadTest(
  "settled: a task that was called off does no more items",
  async () => {
    const begun = new Queue<number>();
    const go = new Queue<number>();
    const words = new Int32Array(new SharedArrayBuffer(4));
    {
      await using pool = new Pool(1);
      const controller = new AbortController();
      const { signal } = controller;
      const items = [
        { fn: fns.wait as never, args: [begun, go] },
        { fn: fns.mark as never, args: [[words, 0]] },
      ];
      const options = { settled: true, chunkSize: 2, signal } as const;
      const mapped = pool.map(fns.spread, items, options);
      await begun.get();
      controller.abort(new SyntaxError("called off"));
      await assertRejects(() => mapped, SyntaxError, "called off");
    }
    assertEquals(words[0], 0);
  },
);

threadTest("settled: a pool that is terminated, or can't begin", async () => {
  const pool = new Pool(1);
  const options = { settled: true } as const;
  const results = pool.imap(fns.sleepIdent, [3600, 3600], options);
  const next = assertRejects(
    () => results.next(),
    DOMException,
    "The pool was terminated",
  );
  await pool.terminate();
  await next;
  const count = new Int32Array(new SharedArrayBuffer(4));
  await using broken = new Pool(1, {
    initializer: fns.failToPrepare,
    initargs: [count],
  });
  await assertRejects(
    () => broken.map(fns.square, [1, 2], options),
    SyntaxError,
    "not prepared",
  );
});
