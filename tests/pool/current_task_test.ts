import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { currentTask, Pool, Queue, Thread } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import { until } from "../support/until.ts";
import { untilAlone } from "../support/until_alone.ts";
import { warningsOf } from "../support/warnings.ts";
import * as fns from "../support/current_task.ts";
import { endBeforeTask } from "../support/ended_hosts.ts";
import { echo, ident, square } from "../support/pool_functions.ts";

/** A grace that no test waits for. */
const PATIENT = { grace: 3600 };

for (const name of ["poll", "listen", "sleepLong"] as const) {
  threadTest(`currentTask().signal: ${name} keeps its worker`, async () => {
    await using pool = new Pool(1, PATIENT);
    const before = await pool.apply(ident);
    const begun = new Queue<number>();
    const controller = new AbortController();
    const { signal } = controller;
    const fn: (begun: Queue<number>) => unknown = fns[name];
    const task = pool.apply(fn, [begun], { signal });
    await begun.get();
    const reason = new Error("not needed");
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => task), reason);
    assertEquals(await pool.apply(fns.endedHere), 1);
    assertEquals(await pool.apply(ident), before);
    assertEquals(pool.stats().calledOff, 1);
  });
}

for (const isClosed of [false, true]) {
  const end = isClosed ? "closed itself" : "ended";
  threadTest(
    `currentTask().signal is aborted when the pool's thread has ${end}`,
    async () => {
      const words = new Int32Array(new SharedArrayBuffer(8));
      const warnings = await warningsOf(async () => {
        const thread = new Thread(endBeforeTask, { args: [words, isClosed] });
        thread.start();
        await Promise.allSettled([thread.join()]);
        await untilAlone();
      });
      assertEquals([...words], [1, 1]);
      assertEquals(warnings, []);
    },
  );
}

threadTest("currentTask().signal has the call's reason", async () => {
  await using pool = new Pool(1, PATIENT);
  const begun = new Queue<number>();
  const names = new Queue<string>();
  // A call may time out before a busy machine has begun it.
  for (let timeout = 0.05; begun.isEmpty; timeout *= 2) {
    await assertRejects(
      () => pool.apply(fns.throwReason, [begun, names], { timeout }),
      DOMException,
      `longer than ${timeout} seconds`,
    );
    // By then the worker has ended the call, if it had begun it.
    await pool.apply(square, [1]);
  }
  assertMatch(
    await names.get(),
    /^TimeoutError: The call took longer than [\d.]+ seconds true$/,
  );
  await begun.get();
  for (
    const [reason, expected] of [
      [undefined, "AbortError: The signal has been aborted true"],
      [new RangeError("x".repeat(5000)), `RangeError: ${"x".repeat(200)} true`],
      [new TypeError("why"), "TypeError: why true"],
    ] as const
  ) {
    // What timed out may still put into the others.
    const begun = new Queue<number>();
    const names = new Queue<string>();
    const controller = new AbortController();
    const { signal } = controller;
    const task = assertRejects(() =>
      pool.apply(fns.throwReason, [begun, names], { signal })
    );
    await begun.get();
    controller.abort(reason);
    await task;
    assertEquals(await names.get(), expected);
  }
});

threadTest("currentTask().signal is aborted when one looks late", async () => {
  await using pool = new Pool(1, PATIENT);
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const controller = new AbortController();
  const { signal } = controller;
  const task = assertRejects(() =>
    pool.apply(fns.pollLate, [begun, go], { signal })
  );
  await begun.get();
  controller.abort();
  await task;
  go.putNowait(0);
  assertEquals(await pool.apply(fns.endedHere), 1);
});

threadTest("Pool: a chunk that was called off ends between items", async () => {
  await using pool = new Pool(1, PATIENT);
  const before = await pool.apply(ident);
  const begun = new Queue<number>();
  const controller = new AbortController();
  const { signal } = controller;
  const items = new Array(100).fill(begun);
  const mapped = assertRejects(() =>
    pool.map(fns.busyItem, items, { signal, chunkSize: 100 })
  );
  await begun.get();
  controller.abort();
  await mapped;
  assertEquals(await pool.apply(ident), before);
  assert(begun.size < 99, "it did all items");
});

threadTest("Pool: what doesn't answer in its grace is ended", async () => {
  for (const grace of [0, 0.02]) {
    const ends: string[] = [];
    await using pool = new Pool(1, {
      grace,
      onWorkerEnd: (reason) => void ends.push(reason),
    });
    const before = await pool.apply(ident);
    const begun = new Queue<number>();
    const controller = new AbortController();
    const { signal } = controller;
    const task = assertRejects(() =>
      pool.apply(fns.ignore, [begun], { signal })
    );
    await begun.get();
    controller.abort();
    await task;
    assert(await pool.apply(ident) !== before);
    await until(() => ends.length > 0);
    assertEquals(ends, ["calledOff"]);
  }
});

threadTest(
  "currentTask().signal of an ended task stays as it was",
  async () => {
    await using pool = new Pool(1);
    assertEquals(await pool.apply(fns.leave), false);
    assertEquals(await pool.apply(fns.wasLeftAborted), false);
  },
);

threadTest("currentTask() throws where no task runs", async () => {
  const message = "Cannot get the current task: this thread runs no task";
  assertThrows(() => currentTask(), Error, message);
  const thread = new Thread(fns.leave);
  thread.start();
  await assertRejects(() => thread.join(), Error, message);
});

threadTest("an AbortSignal in arguments arrives as one", async () => {
  await using pool = new Pool(2);
  const begun = new Queue<number>();
  const controller = new AbortController();
  const { signal } = controller;
  const polled = pool.apply(fns.pollArgument, [{ signal }, begun]);
  const listened = pool.apply(fns.listenArgument, [signal, begun]);
  for (let i = 0; i < 2; i++) await begun.get();
  controller.abort(new TypeError("of the signal"));
  assertEquals(await polled, [true, "of the signal"]);
  const reason = await listened;
  assert(reason instanceof TypeError);
  assertEquals(reason.message, "of the signal");
  // One that is aborted already, and one that never will be.
  const again = await pool.apply(fns.reasonOf, [signal]) as Error;
  assertEquals(again.message, "of the signal");
  const other = new AbortController();
  assertEquals(await pool.apply(fns.reasonOf, [other.signal]), "not aborted");
  const [mapped] = await pool.map(fns.reasonOf, [AbortSignal.abort("text")]);
  assertEquals(mapped, "text");
});

threadTest("an AbortSignal arrives in a thread, too", async () => {
  const begun = new Queue<number>();
  const controller = new AbortController();
  await using thread = new Thread(fns.listenArgument, {
    args: [controller.signal, begun],
  });
  thread.start();
  await begun.get();
  controller.abort("why");
  assertEquals(await thread.join(), "why");
});

threadTest("an AbortSignal in results arrives as one", async () => {
  await using pool = new Pool(1);
  const controller = new AbortController();
  const returned = await pool.apply(echo, [controller.signal]);
  assert(returned instanceof AbortSignal);
  assert(!returned.aborted);
  controller.abort("back");
  assert(returned.aborted);
  assertEquals(returned.reason, "back");
});

threadTest("Pool: calling off many never loses one", async () => {
  await using pool = new Pool(2, PATIENT);
  const begun = new Queue<number>();
  for (let round = 0; round < 50; round++) {
    const controller = new AbortController();
    const { signal } = controller;
    const tasks = [0, 1, 2].map(() =>
      pool.apply(fns.poll, [begun], { signal })
    );
    const settled = Promise.allSettled(tasks);
    await begun.get();
    controller.abort();
    for (const { status } of await settled) assertEquals(status, "rejected");
    while (!begun.isEmpty) begun.getNowait();
  }
  assertEquals(await pool.apply(square, [1]), 1);
});

threadTest("Pool refuses a grace that is none", () => {
  assertThrows(() => new Pool(1, { grace: -1 }), RangeError);
  assertThrows(() => new Pool(1, { grace: "1" as never }), TypeError);
});
