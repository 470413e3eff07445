import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  Barrier,
  BrokenBarrierError,
  Condition,
  Event,
  Lock,
  LockPoisonedError,
  RLock,
  sleep,
  sleepSync,
  type Thread,
} from "../../mod.ts";
import { owned } from "../../lib/locks/lock.ts";
import {
  allocateWaiter,
  releaseWaiter,
  stopThread,
  STRIDE,
  waiterOf,
  waiterWords,
} from "../../lib/sync/waiters.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/locks.ts";
import { aMoment, type Step, waitsForLocks } from "../support/locks.ts";
import { startNamed } from "../support/start.ts";
import { until } from "../support/until.ts";
import { warningsOf } from "../support/warnings.ts";

const PATIENCE = 30;
const newWords = () => new Int32Array(new SharedArrayBuffer(12));

/** Gives a thread up once it computes. */
async function giveUp(thread: Thread, words: Int32Array): Promise<void> {
  await until(() => Atomics.load(words, fns.COMPUTES) === 1);
  await warningsOf(() => thread.terminate());
}
const types = { Lock, RLock };
type Type = keyof typeof types;

/** Ways of ending with a lock that is held; some need another's doing. */
const ends: Record<string, {
  steps: Step[];
  sync?: false;
  end?: (thread: Thread) => Promise<void>;
}> = {
  returns: { steps: [] },
  "returns, async": { steps: [], sync: false },
  throws: { steps: [[2, "throwError", "enough"]] },
  "is terminated": {
    steps: [[2, "sleepSync", 3600]],
    end: (thread) => thread.terminate(),
  },
  "is terminated, async": {
    sync: false,
    steps: [[2, "sleep", 3600]],
    end: (thread) => thread.terminate(),
  },
  "closes itself": { steps: [[2, "closeSelf"]] },
  "closes itself, async": { steps: [[2, "closeSelf"]], sync: false },
  "is given up": {
    steps: [[2, "spin", 1000]],
    end: (thread) => thread.terminate(),
  },
};

for (const type of Object.keys(types) as Type[]) {
  for (const [how, { steps, end, sync = true }] of Object.entries(ends)) {
    threadTest(`${type} is poisoned if its holder ${how}`, async () => {
      const lock = new types[type]({ name: "guard" });
      const [go, held, gone] = [new Event(), new Event(), new Event()];
      const { closeSelf, spin, throwError } = fns;
      const more = { closeSelf, sleep, sleepSync, spin, throwError };
      const holder = startNamed("holder", sync ? fns.scriptSync : fns.script, [
        lock,
        go,
        more,
        held,
        gone,
      ], [
        [0, "acquireSync"],
        [3, "set"],
        [1, "waitSync"],
        [4, "set"],
        ...steps,
      ]);
      const joined = holder.join(PATIENCE).catch(() => {});
      await held.wait();
      // Those who wait, for ever or not, are woken.
      const waiters = ["acquireSync", "acquireSync", "acquire"].map((
        member,
        i,
      ) => startNamed(`waiter ${i}`, fns.script, [lock], [[0, member]]));
      const timed = startNamed("timed", fns.script, [lock], [
        [0, "acquireSync", { timeout: 3600 }],
      ]);
      const expected = `Cannot acquire ${type} guard: its holder holder has ` +
        "ended without releasing it, call release() once what it guards is " +
        "in order";
      const waits = [...waiters, timed].map((waiter) =>
        assertRejects(() => waiter.join(PATIENCE), LockPoisonedError, expected)
      );
      const awaited = assertRejects(() => lock.acquire(), LockPoisonedError);
      await until(() => waitsForLocks() === 5);
      go.set();
      await gone.wait();
      await warningsOf(async () => await end?.(holder));
      await joined;
      await Promise.all([...waits, awaited]);
      // So are those who come later.
      await assertRejects(() => lock.acquire(), LockPoisonedError, expected);
      assertThrows(() => lock.acquireSync(), LockPoisonedError, expected);
      const late = { timeout: 0 };
      assertThrows(() => lock.acquireSync(late), LockPoisonedError, expected);
      assertEquals(lock.tryAcquire(), undefined);
      assertEquals(lock.isLocked, true);
      // Anyone frees it.
      const freer = startNamed("freer", fns.scriptSync, [lock], [[
        0,
        "release",
      ]]);
      await freer.join(PATIENCE);
      assertEquals(lock.isLocked, false);
      const next = startNamed("next", fns.scriptSync, [lock], [
        [0, "acquireSync"],
        [0, "release"],
      ]);
      await next.join(PATIENCE);
      assertEquals(lock.isLocked, false);
      assertEquals(waitsForLocks(), 0);
    });
  }
}

/** Threads that release what they hold when they are terminated. */
const tidy = [
  fns.useWhileSleeping,
  fns.useWhileAsleep,
  fns.releaseFinally,
  fns.releaseFinallyAsync,
];

for (const type of Object.keys(types) as Type[]) {
  for (const target of tidy) {
    threadTest(`${type} of a terminated ${target.name}() is free`, async () => {
      const lock = new types[type]();
      const held = new Event();
      const holder = startNamed("holder", target, lock, held);
      await held.wait();
      const waiter = startNamed("waiter", fns.scriptSync, [lock], [
        [0, "acquireSync"],
        [0, "release"],
      ]);
      const awaited = lock.acquire();
      await until(() => waitsForLocks() === 2);
      await holder.terminate();
      (await awaited)[Symbol.dispose]();
      assertEquals(await waiter.join(PATIENCE), ["held", undefined]);
      assertEquals(lock.isLocked, false);
    });
  }
}

for (const sync of [true, false]) {
  for (const type of Object.keys(types) as Type[]) {
    const how = `${sync ? "waitSync" : "wait"}() with ${type}`;
    threadTest(
      `Condition.${how}: a terminated waiter releases nothing of others`,
      async () => {
        const lock = new types[type]();
        const condition = new Condition(lock);
        const waiting = new Event();
        const target = sync ? fns.waitForGood : fns.waitForGoodAsync;
        const waiters = [true, false].map((withUsing) =>
          startNamed("waiter", target, condition, waiting, withUsing)
        );
        await waiting.wait();
        await aMoment();
        const held = await lock.acquire();
        for (const waiter of waiters) await waiter.terminate();
        assert(lock[owned].isMine);
        held[Symbol.dispose]();
        assertEquals(lock.isLocked, false);
      },
    );
  }
}

/** Has a thread end with the lock, and wake who waits on a condition of it. */
async function poison(lock: Lock, condition?: Condition): Promise<void> {
  const steps: Step[] = [[0, "acquireSync"]];
  if (condition !== undefined) steps.push([1, "notify"]);
  const things = [lock, condition];
  await startNamed("dead", fns.scriptSync, things, steps).join(PATIENCE);
}

for (const sync of [true, false]) {
  for (const type of Object.keys(types) as Type[]) {
    const form = sync ? "acquireSync" : "acquire";
    threadTest(
      `${type}.${form}(): who was told repairs no other's hold`,
      async () => {
        const lock = new types[type]();
        await poison(lock);
        const [told, go] = [new Event(), new Event()];
        const { releaseWhenTold } = fns;
        const second = startNamed("2", releaseWhenTold, lock, told, go, sync);
        await told.wait();
        await assertRejects(() => lock.acquire(), LockPoisonedError);
        lock.release();
        const held = await lock.acquire();
        go.set();
        await second.join(PATIENCE);
        assert(lock[owned].isMine);
        held[Symbol.dispose]();
        assertEquals(lock.isLocked, false);
      },
    );

    const wait = sync ? "waitSync" : "wait";
    threadTest(
      `Condition.${wait}() with ${type}: who lost it releases no other's hold`,
      async () => {
        const lock = new types[type]({ name: "guard" });
        const condition = new Condition(lock);
        const [waiting, told, go] = [new Event(), new Event(), new Event()];
        const { waitAndRelease } = fns;
        const events = [waiting, told, go] as const;
        const waiter = startNamed(
          "w",
          waitAndRelease,
          condition,
          ...events,
          sync,
        );
        await waiting.wait();
        await poison(lock, condition);
        await told.wait();
        await assertRejects(() => lock.acquire(), LockPoisonedError);
        lock.release();
        const held = await lock.acquire();
        go.set();
        const error = await waiter.join(PATIENCE);
        assertInstanceOf(error, Error);
        assertEquals(
          error.message,
          `Cannot acquire ${type} guard: its holder dead has ended without ` +
            "releasing it, so this one has lost it, too",
        );
        assert(lock[owned].isMine);
        held[Symbol.dispose]();
      },
    );
  }
}

threadTest("A repair that came late does nothing, once", async () => {
  const lock = new Lock();
  for (const isRepaired of [false, true]) {
    await poison(lock);
    for (let i = 0; i < 2; i++) {
      assertThrows(() => lock.acquireSync(), LockPoisonedError);
    }
    if (isRepaired) {
      await startNamed("r", fns.scriptSync, [lock], [[0, "release"]]).join(
        PATIENCE,
      );
    }
    lock.release();
    assertEquals(lock.isLocked, false);
    assertThrows(() => lock.release(), Error, "it is not held");
  }
});

threadTest("Who was told and has taken it since hands it over", async () => {
  const lock = new Lock();
  await poison(lock);
  assertThrows(() => lock.acquireSync(), LockPoisonedError);
  await startNamed("r", fns.scriptSync, [lock], [[0, "release"]]).join(
    PATIENCE,
  );
  lock.acquireSync();
  lock.release();
  const [held, go] = [new Event(), new Event()];
  const holder = startNamed("holder", fns.scriptSync, [lock, held, go], [
    [0, "acquireSync"],
    [1, "set"],
    [2, "waitSync"],
  ]);
  await held.wait();
  lock.release();
  assertEquals(lock.isLocked, false);
  go.set();
  await holder.join(PATIENCE);
});

threadTest("What a thread was told, its worker's next one wasn't", async () => {
  const lock = new Lock();
  await poison(lock);
  const told = startNamed("told", fns.scriptSync, [lock], [[0, "acquireSync"]]);
  await assertRejects(() => told.join(PATIENCE), LockPoisonedError);
  lock.release();
  lock.acquireSync();
  await startNamed("next", fns.scriptSync, [lock], [[0, "release"]]).join(
    PATIENCE,
  );
  assertEquals(lock.isLocked, false);
});

for (const type of Object.keys(types) as Type[]) {
  threadTest(`A wait that loses ${type} leaves it poisoned`, async () => {
    const lock = new types[type]();
    const condition = new Condition(lock);
    const lose = async (release: () => void) => {
      lock.acquireSync();
      const wait = assertRejects(() => condition.wait(), LockPoisonedError);
      await poison(lock, condition);
      await wait;
      release();
      assertThrows(() => lock.acquireSync(), LockPoisonedError);
      lock.release();
      assertEquals(lock.isLocked, false);
    };
    await lose(() => lock.release());
    // What it had taken several times, it releases as often.
    const more = type === "RLock" ? 2 : 0;
    for (let i = 0; i < more; i++) lock.acquireSync();
    await lose(() => {
      for (let i = 0; i <= more; i++) lock.release();
    });
    {
      using hold = lock.acquireSync();
      const wait = assertRejects(() => condition.wait(), LockPoisonedError);
      await poison(lock, condition);
      await wait;
      hold[Symbol.dispose]();
      // That was the hold: this is the repair.
      lock.release();
      assertEquals(lock.isLocked, false);
    }
  });
}

threadTest("A lock that stays poisoned while another unwinds", async () => {
  const lock = new Lock();
  const condition = new Condition(lock);
  const waiting = new Event();
  const waiter = startNamed(
    "waiter",
    fns.waitForGood,
    condition,
    waiting,
    false,
  );
  await waiting.wait();
  const holder = startNamed("holder", fns.scriptSync, [lock], [[
    0,
    "acquireSync",
  ]]);
  await holder.join(PATIENCE);
  await waiter.terminate();
  assertThrows(() => lock.acquireSync(), LockPoisonedError);
});

for (const way of ["tryAcquire", "acquireSync"] as const) {
  threadTest(
    `A thread that was given up takes no lock by ${way}()`,
    async () => {
      for (const type of Object.keys(types) as Type[]) {
        const lock = new types[type]({ name: "wanted" });
        const spinning = new Event();
        const outcome = new Int32Array(new SharedArrayBuffer(8));
        const args = [lock, way, spinning, outcome];
        const thread = startNamed("given up", fns.spinThenTake, ...args);
        await spinning.wait();
        await warningsOf(() => thread.terminate());
        // It has been given up: nothing else ends a thread that computes.
        Atomics.store(outcome, 1, 1);
        // Deno ends some threads that compute after all: they take nothing either.
        const giveUpAt = performance.now() + 3000;
        await until(() =>
          Atomics.load(outcome, 0) !== 0 || performance.now() > giveUpAt
        );
        assertNotEquals(outcome[0], 2);
        assertEquals(lock.isLocked, false);
        await assertRejects(() => thread.join(), Error, "given up");
      }
    },
  );
}

threadTest("No thread is ever taken for one that ended long ago", async () => {
  const locks = Array.from({ length: 4 }, () => new Lock());
  const threadIds: number[] = [];
  for (const lock of locks) {
    const threadId = await startNamed("keeper", fns.keep, lock).join(PATIENCE);
    threadIds.push(threadId);
    // As if so many others had had its waiter meanwhile.
    const turn = waiterOf(threadId) * STRIDE + 5;
    waiterWords()[turn] = Math.max(waiterWords()[turn], 32766);
  }
  // Two of each of two waiters: the last turns, and no other.
  const waiters = threadIds.map(waiterOf);
  assertEquals(new Set(threadIds).size, 4);
  assertEquals(waiters[0], waiters[1]);
  assertNotEquals(waiters[1], waiters[2]);
  assertEquals(waiters[2], waiters[3]);
  for (const lock of locks) {
    assertThrows(() => lock.acquireSync(), LockPoisonedError);
  }
});

threadTest("A barrier is broken by a waiter that is terminated", async () => {
  for (const member of ["waitSync", "wait"]) {
    const barrier = new Barrier(3);
    const threads = [0, 1].map((i) =>
      startNamed(`T${i}`, fns.script, [barrier], [[0, member]])
    );
    await until(() => barrier.nWaiting === 2);
    const joined = threads[1].join(PATIENCE).catch((error) => error);
    await threads[0].terminate();
    const error = await joined;
    assertInstanceOf(error, Error);
    assertEquals(error.name, "BrokenBarrierError");
    assertEquals(barrier.broken, true);
  }
});

Deno.test("A waiter that has had all its turns is not handed out again", () => {
  const waiter = allocateWaiter();
  waiterWords()[waiter * STRIDE + 5] = 32767;
  releaseWaiter(waiter);
  const other = allocateWaiter();
  assertNotEquals(other, waiter);
  releaseWaiter(other);
});

threadTest(
  "A thread that passes barriers all the time can be ended",
  async () => {
    const come = new Event();
    const thread = startNamed("passes", fns.passForever, new Barrier(1), come);
    await come.wait();
    await thread.terminate();
    const error = await assertRejects(() => thread.join(), DOMException);
    assertEquals(error.name, "AbortError");
  },
);

/** Two threads wait at a barrier; they are told that it broke. */
async function assertBreaks(
  barrier: Barrier,
  happen: () => Promise<void>,
): Promise<void> {
  const waits = ["waitSync", "wait"].map((member) => {
    const waiter = startNamed(member, fns.script, [barrier], [[0, member]]);
    return assertRejects(() => waiter.join(PATIENCE), BrokenBarrierError);
  });
  await until(() => barrier.nWaiting === 2);
  await happen();
  await Promise.all(waits);
  await assertRejects(() => barrier.wait(), BrokenBarrierError);
  assertThrows(() => barrier.waitSync(), BrokenBarrierError);
  assertEquals(barrier.broken, true);
  // Nobody is left in it.
  barrier.reset();
  assertEquals(barrier.broken, false);
  assertEquals(barrier.nWaiting, 0);
}

const waysToEnd = ["self.close()", "Deno.exit()", "being given up", "return"];
for (const how of waysToEnd) {
  threadTest(`A barrier is broken by a waiter's ${how}`, async () => {
    const barrier = new Barrier(4);
    const come = new Event();
    const words = newWords();
    const joins: Promise<unknown>[] = [];
    const end = () => {
      const args = [barrier, how, come, words];
      const thread = startNamed("ends", fns.endAtBarrier, ...args);
      joins.push(thread.join(PATIENCE).catch(() => {}));
      return thread;
    };
    await assertBreaks(barrier, async () => {
      const thread = end();
      await come.wait();
      if (how === "being given up") await giveUp(thread, words);
    });
    // Who comes later is told as well.
    const thread = end();
    if (how === "being given up") {
      await until(() => barrier.nWaiting === 1);
      await giveUp(thread, words);
    }
    await Promise.all(joins);
    await assertRejects(() => barrier.wait(), BrokenBarrierError);
    barrier.reset();
    await Promise.all([1, 2, 3, 4].map(() => barrier.wait()));
    Atomics.store(words, fns.GO_ON, 1);
  });
}

threadTest(
  "A barrier is broken by an action that ends its thread",
  async () => {
    for (const action of [fns.closeSelf, fns.actAndSpin]) {
      const barrier = new Barrier(3, { action });
      const words = newWords();
      await assertBreaks(barrier, async () => {
        const thread = startNamed("acts", fns.spinInAction, barrier, words);
        await until(() => barrier.nWaiting === 0);
        if (action === fns.actAndSpin) await giveUp(thread, words);
        await thread.join(PATIENCE).catch(() => {});
      });
      Atomics.store(words, fns.GO_ON, 1);
    }
  },
);

threadTest("A thread that ends elsewhere breaks no barrier", async () => {
  const barrier = new Barrier(2);
  const waiter = startNamed("waiter", fns.scriptSync, [barrier], [[
    0,
    "waitSync",
  ]]);
  await until(() => barrier.nWaiting === 1);
  for (const how of waysToEnd.slice(0, 2)) {
    const [other, come] = [new Barrier(2), new Event()];
    const args = [other, how, come, newWords()];
    const thread = startNamed("ends", fns.endAtBarrier, ...args);
    await thread.join(PATIENCE).catch(() => {});
    // Not even who would be the last to come.
    await assertRejects(() => other.wait(), BrokenBarrierError);
  }
  assertEquals(await barrier.wait(), 1);
  assertEquals(await waiter.join(PATIENCE), [0]);
});

threadTest("Who was counted out breaks no later round", async () => {
  const barrier = new Barrier(2);
  const come = new Event();
  const words = newWords();
  const args = [barrier, "being given up", come, words];
  const thread = startNamed("ends", fns.endAtBarrier, ...args);
  await come.wait();
  await giveUp(thread, words);
  assertEquals(barrier.broken, true);
  barrier.reset();
  const waits = [barrier.wait()];
  // It is done with computing, and finds out.
  Atomics.store(words, fns.GO_ON, 1);
  await until(() => Atomics.load(words, fns.DONE) === 1);
  waits.push(barrier.wait());
  assertEquals(await Promise.all(waits), [0, 1]);
});

threadTest(
  "A thread that is to end lets all its functions release their locks",
  async () => {
    const kept = new Lock();
    const wanted = [new Lock(), new Lock()];
    for (const lock of wanted) lock.acquireSync();
    const begun = new Event();
    const words = newWords();
    const args = [kept, wanted, begun, words] as const;
    const thread = startNamed("several", fns.keepAndWant, ...args);
    await begun.wait();
    // Only by its word: by message, all waits would end at once.
    stopThread(waiterOf(words[1]));
    // Both functions that wait are woken, and see the order at their next attempt.
    for (const lock of wanted) lock.release();
    words[0] = 1;
    await assertRejects(() => thread.join(PATIENCE), DOMException);
    for (const lock of [kept, ...wanted]) {
      using _held = await lock.acquire({ timeout: PATIENCE });
    }
  },
);
