import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  Lock,
  LockPoisonedError,
  Pool,
  type PoolOptions,
  transfer,
  WorkerLostError,
} from "../../mod.ts";
import * as fns from "../support/isolation.ts";
import { threadTest } from "../support/threads.ts";
import { until } from "../support/until.ts";

/** Small, so that it is soon exhausted. */
const LIMIT = { memoryLimit: 24 } as const;

/** Which task it takes along, and how that ends. */
async function assertExhausted(
  pool: Pool,
  way: keyof typeof fns.ways,
): Promise<void> {
  const error = await assertRejects(
    () => pool.apply(fns.exhaust, [way]),
    WorkerLostError,
    undefined,
    way,
  );
  assertStringIncludes(error.message, "it ran out of memory");
  assertStringIncludes(error.message, "limited to 24 MB by memoryLimit");
}

/** Whether nobody counts any more. */
async function assertStill(words: Int32Array): Promise<void> {
  await until(() => {
    const before = Atomics.load(words, 0);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    return Atomics.load(words, 0) === before;
  });
}

threadTest(
  "Pool with memoryLimit: every way to exhaust a heap ends the task and its worker, and nothing else",
  async () => {
    const ends: string[] = [];
    const onWorkerEnd = (reason: string) => void ends.push(reason);
    const names = Object.keys(fns.ways) as (keyof typeof fns.ways)[];
    {
      await using pool = new Pool(2, { ...LIMIT, onWorkerEnd });
      await Promise.all(names.map((way) => assertExhausted(pool, way)));
      assertEquals(await pool.map(fns.square, [1, 2, 3]), [1, 4, 9]);
      assertEquals(pool.stats().failed, names.length);
    }
    const lost = ends.filter((reason) => reason === "lost");
    assertEquals(lost.length, names.length);
  },
);

threadTest(
  "Pool with memoryLimit: only the task of the worker that died rejects",
  async () => {
    await using pool = new Pool(2, LIMIT);
    const squares = pool.map(fns.square, Array(100).keys(), { chunkSize: 1 });
    const exhausted = assertExhausted(pool, "objects");
    const more = pool.map(fns.square, Array(100).keys(), { chunkSize: 1 });
    const wanted = Array.from({ length: 100 }, (_, i) => i * i);
    assertEquals(await squares, wanted);
    assertEquals(await more, wanted);
    await exhausted;
  },
);

threadTest(
  "Pool with memoryLimit: arguments, items and initargs larger than it",
  async () => {
    const texts = Array.from({ length: 40_000 }, (_, i) => `${i} `.repeat(200));
    const says = "it ran out of memory";
    {
      await using pool = new Pool(1, LIMIT);
      const methods = {
        apply: () => pool.apply(fns.lengthOf, [texts]),
        map: () => pool.map(fns.lengthOf, [texts]),
        moved: () => {
          const beside = transfer({}, [new ArrayBuffer(8)]);
          return pool.apply(fns.lengthOf, [texts, beside]);
        },
      };
      for (const [name, method] of Object.entries(methods)) {
        await assertRejects(method, WorkerLostError, says, name);
      }
      assertEquals(await pool.apply(fns.lengthOf, [[1, 2]]), 2);
    }
    await using pool = new Pool(1, {
      ...LIMIT,
      initializer: fns.lengthOf,
      initargs: [texts],
    });
    await assertRejects(() => pool.apply(fns.square, [3]), Error, says);
  },
);

threadTest(
  "Pool with memoryLimit: a lock that the dead worker held is poisoned",
  async () => {
    await using pool = new Pool(1, LIMIT);
    const lock = new Lock();
    await assertRejects(
      () => pool.apply(fns.exhaustHolding, [lock]),
      WorkerLostError,
    );
    await assertRejects(() => lock.acquire(), LockPoisonedError);
  },
);

threadTest(
  "Pool with memoryLimit: an initializer that exhausts the heap fails the pool",
  async () => {
    await using pool = new Pool(1, {
      ...LIMIT,
      initializer: fns.exhaust,
      initargs: ["objects"],
    });
    const error = await assertRejects(
      () => pool.apply(fns.square, [3]),
      WorkerLostError,
    );
    assertStringIncludes(error.message, "it ran out of memory");
  },
);

for (const options of [LIMIT, { isolation: "killable" } as const]) {
  const title = Object.keys(options)[0];
  const isLimited = options === LIMIT;
  threadTest(
    `Pool with ${title}: what computes for ever is really ended`,
    async () => {
      const ends: string[] = [];
      const onWorkerEnd = (reason: string) => void ends.push(reason);
      const all = Object.keys(fns.loops) as (keyof typeof fns.loops)[];
      const ways = isLimited ? all.slice(0, 1) : all;
      {
        await using pool = new Pool(2, {
          ...options,
          onWorkerEnd,
          grace: 0.05,
        });
        for (const way of ways) {
          const words = new Int32Array(new SharedArrayBuffer(4));
          const controller = new AbortController();
          const call = assertRejects(
            () => pool.apply(fns.loop, [way, words], controller),
            SyntaxError,
            "enough",
          );
          await until(() => Atomics.load(words, 0) > 0);
          controller.abort(new SyntaxError("enough"));
          await call;
          await assertStill(words);
        }
        assertEquals(await pool.apply(fns.square, [3]), 9);
      }
      const calledOff = ends.filter((reason) => reason === "calledOff");
      assertEquals(calledOff.length, ways.length);
    },
  );
}

threadTest(
  "Pool with isolation: terminate() ends what computes for ever, and its lock is poisoned",
  async () => {
    const pool = new Pool(1, { isolation: "killable" });
    const lock = new Lock();
    const words = new Int32Array(new SharedArrayBuffer(4));
    const looping = assertRejects(
      () => pool.apply(fns.loopHolding, [lock, words]),
      DOMException,
      "terminated",
    );
    await until(() => Atomics.load(words, 0) > 0);
    await pool.terminate();
    await looping;
    await assertStill(words);
    await assertRejects(() => lock.acquire(), LockPoisonedError);
  },
);

threadTest("Pool with isolation: workers do what others do", async () => {
  await using pool = new Pool(1, { isolation: "killable" });
  const bytes = new Uint8Array(new SharedArrayBuffer(4));
  bytes[0] = 7;
  for (
    const value of [
      undefined,
      "text",
      new Map([[1, new Date(0)]]),
      bytes,
      new ArrayBuffer(8),
      "x".repeat(1e6),
    ]
  ) assertEquals(await pool.apply(fns.echo, [value]), value);
  const blob = await pool.apply(fns.echo, [new Blob(["text"])]) as Blob;
  assertEquals(await blob.text(), "text");
  const error = await assertRejects(() => pool.apply(fns.fails), RangeError);
  assertInstanceOf(error.cause, Error);
  await assertRejects(() => pool.apply(fns.strays), RangeError, "stray");
  for (const end of [fns.closes, fns.exits]) {
    await assertRejects(() => pool.apply(end), WorkerLostError, "closed");
  }
  assertEquals(await pool.apply(fns.square, [3]), 9);
});

threadTest(
  "Pool with isolation: its workers may do nothing that they weren't given, and the main thread keeps what it may",
  async () => {
    const path = import.meta.filename!;
    const refused = await (async () => {
      await using pool = new Pool(1, LIMIT);
      assertEquals(await pool.apply(fns.reads, [path]), "NotCapable");
      assertEquals(await pool.apply(fns.hasReadAtLoad), "NotCapable");
      return await pool.apply(fns.permitted);
    })();
    for (const [name, state] of Object.entries(refused)) {
      assert(state !== "granted", name);
    }
    assertEquals(fns.reads(path), "string");
    {
      await using pool = new Pool(1, {
        ...LIMIT,
        permissions: { read: "inherit" },
      });
      assertEquals(await pool.apply(fns.reads, [path]), "string");
    }
    {
      await using pool = new Pool(1, { ...LIMIT, permissions: "inherit" });
      assertEquals(await pool.apply(fns.reads, [path]), "string");
    }
    assertEquals(fns.reads(path), "string");
  },
);

for (
  const [options, error, text] of [
    [{ memoryLimit: "64" }, TypeError, "must be a number, received string"],
    [{ memoryLimit: null }, TypeError, "must be a number, received null"],
    [{ memoryLimit: NaN }, RangeError, "at least 16"],
    [{ memoryLimit: -1 }, RangeError, "received -1"],
    [{ memoryLimit: 0 }, RangeError, "received 0"],
    [{ memoryLimit: 15.9 }, RangeError, "received 15.9"],
    [{ memoryLimit: Infinity }, RangeError, "must be finite"],
    [{ isolation: "process" }, TypeError, 'received "process"'],
    [{ isolation: true }, TypeError, "received boolean"],
    [{ isolation: null }, TypeError, "received null"],
    [
      { memoryLimit: 64, permissions: { read: ["/tmp"] } },
      TypeError,
      "pass { read: true } or leave it out",
    ],
  ] as const
) {
  Deno.test(`new Pool() refuses ${Deno.inspect(options)}`, () => {
    const refused = assertThrows(
      () => new Pool(1, options as unknown as PoolOptions),
      error,
      text,
    );
    assertStringIncludes(refused.message, "Cannot create pool: ");
  });
}

for (const how of ["close", "terminate"] as const) {
  threadTest(
    `Pool with isolation starts no spare worker after ${how}()`,
    async () => {
      let made = 0;
      const Original = globalThis.Worker;
      globalThis.Worker = class extends Original {
        constructor(...args: ConstructorParameters<typeof Original>) {
          super(...args);
          made++;
        }
      };
      try {
        // The worker loads for longer than it takes until a spare one is started.
        const pool = new Pool(1, { isolation: "killable" });
        await pool[how]();
        await pool.join();
      } finally {
        globalThis.Worker = Original;
      }
      assertEquals(made, 1);
    },
  );
}
