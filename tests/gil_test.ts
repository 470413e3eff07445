import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
  fail,
} from "@std/assert";
import { Gil, Queue, sleep, Thread } from "../mod.ts";
import { handle } from "../lib/codec/references.ts";
import { currentThreadId, waiterOf } from "../lib/sync/waiters.ts";
import { threadTest } from "./support/threads.ts";
import { until } from "./support/until.ts";
import { warningsOf } from "./support/warnings.ts";
import * as fns from "./support/gil_functions.ts";
import { start } from "./support/start.ts";

Deno.test("Gil.run() returns the function's value", () => {
  const gil = new Gil();
  assertEquals(gil.run(() => 3), 3);
  assertEquals(gil.run(() => gil.run(() => gil.run(() => 4))), 4);
  assertEquals(gil.allowThreads(() => 5), 5);
  assertEquals(gil.run(() => gil.allowThreads(() => gil.run(() => 6))), 6);
  gil.checkpoint();
  gil.run(() => gil.checkpoint());
});

Deno.test("Gil refuses a function that returns a promise", () => {
  const gil = new Gil();
  const message = "the function must not be async";
  const later = async () => await Promise.resolve(1);
  assertThrows(() => gil.run(later), TypeError, message);
  assertThrows(() => gil.run(() => gil.run(later)), TypeError, message);
  assertThrows(() => gil.allowThreads(later), TypeError, message);
  assertThrows(
    () => gil.run(() => gil.allowThreads(later)),
    TypeError,
    message,
  );
  assertEquals(gil.run(() => 1), 1);
});

Deno.test("Gil checks its switch interval", () => {
  assertEquals(new Gil().switchInterval, 0.005);
  assertEquals(new Gil({ switchInterval: 0.25 }).switchInterval, 0.25);
  for (const switchInterval of [0, -1, NaN]) {
    assertThrows(
      () => new Gil({ switchInterval }),
      RangeError,
      `received ${switchInterval}`,
    );
  }
  assertThrows(() => new Gil({ switchInterval: "1" as never }), TypeError);
});

threadTest("Gil takes its switch interval to other threads", async () => {
  const gil = new Gil({ switchInterval: 0.25 });
  assertEquals(await start(fns.interval, gil).join(), 0.25);
});

threadTest("Gil: one thread at a time", async () => {
  for (const hasCheckpoints of [false, true]) {
    const gil = new Gil({ switchInterval: 0.0005 });
    const words = new Int32Array(new SharedArrayBuffer(4));
    const threads = Array.from(
      { length: 4 },
      () => start(fns.count, gil, words, 50_000, hasCheckpoints),
    );
    for (const thread of threads) await thread.join();
    assertEquals(words[0], 200_000);
  }
});

threadTest("Gil.checkpoint() hands the lock on, fairly", async () => {
  /** How often each of three threads got the lock, and how often it changed hands. */
  async function race(seconds: number) {
    const gil = new Gil({ switchInterval: 0.002 });
    const ready = new Int32Array(new SharedArrayBuffer(4));
    const end = new Int32Array(new SharedArrayBuffer(8));
    const threads = Array.from(
      { length: 3 },
      () => start(fns.race, gil, ready, 3, end),
    );
    await sleep(seconds);
    Atomics.store(end, 0, 1);
    return await Promise.all(threads.map((thread) => thread.join()));
  }
  // A machine that is busy lets one of them run and not another: more time then.
  for (const seconds of [0.5, 1, 2, 4]) {
    const results = await race(seconds);
    const turns = results.map((result) => result.turns);
    const isFair = Math.max(...turns) / Math.min(...turns) < 6 &&
      results.every(({ switches }) => switches > 15);
    if (isFair) return;
    console.log(`in ${seconds} seconds: ${turns} turns`);
  }
  fail("one of three threads got the lock six times as often as another");
});

threadTest("Gil: without a checkpoint the lock isn't handed on", async () => {
  const gil = new Gil({ switchInterval: 0.001 });
  const begun = new Queue<string>();
  const go = new Queue<string>();
  const holder = start(fns.hold, gil, begun, go);
  assertEquals(await begun.get(), "held");
  const taker = start(fns.take, gil, begun);
  assertEquals(await begun.get(), "about to take");
  const error = await assertRejects(() => taker.join(0.1), DOMException);
  assertEquals(error.name, "TimeoutError");
  go.putNowait("done");
  assertEquals(await holder.join(), "done");
  assertEquals(await taker.join(), "taken");
});

threadTest("Gil.allowThreads() lets others in", async () => {
  const gil = new Gil();
  const begun = new Queue<string>();
  const go = new Queue<string>();
  const holder = start(fns.holdAllowing, gil, begun, go);
  assertEquals(await begun.get(), "allowed");
  assertEquals(await start(fns.take, gil, begun).join(), "taken");
  assertEquals(gil.run(() => 1), 1);
  assert(holder.isAlive);
  go.putNowait("done");
  assertEquals(await holder.join(), "done");
});

threadTest(
  "Gil.allowThreads() takes the lock again, whatever happens",
  async () => {
    const gil = new Gil();
    const begun = new Queue<string>();
    let taker: Thread<typeof fns.take> | undefined;
    gil.run(() => {
      assertThrows(
        () =>
          gil.allowThreads(() => {
            throw new RangeError("inside");
          }),
        RangeError,
      );
      taker = start(fns.take, gil, begun);
      begun.getSync();
      assertThrows(() => taker!.joinSync(0.05), DOMException);
    });
    assertEquals(await taker!.join(), "taken");
  },
);

threadTest("Gil.run() lets go when the function throws", async () => {
  const gil = new Gil();
  await assertRejects(() => start(fns.fail, gil).join(), RangeError, "inside");
  assertEquals(gil.run(() => 1), 1);
  assertThrows(
    () =>
      gil.run(() => {
        throw new RangeError("here");
      }),
    RangeError,
  );
  const begun = new Queue<string>();
  assertEquals(await start(fns.take, gil, begun).join(), "taken");
});

threadTest("Gil: a holder that is terminated lets go", async () => {
  const begun = new Queue<string>();
  for (const target of [fns.sleepHolding, fns.holdForEver]) {
    const gil = new Gil({ switchInterval: 0.001 });
    const holder = start(target as typeof fns.sleepHolding, gil, begun);
    assertEquals(await begun.get(), "held");
    const taker = start(fns.take, gil, begun);
    assertEquals(await begun.get(), "about to take");
    await holder.terminate();
    assertEquals(await taker.join(), "taken");
    assertEquals(gil.run(() => 1), 1);
    await assertRejects(() => holder.join(), DOMException, "terminated");
  }
});

threadTest("Gil: a holder that is terminated waits for no taker", async () => {
  const gil = new Gil();
  const begun = new Queue<string>();
  const unwound = new Int32Array(new SharedArrayBuffer(4));
  const holder = start(fns.sleepAndUnwind, gil, begun, unwound);
  assertEquals(await begun.get(), "held");
  // A taker has asked for the lock, and takes it only later.
  const words = new Int32Array(gil[handle]().buffer);
  const [DROP_REQUEST, TAKERS, TAKEN_HEAD] = [3, 4, 13];
  Atomics.store(words, TAKERS, 1);
  Atomics.store(words, DROP_REQUEST, 1);
  await holder.terminate();
  assertEquals(words[TAKEN_HEAD], 0);
  assertEquals(unwound[0], 1);
  Atomics.store(words, TAKERS, 0);
  assertEquals(gil.run(() => 1), 1);
});

threadTest("Gil: a waiter that is terminated blocks nobody", async () => {
  const gil = new Gil({ switchInterval: 0.001 });
  const begun = new Queue<string>();
  const go = new Queue<string>();
  const holder = start(fns.hold, gil, begun, go);
  await begun.get();
  const takers = [1, 2, 3].map(() => start(fns.take, gil, begun));
  for (const _ of takers) await begun.get();
  // Time to ask the holder to drop the lock.
  await sleep(0.02);
  await takers[0].terminate();
  await takers[2].terminate();
  go.putNowait("done");
  assertEquals(await holder.join(), "done");
  assertEquals(await takers[1].join(), "taken");
  // The only one that asks goes away: the holder doesn't wait for it.
  const again = start(fns.hold, gil, begun, go);
  await begun.get();
  const taker = start(fns.take, gil, begun);
  await begun.get();
  await sleep(0.02);
  await taker.terminate();
  go.putNowait("done");
  assertEquals(await again.join(), "done");
});

threadTest(
  "Gil: who waits for a holder that has died gets the lock",
  async () => {
    // Nobody is asked to drop the lock within the test.
    const gil = new Gil({ switchInterval: 3600 });
    const begun = new Queue<string>();
    const go = new Queue<string>();
    const holder = start(fns.closeHolding, gil, begun, go);
    assertEquals(await begun.get(), "held");
    const taker = start(fns.take, gil, begun);
    assertEquals(await begun.get(), "about to take");
    go.putNowait("close");
    await assertRejects(() => holder.join(), Error);
    assertEquals(await taker.join(30), "taken");
    assertEquals(gil.run(() => 1), 1);
  },
);

threadTest(
  "Gil: a later thread doesn't take itself for the dead holder",
  async () => {
    const gil = new Gil();
    const begun = new Queue<string>();
    const go = new Queue<string>();
    const holder = start(fns.closeHolding, gil, begun, go);
    assertEquals(await begun.get(), "held");
    go.putNowait("close");
    await assertRejects(() => holder.join(), Error);
    const inside = new Int32Array(new SharedArrayBuffer(8));
    const later = [1, 2, 3].map(() =>
      start(fns.countOverlaps, gil, inside, 20_000)
    );
    for (const thread of later) assertEquals(await thread.join(60), 0);
  },
);

threadTest(
  "Gil: a later thread with a dead holder's waiter takes the lock",
  async () => {
    const gil = new Gil();
    const begun = new Queue<string>();
    const go = new Queue<string>();
    go.putNowait("close");
    const holder = start(fns.closeHolding, gil, begun, go);
    await assertRejects(() => holder.join(), Error);
    const dead = fns.wordsOf(gil)[0];
    let later = 0;
    for (let i = 0; i < 5 && waiterOf(later) !== waiterOf(dead); i++) {
      // As the dead one has left it: the threads between have let go of it.
      fns.wordsOf(gil)[0] = dead;
      const thread = new Thread(fns.holderAndMe, { args: [gil], fresh: true });
      thread.start();
      const [held, me] = await thread.join(30);
      assertEquals(held, me);
      later = me;
    }
    assertEquals(waiterOf(later), waiterOf(dead));
  },
);

for (const moment of ["takes", "drops"] as const) {
  threadTest(
    `Gil: a thread that was given up while it ${moment} it has it not`,
    async () => {
      const gil = new Gil();
      const words = new Int32Array(new SharedArrayBuffer(12));
      const [HOLDER, DROP_REQUEST] = [0, 3];
      const thread = moment === "takes"
        ? start(fns.stall, gil, "compareExchange", HOLDER, words)
        : start(fns.stall, gil, "load", DROP_REQUEST, words);
      await until(() => Atomics.load(words, fns.STALLED) === 1);
      await warningsOf(() => thread.terminate());
      gil.run(() => {
        if (moment === "takes") return;
        // It is this thread's lock now, whatever the other does.
        Atomics.store(words, fns.GO, 1);
        while (Atomics.load(words, fns.OUTCOME) === 0) Atomics.pause();
        assertEquals(fns.wordsOf(gil)[HOLDER], currentThreadId());
      });
      Atomics.store(words, fns.GO, 1);
      await until(() => Atomics.load(words, fns.OUTCOME) !== 0);
      assertEquals(words[fns.OUTCOME], moment === "takes" ? 2 : 1);
      assertEquals(fns.wordsOf(gil)[HOLDER], 0);
      await assertRejects(() => thread.join(), Error, "given up");
    },
  );
}
