import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { activeCount, Pool, Queue } from "../../mod.ts";
import { runProcess } from "../support/thread_process.ts";
import { processTest, threadTest } from "../support/threads.ts";
import * as fns from "../support/pool_functions.ts";

/** Numbers, and how many of them were read. */
class Source {
  read = 0;
  isLeft = false;

  *[Symbol.iterator](): Generator<number> {
    try {
      for (;;) yield this.read++;
    } finally {
      this.isLeft = true;
    }
  }
}

/** A source that says nothing any more. */
async function* stuck(): AsyncGenerator<number> {
  yield 1;
  await new Promise(() => {});
}

threadTest("Pool.imap() yields in the order of the items", async () => {
  await using pool = new Pool(2);
  for (const chunkSize of [1, 3, 100]) {
    const results = pool.imap(fns.square, [1, 2, 3, 4, 5, 6, 7], { chunkSize });
    assertEquals(await Array.fromAsync(results), [1, 4, 9, 16, 25, 36, 49]);
  }
  assertEquals(await Array.fromAsync(pool.imap(fns.square, [])), []);
  const go = new Queue<number>();
  const items = [0, 1, 2, 3].map((index) => ({ index, go }));
  const ordered = pool.imap(fns.waitIfFirst, items);
  const first = ordered.next();
  // The other worker does the second before the first is done.
  await pool.apply(fns.nothing);
  go.putNowait(0);
  assertEquals((await first).value, 0);
  assertEquals(await Array.fromAsync(ordered), [1, 2, 3]);
});

threadTest("Pool.imapUnordered() yields what is done first", async () => {
  await using pool = new Pool(2);
  const go = new Queue<number>();
  const items = [0, 1, 2, 3].map((index) => ({ index, go }));
  const results = pool.imapUnordered(fns.waitIfFirst, items);
  const order: unknown[] = [];
  for (let i = 0; i < 3; i++) order.push((await results.next()).value);
  assertEquals(order.toSorted(), [1, 2, 3]);
  go.putNowait(0);
  assertEquals(await Array.fromAsync(results), [0]);
});

threadTest(
  "Pool.imap() yields what is done while its source is silent",
  async () => {
    await using pool = new Pool(2);
    for (const method of ["imap", "imapUnordered"] as const) {
      const { promise, resolve } = Promise.withResolvers<number>();
      const replies = async function* () {
        yield 2;
        // It goes on from the first result.
        yield await promise;
      };
      const results = pool[method](fns.square, replies());
      const { value } = await results.next();
      assertEquals(value, 4);
      resolve(value!);
      assertEquals(await Array.fromAsync(results), [16]);
    }
  },
);

threadTest("Pool.starmapUnordered() spreads each item", async () => {
  await using pool = new Pool(2);
  const results = pool.starmapUnordered(fns.describe, [["a", 2], ["b", 1]]);
  assertEquals((await Array.fromAsync(results)).sort(), ["aa.", "b."]);
});

threadTest(
  "Pool.imap() reads only so far ahead, and leaves its source",
  async () => {
    await using pool = new Pool(2);
    for (const chunkSize of [1, 10]) {
      const source = new Source();
      const results = pool.imap(fns.square, source, { chunkSize });
      assertEquals(source.read, 0);
      for (let i = 0; i < 100; i++) {
        assertEquals((await results.next()).value, i * i);
        assertLessOrEqual(source.read, i + 2 + 2 * 2 * chunkSize + chunkSize);
      }
      await results.return();
      await pool.apply(fns.nothing);
      assert(source.isLeft);
    }
  },
);

threadTest(
  "Iterators are left in the middle of a wait for a result",
  async () => {
    await using pool = new Pool(1);
    const done = { done: true, value: undefined };
    for (const ordered of [true, false]) {
      // Nobody ever puts into it.
      const item = { index: 0, go: new Queue<number>() };
      const results = ordered
        ? pool.imap(fns.waitIfFirst, [item, item])
        : pool.imapUnordered(fns.waitIfFirst, [item, item]);
      const next = results.next();
      await results.return();
      assertEquals<unknown>(await next, done);
      assertEquals<unknown>(await results.next(), done);
      assertEquals(await pool.apply(fns.square, [3]), 9);
    }
  },
);

threadTest(
  "Pool.imap() throws in place of the first result that failed",
  async () => {
    await using pool = new Pool(2);
    const source = new Source();
    const seen: number[] = [];
    await assertRejects(
      async () => {
        for await (const x of pool.imap(fns.failFrom, source)) seen.push(x);
      },
      RangeError,
      "no 10",
    );
    assertEquals(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await pool.apply(fns.nothing);
    assert(source.isLeft);
  },
);

threadTest("Pool.imap() throws what its source throws", async () => {
  await using pool = new Pool(2);
  const seen: number[] = [];
  function* broken() {
    yield 1;
    throw new SyntaxError("in the source");
  }
  await assertRejects(
    async () => {
      for await (const x of pool.imap(fns.square, broken())) seen.push(x);
    },
    SyntaxError,
  );
  assertEquals(seen, [1]);
  assertEquals(await pool.apply(fns.square, [3]), 9);
});

threadTest("Pool.imap(): abort while nobody takes results", async () => {
  await using pool = new Pool(1);
  const controller = new AbortController();
  const { signal } = controller;
  const results = pool.imap(fns.square, new Source(), { signal });
  await results.next();
  // By now everything that was submitted is done.
  await pool.apply(fns.nothing);
  controller.abort(new SyntaxError("enough"));
  await assertRejects(() => Array.fromAsync(results), SyntaxError, "enough");
  assertEquals(await pool.apply(fns.square, [3]), 9);
});

threadTest(
  "Pool.imap() and map(): abort while the source is silent",
  async () => {
    await using pool = new Pool(1);
    for (const method of ["imap", "map"] as const) {
      const controller = new AbortController();
      const { signal } = controller;
      const results = method === "map"
        ? pool.map(fns.square, stuck(), { signal })
        : Array.fromAsync(pool.imap(fns.square, stuck(), { signal }));
      await pool.apply(fns.nothing);
      controller.abort(new SyntaxError("enough"));
      await assertRejects(() => results, SyntaxError, "enough");
      const late = method === "map"
        ? pool.map(fns.square, stuck(), { timeout: 0.01 })
        : Array.fromAsync(pool.imap(fns.square, stuck(), { timeout: 0.01 }));
      const error = await assertRejects(() => late, DOMException);
      assertEquals(error.name, "TimeoutError");
    }
  },
);

threadTest("Pool.close() lets iterators and maps go on", async () => {
  const pool = new Pool(2, { maxTasksPerChild: 2 });
  const unused = pool.imap(fns.square, [1]);
  const begun = pool.imap(fns.square, [1, 2, 3, 4, 5, 6, 7, 8]);
  const mapped = pool.map(fns.square, [1, 2, 3]);
  async function* slow() {
    for (let i = 0; i < 5; i++) {
      yield (await new Promise((r) => setTimeout(r, 5)), i);
    }
  }
  const slowly = pool.map(fns.square, slow());
  assertEquals((await begun.next()).value, 1);
  pool.close();
  assertEquals(await mapped, [1, 4, 9]);
  assertEquals(await Array.fromAsync(begun), [4, 9, 16, 25, 36, 49, 64]);
  assertEquals(await Array.fromAsync(unused), [1]);
  const joined = pool.join();
  assertEquals(await slowly, [0, 1, 4, 9, 16]);
  await joined;
});

for (const method of ["imap", "imapUnordered"] as const) {
  threadTest(
    `Pool.${method}(): join() waits for no reader, who gets all the same`,
    async () => {
      const pool = new Pool(2);
      const unused = pool[method](fns.square, [1, 2, 3, 4, 5]);
      const half = pool[method](fns.square, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      const endless = pool[method](fns.square, new Source());
      const first = [(await half.next()).value!];
      await endless.next();
      pool.close();
      await pool.join();
      assertEquals(activeCount(), 1);
      const sum = (results: number[]) => results.reduce((a, b) => a + b);
      const rest = [Array.fromAsync(unused), Array.fromAsync(half)];
      assertEquals(sum(await rest[0]), 55);
      assertEquals(sum(first.concat(await rest[1])), 385);
      await endless.return();
      await pool.join();
      assertEquals(activeCount(), 1);
      assertThrows(() => pool[method](fns.square, [1]), Error, "not running");
    },
  );

  threadTest(`Pool.${method}() outlives its block`, async () => {
    let results: AsyncGenerator<number>;
    const begun = new Int32Array(new SharedArrayBuffer(4));
    {
      const options = { initializer: fns.prepare, initargs: ["", begun] };
      await using pool = new Pool(1, options);
      results = pool[method](fns.square, [1, 2, 3, 4, 5]);
      await results.next();
    }
    assertEquals((await Array.fromAsync(results)).toSorted(), [16, 25, 4, 9]);
    assertEquals(begun[0], 2);
  });
}

threadTest(
  "A closed pool keeps its workers for what is still read",
  async () => {
    const begun = new Int32Array(new SharedArrayBuffer(4));
    const options = { initializer: fns.prepare, initargs: ["", begun] };
    const pool = new Pool(1, options);
    const results = pool.imap(fns.square, [1, 2, 3, 4, 5]);
    await results.next();
    pool.close();
    const rest: number[] = [];
    for await (const result of results) {
      rest.push(result);
      // Nothing of it is under way meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assertEquals(rest, [4, 9, 16, 25]);
    assertEquals(begun[0], 1);
    await pool.join();
  },
);

threadTest("Pool.terminate() ends what outlives close()", async () => {
  const pool = new Pool(1);
  const results = pool.imap(fns.square, new Source());
  pool.close();
  await pool.join();
  await results.next();
  const again = pool.join();
  await pool.terminate();
  await again;
  await assertRejects(
    () => Array.fromAsync(results),
    DOMException,
    "The pool was terminated",
  );
  assertEquals(activeCount(), 1);
});

processTest(
  "Pool.imapUnordered() keeps no result while one chunk is slow",
  async () => {
    const { code, out, err } = await runProcess("pool_slow_chunk.ts", [], [
      "--v8-flags=--expose-gc",
    ]);
    assertEquals([code, err], [0, ""]);
    // It was nearly a kilobyte for each.
    assertLess(Number(out), 200);
  },
);

threadTest("Pool.terminate() ends an iterator", async () => {
  const pool = new Pool(1);
  const silent = pool.imap(fns.square, stuck());
  await silent.next();
  const next = assertRejects(
    () => silent.next(),
    DOMException,
    "The pool was terminated",
  );
  const results = pool.imapUnordered(fns.square, new Source());
  await results.next();
  await pool.terminate();
  await next;
  await assertRejects(() => Array.fromAsync(results), DOMException);
});

for (const method of ["imap", "imapUnordered"] as const) {
  threadTest(`Pool.${method}(): throw() ends the iterator`, async () => {
    await using pool = new Pool(1);
    let hasLeft = false;
    function* items(): Generator<number> {
      try {
        for (let i = 0;; i++) yield i;
      } finally {
        hasLeft = true;
      }
    }
    const results = pool[method](fns.square, items());
    assertEquals(await results.next(), { value: 0, done: false });
    const error = new SyntaxError("from the reader");
    assertStrictEquals(await assertRejects(() => results.throw(error)), error);
    assert(hasLeft);
    assertEquals(await results.next(), { value: undefined, done: true });
  });
}

for (const method of ["starmapOrdered", "starmapUnordered"] as const) {
  threadTest(`Pool.${method}(): what runs ends where it is left`, async () => {
    await using pool = new Pool(1);
    const begun = new Queue<number>();
    // The second never ends by itself.
    const items: [Queue<number>, Queue<number>?][] = [
      [begun],
      [begun, new Queue<number>()],
    ];
    for await (const _ of pool[method](fns.waitOrNot, items)) {
      await begun.get({ timeout: 30 });
      break;
    }
    assertEquals(await pool.apply(fns.square, [3], { timeout: 30 }), 9);
  });
}

for (const method of ["imap", "imapUnordered"] as const) {
  threadTest(
    `Pool.${method}() leaves nothing behind where nobody reads`,
    async () => {
      const controller = new AbortController();
      const { signal } = controller;
      const listeners = new Set<unknown>();
      signal.addEventListener = (_: string, fn: unknown) => listeners.add(fn);
      signal.removeEventListener = (_: string, fn: unknown) => {
        listeners.delete(fn);
      };
      const options = { signal, timeout: 3600 };
      await using pool = new Pool(1);
      const unused = pool[method](fns.square, [1, 2], options);
      const returned = pool[method](fns.square, [1, 2], options);
      await returned.return();
      assertEquals(listeners.size, 0);
      const half = pool[method](fns.square, [1, 2, 3], options);
      await half.next();
      // By now everything that was submitted is done.
      await pool.apply(fns.nothing);
      assertEquals(listeners.size, 0);
      assertEquals(await Array.fromAsync(unused), [1, 4]);
      assertEquals(listeners.size, 0);
      // The test fails if the timer of the half-read iterator is still there.
    },
  );

  threadTest(`Pool.${method}(): time passes while nobody reads`, async () => {
    await using pool = new Pool(1);
    await pool.apply(fns.nothing);
    const results = pool[method](fns.square, new Source(), { timeout: 1.5 });
    await results.next();
    await pool.apply(fns.sleepIdent, [1.6]);
    await assertRejects(
      () => results.next(),
      DOMException,
      "The call took longer than 1.5 seconds",
    );
  });
}
