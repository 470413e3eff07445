import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { activeCount, Pool, Queue, sleep, Thread } from "../../mod.ts";
import { processTest, threadTest } from "../support/threads.ts";
import { runProcess } from "../support/thread_process.ts";
import { until } from "../support/until.ts";
import { untilAlone } from "../support/until_alone.ts";
import { warningsOf } from "../support/warnings.ts";
import { endBetweenStarts } from "../support/ended_hosts.ts";
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
    assertThrows(() => pool.starmapOrdered(fns.describe, []), Error, message);
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

for (const fn of [fns.computeBriefly, fns.computeBrieflyAsync]) {
  for (const chunkSize of [1, 2500]) {
    threadTest(
      `Pool.terminate() is seen between two of ${fn.name}, ${chunkSize} a chunk`,
      async () => {
        const words = new Int32Array(new SharedArrayBuffer(4));
        const initargs = [words];
        const initializer = fns.keepWords;
        const warnings = await warningsOf(async () => {
          const pool = new Pool(2, { initializer, initargs });
          const items = range(5000);
          const mapped = assertRejects(
            () => pool.map(fn, items, { chunkSize }),
            DOMException,
          );
          await until(() => words[0] > 4);
          await pool.terminate();
          await mapped;
        });
        assertEquals(warnings, []);
        // It would be 2,500 for each worker. The order takes a busy machine a while.
        assertLess(words[0], 2500);
      },
    );
  }
}

threadTest("Pool.terminate() begins none of the tasks that wait", async () => {
  const count = 20_000;
  const words = new Int32Array(new SharedArrayBuffer((count + 1) * 4));
  const pool = new Pool(2, { initializer: fns.keepWords, initargs: [words] });
  await pool.ready();
  const waiting = Promise.allSettled(
    range(count).map((i) => pool.apply(fns.markKept, [i + 1])),
  );
  await until(() => words[0] > 100);
  await pool.terminate();
  await waiting;
  // Workers that begin tasks while thousands are called off leave out hundreds. One may
  // be left out: a worker has taken it, and is interrupted before it begins the task.
  const begun = words.subarray(1);
  const leftOut = begun.slice(0, begun.lastIndexOf(1)).filter((word) => !word);
  assertLess(leftOut.length, 2);
});

threadTest("Pool: what was called off is no task of a child's", async () => {
  await using pool = new Pool(1, { maxTasksPerChild: 2 });
  const first = await pool.apply(fns.ident);
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const initializer = fns.keepQueues;
  const initargs = [begun, go];
  await using busy = new Pool(1, {
    initializer,
    initargs,
    maxTasksPerChild: 2,
  });
  const waiting = busy.apply(fns.waitKept);
  const worker = await begun.get();
  const controller = new AbortController();
  const { signal } = controller;
  const calledOff = Promise.allSettled(
    range(300).map(() => busy.apply(fns.ident, [], { signal })),
  );
  controller.abort();
  await calledOff;
  go.putNowait(0);
  await waiting;
  assertEquals(await busy.apply(fns.ident), worker);
  assertEquals(await pool.apply(fns.ident), first);
});

threadTest("await using ends a pool whose tasks only wait", async () => {
  const begun = new Queue<number>();
  const go = new Queue<number>();
  const tasks: Promise<unknown>[] = [];
  // The block of a pool that has no task: a call waits for its next item.
  const withoutTasks = async () => {
    await using pool = new Pool(1);
    tasks.push(pool.map(fns.square, silent()));
    throw new RangeError("in another block");
  };
  // A worker gives its part back again and again, since the other one waits.
  const withBroadcast = async () => {
    await using pool = new Pool(2);
    tasks.push(pool.apply(fns.wait, [begun, go]));
    tasks.push(pool.broadcast(fns.ident));
    throw new RangeError("in another block");
  };
  const withInitializer = async () => {
    await using _pool = new Pool(2, { initializer: fns.never });
    throw new RangeError("in another block");
  };
  const withFinalizer = async () => {
    await using pool = new Pool(1, { finalizer: fns.never });
    await pool.ready();
    throw new RangeError("in another block");
  };
  const blocks = [withoutTasks, withBroadcast, withInitializer, withFinalizer];
  const warnings = await warningsOf(async () => {
    const others = blocks.map((block) =>
      assertRejects(block, RangeError, "in another block")
    );
    const thread = new Thread(fns.leaveWaiting);
    thread.start();
    await assertRejects(
      async () => {
        await using pool = new Pool(3);
        tasks.push(pool.apply(fns.wait, [begun, go]));
        tasks.push(pool.apply(fns.sleepIdent, [3600]));
        // Nobody handles these rejections, which end no process.
        tasks.push(pool.apply(fns.never).then(() => {}));
        tasks.push(pool.map(fns.never, [1]));
        tasks.push(pool.broadcast(fns.wait, [begun, go]));
        tasks.push(pool.imap(fns.never, [1]).next());
        tasks.push(pool.stream(fns.never as never).next());
        await begun.get();
        throw new RangeError("in the block");
      },
      RangeError,
      "in the block",
    );
    await Promise.all(others);
    // Its own console has the warning.
    assertEquals(await thread.join(), "in a thread's block");
  });
  const because =
    "The pool was terminated at the end of its block: for 5 seconds";
  assertEquals(warnings.sort(), [
    `${because} its calls have only waited`,
    `${because} its tasks have only waited`,
    `${because} its tasks have only waited`,
    `${because} its workers have only waited`,
    `${because} its workers have only waited`,
  ]);
  assertEquals(activeCount(), 1);
  for (const task of tasks) {
    const error = await assertRejects(() => task, DOMException);
    assertEquals(error.name, "AbortError");
  }
});

/** A source that never yields. */
async function* silent(): AsyncGenerator<number> {
  yield await new Promise<never>(() => {});
}

/** A source that yields now and then, for longer than it may be silent. */
async function* slow(): AsyncGenerator<number> {
  for (const x of range(4)) {
    await sleep(1.5);
    yield x;
  }
}

async function mapSlowItems(): Promise<void> {
  let squares: Promise<number[]>;
  {
    await using pool = new Pool(1);
    squares = pool.map(fns.square, slow());
  }
  assertEquals(await squares, [0, 1, 4, 9]);
}

threadTest("await using waits for what computes, or reads items", async () => {
  const mapped = mapSlowItems();
  const words = new Int32Array(new SharedArrayBuffer(4));
  const go = new Queue<number>();
  const begun = new Queue<number>();
  let computed: Promise<void>;
  let waited: Promise<number>;
  {
    await using pool = new Pool(2);
    waited = pool.apply(fns.wait, [begun, go]);
    // Longer than the tasks may only wait.
    computed = pool.apply(fns.computeFor, [[words, 6000]]);
    computed.then(() => go.putNowait(7));
    await begun.get();
  }
  await computed;
  assertEquals(await waited, 7);
  await mapped;
});

processTest(
  "A Pool that is dropped ends, and says so once; so do its iterators",
  async () => {
    const { code, stdout, stderr } = await new Deno.Command("deno", {
      args: [
        "run",
        "--no-prompt",
        "--unstable-worker-options",
        "--v8-flags=--expose-gc",
        "--allow-read=.",
        "tests/support/pool_dropped.ts",
      ],
      signal: AbortSignal.timeout(60_000),
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals(text(stdout), "9\n4,9\n1\n1\n1\n");
    assertEquals(
      text(stderr).match(/A Pool was dropped without close\(\)/g)?.length,
      1,
      text(stderr),
    );
    assertEquals(code, 0);
  },
);

processTest("A Pool that is dropped without workers says so, too", async () => {
  const flags = ["--v8-flags=--expose-gc"];
  const { code, err } = await runProcess("pool_dropped_idle.ts", [], flags);
  assertStringIncludes(err, "A Pool was dropped without close()");
  assertEquals(code, 0);
});

processTest("A Pool that has ended is garbage, however it ended", async () => {
  const flags = ["--v8-flags=--expose-gc"];
  const { code, out, err } = await runProcess("pool_garbage.ts", [], flags);
  assertEquals(err, "");
  const ways = "close closeAtOnce terminate terminateBusy dispose callOff";
  assertEquals(out, ways.replaceAll(" ", "\n"));
  assertEquals(code, 0);
});

threadTest("Pool refuses options that are none", async () => {
  await using pool = new Pool(1);
  const controller = new AbortController();
  const methods: Record<string, (options: never) => Promise<unknown>> = {
    apply: (options) => pool.apply(fns.square, [1], options),
    map: (options) => pool.map(fns.square, [1], options),
    starmap: (options) => pool.starmap(fns.square, [[1]], options),
    imap: async (options) => await pool.imap(fns.square, [1], options),
    imapUnordered: async (options) =>
      await pool.imapUnordered(fns.square, [1], options),
    starmapOrdered: async (options) =>
      await pool.starmapOrdered(fns.square, [[1]], options),
    starmapUnordered: async (options) =>
      await pool.starmapUnordered(fns.square, [[1]], options),
  };
  for (const [name, method] of Object.entries(methods)) {
    const refuses = async (options: unknown, message: string) => {
      await assertRejects(() => method(options as never), TypeError, message);
    };
    await refuses(null, "options must be an object, received null");
    await refuses(5, "options must be an object, received number");
    // A second list of arguments, as Python's `Executor.map` takes it.
    await refuses([2], "options must be an object, received an array");
    await refuses({ signal: controller }, "signal must be an AbortSignal");
    await refuses({ signal: null }, "signal must be an AbortSignal");
    await refuses({ timeout: "1" }, "timeout must be a number");
    if (name === "apply") continue;
    await refuses({ chunkSize: "1" }, "chunkSize must be a number");
    await refuses({ onProgress: 1 }, "onProgress must be a function");
  }
  for (const Maker of [Pool, Thread]) {
    const make = (permissions: unknown) => {
      const options = { permissions } as never;
      if (Maker === Pool) new Pool(1, options);
      else new Thread(fns.nothing, options);
    };
    assertThrows(
      () => make({ rad: true }),
      TypeError,
      "permissions has no 'rad', only env, ffi,",
    );
    assertThrows(() => make([]), TypeError, "received an array");
  }
  assertThrows(() => new Pool(1, null as never), TypeError, "received null");
  assertThrows(() => new Pool(1, 5 as never), TypeError, "received number");
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

threadTest(
  "Pool: a thread that ends while it makes a pool reports no error",
  async () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    const thread = new Thread(endBetweenStarts, { args: [words] });
    thread.start();
    await Atomics.waitAsync(words, 0, 0).value;
    const ended = thread.terminate();
    Atomics.store(words, 0, 2);
    Atomics.notify(words, 0);
    await ended;
    await assertRejects(() => thread.join(), DOMException);
    await untilAlone();
    assertEquals([...words], [2, 0]);
  },
);
