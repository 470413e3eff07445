// Functions that read and write under an RWLock.

import {
  type Event,
  expose,
  type Lock,
  type RWLock,
  sleepSync,
} from "../../mod.ts";

export const READERS = 0;
export const WRITERS = 1;
export const ROUNDS = 2;
/** Whether anyone has seen what must not be. */
export const BROKEN = 3;

/** Acquires the lock again and again, and looks who has it, too. */
export async function useOften(
  lock: RWLock,
  words: Int32Array,
  rounds: number,
  isAsync: boolean,
): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    if (i % 4 === 0) {
      using _held = isAsync
        ? await lock.acquireWrite()
        : lock.acquireWriteSync();
      const before = Atomics.add(words, WRITERS, 1);
      if (before !== 0 || Atomics.load(words, READERS) !== 0) words[BROKEN] = 1;
      // Not in one step: a writer is alone.
      words[ROUNDS] = words[ROUNDS] + 1;
      Atomics.sub(words, WRITERS, 1);
    } else {
      using _held = isAsync ? await lock.acquireRead() : lock.acquireReadSync();
      Atomics.add(words, READERS, 1);
      if (Atomics.load(words, WRITERS) !== 0) words[BROKEN] = 1;
      Atomics.sub(words, READERS, 1);
    }
  }
}

/** Holds the lock until it is ended. */
export function holdForGood(lock: RWLock, how: string, held: Event): void {
  const hold = how.startsWith("read")
    ? lock.acquireReadSync()
    : lock.acquireWriteSync();
  held.set();
  if (how.endsWith("closes")) self.close();
  else if (how.endsWith("sleeps")) sleepSync(3600);
  // A hold is ended by its owner alone, and this thread ends without that.
  void hold;
}

/** Reads over and over, so that there is never no reader of several threads. */
export function readUntil(lock: RWLock, over: Event): number {
  let count = 0;
  while (!over.isSet) {
    using _held = lock.acquireReadSync();
    count++;
    sleepSync(0.001);
  }
  return count;
}

/** Reads until it is over. */
export function readUntilSet(lock: RWLock, begun: Event, over: Event): void {
  using _held = lock.acquireReadSync();
  begun.set();
  over.waitSync();
}

/** Reads, and would write as well. */
export function upgrade(lock: RWLock, begun: Event, go: Event): void {
  using _read = lock.acquireReadSync();
  begun.set();
  go.waitSync();
  using _write = lock.acquireWriteSync();
}

/** Holds the one and waits for the other. */
export function holdAndWaitFor(
  lock: RWLock,
  how: "read" | "write",
  other: Lock,
  held: Event,
  go: Event,
): string {
  using _held = how === "read"
    ? lock.acquireReadSync()
    : lock.acquireWriteSync();
  held.set();
  go.waitSync();
  using _other = other.acquireSync();
  return "both";
}

/** Holds the other and waits for the one. */
export function waitWith(
  lock: RWLock,
  how: "read" | "write",
  other: Lock,
  held: Event,
  go: Event,
): string {
  using _other = other.acquireSync();
  held.set();
  go.waitSync();
  using _held = how === "read"
    ? lock.acquireReadSync()
    : lock.acquireWriteSync();
  return "both";
}

expose(import.meta, {
  holdAndWaitFor,
  holdForGood,
  readUntil,
  readUntilSet,
  upgrade,
  useOften,
  waitWith,
});
