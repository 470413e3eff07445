/** What threads run in the stress tests of the locks. @module */

import {
  type Barrier,
  type Condition,
  DeadlockError,
  type Event,
  expose,
  type Lock,
  RLock,
  type Semaphore,
  sleep,
  sleepSync,
} from "../../mod.ts";
import { Random } from "./shared_random.ts";

/** In each stress, threads go on while this word is not 0. */
export const WORKING = 0;
/** How often two were where one may be. */
export const OVERLAPS = 1;
/** The rounds that were done. */
export const ROUNDS = 2;
/** From here, for each lock: who is inside, and a count without atomics. */
const INSIDE = 8;
export const COUNT = 9;

export const words = (length = 64): Int32Array =>
  new Int32Array(new SharedArrayBuffer(length * 4));

function pause(times: number): void {
  for (; times > 0; times--) Atomics.pause();
}

/** Is where only the holder of that lock may be. */
function inside(all: Int32Array, lock: number, random: Random): void {
  const at = lock * 2;
  if (Atomics.add(all, at + INSIDE, 1) !== 0) Atomics.add(all, OVERLAPS, 1);
  const seen = all[at + COUNT];
  pause(random.below(20));
  all[at + COUNT] = seen + 1;
  Atomics.sub(all, at + INSIDE, 1);
}

/** Some of so many locks, in order or not. */
function choose(count: number, ordered: boolean, random: Random): number[] {
  const chosen = new Set<number>();
  const size = 1 + random.below(Math.min(3, count));
  while (chosen.size < size) chosen.add(random.below(count));
  return ordered ? [...chosen].sort((a, b) => a - b) : [...chosen];
}

/** What a thread of {@linkcode contend} did. */
export interface Tally {
  counts: number[];
  deadlocks: number;
  timeouts: number;
}

/**
 * Takes some locks at a time, blocking, and counts under each of them. Of a
 * deadlock that is told, it lets go of everything and begins again.
 */
export function contend(
  locks: Lock[],
  all: Int32Array,
  seed: number,
  { rounds, ordered, timeouts }: {
    rounds: number;
    ordered: boolean;
    timeouts: boolean;
  },
): Tally {
  const random = new Random(seed);
  const tally: Tally = {
    counts: locks.map(() => 0),
    deadlocks: 0,
    timeouts: 0,
  };
  for (let round = 0; round < rounds && Atomics.load(all, WORKING);) {
    const chosen = choose(locks.length, ordered, random);
    const timeout = timeouts && random.below(3) === 0
      ? random.next() / 1000
      : undefined;
    try {
      using holds = new DisposableStack();
      for (const index of chosen) {
        holds.use(locks[index].acquireSync({ timeout }));
        if (locks[index] instanceof RLock) {
          using _again = locks[index].acquireSync();
          inside(all, index, random);
        } else {
          inside(all, index, random);
        }
        tally.counts[index]++;
        // Others come meanwhile, even on one processor.
        if (!ordered && random.below(30) === 0) sleepSync(0.001);
      }
      round++;
      Atomics.add(all, ROUNDS, 1);
    } catch (error) {
      if (error instanceof DeadlockError) tally.deadlocks++;
      else if ((error as Error).name === "TimeoutError") tally.timeouts++;
      else throw error;
    }
    pause(random.below(60));
    // Where a thread that is to be terminated ends, if not sooner.
    if (random.below(10) === 0) sleepSync(0);
  }
  return tally;
}

/** As {@linkcode contend}, but awaits plain locks in order, and gives up some. */
export async function contendAsync(
  locks: Lock[],
  all: Int32Array,
  seed: number,
  rounds: number,
): Promise<Tally> {
  const tally: Tally = {
    counts: locks.map(() => 0),
    deadlocks: 0,
    timeouts: 0,
  };
  const loop = async (random: Random) => {
    for (let round = 0; round < rounds && Atomics.load(all, WORKING);) {
      const controller = new AbortController();
      const { signal } = controller;
      const isShort = random.below(3) === 0;
      const timer = isShort
        ? setTimeout(() => controller.abort("enough"), random.below(3))
        : undefined;
      const timeout = random.below(4) === 0 ? random.next() / 500 : undefined;
      try {
        using holds = new DisposableStack();
        for (const index of choose(locks.length, true, random)) {
          holds.use(await locks[index].acquire({ timeout, signal }));
          inside(all, index, random);
          tally.counts[index]++;
          if (random.below(8) === 0) await sleep(0);
        }
        round++;
        Atomics.add(all, ROUNDS, 1);
      } catch (error) {
        const isEnough = error === "enough" ||
          (error as Error).name === "TimeoutError";
        if (!isEnough) throw error;
        tally.timeouts++;
      } finally {
        clearTimeout(timer);
      }
      await sleep(0);
    }
  };
  await Promise.all([1, 2, 3].map((i) => loop(new Random(seed + i))));
  return tally;
}

/** Takes and gives permits until there is no more `WORKING`; how often. */
export async function usePermits(
  semaphore: Semaphore,
  all: Int32Array,
  permits: number,
  seed: number,
  sync: boolean,
): Promise<number> {
  const random = new Random(seed);
  let rounds = 0;
  while (Atomics.load(all, WORKING)) {
    const timeout = random.below(3) === 0 ? random.next() / 1000 : undefined;
    const controller = new AbortController();
    const { signal } = controller;
    if (!sync && random.below(4) === 0) {
      setTimeout(() => controller.abort("enough"), random.below(2));
    }
    try {
      using _permit = sync
        ? semaphore.acquireSync({ timeout })
        : await semaphore.acquire({ timeout, signal });
      if (Atomics.add(all, INSIDE, 1) >= permits) Atomics.add(all, OVERLAPS, 1);
      pause(random.below(50));
      Atomics.sub(all, INSIDE, 1);
      rounds++;
      Atomics.add(all, ROUNDS, 1);
    } catch (error) {
      const isEnough = error === "enough" ||
        (error as Error).name === "TimeoutError";
      if (!isEnough) throw error;
    }
    if (random.below(10) === 0) {
      if (sync) sleepSync(0);
      else await sleep(0);
    }
  }
  return rounds;
}

// Words of the stress of conditions: a buffer of numbers.
export const FILLED = 16;
export const PUT = 17;
export const GOT = 18;
const CAPACITY = 2;

/** Puts into a buffer guarded by conditions, or gets from it, so often. */
export async function passOn(
  changed: Condition,
  all: Int32Array,
  times: number,
  puts: boolean,
  sync: boolean,
): Promise<void> {
  const isReady = () => puts ? all[FILLED] < CAPACITY : all[FILLED] > 0;
  for (let i = 0; i < times; i++) {
    using _held = sync ? changed.acquireSync() : await changed.acquire();
    if (sync) changed.waitForSync(isReady);
    else await changed.waitFor(isReady);
    all[FILLED] += puts ? 1 : -1;
    all[puts ? PUT : GOT]++;
    // Either side may be meant by the one that is woken.
    changed.notifyAll();
  }
}

/** Waits on a condition for nothing, with timeouts and aborts. */
export async function loiter(
  changed: Condition,
  all: Int32Array,
  seed: number,
  sync: boolean,
): Promise<void> {
  const random = new Random(seed);
  while (Atomics.load(all, WORKING)) {
    using _held = sync ? changed.acquireSync() : await changed.acquire();
    const timeout = random.next() / 1000;
    if (sync) changed.waitSync({ timeout });
    else {
      const controller = new AbortController();
      const { signal } = controller;
      const timer = setTimeout(() => controller.abort("enough"), 0);
      await changed.wait({ timeout, signal }).catch((error) => {
        if (error !== "enough") throw error;
      });
      clearTimeout(timer);
    }
  }
}

/** Waits for events in turns, and says each time that it is about to. */
export async function followEvents(
  events: Event[],
  seen: Semaphore,
  times: number,
  sync: boolean,
): Promise<void> {
  for (let i = 0; i < times; i++) {
    seen.release();
    if (sync) events[i % 2].waitSync();
    else await events[i % 2].wait();
  }
}

/** Waits for events at random, of which some never come. */
export async function waitForEvents(
  events: Event[],
  all: Int32Array,
  seed: number,
  sync: boolean,
): Promise<void> {
  const random = new Random(seed);
  while (Atomics.load(all, WORKING)) {
    const event = random.pick(events);
    const timeout = random.below(2) === 0 ? random.next() / 500 : undefined;
    if (sync) event.waitSync({ timeout });
    else await event.wait({ timeout });
  }
}

/** Passes a barrier, gives up now and then, and resets it if it is broken. */
export async function meet(
  barrier: Barrier,
  all: Int32Array,
  seed: number,
  sync: boolean,
): Promise<number> {
  const random = new Random(seed);
  let passed = 0;
  while (Atomics.load(all, WORKING)) {
    const timeout = random.below(20) === 0 ? random.next() / 500 : 0.2;
    try {
      const index = sync
        ? barrier.waitSync({ timeout })
        : await barrier.wait({ timeout });
      if (index < 0 || index >= barrier.parties) Atomics.add(all, OVERLAPS, 1);
      passed++;
      Atomics.add(all, ROUNDS, 1);
    } catch (error) {
      if ((error as Error).name !== "BrokenBarrierError") throw error;
      if (barrier.broken) barrier.reset();
    }
  }
  return passed;
}

expose(import.meta, {
  contend,
  contendAsync,
  followEvents,
  loiter,
  meet,
  passOn,
  usePermits,
  waitForEvents,
});
