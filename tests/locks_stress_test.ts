import { assert, assertEquals } from "@std/assert";
import {
  type AnyFunction,
  Barrier,
  Condition,
  Event,
  Lock,
  RLock,
  Semaphore,
  Thread,
} from "../mod.ts";
import { owned } from "../lib/locks/lock.ts";
import { handle, type Shareable } from "../lib/shared/references.ts";
import { threadTest } from "./_threads.ts";
import { Random, withSeed } from "./testdata/shared_random.ts";
import { until, waitsForLocks } from "./testdata/locks.ts";
import {
  contend,
  contendAsync,
  COUNT,
  FILLED,
  followEvents,
  GOT,
  loiter,
  meet,
  OVERLAPS,
  passOn,
  PUT,
  ROUNDS,
  type Tally,
  usePermits,
  words,
  WORKING,
} from "./testdata/locks_stress.ts";

/** Who is not done after so many seconds was never woken. */
const PATIENCE = 60;

function start<F extends AnyFunction>(
  target: F,
  ...args: Parameters<F>
): Thread<F> {
  const thread = new Thread<F>(target, { args });
  thread.start();
  return thread;
}

function working(): Int32Array {
  const all = words();
  Atomics.store(all, WORKING, 1);
  return all;
}

/** On a machine that is busy enough, a thread may not end in time. */
class GivenUp extends Error {}

/** Runs a test in which threads are terminated, again if one was given up. */
async function withEnds(fn: (seed: number) => Promise<void>): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await withSeed(fn);
    } catch (error) {
      if (!(error instanceof GivenUp) || tries === 5) throw error;
    }
  }
}

/**
 * Terminates one of the threads after the other, and starts another in its place,
 * so often. Nothing is lost by that, if what they hold is held by `using`.
 *
 * @throws {GivenUp} If one was given up: what it holds is poisoned, rightly.
 */
async function terminateSome(
  all: Int32Array,
  threads: Thread[],
  times: number,
  { random, again, others = [] }: {
    random: Random;
    again: () => Thread;
    others?: Promise<unknown>[];
  },
): Promise<void> {
  // They are awaited only later.
  for (const other of others) other.catch(() => {});
  let givenUp = false;
  const { warn } = console;
  console.warn = () => givenUp = true;
  try {
    for (let i = 0; i < times && !givenUp; i++) {
      await new Promise((resolve) => setTimeout(resolve, random.below(15)));
      const victim = random.below(threads.length);
      await threads[victim].terminate();
      threads[victim] = again();
    }
  } finally {
    console.warn = warn;
  }
  if (!givenUp) return;
  Atomics.store(all, WORKING, 0);
  const joins = threads.map((thread) => thread.join(PATIENCE));
  await Promise.allSettled([...joins, ...others]);
  throw new GivenUp();
}

/** Joins all; a thread that was terminated just when it ended is fine. */
async function joinAll<T>(threads: Thread<() => T>[]): Promise<T[]> {
  return await Promise.all(
    threads.map((thread) => thread.join(PATIENCE)),
  ) as T[];
}

/** Nobody stands in the list whose words begin there. */
function assertNobodyWaits(shared: Shareable, at: number): void {
  const memory = new Int32Array(shared[handle]().buffer);
  assertEquals([...memory.subarray(at, at + 3)], [0, 0, 0]);
}

function assertFree(locks: Lock[]): void {
  for (const lock of locks) {
    assertEquals([lock.isLocked, lock[owned].node], [false, 0]);
    assertNobodyWaits(lock as never, 6);
  }
  assertEquals(waitsForLocks(), 0);
}

const makeLocks = (count: number) =>
  Array.from({ length: count }, (_, i) => i % 2 ? new RLock() : new Lock());

threadTest("Locks that are taken in order are in no deadlock", async () => {
  await withSeed(async (seed) => {
    const random = new Random(seed);
    const locks = makeLocks(4);
    const plain = locks.filter((lock) => !(lock instanceof RLock));
    const all = working();
    const options = { rounds: 4000, ordered: true, timeouts: true };
    const threads: Thread[] = [];
    for (let i = 0; i < 6; i++) {
      threads.push(
        start(contend, locks, all, random.below(2 ** 31), options) as never,
      );
    }
    // They know the plain locks only, whose words are those of 0 and 1.
    const awaited = words();
    Atomics.store(awaited, WORKING, 1);
    const others = [
      start(contendAsync, plain, awaited, random.below(2 ** 31), 60),
    ];
    const own = contendAsync(plain, awaited, seed, 40);
    const tallies = await joinAll(threads as never) as Tally[];
    await joinAll(others as never);
    await own;
    assertEquals(tallies.map(({ deadlocks }) => deadlocks), [0, 0, 0, 0, 0, 0]);
    locks.forEach((_, i) => {
      const total = tallies.reduce((sum, { counts }) => sum + counts[i], 0);
      assertEquals(all[i * 2 + COUNT], total);
    });
    assertEquals([all[OVERLAPS], awaited[OVERLAPS]], [0, 0]);
    assertFree(locks);
  });
});

threadTest("Every deadlock of locks in any order is told", async () => {
  await withSeed(async (seed) => {
    const random = new Random(seed);
    const locks = makeLocks(3);
    const all = working();
    const options = { rounds: 4000, ordered: false, timeouts: false };
    const threads = [1, 2, 3, 4].map(() =>
      start(contend, locks, all, random.below(2 ** 31), options)
    );
    // A ring that was not told would be waited in for ever.
    const tallies = await joinAll(threads as never) as Tally[];
    assertEquals(all[OVERLAPS], 0);
    assertEquals(all[ROUNDS], 16000);
    locks.forEach((_, i) => {
      const total = tallies.reduce((sum, { counts }) => sum + counts[i], 0);
      assertEquals(all[i * 2 + COUNT], total);
    });
    assert(tallies.some(({ deadlocks }) => deadlocks > 0));
    assertFree(locks);
  });
});

for (const ordered of [true, false]) {
  const how = ordered ? "in order" : "in any order";
  threadTest(`Locks taken ${how} outlive threads that are ended`, async () => {
    await withEnds(async (seed) => {
      const random = new Random(seed);
      const locks = makeLocks(3);
      const all = working();
      const options = { rounds: 1e9, ordered, timeouts: true };
      const again = () =>
        start(contend, locks, all, random.below(2 ** 31), options) as never;
      const threads: Thread[] = [again(), again(), again(), again()];
      await terminateSome(all, threads, 10, { random, again });
      Atomics.store(all, WORKING, 0);
      await joinAll(threads as never);
      assertEquals(all[OVERLAPS], 0);
      assertFree(locks);
    });
  });
}

threadTest(
  "Locks that are awaited outlive threads that are ended",
  async () => {
    await withEnds(async (seed) => {
      const random = new Random(seed);
      const locks = [new Lock(), new Lock()];
      const all = working();
      const again = () =>
        start(contendAsync, locks, all, random.below(2 ** 31), 1e9) as never;
      const threads: Thread[] = [again(), again(), again()];
      const own = contendAsync(locks, all, seed, 1e9);
      await terminateSome(all, threads, 7, { random, again, others: [own] });
      Atomics.store(all, WORKING, 0);
      await joinAll(threads as never);
      await own;
      assertEquals(all[OVERLAPS], 0);
      assertFree(locks);
    });
  },
);

threadTest("Semaphore: no permit is lost, and none is two", async () => {
  await withEnds(async (seed) => {
    const random = new Random(seed);
    const semaphore = new Semaphore(2);
    const all = working();
    const again = () =>
      start(
        usePermits,
        semaphore,
        all,
        2,
        random.below(2 ** 31),
        random.below(2) === 0,
      ) as never;
    const threads: Thread[] = [again(), again(), again(), again()];
    const own = usePermits(semaphore, all, 2, seed, false);
    await terminateSome(all, threads, 10, { random, again, others: [own] });
    Atomics.store(all, WORKING, 0);
    await joinAll(threads as never);
    await own;
    assertEquals(all[OVERLAPS], 0);
    assert(/value=2>$/.test(String(semaphore)), String(semaphore));
    assertNobodyWaits(semaphore, 3);
  });
});

for (const Class of [Lock, RLock]) {
  threadTest(`Condition with ${Class.name}: no wake is lost`, async () => {
    await withEnds(async (seed) => {
      const random = new Random(seed);
      const lock = new Class();
      const changed = new Condition(lock);
      const all = working();
      const again = () =>
        start(
          loiter,
          changed,
          all,
          random.below(2 ** 31),
          random.below(2) === 0,
        ) as never;
      const noise: Thread[] = [again(), again()];
      const threads = [true, false].flatMap((puts) =>
        [true, false].map((sync) =>
          start(passOn, changed, all, 400, puts, sync)
        )
      );
      const joined = joinAll(threads as never);
      const others = [joined];
      await terminateSome(all, noise, 7, { random, again, others });
      await joined;
      Atomics.store(all, WORKING, 0);
      await joinAll(noise as never);
      assertEquals([all[PUT], all[GOT], all[FILLED]], [800, 800, 0]);
      assertNobodyWaits(changed, 0);
      assertFree([lock]);
    });
  });
}

threadTest("Event: nobody who waits is forgotten", async () => {
  const events = [new Event(), new Event()];
  const seen = new Semaphore(0);
  const times = 1000;
  const threads = [true, false, true, false].map((sync) =>
    start(followEvents, events, seen, times, sync)
  );
  for (let i = 0; i < times; i++) {
    for (const _ of threads) await seen.acquire({ timeout: PATIENCE });
    // All have passed the other one.
    events[(i + 1) % 2].clear();
    events[i % 2].set();
  }
  await joinAll(threads as never);
  for (const event of events) assertNobodyWaits(event, 3);
});

threadTest(
  "Barrier: broken and reset at any moment, nobody is stuck",
  async () => {
    await withEnds(async (seed) => {
      const random = new Random(seed);
      const barrier = new Barrier(3);
      const all = working();
      const again = () =>
        start(
          meet,
          barrier,
          all,
          random.below(2 ** 31),
          random.below(2) === 0,
        ) as never;
      const threads: Thread[] = [again(), again(), again()];
      const noise = setInterval(() => {
        if (random.below(2) === 0) barrier.reset();
        else barrier.abort();
      }, 25);
      try {
        await terminateSome(all, threads, 8, { random, again });
      } finally {
        clearInterval(noise);
      }
      await until(() => Atomics.load(all, ROUNDS) > 0);
      Atomics.store(all, WORKING, 0);
      await joinAll(threads as never);
      assertEquals(all[OVERLAPS], 0);
      barrier.reset();
      assertEquals(
        [barrier.nWaiting, barrier.broken, String(barrier).slice(-14)],
        [0, false, ": waiters=0/3>"],
      );
      assertNobodyWaits(barrier, 5);
    });
  },
);
