import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { Pool, Queue } from "../../mod.ts";
import {
  all,
  methods,
  type Options,
  type Star,
} from "../support/pool_methods.ts";
import { outlast } from "../support/spinner.ts";
import { processTest, threadTest } from "../support/threads.ts";
import * as fns from "../support/pool_functions.ts";
import { warningsOf } from "../support/warnings.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

for (const [name, method] of Object.entries(all)) {
  threadTest(`Pool.${name}(): a signal ends a task that waits`, async () => {
    await using pool = new Pool(1);
    const begun = new Queue<number>();
    const go = new Queue<number>();
    for (const settled of [false, true]) {
      const controller = new AbortController();
      const { signal } = controller;
      const options = { signal, settled } as Options;
      const called = method(pool, fns.wait as Star, [[begun, go]], options);
      const first = await begun.get();
      controller.abort(new SyntaxError("called off"));
      await assertRejects(() => called, SyntaxError, "called off");
      assertNotEquals(await pool.apply(fns.ident), first);
    }
  });

  threadTest(`Pool.${name}(): a timeout ends a task that waits`, async () => {
    await using pool = new Pool(1);
    for (const settled of [false, true]) {
      const options = { timeout: 0.02, settled } as Options;
      const begun = new Queue<number>();
      const go = new Queue<number>();
      const error = await assertRejects(
        () => method(pool, fns.wait as Star, [[begun, go]], options),
        DOMException,
        "The call took longer than 0.02 seconds",
      );
      assertEquals(error.name, "TimeoutError");
      assertEquals(await pool.apply(fns.square, [3]), 9);
    }
  });

  threadTest(`Pool.${name}(): one that computes is given up`, async () => {
    const until = new Int32Array(new SharedArrayBuffer(4));
    const warnings = await warningsOf(async () => {
      await using pool = new Pool(1);
      // Its start doesn't count: it has to compute before the time is over.
      await pool.apply(fns.square, [3]);
      const begun = new Queue<number>();
      const items: [unknown, unknown][] = [[begun, until]];
      await outlast(
        pool,
        begun,
        (timeout) => method(pool, fns.spin as Star, items, { timeout }),
      );
    });
    until[0] = 1;
    assertEquals(warnings.length, 1);
  });

  threadTest(`Pool.${name}(): a timeout of months`, async () => {
    await using pool = new Pool(1);
    // Longer than the 31 bits of a timer's milliseconds.
    for (const timeout of [30 * 24 * 3600, Number.MAX_VALUE, Infinity]) {
      const options = { timeout };
      const results = await method(pool, fns.later as Star, [[3]], options);
      assertEquals(results, [3]);
    }
  });
}

for (const [name, method] of Object.entries(methods)) {
  threadTest(`Pool.${name}() tells its progress`, async () => {
    await using pool = new Pool(2);
    const items = [1, 2, 3, 4, 5].map((x): [number] => [x]);
    const calls: [number, number | undefined][] = [];
    const onProgress = (done: number, total: number | undefined) => {
      calls.push([done, total]);
    };
    await method(pool, fns.echo as Star, items, { chunkSize: 2, onProgress });
    assertEquals(calls.length, 3);
    assertEquals(calls.map(([, total]) => total), [5, 5, 5]);
    assertEquals(calls.at(-1), [5, 5]);
    assert(calls.every(([done], i) => i === 0 || done > calls[i - 1][0]));
    const settled = { settled: true, onProgress } as unknown as Options;
    calls.length = 0;
    await method(pool, fns.closeIf as Star, [[1], [-1]], {
      ...settled,
      chunkSize: 1,
    });
    assertEquals(calls, [[1, 2], [2, 2]]);
  });

  threadTest(`Pool.${name}(): onProgress that throws`, async () => {
    await using pool = new Pool(2);
    for (const settled of [false, true]) {
      const go = new Queue<number>();
      const begun = new Queue<number>();
      let calls = 0;
      const options = {
        chunkSize: 1,
        settled,
        onProgress() {
          calls++;
          throw new SyntaxError("in onProgress");
        },
      } as Options;
      // The first never ends by itself.
      const items = [[begun, go], ...new Array(50).fill([begun])];
      await assertRejects(
        () =>
          method(pool, fns.waitOrNot as Star, items as [unknown][], options),
        SyntaxError,
        "in onProgress",
      );
      assertEquals(calls, 1);
      assertEquals(await pool.map(fns.square, [1, 2, 3]), [1, 4, 9]);
    }
  });
}

for (const [name, method] of Object.entries(methods)) {
  threadTest(`Pool.${name}(): onProgress that rejects`, async () => {
    await using pool = new Pool(2);
    for (const settled of [false, true]) {
      const options = {
        chunkSize: 1,
        settled,
        async onProgress(done: number) {
          await pool.apply(fns.nothing);
          if (done === 3) throw new SyntaxError("in onProgress");
        },
      } as Options;
      const items = range(10).map((x): [number] => [x]);
      await assertRejects(
        () => method(pool, fns.echo as Star, items, options),
        SyntaxError,
        "in onProgress",
      );
      const waits = { ...options, onProgress: () => new Promise(() => {}) };
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = assertRejects(
        () => method(pool, fns.echo as Star, items, { ...waits, signal }),
        SyntaxError,
        "enough",
      );
      await pool.apply(fns.nothing);
      controller.abort(new SyntaxError("enough"));
      await waiting;
    }
  });
}

threadTest("onProgress of what doesn't tell its number", async () => {
  await using pool = new Pool(1);
  const totals = async (items: Iterable<unknown> | AsyncIterable<unknown>) => {
    const seen = new Set<number | undefined>();
    await Array.fromAsync(pool.imap(fns.echo<unknown>, items, {
      onProgress: (_, total) => seen.add(total),
    }));
    return [...seen];
  };
  assertEquals(await totals([1, 2, 3]), [3]);
  assertEquals(await totals(new Set([1, 2])), [2]);
  assertEquals(await totals(new Map([[1, 2]])), [1]);
  assertEquals(await totals(new Float32Array(3)), [3]);
  assertEquals(await totals([1, 2].values()), [undefined]);
  assertEquals(await totals("ab"), [undefined]);
  async function* later() {
    yield await Promise.resolve(1);
  }
  assertEquals(await totals(later()), [undefined]);
});

threadTest("Calls that share a signal end each by itself", async () => {
  await using pool = new Pool(1);
  await using other = new Pool(1);
  const controller = new AbortController();
  const { signal } = controller;
  const options = { signal };
  // What ends before the signal is aborted isn't called off by it.
  assertEquals(await pool.apply(fns.square, [3], options), 9);
  await assertRejects(
    () => pool.apply(fns.failFrom, [10], options),
    RangeError,
  );
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const calls = [
    pool.apply(fns.wait, [begun, go], options),
    pool.apply(fns.square, [4], options),
    pool.apply(fns.square, [5], { signal, timeout: 60 }),
    other.apply(fns.wait, [begun, go], options),
  ];
  const unlimited = pool.apply(fns.square, [6]);
  await begun.get();
  await begun.get();
  controller.abort(new SyntaxError("called off"));
  for (const call of calls) {
    await assertRejects(() => call, SyntaxError, "called off");
  }
  assertEquals(await unlimited, 36);
  await assertRejects(
    () => pool.apply(fns.square, [7], options),
    SyntaxError,
    "called off",
  );
  assertEquals(pool.stats().calledOff, 3);
});

processTest(
  "Pool: an abandoned iterator's timeout keeps nothing alive",
  async () => {
    const { code, stderr } = await new Deno.Command("deno", {
      args: [
        "run",
        "--no-prompt",
        "--unstable-worker-options",
        "--allow-read=.",
        "tests/support/pool_abandoned.ts",
      ],
      // It would go on for an hour.
      signal: AbortSignal.timeout(60_000),
      stderr: "piped",
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(code, 0);
  },
);
