import { assert, assertEquals } from "@std/assert";
import { Event, Lock, RLock, Semaphore } from "../../mod.ts";
import type { Thread } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import {
  assertFree,
  assertNobodyWaits,
  awaitedLockRound,
  barrierRound,
  conditionRound,
  eventRound,
  GivenUp,
  joinAll,
  lockRound,
  makeLocks,
  PATIENCE,
  semaphoreRound,
  working,
} from "../support/locks_rounds.ts";
import {
  contend,
  contendAsync,
  COUNT,
  followEvents,
  OVERLAPS,
  ROUNDS,
  type Tally,
  words,
  WORKING,
} from "../support/locks_stress.ts";
import { Random, withSeed } from "../support/shared_random.ts";
import { start } from "../support/start.ts";
import { warningsOf } from "../support/warnings.ts";

/** Runs a test in which threads are terminated, again if one was given up. */
function endsTest(
  name: string,
  round: (random: Random) => Promise<number>,
): void {
  threadTest(name, async () => {
    await warningsOf(() => withEnds((seed) => round(new Random(seed))));
  });
}

async function withEnds(fn: (seed: number) => Promise<unknown>): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await withSeed(async (seed) => void await fn(seed));
    } catch (error) {
      if (!(error instanceof GivenUp) || tries === 5) throw error;
    }
  }
}

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

for (const ordered of [true, false]) {
  const how = ordered ? "in order" : "in any order";
  endsTest(
    `Locks taken ${how} outlive threads that are ended`,
    (random) => lockRound(random, ordered),
  );
}
endsTest(
  "Locks that are awaited outlive threads that are ended",
  awaitedLockRound,
);
endsTest("Semaphore: no permit is lost, and none is two", semaphoreRound);
for (const Class of [Lock, RLock]) {
  endsTest(
    `Condition with ${Class.name}: no wake is lost`,
    (random) => conditionRound(random, Class),
  );
}
endsTest("Event: nobody who waits is forgotten when others end", eventRound);
endsTest(
  "Barrier: broken and reset at any moment, nobody is stuck",
  barrierRound,
);
