import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Barrier, BrokenBarrierError, sleepSync } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import {
  act,
  actAndThrow,
  actAtBarrier,
  actOn,
  aMoment,
  passRounds,
  script,
  type Step,
} from "../support/locks.ts";
import { start } from "../support/start.ts";
import { until } from "../support/until.ts";

const PATIENCE = 30;
const members = ["waitSync", "wait"] as const;

const words = (length: number) =>
  new Int32Array(new SharedArrayBuffer(length * 4));

/** Threads that wait at the barrier, in either form; how they end. */
function waiters(barrier: Barrier, count: number, ...more: Step[]) {
  const threads = Array.from(
    { length: count },
    (_, i) => start(script, [barrier], [[0, members[i % 2]], ...more]),
  );
  return threads.map((thread) =>
    thread.join(PATIENCE).catch((error: Error) => error.message)
  );
}

Deno.test("Barrier: what it is made of", () => {
  const barrier = new Barrier(3);
  assertEquals([barrier.parties, barrier.nWaiting, barrier.broken], [
    3,
    0,
    false,
  ]);
  assertMatch(
    String(barrier),
    /^<threading\.Barrier at 0x[0-9a-f]+: waiters=0\/3>$/,
  );
  barrier.abort();
  assertMatch(Deno.inspect(barrier), /: broken>$/);
  for (const parties of [0, -1, 0.5, NaN, 2 ** 31]) {
    assertThrows(() => new Barrier(parties), RangeError, "parties");
  }
  assertThrows(() => new Barrier("2" as never), TypeError, "parties");
  assertThrows(() => new Barrier(2, { timeout: -1 }), RangeError, "timeout");
  assertThrows(() => new Barrier(2, { action: () => {} }), TypeError, "expose");
  const action = 1 as never;
  assertThrows(() => new Barrier(2, { action }), TypeError, "a function");
});

Deno.test("Barrier: one thread alone passes", async () => {
  const barrier = new Barrier(1, { timeout: 0 });
  for (let i = 0; i < 3; i++) {
    assertEquals(barrier.waitSync(), 0);
    assertEquals(await barrier.wait(), 0);
  }
});

Deno.test("Barrier: wrong arguments break nothing", async () => {
  const barrier = new Barrier(2);
  for (const timeout of [-1, NaN]) {
    assertThrows(() => barrier.waitSync({ timeout }), RangeError);
    await assertRejects(() => barrier.wait({ timeout }), RangeError);
  }
  const signal = AbortSignal.abort(new Error("before"));
  await assertRejects(() => barrier.wait({ signal }), Error, "before");
  assertEquals([barrier.nWaiting, barrier.broken], [0, false]);
});

threadTest(
  "Barrier: many rounds, threads that block and that await",
  async () => {
    const rounds = 200;
    const barrier = new Barrier(5);
    const arrived = words(rounds);
    const threads = [0, 1, 2, 3].map((i) =>
      start(passRounds, barrier, arrived, rounds, i % 2 === 0)
    );
    const own = passRounds(barrier, arrived, rounds, false);
    const all = [await own];
    for (const thread of threads) all.push(await thread.join(PATIENCE));
    for (let round = 0; round < rounds; round++) {
      const indexes = all.map((indexes) => indexes[round]).sort();
      assertEquals(indexes, [0, 1, 2, 3, 4]);
    }
    assertEquals([barrier.nWaiting, barrier.broken], [0, false]);
  },
);

threadTest("Barrier: more threads than parties", async () => {
  const barrier = new Barrier(2);
  assertEquals(
    (await Promise.all(waiters(barrier, 6))).sort(),
    [[0], [0], [0], [1], [1], [1]],
  );
});

threadTest("Barrier: the action runs once a round", async () => {
  const barrier = new Barrier(3, { action: act });
  const counter = words(1);
  const threads = [1, 2].map(() => start(actAtBarrier, barrier, counter, 50));
  actOn(counter);
  try {
    await actAtBarrier(barrier, counter, 50);
    for (const thread of threads) await thread.join(PATIENCE);
  } finally {
    actOn(undefined);
  }
  assertEquals(counter[0], 100);
});

threadTest("Barrier: an action that throws breaks it", async () => {
  const barrier = new Barrier(3, { action: actAndThrow });
  const counter = words(1);
  const others = waiters(barrier, 2);
  await until(() => barrier.nWaiting === 2);
  actOn(counter);
  await assertRejects(() => barrier.wait(), RangeError, "in the action");
  actOn(undefined);
  for (const other of others) {
    assertEquals(
      await other,
      "Cannot wait at barrier: it was broken meanwhile",
    );
  }
  assertEquals([counter[0], barrier.broken], [1, true]);
});

threadTest("Barrier.abort() ends every wait until reset()", async () => {
  const barrier = new Barrier(3);
  const others = waiters(barrier, 2);
  await until(() => barrier.nWaiting === 2);
  barrier.abort();
  for (const other of others) {
    assertEquals(
      await other,
      "Cannot wait at barrier: it was broken meanwhile",
    );
  }
  assertEquals([barrier.nWaiting, barrier.broken], [0, true]);
  const message = "Cannot wait at barrier: it is broken";
  assertThrows(() => barrier.waitSync(), BrokenBarrierError, message);
  await assertRejects(() => barrier.wait(), BrokenBarrierError, message);
  barrier.reset();
  assertEquals(barrier.broken, false);
  await Promise.all([barrier.wait(), ...waiters(barrier, 2)]);
  assertEquals(barrier.broken, false);
});

threadTest("Barrier.reset() ends the waits of this round", async () => {
  const barrier = new Barrier(3);
  for (let round = 0; round < 5; round++) {
    const others = waiters(barrier, 2);
    await until(() => barrier.nWaiting === 2);
    barrier.reset();
    const next = waiters(barrier, 2);
    for (const other of others) {
      assertEquals(await other, "Cannot wait at barrier: it was reset");
    }
    assertEquals(barrier.broken, false);
    await barrier.wait();
    const indexes = (await Promise.all(next)).map((one) =>
      (one as number[])[0]
    );
    assert(indexes.every((index) => index <= 2));
  }
});

threadTest("Barrier.abort() and reset() in one go", async () => {
  const barrier = new Barrier(3);
  const others = waiters(barrier, 2);
  await until(() => barrier.nWaiting === 2);
  barrier.abort();
  barrier.reset();
  for (const other of others) {
    assertMatch(String(await other), /it was (broken|reset)/);
  }
  assertEquals(barrier.broken, false);
  await Promise.all([barrier.wait(), ...waiters(barrier, 2)]);
});

for (const member of members) {
  threadTest(`Barrier.${member}() that times out breaks it`, async () => {
    for (const byDefault of [true, false]) {
      const barrier = new Barrier(4, byDefault ? { timeout: 0.05 } : {});
      const options = byDefault ? undefined : { timeout: 0.05 };
      const steps: Step[] = [[0, "wait", { timeout: 3600 }]];
      const waiting = start(script, [barrier], steps);
      const joined = waiting.join(PATIENCE).catch((error: Error) => error.name);
      await until(() => barrier.nWaiting === 1);
      await assertRejects(
        async () => await barrier[member](options),
        BrokenBarrierError,
        "after 0.05 seconds, not all had come",
      );
      assertEquals(barrier.broken, true);
      assertEquals(await joined, "BrokenBarrierError");
    }
  });
}

threadTest("Barrier.wait() that is aborted breaks it", async () => {
  const barrier = new Barrier(3);
  const controller = new AbortController();
  const { signal } = controller;
  const own = assertRejects(() => barrier.wait({ signal }), Error, "enough");
  const others = waiters(barrier, 1);
  await until(() => barrier.nWaiting === 2);
  controller.abort(new Error("enough"));
  await own;
  assertMatch(String(await others[0]), /it was broken meanwhile/);
});

Deno.test("Barrier: a round that is complete is not broken any more", async () => {
  for (const how of ["timeout", "abort", "signal"]) {
    const barrier = new Barrier(2);
    // The second lets both go; the first has yet to see it.
    const first = barrier.wait();
    assertEquals(barrier.waitSync(), 1);
    if (how === "timeout") {
      assertThrows(() => barrier.waitSync({ timeout: 0 }), BrokenBarrierError);
    } else if (how === "abort") {
      barrier.abort();
    } else {
      const controller = new AbortController();
      const { signal } = controller;
      const late = barrier.wait({ signal });
      controller.abort(new Error("enough"));
      await assertRejects(() => late, Error, "enough");
    }
    assertEquals(barrier.broken, true);
    assertEquals(await first, 0);
    // But those who come next are told.
    await assertRejects(() => barrier.wait(), BrokenBarrierError, "is broken");
    barrier.reset();
    assertEquals(await Promise.all([barrier.wait(), barrier.wait()]), [0, 1]);
  }
});

Deno.test("Barrier.reset() while a complete round leaves", async () => {
  const barrier = new Barrier(2);
  const first = barrier.wait();
  assertEquals(barrier.waitSync(), 1);
  barrier.reset();
  const next = barrier.wait();
  await aMoment();
  assertEquals([await first, barrier.nWaiting], [0, 1]);
  barrier.abort();
  await assertRejects(() => next, BrokenBarrierError);
});

threadTest(
  "Barrier: one that is ended before its round breaks it",
  async () => {
    const barrier = new Barrier(2);
    await start(script, [], []).join(); // a worker that is there already
    const first = barrier.wait();
    assertEquals(barrier.waitSync(), 1);
    // The round is complete, but `first` has had no turn to leave it.
    const late = start(script, [barrier], [[0, "waitSync"]]);
    const joined = late.join(PATIENCE).catch((error) => error.name);
    sleepSync(0.1);
    const ended = late.terminate();
    assertEquals(await first, 0);
    await ended;
    assertEquals([await joined, barrier.broken], ["AbortError", true]);
  },
);
