import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  DeadlockError,
  Event,
  Lock,
  LockPoisonedError,
  Pool,
  RWLock,
  type Thread,
} from "../../mod.ts";
import * as fns from "../support/rwlock.ts";
import { start } from "../support/start.ts";
import { threadTest } from "../support/threads.ts";

const PATIENCE = 30;
const modes = ["read", "write"] as const;
type Mode = (typeof modes)[number];

const acquire = (lock: RWLock, mode: Mode, options = {}) =>
  mode === "read" ? lock.acquireRead(options) : lock.acquireWrite(options);
const acquireSync = (lock: RWLock, mode: Mode, options = {}) =>
  mode === "read"
    ? lock.acquireReadSync(options)
    : lock.acquireWriteSync(options);
const tryAcquire = (lock: RWLock, mode: Mode) =>
  mode === "read" ? lock.tryAcquireRead() : lock.tryAcquireWrite();

Deno.test("RWLock: what it is made of", () => {
  const lock = new RWLock();
  const at = "at 0x[0-9a-f]+>$";
  assertMatch(lock.name, /^RWLock-\d+$/);
  assertEquals(new RWLock({ name: "cache" }).name, "cache");
  assertMatch(
    String(lock),
    RegExp(`^<unlocked threading.RWLock object readers=0 ${at}`),
  );
  {
    using _one = lock.acquireReadSync();
    using _two = lock.acquireReadSync();
    assertMatch(
      Deno.inspect(lock),
      RegExp(`^<locked threading.RWLock object readers=2 ${at}`),
    );
  }
  {
    using _held = lock.acquireWriteSync();
    assertMatch(
      String(lock),
      RegExp(`^<locked threading.RWLock object owner=\\d+ ${at}`),
    );
  }
  assertEquals(lock.isLocked, false);
  assertThrows(
    () => new RWLock({ name: 1 as never }),
    TypeError,
    "create RWLock",
  );
  assertThrows(() => new RWLock(1 as never), TypeError, "create RWLock");
});

Deno.test("RWLock: readers share it, a writer doesn't", async () => {
  const lock = new RWLock();
  for (const held of modes) {
    using hold = await acquire(lock, held);
    assertEquals(lock.isLocked, true);
    for (const wanted of modes) {
      const fits = held === "read" && wanted === "read";
      using got = tryAcquire(lock, wanted);
      assertEquals(got !== undefined, fits, `${held}, ${wanted}`);
      got?.[Symbol.dispose]();
      if (fits) continue;
      for (const timeout of [0, 0.01]) {
        const message = `Cannot acquire RWLock ${lock.name} for ${
          wanted === "read" ? "reading" : "writing"
        }: after ${timeout} seconds`;
        assertThrows(
          () => acquireSync(lock, wanted, { timeout }),
          DOMException,
          message,
        );
        await assertRejects(
          () => acquire(lock, wanted, { timeout }),
          DOMException,
          message,
        );
      }
      const controller = new AbortController();
      const waiting = acquire(lock, wanted, { signal: controller.signal });
      controller.abort(new Error("called off"));
      await assertRejects(() => waiting, Error, "called off");
    }
    // Twice is once.
    hold[Symbol.dispose]();
    hold[Symbol.dispose]();
    assertEquals(lock.isLocked, false);
  }
  for (const mode of modes) {
    assertThrows(() => acquireSync(lock, mode, { timeout: -1 }), RangeError);
    await assertRejects(() => acquire(lock, mode, { timeout: -1 }), RangeError);
    await assertRejects(() => acquire(lock, mode, { signal: 1 }), TypeError);
    assertThrows(() => acquireSync(lock, mode, null as never), TypeError);
  }
});

Deno.test("RWLock: who awaits gets it when it is released", async () => {
  const lock = new RWLock();
  const order: string[] = [];
  const written = await lock.acquireWrite();
  const use = async (mode: Mode, name: string) => {
    using _held = await acquire(lock, mode);
    order.push(name);
  };
  const all = [
    use("read", "r1"),
    use("read", "r2"),
    use("write", "w"),
    use("read", "r3"),
  ];
  written[Symbol.dispose]();
  await Promise.all(all);
  assertEquals(order.toSorted(), ["r1", "r2", "r3", "w"]);
  assertEquals(lock.isLocked, false);
});

Deno.test("RWLock: no reader is let in while a writer waits", async () => {
  const lock = new RWLock();
  const reading = lock.acquireReadSync();
  const written = lock.acquireWrite({ timeout: PATIENCE });
  assertEquals(lock.tryAcquireRead(), undefined);
  const late = lock.acquireRead({ timeout: PATIENCE });
  reading[Symbol.dispose]();
  const hold = await written;
  assertEquals(lock.tryAcquireRead(), undefined);
  hold[Symbol.dispose]();
  using _late = await late;
  // One that stops waiting lets them in again.
  await assertRejects(() => lock.acquireWrite({ timeout: 0 }), DOMException);
  using got = lock.tryAcquireRead();
  assert(got !== undefined);
});

threadTest("RWLock: threads and pools keep to it", async () => {
  const lock = new RWLock();
  const words = new Int32Array(new SharedArrayBuffer(16));
  const rounds = 400;
  await using pool = new Pool(2);
  const threads = [false, true, false].map((isAsync) =>
    start(fns.useOften, lock, words, rounds, isAsync)
  );
  const tasks = [false, true].map((isAsync) =>
    pool.apply(fns.useOften, [lock, words, rounds, isAsync])
  );
  const own = fns.useOften(lock, words, rounds, true);
  await Promise.all([...threads.map((t) => t.join(PATIENCE)), ...tasks, own]);
  assertEquals([...words], [0, 0, 6 * rounds / 4, 0]);
  assertEquals(lock.isLocked, false);
});

threadTest("RWLock: a writer is not starved by readers", async () => {
  const lock = new RWLock();
  const over = new Event();
  const readers = [1, 2, 3].map(() => start(fns.readUntil, lock, over));
  for (let i = 0; i < 10; i++) {
    using _sync = lock.acquireWriteSync({ timeout: PATIENCE });
    _sync[Symbol.dispose]();
    using _held = await lock.acquireWrite({ timeout: PATIENCE });
  }
  over.set();
  for (const reader of readers) {
    assert(await reader.join(PATIENCE) as number >= 0);
  }
});

const ends = ["returns", "closes", "sleeps"];
for (const how of ends) {
  threadTest(
    `RWLock: what a reader holds that ${how} is given back`,
    async () => {
      const lock = new RWLock();
      const held = new Event();
      const other = new Event();
      const readers = [
        start(fns.holdForGood, lock, `read ${how}`, held),
        start(fns.holdForGood, lock, `read ${how}`, other),
      ];
      await Promise.all([held.wait(), other.wait()]);
      const written = lock.acquireWrite({ timeout: PATIENCE });
      for (const reader of readers) await reader.terminate();
      (await written)[Symbol.dispose]();
      using _held = lock.acquireWriteSync({ timeout: PATIENCE });
      await Promise.allSettled(readers.map((reader) => reader.join()));
    },
  );

  threadTest(`RWLock: a writer that ${how} poisons it`, async () => {
    const lock = new RWLock({ name: "data" });
    const held = new Event();
    const writer = start(fns.holdForGood, lock, `write ${how}`, held);
    await held.wait();
    const waiting = modes.map((mode) =>
      assertRejects(
        () => acquire(lock, mode, { timeout: PATIENCE }),
        LockPoisonedError,
        "RWLock data",
      )
    );
    await writer.terminate();
    await Promise.all(waiting);
    await Promise.allSettled([writer.join()]);
    for (const mode of modes) {
      assertThrows(() => acquireSync(lock, mode), LockPoisonedError);
    }
    for (const mode of modes) assertEquals(tryAcquire(lock, mode), undefined);
    lock.release();
    assertEquals(lock.isLocked, false);
    for (const mode of modes) acquireSync(lock, mode)[Symbol.dispose]();
  });
}

threadTest("RWLock: release() is the writer's", async () => {
  const lock = new RWLock({ name: "data" });
  assertThrows(
    () => lock.release(),
    Error,
    "Cannot release RWLock data: nobody writes",
  );
  const held = new Event();
  const writer = start(fns.holdForGood, lock, "write sleeps", held);
  await held.wait();
  assertThrows(() => lock.release(), Error, "writes");
  await writer.terminate();
  lock.release();
  const hold = lock.acquireWriteSync();
  lock.release();
  using _other = lock.acquireWriteSync();
  hold[Symbol.dispose]();
  assertEquals(lock.isLocked, true);
});

Deno.test("RWLock: a thread that would wait for itself gets a DeadlockError", () => {
  for (const held of modes) {
    for (const wanted of modes) {
      if (held === "read" && wanted === "read") continue;
      const lock = new RWLock({ name: "data" });
      using _held = acquireSync(lock, held);
      const error = assertThrows(
        () => acquireSync(lock, wanted),
        DeadlockError,
      );
      assertEquals(error.ring, [
        { thread: "MainThread", waitsFor: "RWLock data", heldBy: "MainThread" },
      ]);
    }
    const lock = new RWLock();
    acquireSync(lock, held)[Symbol.dispose]();
    assertEquals(lock.isLocked, false);
  }
});

for (const held of modes) {
  for (const wanted of modes) {
    if (held === "read" && wanted === "read") continue;
    threadTest(
      `RWLock: a ring by ${held} and ${wanted} is a DeadlockError`,
      async () => {
        const lock = new RWLock({ name: "data" });
        const other = new Lock({ name: "other" });
        const [one, two, go] = [new Event(), new Event(), new Event()];
        const threads: Thread[] = [
          start(fns.holdAndWaitFor, lock, held, other, one, go),
          start(fns.waitWith, lock, wanted, other, two, go),
        ] as never[];
        await Promise.all([one.wait(), two.wait()]);
        go.set();
        const settled = await Promise.allSettled(
          threads.map((t) => t.join(PATIENCE)),
        );
        const failed = settled.filter((end) => end.status === "rejected");
        assertEquals(failed.length, 1);
        assertInstanceOf(failed[0].reason, DeadlockError);
        const names = failed[0].reason.ring.map(({ waitsFor }) => waitsFor);
        assertEquals(names.toSorted(), ["Lock other", "RWLock data"]);
        assertEquals(
          settled.find((end) => end.status === "fulfilled")?.value,
          "both",
        );
        assertEquals(lock.isLocked, false);
      },
    );
  }
}

for (const last of ["a reader", "the writer"]) {
  threadTest(
    `RWLock: a ring through one of several readers, closed by ${last}`,
    async () => {
      const lock = new RWLock({ name: "data" });
      const other = new Lock({ name: "other" });
      const over = new Event();
      const [goReader, goWriter] = [new Event(), new Event()];
      const idle = [1, 2, 3].map(() => new Event());
      // Before and after the reader that stands in the ring.
      const readers = [start(fns.readUntilSet, lock, idle[0], over)];
      await idle[0].wait();
      const held = [new Event(), new Event()];
      const ring = [
        start(fns.holdAndWaitFor, lock, "read", other, held[0], goReader),
        start(fns.waitWith, lock, "write", other, held[1], goWriter),
      ] as Thread[];
      for (const event of held) await event.wait();
      for (const event of idle.slice(1)) {
        readers.push(start(fns.readUntilSet, lock, event, over));
        await event.wait();
      }
      const [first, second] = last === "a reader"
        ? [goWriter, goReader]
        : [goReader, goWriter];
      first.set();
      second.set();
      const failure = async (thread: Thread) =>
        await thread.join(PATIENCE).then(
          () => Promise.reject(new Error("It had both")),
          (error) => error,
        );
      const failed = await Promise.any(ring.map(failure));
      assertInstanceOf(failed, DeadlockError);
      const names = failed.ring.map(({ waitsFor }) => waitsFor);
      assertEquals(names.toSorted(), ["Lock other", "RWLock data"]);
      over.set();
      await Promise.all(readers.map((thread) => thread.join(PATIENCE)));
      const ends = await Promise.allSettled(
        ring.map((thread) => thread.join(PATIENCE)),
      );
      assertEquals(ends.map(({ status }) => status).toSorted(), [
        "fulfilled",
        "rejected",
      ]);
      using _free = await lock.acquireWrite({ timeout: PATIENCE });
    },
  );
}

threadTest(
  "RWLock: who reads and would write, beside another reader",
  async () => {
    const lock = new RWLock({ name: "data" });
    const [begun, over] = [new Event(), new Event()];
    const reader = start(fns.readUntilSet, lock, begun, over);
    await begun.wait();
    using _held = lock.acquireReadSync();
    const error = assertThrows(() => lock.acquireWriteSync(), DeadlockError);
    assertEquals(error.ring, [
      { thread: "MainThread", waitsFor: "RWLock data", heldBy: "MainThread" },
    ]);
    over.set();
    await reader.join(PATIENCE);
  },
);

threadTest("RWLock: two readers that would both write", async () => {
  const lock = new RWLock({ name: "data" });
  const [held, go] = [[new Event(), new Event()], new Event()];
  const threads = held.map((event) => start(fns.upgrade, lock, event, go));
  for (const event of held) await event.wait();
  go.set();
  const ends = await Promise.allSettled(
    threads.map((thread) => thread.join(PATIENCE)),
  );
  // Neither can: each reads, and waits for itself.
  for (const end of ends) {
    assert(end.status === "rejected");
    assertInstanceOf(end.reason, DeadlockError);
  }
});
