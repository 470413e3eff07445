import {
  type Condition,
  expose,
  type Lock,
  type Queue,
  sleepSync,
} from "../../mod.ts";

/** A word that threads share. */
export function newWord(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4));
}

/** Loses an increment if another comes between the read and the write. */
export function increment(counter: Int32Array): void {
  counter[0]++;
}

/** The same with atomic operations, neither of which is the whole. */
export function incrementInTwo(counter: Int32Array): void {
  Atomics.store(counter, 0, Atomics.load(counter, 0) + 1);
}

export function incrementAtomically(counter: Int32Array): void {
  Atomics.add(counter, 0, 1);
}

export function incrementLocked(counter: Int32Array, lock: Lock): void {
  using _held = lock.acquireSync();
  counter[0]++;
}

/** Takes two locks of plain words, each by waiting for it. */
export function takeBoth(first: Int32Array, second: Int32Array): void {
  for (const word of [first, second]) {
    while (Atomics.compareExchange(word, 0, 0, 1) !== 0) {
      Atomics.wait(word, 0, 1);
    }
  }
  for (const word of [first, second]) {
    Atomics.store(word, 0, 0);
    Atomics.notify(word, 0);
  }
}

export function takeBothLocks(first: Lock, second: Lock): void {
  using _first = first.acquireSync();
  using _second = second.acquireSync();
}

/** Ends once the word is set. */
export function spin(word: Int32Array): void {
  while (Atomics.load(word, 0) === 0);
}

/** Looks a few times, then sleeps until the word is set; one wake may be missed. */
export function spinThenSleep(word: Int32Array): void {
  for (let look = 0; look < 30; look++) {
    if (Atomics.load(word, 0) !== 0) return;
    Atomics.pause();
  }
  if (Atomics.load(word, 0) !== 0) return;
  Atomics.wait(word, 1, 0, 1000);
}

export function setAndNotify(word: Int32Array): void {
  Atomics.store(word, 0, 1);
  Atomics.notify(word, 1);
}

/** Serves items for ever. */
export function serve(queue: Queue<number>, sum: Int32Array): void {
  for (const item of queue) Atomics.add(sum, 0, item);
}

/** Adds in two steps, unless the word says that it is over. */
export function addWhileOpen(counter: Int32Array, isOver: Int32Array): void {
  if (Atomics.load(isOver, 0) === 0) Atomics.add(counter, 0, 1);
}

export function end(counter: Int32Array, isOver: Int32Array): void {
  Atomics.store(isOver, 0, 1);
  Atomics.store(isOver, 1, Atomics.load(counter, 0));
}

/** Sleeps, then sets the word unless another thread has. */
export function sleepAndSet(word: Int32Array, seconds: number): void {
  sleepSync(seconds);
  Atomics.compareExchange(word, 0, 0, seconds);
}

export async function awaitTimers(word: Int32Array): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3_600_000));
  let count = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (++count < 3) return;
      clearInterval(timer);
      resolve();
    }, 1000);
  });
  Atomics.add(word, 0, count);
}

export async function putAll(queue: Queue<number>, n: number): Promise<void> {
  for (let i = 0; i < n; i++) await queue.put(i);
}

export async function getAll(
  queue: Queue<number>,
  n: number,
  sum: Int32Array,
): Promise<void> {
  for (let i = 0; i < n; i++) Atomics.add(sum, 0, await queue.get());
}

/** Waits without looking whether it has come already. */
export function waitOnce(condition: Condition): void {
  using _held = condition.acquireSync();
  condition.waitSync();
}

export function notifyOnce(condition: Condition): void {
  using _held = condition.acquireSync();
  condition.notify();
}

let calls = 0;

/** Does something else every second time. */
export function remember(word: Int32Array): void {
  if (++calls % 2 === 0) Atomics.wait(word, 0, 0, 1);
  Atomics.add(word, 0, 1);
}

export class Unlucky extends Error {
  override name = "Unlucky";
}

export function throwIfSet(word: Int32Array): void {
  if (Atomics.exchange(word, 0, 1) === 1) throw new Unlucky("I came second");
}

expose(import.meta, {
  addWhileOpen,
  awaitTimers,
  end,
  getAll,
  increment,
  incrementAtomically,
  incrementInTwo,
  incrementLocked,
  newWord,
  notifyOnce,
  putAll,
  remember,
  serve,
  setAndNotify,
  sleepAndSet,
  spin,
  spinThenSleep,
  takeBoth,
  takeBothLocks,
  throwIfSet,
  Unlucky,
  waitOnce,
});
