// What the threads of the Gil's tests run.

import { expose, type Gil, type Queue, sleepSync } from "../../mod.ts";
import { handle, type Shareable } from "../../lib/codec/references.ts";
import { currentThreadId } from "../../lib/sync/waiters.ts";

/** Not atomic: without the lock, turns would be lost. */
export function count(
  gil: Gil,
  words: Int32Array,
  turns: number,
  hasCheckpoints: boolean,
): void {
  const turn = () => {
    const before = words[0];
    for (let i = 0; i < 20; i++) Math.sqrt(i);
    words[0] = before + 1;
    if (hasCheckpoints) gil.checkpoint();
  };
  if (hasCheckpoints) {
    gil.run(() => {
      for (let i = 0; i < turns; i++) turn();
    });
  } else {
    for (let i = 0; i < turns; i++) gil.run(turn);
  }
}

/** Computes until told to end, and returns how many turns it took. */
export function race(
  gil: Gil,
  ready: Int32Array,
  threads: number,
  end: Int32Array,
): { turns: number; switches: number } {
  Atomics.add(ready, 0, 1);
  while (Atomics.load(ready, 0) < threads);
  return gil.run(() => {
    let turns = 0;
    let switches = 0;
    let last = Atomics.load(end, 1);
    while (Atomics.load(end, 0) === 0) {
      turns++;
      gil.checkpoint();
      // Somebody else had the lock in between.
      const now = Atomics.add(end, 1, 1) + 1;
      if (now !== last + 1) switches++;
      last = now;
    }
    return { turns, switches };
  });
}

/** Holds the lock until told to go on. */
export function hold(
  gil: Gil,
  begun: Queue<string>,
  go: Queue<string>,
): string {
  return gil.run(() => {
    begun.putSync("held");
    return go.getSync();
  });
}

/** The same, but lets go of the lock meanwhile. */
export function holdAllowing(
  gil: Gil,
  begun: Queue<string>,
  go: Queue<string>,
): string {
  return gil.run(() =>
    gil.allowThreads(() => {
      begun.putSync("allowed");
      return go.getSync();
    })
  );
}

export function take(gil: Gil, begun: Queue<string>): string {
  begun.putSync("about to take");
  return gil.run(() => "taken");
}

/** Computes with checkpoints, for ever. */
export function holdForEver(gil: Gil, begun: Queue<string>): never {
  return gil.run(() => {
    begun.putSync("held");
    for (;;) gil.checkpoint();
  });
}

export function fail(gil: Gil): void {
  gil.run(() => {
    throw new RangeError("inside");
  });
}

export function sleepHolding(gil: Gil, begun: Queue<string>): void {
  gil.run(() => {
    begun.putSync("held");
    sleepSync(3600);
  });
}

/** The same, and says so once it has let go. */
export function sleepAndUnwind(
  gil: Gil,
  begun: Queue<string>,
  unwound: Int32Array,
): void {
  try {
    sleepHolding(gil, begun);
  } finally {
    Atomics.store(unwound, 0, 1);
  }
}

declare const self: { close(): void };

/** Ends its worker on the spot while it holds the lock. */
export function closeHolding(
  gil: Gil,
  begun: Queue<string>,
  go: Queue<string>,
): void {
  gil.run(() => {
    begun.putSync("held");
    go.getSync();
    self.close();
  });
}

/** Runs with the lock so often; how often another did at the same time. */
export function countOverlaps(
  gil: Gil,
  inside: Int32Array,
  turns: number,
): number {
  let overlaps = 0;
  for (let turn = 0; turn < turns; turn++) {
    gil.run(() => {
      if (Atomics.add(inside, 0, 1) !== 0) overlaps++;
      for (let i = 0; i < 100; i++) Atomics.load(inside, 1);
      Atomics.sub(inside, 0, 1);
    });
  }
  return overlaps;
}

/** Who holds the lock, by the lock's memory, where it runs; and which thread it is. */
export function holderAndMe(gil: Gil): [holder: number, me: number] {
  const words = wordsOf(gil);
  return [gil.run(() => words[0]), currentThreadId()];
}

/** The lock's memory. */
export function wordsOf(gil: Gil): Int32Array {
  return new Int32Array((gil as unknown as Shareable)[handle]().buffer);
}

/** What {@linkcode stall} does with its words. */
export const STALLED = 0;
export const GO = 1;
export const OUTCOME = 2;

/**
 * Runs with the lock, and computes in the middle of it until it may go on: before
 * its first look at that word, or first change of it.
 */
export function stall(
  gil: Gil,
  method: "load" | "compareExchange",
  word: number,
  words: Int32Array,
): void {
  const { buffer } = wordsOf(gil);
  const original = Atomics[method] as (...args: unknown[]) => number;
  const stalling = (array: Int32Array, at: number, ...rest: number[]) => {
    if (array.buffer === buffer && at === word) {
      Object.assign(Atomics, { [method]: original });
      Atomics.store(words, STALLED, 1);
      while (Atomics.load(words, GO) === 0) Atomics.pause();
    }
    return original(array, at, ...rest);
  };
  Object.assign(Atomics, { [method]: stalling });
  let outcome = 1;
  try {
    gil.run(() => {});
  } catch {
    outcome = 2;
  }
  Atomics.store(words, OUTCOME, outcome);
}

export function interval(gil: Gil): number {
  return gil.switchInterval;
}

expose(import.meta, {
  count,
  race,
  hold,
  holdAllowing,
  take,
  holdForEver,
  fail,
  sleepAndUnwind,
  sleepHolding,
  interval,
  closeHolding,
  countOverlaps,
  holderAndMe,
  stall,
});
