// Locks whose threads are terminated at random; the others go on. Each round
// returns how much was done.

import { assert, assertEquals } from "@std/assert";
import {
  Barrier,
  Condition,
  Event,
  Lock,
  RLock,
  Semaphore,
  type Thread,
  WorkerLostError,
} from "../../mod.ts";
import { owned } from "../../lib/locks/lock.ts";
import { handle, type Shareable } from "../../lib/codec/references.ts";
import type { Random } from "./shared_random.ts";
import { waitsForLocks } from "./locks.ts";
import {
  contend,
  contendAsync,
  FILLED,
  followEvents,
  GOT,
  loiter,
  meet,
  OVERLAPS,
  passOn,
  PUT,
  ROUNDS,
  usePermits,
  waitForEvents,
  words,
  WORKING,
} from "./locks_stress.ts";
import { start } from "./start.ts";
import { until } from "./until.ts";

/** Who is not done after so many seconds was never woken. */
export const PATIENCE = 60;

export function working(): Int32Array {
  const all = words();
  Atomics.store(all, WORKING, 1);
  return all;
}

/** On a machine that is busy enough, a thread may not end in time. */
export class GivenUp extends Error {}

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
  for (let i = 0; i < times && !givenUp; i++) {
    await new Promise((resolve) => setTimeout(resolve, random.below(15)));
    const victim = random.below(threads.length);
    await threads[victim].terminate();
    const end = await threads[victim].join().catch((error) => error);
    givenUp = end instanceof WorkerLostError;
    threads[victim] = again();
  }
  if (!givenUp) return;
  Atomics.store(all, WORKING, 0);
  const joins = threads.map((thread) => thread.join(PATIENCE));
  await Promise.allSettled([...joins, ...others]);
  throw new GivenUp();
}

/** Joins all; a thread that was terminated just when it ended is fine. */
export async function joinAll<T>(threads: Thread<() => T>[]): Promise<T[]> {
  return await Promise.all(
    threads.map((thread) => thread.join(PATIENCE)),
  ) as T[];
}

/** Nobody stands in the list whose words begin there. */
export function assertNobodyWaits(shared: Shareable, at: number): void {
  const memory = new Int32Array(shared[handle]().buffer);
  assertEquals([...memory.subarray(at, at + 3)], [0, 0, 0]);
}

export function assertFree(locks: Lock[]): void {
  for (const lock of locks) {
    assertEquals([lock.isLocked, lock[owned].node], [false, 0]);
    assertNobodyWaits(lock as never, 6);
  }
  assertEquals(waitsForLocks(), 0);
}

export const makeLocks = (count: number) =>
  Array.from({ length: count }, (_, i) => i % 2 ? new RLock() : new Lock());

/** Locks that are taken by blocking, in order or in any. */
export async function lockRound(
  random: Random,
  ordered: boolean,
): Promise<number> {
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
  return all[ROUNDS];
}

/** Locks that are awaited, also by the main thread. */
export async function awaitedLockRound(
  random: Random,
): Promise<number> {
  const locks = [new Lock(), new Lock()];
  const all = working();
  const again = () =>
    start(contendAsync, locks, all, random.below(2 ** 31), 1e9) as never;
  const threads: Thread[] = [again(), again(), again()];
  const own = contendAsync(locks, all, random.below(2 ** 31), 1e9);
  await terminateSome(all, threads, 7, { random, again, others: [own] });
  Atomics.store(all, WORKING, 0);
  await joinAll(threads as never);
  await own;
  assertEquals(all[OVERLAPS], 0);
  assertFree(locks);
  return all[ROUNDS];
}

/** Permits, of which none is lost and none is two. */
export async function semaphoreRound(
  random: Random,
): Promise<number> {
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
  const own = usePermits(semaphore, all, 2, random.below(2 ** 31), false);
  await terminateSome(all, threads, 10, { random, again, others: [own] });
  Atomics.store(all, WORKING, 0);
  await joinAll(threads as never);
  await own;
  assertEquals(all[OVERLAPS], 0);
  assert(/value=2>$/.test(String(semaphore)), String(semaphore));
  assertNobodyWaits(semaphore, 3);
  return all[ROUNDS];
}

/** A buffer that is passed on under a condition; no wake is lost. */
export async function conditionRound(
  random: Random,
  Class: typeof Lock,
): Promise<number> {
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
    [true, false].map((sync) => start(passOn, changed, all, 400, puts, sync))
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
  return all[PUT] + all[GOT];
}

/** A barrier that is broken and reset at any moment. */
export async function barrierRound(
  random: Random,
): Promise<number> {
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
  return all[ROUNDS];
}

/** Events that some follow, while others who wait for them are terminated. */
export async function eventRound(random: Random): Promise<number> {
  const events = [new Event(), new Event()];
  const never = new Event();
  const seen = new Semaphore(0);
  const all = working();
  const times = 200;
  const again = () =>
    start(
      waitForEvents,
      [...events, never],
      all,
      random.below(2 ** 31),
      random.below(2) === 0,
    ) as never;
  const noise: Thread[] = [again(), again()];
  const threads = [true, false].map((sync) =>
    start(followEvents, events, seen, times, sync)
  );
  const setting = (async () => {
    for (let i = 0; i < times; i++) {
      for (const _ of threads) await seen.acquire({ timeout: PATIENCE });
      // All have passed the other one.
      events[(i + 1) % 2].clear();
      events[i % 2].set();
    }
  })();
  const others = [setting];
  await terminateSome(all, noise, 7, { random, again, others });
  await setting;
  await joinAll(threads as never);
  Atomics.store(all, WORKING, 0);
  for (const event of [...events, never]) event.set();
  await joinAll(noise as never);
  for (const event of [...events, never]) assertNobodyWaits(event, 3);
  return times;
}
