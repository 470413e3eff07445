/** What threads run in the tests of the locks, and how these look inside. @module */

import {
  type Barrier,
  type Condition,
  enumerate,
  type Event,
  expose,
  type Lock,
  sleep,
  sleepSync,
} from "../../mod.ts";
import { lot, NEXT, STRIDE } from "../../lib/shared/parking.ts";

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

/** Joins the thread of that name, blocking without a timeout. */
export function joinNamed(name: string): void {
  enumerate().find((thread) => thread.name === name)!.joinSync();
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

/** Computes, takes a lock, and says whether that was refused (1) or not (2). */
export function spinThenTake(
  lock: Lock,
  spinning: Event,
  ms: number,
  outcome: Int32Array,
): void {
  spinning.set();
  spin(ms);
  let refused = 0;
  for (const take of [lock.tryAcquire, lock.acquireSync]) {
    try {
      take.call(lock);
    } catch (error) {
      if (/the thread has ended/.test(String(error))) refused++;
    }
  }
  Atomics.store(outcome, 0, refused === 2 ? 1 : 2);
}

/** Computes without ever waiting, for so long. */
export function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

export function closeSelf(): void {
  self.close();
}

export function throwError(message: string): never {
  throw new Error(message);
}

/** Awaits what another thread brings about. */
export async function until(is: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 30_000;
  while (!is()) {
    if (performance.now() > giveUpAt) throw new Error(`In vain: ${is}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Time for a thread to fall asleep. Nothing goes wrong if it doesn't. */
export const aMoment = () => new Promise((resolve) => setTimeout(resolve, 30));

/** How many cells somebody has: those handed out but not in the spare list. */
export function cellsInUse(): number {
  const words = lot();
  let cells = words[0];
  for (let cell = words[2]; cell !== 0; cell = words[cell * STRIDE + NEXT]) {
    cells--;
  }
  return cells;
}

/** How many waits are entered in the graph. */
export function waitsForLocks(): number {
  return Atomics.load(lot(), 4);
}

expose(import.meta, {
  closeSelf,
  holdAndAwait,
  holdAndWait,
  holdAndWaitFor,
  joinNamed,
  notifyAndWait,
  releaseFinally,
  releaseFinallyAsync,
  script,
  scriptSync,
  sleep,
  sleepSync,
  spin,
  spinThenTake,
  throwError,
  useWhileAsleep,
  useWhileSleeping,
  waitForGood,
  waitForGoodAsync,
});
