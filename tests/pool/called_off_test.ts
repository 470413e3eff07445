import { assert, assertEquals, assertRejects } from "@std/assert";
import { Lock, Pool, Queue, transfer } from "../../mod.ts";
import { TaskTable } from "../../lib/pool/task_table.ts";
import {
  all,
  methods,
  type Options,
  type Star,
} from "../support/pool_methods.ts";
import { busyPool } from "../support/busy_pool.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/pool_functions.ts";
import { lengthOf } from "../support/loading/late.ts";
import { until } from "../support/until.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

for (const [name, method] of Object.entries(all)) {
  for (const settled of [false, true]) {
    threadTest(
      `Pool.${name}(): what is called off while it waits never runs${
        settled ? ", settled" : ""
      }`,
      async () => {
        const { pool, go, first } = await busyPool();
        first.catch(() => {});
        const words = new Int32Array(new SharedArrayBuffer(4));
        // Each of them is asked for by the worker, except for the last.
        const payloads = [
          words,
          [words, new Queue<number>(), new Lock()],
          [words, transfer(new Uint8Array(8), [])],
        ];
        const controller = new AbortController();
        const calls: Promise<unknown>[] = [];
        for (const i of range(1500)) {
          const limit = i % 2 === 0
            ? { signal: controller.signal }
            : { timeout: 0.001 };
          const options = { ...limit, settled, chunkSize: 1 } as Options;
          const items = range(name === "apply" ? 1 : 2).map((): [unknown] => [
            i % 5 === 0 ? i : payloads[i % 3],
          ]);
          calls.push(method(pool, fns.countUp as Star, items, options));
        }
        const settledCalls = Promise.allSettled(calls);
        // A timer that is due later than theirs.
        await new Promise((resolve) => setTimeout(resolve, 2));
        controller.abort(new SyntaxError("enough"));
        for (const [i, result] of (await settledCalls).entries()) {
          assert(result.status === "rejected");
          const wanted = i % 2 === 0 ? "SyntaxError" : "TimeoutError";
          assertEquals(result.reason.name, wanted);
        }
        go.putNowait(0);
        assertEquals(await pool.apply(fns.counted), 0);
        assertEquals(words[0], 0);
        pool.close();
        await pool.join();
      },
    );
  }
}

/**
 * A pool whose only worker has yet to begin, and what lets it: it answers nothing
 * before it has taken what is in the channel.
 */
async function poolToBegin(): Promise<[pool: Pool, go: Queue<number>]> {
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const pool = new Pool(1, { initializer: fns.wait, initargs: [begun, go] });
  await begun.get();
  return [pool, go];
}

threadTest(
  "Pool: a worker that asks for what was called off is answered",
  async () => {
    // Else the worker would be ended that waits for the answer.
    const pool = new Pool(1, { grace: Infinity });
    const words = new Int32Array(new SharedArrayBuffer(4));
    await pool.apply(fns.nothing);
    for (let i = 0; i < 3; i++) {
      const controller = new AbortController();
      const { signal } = controller;
      const called = pool.apply(fns.counted, [words] as never, { signal });
      // It has begun, and asks for the memory, when this turn is over.
      while (pool.running === 0) Atomics.pause();
      controller.abort(new RangeError("enough"));
      await assertRejects(() => called, RangeError, "enough");
      await pool.apply(fns.nothing, [], { timeout: 30 });
    }
    pool.close();
    await pool.join();
  },
);

threadTest(
  "Pool: a worker is answered that asks when nothing is pending",
  async () => {
    const pool = new Pool(2, { grace: Infinity });
    await pool.ready();
    const controller = new AbortController();
    const { signal } = controller;
    const words = new Int32Array(new SharedArrayBuffer(4));
    const called = pool.apply(lengthOf, [words], { signal });
    // Its worker loads the module before it asks for the memory.
    await until(() => pool.running === 1);
    const other = pool.apply(fns.nothing);
    controller.abort(new RangeError("enough"));
    await assertRejects(() => called, RangeError, "enough");
    await other;
    pool.close();
    await pool.join();
  },
);

for (const isCalledOff of [true, false]) {
  const what = isCalledOff ? "a backlog that is called off" : "a full channel";
  threadTest(`Pool: what stands behind ${what} goes on`, async () => {
    const [pool, go] = await poolToBegin();
    // The channel holds 256 MB: three of these. A large buffer isn't sent by it.
    const large = "x".repeat(80 * 2 ** 20);
    const controller = new AbortController();
    const { signal } = controller;
    const first = range(isCalledOff ? 5 : 3).map(() =>
      pool.apply(fns.countArguments, [large], { signal })
    );
    const behind = isCalledOff
      ? pool.map(fns.square, range(3), { chunkSize: 1 })
      : Promise.all(
        range(2).map(() => pool.apply(fns.countArguments, [large])),
      );
    const rejected = Promise.allSettled(first);
    controller.abort(new RangeError("enough"));
    await rejected;
    go.putNowait(0);
    assertEquals(await behind, isCalledOff ? [0, 1, 4] : [1, 1]);
    await pool.terminate();
  });
}

threadTest("Pool: thousands of calls have one listener a signal", async () => {
  const { pool, first } = await busyPool();
  first.catch(() => {});
  const { addEventListener } = EventTarget.prototype;
  const { tasks } = TaskTable.prototype;
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  let scans = 0;
  EventTarget.prototype.addEventListener = function (
    this: EventTarget,
    ...args: Parameters<typeof addEventListener>
  ) {
    if (this === signal) listeners++;
    return addEventListener.apply(this, args);
  };
  TaskTable.prototype.tasks = function () {
    scans++;
    return tasks.call(this);
  };
  try {
    const calls = Promise.allSettled(
      range(3000).map((x) => pool.apply(fns.square, [x], { signal })),
    );
    controller.abort();
    await calls;
  } finally {
    EventTarget.prototype.addEventListener = addEventListener;
    TaskTable.prototype.tasks = tasks;
  }
  assertEquals(listeners, 1);
  assertEquals(scans, 0);
  await pool.terminate();
});

for (const [name, method] of Object.entries(methods)) {
  threadTest(
    `Pool.${name}(): an item that fails leaves its neighbours alone`,
    async () => {
      const begun = new Queue<number>();
      const go = new Queue<number>();
      const fail = new Queue<number>();
      const count = new Int32Array(new SharedArrayBuffer(4));
      const initargs = ["", count];
      await using pool = new Pool(2, { initializer: fns.prepare, initargs });
      const items: [unknown][] = [[{ begun, go }], [{ begun, fail }]];
      const options = { chunkSize: 1 } as Options;
      const called = assertRejects(
        () => method(pool, fns.failOrWait as Star, items, options),
        SyntaxError,
        "in an item",
      );
      const workers = [await begun.get(), await begun.get()];
      fail.putNowait(0);
      // In order, the first result comes before the second one's error.
      if (["imap", "starmapOrdered"].includes(name)) go.putNowait(0);
      await called;
      go.putNowait(0);
      assert(workers.includes(await begun.get()));
      await Promise.all(range(8).map(() => pool.apply(fns.ident)));
      assertEquals(count[0], 2);
    },
  );
}

threadTest(
  "Pool: a failed map's timeout ends what it has left running",
  async () => {
    await using pool = new Pool(2);
    await pool.map(fns.square, [1, 2]);
    const begun = new Queue<number>();
    const go = new Queue<number>();
    const fail = new Queue<number>();
    fail.putNowait(0);
    const items = [{ begun, go }, { begun, fail }];
    await assertRejects(
      () => pool.map(fns.failOrWait, items, { chunkSize: 1, timeout: 1 }),
      SyntaxError,
    );
    for (const _ of items) await begun.get();
    // Both workers are there again, or this would wait for ever.
    const later = new Queue<number>();
    const waiting = range(2).map(() => pool.apply(fns.wait, [begun, later]));
    for (const _ of waiting) await begun.get();
    for (const i of range(2)) later.putNowait(i);
    await Promise.all(waiting);
  },
);

threadTest(
  "Pool.map(): a source that fails once it was called off",
  async () => {
    await using pool = new Pool(1);
    for (const method of ["map", "imap"] as const) {
      const controller = new AbortController();
      const { signal } = controller;
      // It is called off while the source is read, and nobody waits yet.
      const source = async function* (): AsyncGenerator<number> {
        controller.abort(new SyntaxError("enough"));
        await pool.apply(fns.nothing);
        if (!signal.aborted) yield 1;
        throw new RangeError("nobody hears this");
      };
      await assertRejects(
        () =>
          method === "map"
            ? pool.map(fns.square, source(), { signal })
            : Array.fromAsync(pool.imap(fns.square, source(), { signal })),
        SyntaxError,
        "enough",
      );
      await pool.apply(fns.nothing);
    }
  },
);

for (const settled of [false, true]) {
  threadTest(
    `Pool.starmap(): of a chunk that is called off, no further item begins${
      settled ? ", settled" : ""
    }`,
    async () => {
      await using pool = new Pool(1, { grace: 3600 });
      const [begun, go] = [new Queue<number>(), new Queue<number>()];
      const controller = new AbortController();
      const { signal } = controller;
      const items = range(8).map((): [Queue<number>, Queue<number>] => [
        begun,
        go,
      ]);
      const options = { chunkSize: 8, signal, settled } as Options;
      const call = pool.starmap(fns.wait as Star, items, options);
      await begun.get();
      await go.put(0);
      await begun.get();
      controller.abort();
      const error = await assertRejects(() => call, DOMException);
      assertEquals(error.name, "AbortError");
      for (const i of range(7)) await go.put(i);
      // The worker is free once the chunk has ended.
      assertEquals(await pool.apply(fns.square, [3]), 9);
      assertEquals(begun.size, 0);
    },
  );
}
