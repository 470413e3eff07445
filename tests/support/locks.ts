/** What threads run in the tests of the locks, and how these look inside. @module */

import {
  type Barrier,
  type Condition,
  enumerate,
  type Event,
  expose,
  Lock,
  type Queue,
  type Semaphore,
  sleep,
  sleepSync,
} from "../../mod.ts";
import { currentThreadId, waiterWords } from "../../lib/sync/waiters.ts";

/** Which of the things, a method or property of it, and its arguments. */
export type Step = [thing: number, member: string, ...args: unknown[]];

/** What came of a step: what disposes of something is named so. */
function portable(result: unknown): unknown {
  const isHold = typeof result === "object" && result !== null &&
    Symbol.dispose in result;
  return isHold ? "held" : result;
}

function perform(things: unknown[], [thing, member, ...args]: Step): unknown {
  const target = things[thing] as Record<string, unknown>;
  const value = target[member];
  return typeof value === "function" ? value.apply(target, args) : value;
}

/** Takes steps one after the other; what they returned. */
export async function script(
  things: unknown[],
  steps: Step[],
): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const step of steps) {
    results.push(portable(await perform(things, step)));
  }
  return results;
}

/** As {@linkcode script}, but without one turn of the event loop. */
export function scriptSync(things: unknown[], steps: Step[]): unknown[] {
  return steps.map((step) => portable(perform(things, step)));
}

/** Joins the thread of that name if it is alive, blocking without a timeout. */
export function joinNamed(name: string): void {
  enumerate().find((thread) => thread.name === name)?.joinSync();
}

/** Holds a lock, and when all do so, waits for another or for a thread's end. */
export function holdAndWait(
  held: Lock,
  wanted: Lock | string,
  allHold: Barrier,
  timeout?: number,
): string {
  using _held = held.acquireSync();
  allHold.waitSync();
  if (typeof wanted === "string") {
    joinNamed(wanted);
    return "joined";
  }
  using _wanted = wanted.acquireSync({ timeout });
  return "both";
}

/** As {@linkcode holdAndWait}, but awaits, and releases its lock meanwhile. */
export async function holdAndAwait(
  held: Lock,
  wanted: Lock,
  allHold: Barrier,
): Promise<string> {
  const hold = held.acquireSync();
  allHold.waitSync();
  setTimeout(() => hold[Symbol.dispose](), 50);
  using _wanted = await wanted.acquire();
  return "both";
}

/** Holds a lock while it waits on a condition of another. */
export function holdAndWaitFor(
  held: Lock,
  condition: Condition,
  allHold: Barrier,
): string {
  using _held = held.acquireSync();
  using _inner = condition.acquireSync();
  allHold.waitSync();
  condition.waitSync();
  return "notified";
}

/** Holds a condition's lock, notifies it, and waits for another lock. */
export function notifyAndWait(condition: Condition, wanted: Lock): string {
  using _inner = condition.acquireSync();
  condition.notify();
  using _wanted = wanted.acquireSync();
  return "both";
}

/** Sleeps with a lock, and releases it whatever happens. */
export function useWhileSleeping(lock: Lock, held: Event): void {
  using _held = lock.acquireSync();
  held.set();
  sleepSync(3600);
}

/** As {@linkcode useWhileSleeping}, but awaits. */
export async function useWhileAsleep(lock: Lock, held: Event): Promise<void> {
  using _held = await lock.acquire();
  held.set();
  await sleep(3600);
}

/** As {@linkcode useWhileSleeping}, in the old way. */
export function releaseFinally(lock: Lock, held: Event): void {
  lock.acquireSync();
  try {
    held.set();
    sleepSync(3600);
  } finally {
    lock.release();
  }
}

/** As {@linkcode useWhileAsleep}, in the old way. */
export async function releaseFinallyAsync(
  lock: Lock,
  held: Event,
): Promise<void> {
  await lock.acquire();
  try {
    held.set();
    await sleep(3600);
  } finally {
    lock.release();
  }
}

/** Waits on a condition that nobody notifies. */
export function waitForGood(
  condition: Condition,
  waiting: Event,
  withUsing: boolean,
): void {
  using hold = condition.acquireSync();
  try {
    waiting.set();
    condition.waitSync();
  } finally {
    if (!withUsing) condition.release();
    hold[Symbol.dispose]();
  }
}

/** As {@linkcode waitForGood}, but awaits. */
export async function waitForGoodAsync(
  condition: Condition,
  waiting: Event,
  withUsing: boolean,
): Promise<void> {
  using hold = await condition.acquire();
  try {
    waiting.set();
    await condition.wait();
  } finally {
    if (!withUsing) condition.release();
    hold[Symbol.dispose]();
  }
}

/** Is told that a lock is poisoned, and releases it when it may. */
export async function releaseWhenTold(
  lock: Lock,
  told: Event,
  go: Event,
  sync: boolean,
): Promise<void> {
  try {
    if (sync) lock.acquireSync();
    else await lock.acquire();
  } catch (error) {
    told.set();
    go.waitSync();
    lock.release();
    if ((error as Error).name !== "LockPoisonedError") throw error;
  }
}

/**
 * Waits on a condition in the old way, and if that loses the lock says so, before
 * it releases it when it may; what was thrown.
 */
export async function waitAndRelease(
  condition: Condition,
  waiting: Event,
  told: Event,
  go: Event,
  sync: boolean,
): Promise<unknown> {
  condition.acquireSync();
  try {
    waiting.set();
    if (sync) condition.waitSync();
    else await condition.wait();
  } catch (error) {
    return error;
  } finally {
    told.set();
    go.waitSync();
    condition.release();
  }
}

/** As {@linkcode waitAndRelease}, with a lock that it holds meanwhile. */
export function holdAndWaitAndRelease(
  held: Lock,
  condition: Condition,
  waiting: Event,
): string {
  using _held = held.acquireSync();
  condition.acquireSync();
  try {
    waiting.set();
    condition.waitSync({ timeout: 0.6 });
    return "notified";
  } catch (error) {
    return (error as Error).name;
  } finally {
    condition.release();
  }
}

/** Computes, takes a lock, and says whether that was refused (1) or not (2). */
export function spinThenTake(
  lock: Lock,
  way: "tryAcquire" | "acquireSync",
  spinning: Event,
  outcome: Int32Array,
): void {
  spinning.set();
  while (Atomics.load(outcome, 1) === 0) Atomics.wait(outcome, 1, 0, 20);
  let isRefused = false;
  try {
    lock[way]();
  } catch (error) {
    isRefused = /thread (has ended|was terminated)/.test(String(error));
  }
  Atomics.store(outcome, 0, isRefused ? 1 : 2);
}

/** Takes one lock and then the other, once the word is set, if there is one. */
export function takeInTurn(
  first: Lock,
  second: Lock,
  begun: Queue<string>,
  word?: Int32Array,
): string {
  using _first = first.acquireSync();
  begun.putSync("begun");
  while (word !== undefined && Atomics.load(word, 0) === 0) Atomics.pause();
  using _second = second.acquireSync();
  return "taken";
}

export function echo(value: unknown): unknown {
  return value;
}

/** Counts up under a lock, without atomics; then, how many were inside too. */
export async function countWith(
  lock: Lock | Semaphore,
  counter: Int32Array,
  times: number,
  sync: boolean,
): Promise<void> {
  for (let i = 0; i < times; i++) {
    using _held = sync ? lock.acquireSync() : await lock.acquire();
    const seen = counter[0];
    if (Atomics.add(counter, 1, 1) !== 0) throw new Error("Not alone");
    for (let pause = i % 30; pause > 0; pause--) Atomics.pause();
    counter[0] = seen + 1;
    Atomics.sub(counter, 1, 1);
  }
}

/** Waits on a condition and then says so, in a word that it counts up. */
export function waitAndCount(
  condition: Condition,
  woken: Int32Array,
  options: { timeout?: number } = {},
): boolean {
  using _held = condition.acquireSync();
  woken[0]++;
  const result = condition.waitSync(options);
  woken[1]++;
  return result;
}

/** As {@linkcode waitAndCount}, but awaits. */
export async function awaitAndCount(
  condition: Condition,
  woken: Int32Array,
  options: { timeout?: number; signal?: AbortSignal } = {},
): Promise<boolean> {
  using _held = await condition.acquire();
  woken[0]++;
  const result = await condition.wait(options);
  woken[1]++;
  return result;
}

/** Waits until a word has a value; what it was at the end. */
export async function waitForWord(
  condition: Condition,
  words: Int32Array,
  value: number,
  sync: boolean,
): Promise<number> {
  using _held = condition.acquireSync();
  const predicate = () => words[0] >= value && words[0];
  const result = sync
    ? condition.waitForSync(predicate)
    : await condition.waitFor(predicate);
  return Number(result);
}

/** Passes a barrier so often; whether it was ever a round ahead of others. */
export async function passRounds(
  barrier: Barrier,
  arrived: Int32Array,
  rounds: number,
  sync: boolean,
): Promise<number[]> {
  const indexes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    Atomics.add(arrived, round, 1);
    indexes.push(sync ? barrier.waitSync() : await barrier.wait());
    if (Atomics.load(arrived, round) !== barrier.parties) {
      throw new Error(`Too early in round ${round}`);
    }
  }
  return indexes;
}

/** Passes a barrier that it need not wait at. */
export function passForever(barrier: Barrier, come: Event): never {
  come.set();
  for (;;) barrier.waitSync();
}

/** What the action of a barrier counts in: each thread that may act sets it. */
let acted: Int32Array | undefined;

export function actOn(words: Int32Array | undefined): void {
  acted = words;
}

export function act(): void {
  acted![0]++;
}

export function actAndThrow(): void {
  acted![0]++;
  throw new RangeError("in the action");
}

/** Sets what the action counts in, and waits so often. */
export async function actAtBarrier(
  barrier: Barrier,
  words: Int32Array,
  rounds: number,
): Promise<void> {
  actOn(words);
  for (let round = 1; round <= rounds; round++) {
    await barrier.wait();
    // The action is over before anyone goes on.
    if (words[0] < round) throw new Error(`The action came late: ${round}`);
    barrier.waitSync();
  }
}

/**
 * Functions of one thread: one keeps a lock, two wait for others, and one computes
 * until the word isn't 0.
 */
export async function keepAndWant(
  kept: Lock,
  wanted: readonly Lock[],
  begun: Event,
  until: Int32Array,
): Promise<void> {
  const keep = async () => {
    using _held = await kept.acquire();
    await sleep(3600);
  };
  const want = async (lock: Lock) => {
    using _held = await lock.acquire();
  };
  const compute = async () => {
    await sleep(0);
    until[1] = currentThreadId();
    begun.set();
    while (Atomics.load(until, 0) === 0);
  };
  await Promise.all([keep(), ...wanted.map(want), compute()]);
}

/** Computes without ever waiting, for so long. */
export function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

export function closeSelf(): void {
  self.close();
}

/** Of the words of a thread that is given up: set by the test, and by the thread. */
export const GO_ON = 0;
export const DONE = 1;
export const COMPUTES = 2;

/**
 * Is busy until it may go on: if it is told to end, it doesn't see it. The library
 * can't tell what blocks by itself from what computes.
 */
function spinUntilTold(words: Int32Array): void {
  Atomics.store(words, COMPUTES, 1);
  while (Atomics.load(words, GO_ON) === 0) Atomics.wait(words, GO_ON, 0, 20);
}

/** Ends, in one way or another, while it awaits a barrier. */
export async function endAtBarrier(
  barrier: Barrier,
  how: string,
  come: Event,
  words: Int32Array,
): Promise<void> {
  const wait = barrier.wait().catch(() => {});
  come.set();
  if (how === "self.close()") self.close();
  if (how === "Deno.exit()") Deno.exit();
  if (how !== "being given up") return;
  spinUntilTold(words);
  await wait;
  Atomics.store(words, DONE, 1);
}

/** Waits at a barrier whose action computes until the word is set. */
export function spinInAction(barrier: Barrier, words: Int32Array): void {
  actOn(words);
  barrier.waitSync();
}

export function actAndSpin(): void {
  spinUntilTold(acted!);
}

/** Holds permits by `using`, and ends as `endAtBarrier` does. */
export async function endWithPermits(
  semaphore: Semaphore,
  how: string,
  come: Event,
  go: Event,
  words: Int32Array,
): Promise<void> {
  try {
    using _one = semaphore.acquireSync();
    using holds = new DisposableStack();
    holds.use(await semaphore.acquire());
    // One that nobody holds: it belongs to no thread.
    semaphore.acquireSync();
    come.set();
    go.waitSync();
    if (how === "self.close()") self.close();
    if (how === "Deno.exit()") Deno.exit();
    if (how === "being given up") spinUntilTold(words);
  } finally {
    Atomics.store(words, DONE, 1);
  }
}

/** The same in a function that the thread leaves behind when it returns. */
export function leavePermits(
  semaphore: Semaphore,
  _how: string,
  come: Event,
  go: Event,
): void {
  const hold = async () => {
    using _permits = new DisposableStack();
    _permits.use(semaphore.acquireSync());
    _permits.use(semaphore.acquireSync());
    semaphore.acquireSync();
    await new Promise(() => {});
  };
  hold();
  come.set();
  go.waitSync();
}

export function throwError(message: string): never {
  throw new Error(message);
}

/** Time for a thread to fall asleep. Nothing goes wrong if it doesn't. */
export const aMoment = () => new Promise((resolve) => setTimeout(resolve, 30));

/** How many waits are entered in the graph. */
export function waitsForLocks(): number {
  return Atomics.load(waiterWords(), 4);
}

/** Ends with a lock; the thread id of the thread. */
export function keep(lock: Lock): number {
  lock.acquireSync();
  return currentThreadId();
}

/** Acquires a lock of its own twice. */
export function acquireTwice(): void {
  const lock = new Lock();
  using _held = lock.acquireSync();
  lock.acquireSync();
}

expose(import.meta, {
  acquireTwice,
  act,
  actAndThrow,
  actAtBarrier,
  awaitAndCount,
  closeSelf,
  countWith,
  echo,
  endAtBarrier,
  actAndSpin,
  endWithPermits,
  holdAndAwait,
  leavePermits,
  holdAndWait,
  holdAndWaitAndRelease,
  holdAndWaitFor,
  joinNamed,
  keep,
  notifyAndWait,
  passForever,
  passRounds,
  releaseFinally,
  releaseFinallyAsync,
  releaseWhenTold,
  script,
  scriptSync,
  sleep,
  sleepSync,
  spin,
  spinInAction,
  spinThenTake,
  takeInTurn,
  throwError,
  useWhileAsleep,
  useWhileSleeping,
  waitAndCount,
  waitAndRelease,
  waitForGood,
  waitForGoodAsync,
  waitForWord,
  keepAndWant,
});
