import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Pool, Queue } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import { until } from "../support/until.ts";
import { getItem } from "../support/current_task.ts";
import * as fns from "../support/finalizers.ts";
import { ident, never, square, wait } from "../support/pool_functions.ts";

const newWords = () => new Int32Array(new SharedArrayBuffer(8));

for (const finalizer of [fns.finish, fns.finishLater]) {
  threadTest(`Pool: ${finalizer.name} is a finalizer`, async () => {
    const words = newWords();
    {
      const given = { initializer: fns.begin, initargs: [words], finalizer };
      await using pool = new Pool(2, { ...given, maxTasksPerChild: 1 });
      await pool.apply(square, [1]);
      await until(() => words[1] === 1);
    }
    assertEquals([...words], [words[0], words[0]]);
    assert(words[0] >= 2);
  });
}

threadTest("Pool: no finalizer is called of what is ended", async () => {
  const words = newWords();
  const pool = new Pool(1, {
    initializer: fns.begin,
    initargs: [words],
    finalizer: fns.finish,
  });
  await pool.ready();
  await pool.terminate();
  assertEquals([...words], [1, 0]);
});

for (const finalizer of [fns.failToFinish, fns.failInTimer]) {
  threadTest(
    `Pool: a finalizer's error is told: ${finalizer.name}`,
    async () => {
      const lines: string[] = [];
      const { error } = console;
      console.error = (...line) => lines.push(line.map(String).join(" "));
      try {
        const pool = new Pool(1, { finalizer });
        await pool.apply(square, [1]);
        pool.close();
        await pool.join();
      } finally {
        console.error = error;
      }
      assertEquals(lines.length, 1);
      assert(lines[0].includes("RangeError: not finished"), lines[0]);
    },
  );
}

threadTest("Pool: idle workers end, and come back", async () => {
  const reasons: string[] = [];
  await using pool = new Pool(2, {
    idleTimeout: 0.05,
    onWorkerEnd: (reason) => void reasons.push(reason),
  });
  await pool.ready();
  await until(() => pool.stats().workers === 0);
  assertEquals(reasons, ["idle", "idle"]);
  reasons.length = 0;
  for (let i = 0; i < 3; i++) {
    assertEquals(await pool.apply(square, [i]), i * i);
    await until(() => pool.stats().workers === 0);
  }
  const squares = await pool.map(square, [1, 2, 3, 4]);
  assertEquals(squares, [1, 4, 9, 16]);
});

threadTest("Pool: what was called off holds up no other task", async () => {
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const controller = new AbortController();
  const { signal } = controller;
  // Workers start only when there are tasks for them.
  await using pool = new Pool(2, { idleTimeout: 3600, grace: Infinity });
  const called = pool.apply(wait, [begun, go], { signal });
  await begun.get();
  controller.abort(new RangeError("enough"));
  await assertRejects(() => called, RangeError, "enough");
  assertEquals(await pool.apply(square, [3]), 9);
  assertEquals(pool.stats().workers, 2);
  go.putNowait(0);
});

threadTest("Pool: a worker that works isn't idle", async () => {
  await using pool = new Pool(1, { idleTimeout: 0.02, tasksPerWorker: 2 });
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const before = pool.apply(wait, [begun, go]);
  await begun.get();
  const task = new Promise((resolve) => setTimeout(resolve, 60));
  await task;
  go.putNowait(1);
  assertEquals(await before, 1);
});

threadTest("Pool: a worker is idle from the end of its last task", async () => {
  let end = 0;
  await using pool = new Pool(1, {
    idleTimeout: 0.8,
    tasksPerWorker: 2,
    onWorkerEnd: () => void (end ||= performance.now()),
  });
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const task = pool.apply(getItem, [begun, go]);
  await begun.get();
  await new Promise((resolve) => setTimeout(resolve, 600));
  const freed = performance.now();
  go.putNowait(1);
  assertEquals(await task, 1);
  await until(() => end > 0);
  assertGreater(end - freed, 790);
});

threadTest("Pool: runTimeout counts from the task's start", async () => {
  await using pool = new Pool(1);
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const first = pool.apply(wait, [begun, go]);
  await begun.get();
  // They wait longer than they may run.
  const waiting = pool.apply(square, [3], { runTimeout: 0.2 });
  const mapped = pool.map(square, [1, 2], { runTimeout: 0.2 });
  await new Promise((resolve) => setTimeout(resolve, 250));
  go.putNowait(0);
  await first;
  assertEquals(await waiting, 9);
  assertEquals(await mapped, [1, 4]);
  const before = await pool.apply(ident);
  const error = await assertRejects(
    () => pool.apply(never, [], { runTimeout: 0.05 }),
    DOMException,
    "The task ran longer than 0.05 seconds",
  );
  assertEquals(error.name, "TimeoutError");
  assert(await pool.apply(ident) !== before);
});

threadTest("Pool refuses what makes no sense of a worker's life", async () => {
  assertThrows(() => new Pool(1, { idleTimeout: -1 }), RangeError);
  assertThrows(
    () => new Pool(1, { finalizer: (() => {}) as never }),
    TypeError,
  );
  await using pool = new Pool(1);
  await assertRejects(
    () => pool.apply(square, [1], { runTimeout: -1 }),
    RangeError,
    "runTimeout must be non-negative",
  );
});

for (const grace of [0, 0.01]) {
  threadTest(
    `Pool: a worker that is ended after close() has no successor, grace ${grace}`,
    async () => {
      const words = newWords();
      const reasons: string[] = [];
      const pool = new Pool(1, {
        grace,
        initializer: fns.begin,
        initargs: [words],
        onWorkerEnd: (reason) => void reasons.push(reason),
      });
      const begun = new Queue<number>();
      const never = new Queue<number>();
      const controller = new AbortController();
      const { signal } = controller;
      const called = pool.apply(wait, [begun, never], { signal });
      await begun.get();
      pool.close();
      controller.abort();
      await assertRejects(() => called, DOMException);
      await pool.join();
      assertEquals(reasons, ["calledOff"]);
      assertEquals(words[0], 1);
    },
  );
}
