/** What the threads do of scenarios whose threads start others. */

import {
  Event,
  expose,
  type Lock,
  LockPoisonedError,
  Pool,
  Queue,
  Thread,
} from "../../mod.ts";
import { aliveSlots, Outcome } from "../../lib/thread/thread_table.ts";
import { desertWaiter } from "../../lib/sync/waiters.ts";
import {
  increment,
  incrementAtomically,
  incrementLocked,
  newWord,
  takeBoth,
  takeBothLocks,
} from "./explore.ts";

/** Has two threads count, and joins them. */
export async function startCounting(counter: Int32Array): Promise<void> {
  const threads = [1, 2].map(() => new Thread(increment, { args: [counter] }));
  for (const thread of threads) thread.start();
  for (const thread of threads) await thread.join();
}

/** The same, blocking. */
export function startCountingSync(counter: Int32Array, lock: Lock): void {
  const threads = [1, 2].map(() =>
    new Thread(incrementLocked, { args: [counter, lock] })
  );
  for (const thread of threads) thread.start();
  for (const thread of threads) thread.joinSync();
}

/** Reads the counter before it has joined the thread that counts. */
export async function readEarly(counter: Int32Array): Promise<void> {
  await using thread = new Thread(increment, { args: [counter] });
  await thread.start();
  if (counter[0] !== 1) throw new Error("the thread has not counted");
}

/** Has two tasks of a pool count. */
export async function mapCounting(counter: Int32Array): Promise<void> {
  await using pool = new Pool(2);
  await pool.map(increment, [counter, counter], { chunkSize: 1 });
}

export async function mapCountingLocked(
  counter: Int32Array,
  lock: Lock,
): Promise<void> {
  await using pool = new Pool(2);
  await pool.starmap(incrementLocked, [[counter, lock], [counter, lock]], {
    chunkSize: 1,
  });
}

/** Has two tasks take two locks each, in orders that differ, or don't. */
export async function lockInTasks(
  first: Lock,
  second: Lock,
  differ: boolean,
): Promise<void> {
  await using pool = new Pool(2);
  const other = differ ? [second, first] : [first, second];
  await Promise.all([
    pool.apply(takeBothLocks, [first, second]),
    pool.apply(takeBothLocks, other as [Lock, Lock]),
  ]);
}

/** The same with words that are waited for: nobody throws. */
export async function waitInTasks(
  first: Int32Array,
  second: Int32Array,
): Promise<void> {
  await using pool = new Pool(2);
  await Promise.all([
    pool.apply(takeBoth, [first, second]),
    pool.apply(takeBoth, [second, first]),
  ]);
}

/** Joins a thread that it has not started. */
export async function joinUnstarted(counter: Int32Array): Promise<void> {
  const thread = new Thread(increment, { args: [counter] });
  await thread.join();
}

/** One thread starts another, and a third one joins it, maybe before. */
export function startLate(word: Int32Array, queue: Queue<Thread>): void {
  const thread = new Thread(increment, { args: [word] });
  if (Atomics.load(word, 1) === 1) return;
  thread.start();
  queue.putSync(thread);
  thread.joinSync();
}

/** Joins the thread that comes. */
export function joinOther(queue: Queue<Thread>): void {
  const thread = queue.getSync();
  thread.joinSync();
  if (thread.isAlive) throw new Error("it is alive after the join");
}

export function double(value: number): number {
  return 2 * value;
}

export function refuse(value: number): never {
  throw new RangeError(`refused ${value}`);
}

/** Uses what pools have, and tells what came of it. */
export async function useTasks(told: Queue<unknown>): Promise<void> {
  const pool = new Pool(2);
  await told.put(await pool.map(double, [1, 2, 3]));
  const numbers: number[] = [];
  for await (const number of pool.imap(double, [4, 5])) numbers.push(number);
  await told.put(numbers);
  await told.put(await pool.starmap(add, [[1, 2], [3, 4]]));
  await told.put(await pool.apply(refuse, [7]).catch(String));
  pool.close();
  await pool.join();
  await told.put(await pool.apply(double, [1]).catch(String));
}

export function add(a: number, b: number): number {
  return a + b;
}

/** Waits for what never comes. */
export function waitForEver(word: Int32Array): void {
  Atomics.store(word, 0, 1);
  new Event().waitSync();
}

/** Ends a thread, and a pool, in the middle of what they do. */
export async function terminateAll(word: Int32Array): Promise<void> {
  const thread = new Thread(waitForEver, { args: [word] });
  await thread.start();
  await thread.terminate();
  if (thread.isAlive) throw new Error("it is alive");
  const { name } = await thread.join().catch((error) => error);
  if (name !== "AbortError") throw new Error(`it ended by ${name}`);
  const pool = new Pool(1);
  const task = pool.apply(waitForEver, [word]).catch(({ name }) => name);
  await pool.terminate();
  if (await task !== "AbortError") throw new Error(`told ${await task}`);
}

/** Leaves a pool without closing it, and a thread without joining it. */
export async function leaveAll(word: Int32Array): Promise<void> {
  const pool = new Pool(1);
  await pool.apply(incrementAtomically, [word]);
  new Thread(incrementAtomically, { args: [word] }).start();
}

/** Starts a thread that has a pool, and starts another. */
export async function startNested(counter: Int32Array): Promise<void> {
  const thread = new Thread(countByOthers, { args: [counter] });
  thread.start();
  await thread.join();
}

export async function countByOthers(counter: Int32Array): Promise<void> {
  const thread = new Thread(incrementAtomically, { args: [counter] });
  thread.start();
  await thread.join();
  await using pool = new Pool(1);
  await pool.apply(incrementAtomically, [counter]);
}

/** Gets from a thread what it shares, and asks a task for the same. */
export async function getShared(told: Queue<string>): Promise<void> {
  const thread = new Thread(makeShared);
  thread.start();
  const queue = (await thread.join())!;
  const word = await queue.get();
  await told.put(`${word.buffer instanceof SharedArrayBuffer}`);
  await using pool = new Pool(1);
  await told.put(await pool.apply(makeShared).catch(String) as string);
}

export function makeShared(): Queue<Int32Array> {
  const queue = new Queue<Int32Array>();
  queue.putNowait(newWord());
  return queue;
}

/** Starts a thread that throws, and doesn't join it. */
export function startFailing(): void {
  new Thread(refuse, { args: [3] }).start();
}

/** Starts so many threads. */
export async function startMany(
  word: Int32Array,
  count: number,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    const thread = new Thread(incrementAtomically, { args: [word] });
    thread.start();
    await thread.join();
  }
}

/** What came of a task or a thread: its value, or the name of its error. */
function outcomeOf(pending: Promise<unknown>): Promise<unknown> {
  return pending.catch(({ name }) => name);
}

function checkOutcomes(outcomes: unknown[], error: string): void {
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome === 2 * i || outcome === error) continue;
    throw new Error(`of ${i} came ${outcome}`);
  }
}

/** Has a pool do tasks, and ends it in the middle of that. */
export async function terminatePool(event: Event): Promise<void> {
  const pool = new Pool(2);
  const tasks = [0, 1, 2].map((n) => outcomeOf(pool.apply(double, [n])));
  await event.wait();
  await pool.terminate();
  checkOutcomes(await Promise.all(tasks), "AbortError");
}

/** Has a pool do tasks, whose worker may be gone at any time. */
export async function applyAll(isReady: Int32Array): Promise<void> {
  await using pool = new Pool(2);
  await pool.ready();
  Atomics.store(isReady, 0, 1);
  const tasks = [0, 1, 2].map((n) => outcomeOf(pool.apply(double, [n])));
  checkOutcomes(await Promise.all(tasks), "WorkerLostError");
}

/** Gives a pool's first worker up, as one that computes on when it is to end. */
export function giveWorkerUp(isReady: Int32Array): void {
  // Without one that was ready, the pool gives up as well.
  if (Atomics.load(isReady, 0) === 0) return;
  const slot = aliveSlots().find(({ name }) => name === "PoolWorker-1");
  if (slot?.end(Outcome.LOST)) desertWaiter(slot.waiter);
}

/** Takes a lock, and counts. */
export function countLocked(counter: Int32Array, lock: Lock): number {
  incrementLocked(counter, lock);
  return 0;
}

/** Ends a thread at any step, and takes its lock. */
export async function terminateThread(
  event: Event,
  counter: Int32Array,
  lock: Lock,
): Promise<void> {
  const thread = new Thread(countLocked, { args: [counter, lock] });
  thread.start();
  await event.wait();
  await thread.terminate();
  checkOutcomes([await outcomeOf(thread.join())], "AbortError");
  try {
    lock.acquireSync();
  } catch (error) {
    if (!(error instanceof LockPoisonedError)) throw error;
  }
  lock.release();
}

export function setEvent(event: Event): void {
  event.set();
}

expose(import.meta, {
  applyAll,
  countByOthers,
  countLocked,
  getShared,
  makeShared,
  startNested,
  giveWorkerUp,
  setEvent,
  terminatePool,
  terminateThread,
  add,
  double,
  joinOther,
  joinUnstarted,
  leaveAll,
  lockInTasks,
  mapCounting,
  mapCountingLocked,
  readEarly,
  refuse,
  startCounting,
  startCountingSync,
  startFailing,
  startLate,
  startMany,
  terminateAll,
  useTasks,
  waitForEver,
  waitInTasks,
});
