/** What the threads of the tests of sync/ and store/ run. */

import { expose } from "../../mod.ts";
import { Cargo, Kind } from "../../lib/codec/cargo.ts";
import { PENDING, WaitList } from "../../lib/sync/wait_list.ts";
import { waitForSeveralSync } from "../../lib/sync/several_lists.ts";
import { Mutex, STEP } from "../../lib/sync/mutex.ts";
import { Ring } from "../../lib/store/ring.ts";
import { OWNER_WORDS } from "../../lib/store/store.ts";
import { Random } from "./shared_random.ts";

// Words of the mutex tests.
export const COUNTER = 1;
export const INSIDE = 2;
export const OVERLAPS = 3;
const ARRIVED = 4;

function pause(times: number): void {
  for (; times > 0; times--) Atomics.pause();
}

/**
 * Counts up without atomics: a torn counter shows that two were inside. Begins
 * when so many threads are there.
 */
export function countUnderMutex(
  buffer: SharedArrayBuffer,
  n: number,
  threads: number,
): void {
  const words = new Int32Array(buffer);
  const mutex = new Mutex(words, 0);
  Atomics.add(words, ARRIVED, 1);
  while (Atomics.load(words, ARRIVED) < threads) Atomics.pause();
  for (let i = 0; i < n; i++) {
    mutex.lock();
    if (Atomics.add(words, INSIDE, 1) !== 0) Atomics.add(words, OVERLAPS, 1);
    const seen = words[COUNTER];
    pause(i % 30);
    words[COUNTER] = seen + 1;
    Atomics.sub(words, INSIDE, 1);
    mutex.unlock(STEP);
    // Outside for as long: otherwise the others would sleep all the while.
    pause(i % 31);
  }
}

// Words of the list tests, after those of the list.
export const PERMITS = 4;
export const WORKING = 5;
export const LOG_LENGTH = 6;
export const TAKEN = 7;
export const LOG = 8;
export const ATTEMPTS = 32;

function tryTakePermit(words: Int32Array): true | typeof PENDING {
  for (;;) {
    const permits = Atomics.load(words, PERMITS);
    if (permits === 0) return PENDING;
    const next = permits - 1;
    if (Atomics.compareExchange(words, PERMITS, permits, next) === permits) {
      return true;
    }
  }
}

/** Takes a permit, blocking, and then writes its number into the log. */
export function takePermitSync(
  buffer: SharedArrayBuffer,
  number: number,
): void {
  const words = new Int32Array(buffer);
  new WaitList(words, 0).waitSync(() => {
    const result = tryTakePermit(words);
    Atomics.add(words, ATTEMPTS, 1);
    return result;
  }, Infinity);
  words[LOG + Atomics.add(words, LOG_LENGTH, 1)] = number;
}

/** Blocks in the list, and when it is ended there blocks again in each way. */
export function waitWhileEnding(buffer: SharedArrayBuffer, way: number): void {
  const list = new WaitList(new Int32Array(buffer), 0);
  const attempt = () => PENDING;
  try {
    list.waitSync(attempt, Infinity);
  } finally {
    if (way === 0) list.waitSync(attempt, Infinity);
    if (way === 1) list.waitForNotifySync(() => {}, Infinity);
    if (way === 2) waitForSeveralSync([list], attempt, Infinity);
  }
}

/** Takes so many permits and never gives up waiting for one. */
export async function takePermits(
  buffer: SharedArrayBuffer,
  count: number,
  sync: boolean,
): Promise<void> {
  const words = new Int32Array(buffer);
  const list = new WaitList(words, 0);
  const attempt = () => tryTakePermit(words);
  const take = async (times: number) => {
    for (let i = 0; i < times; i++) {
      if (sync) list.waitSync(attempt, Infinity);
      else await list.wait(attempt, { deadline: Infinity });
      Atomics.add(words, TAKEN, 1);
    }
  };
  if (sync) await take(count);
  else await Promise.all([1, 2, 3, 4].map(() => take(count / 4)));
}

/**
 * Waits for permits with short timeouts, gives back what it takes, and may be
 * terminated at any time. Ends when there is no more `WORKING`.
 */
export function makeNoiseSync(buffer: SharedArrayBuffer, seed: number): void {
  const words = new Int32Array(buffer);
  const list = new WaitList(words, 0);
  const random = new Random(seed);
  const attempt = () => tryTakePermit(words);
  while (Atomics.load(words, WORKING) !== 0) {
    const deadline = performance.now() + random.next() * 0.2;
    if (list.waitSync(attempt, deadline) === PENDING) continue;
    Atomics.add(words, PERMITS, 1);
    list.notify();
  }
}

/** As {@linkcode makeNoiseSync}, but awaits, and aborts its waits as well. */
export async function makeNoise(
  buffer: SharedArrayBuffer,
  seed: number,
): Promise<void> {
  const words = new Int32Array(buffer);
  const list = new WaitList(words, 0);
  const random = new Random(seed);
  const attempt = () => tryTakePermit(words);
  while (Atomics.load(words, WORKING) !== 0) {
    const aborts = [1, 2, 3].map(() => new AbortController());
    const waits = aborts.map(async ({ signal }) => {
      const deadline = performance.now() + random.next() * 2;
      const result = await list.wait(attempt, { deadline, signal });
      if (result === PENDING) return;
      Atomics.add(words, PERMITS, 1);
      list.notify();
    });
    for (let turn = random.below(3); turn > 0; turn--) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    for (const abort of aborts) if (random.below(2) === 0) abort.abort();
    await Promise.allSettled(waits);
  }
}

/** Gives so many permits, one at a time or some at once. */
export async function givePermits(
  buffer: SharedArrayBuffer,
  count: number,
  seed: number,
): Promise<void> {
  const words = new Int32Array(buffer);
  const list = new WaitList(words, 0);
  const random = new Random(seed);
  for (let left = count; left > 0;) {
    const now = Math.min(left, 1 + random.below(3));
    Atomics.add(words, PERMITS, now);
    if (random.below(8) === 0) list.notifyAll();
    else for (let i = 0; i < now; i++) list.notify();
    left -= now;
    if (random.below(100) === 0) await new Promise((r) => setTimeout(r, 1));
    pause(random.below(300));
  }
}

/** Awaits a permit in vain and ends while that goes on. */
export function leaveWaiting(buffer: SharedArrayBuffer): void {
  const words = new Int32Array(buffer);
  const list = new WaitList(words, 0);
  list.wait(() => PENDING, { deadline: Infinity }).catch(() => {});
  close();
}

declare function close(): void;

// The ring's owner words, as the ring tests use them.
const NOT_EMPTY = OWNER_WORDS;
const NOT_FULL = OWNER_WORDS + 16;

/** The length of a producer's record; what is in it follows from it too. */
function lengthOf(producer: number, sequence: number): number {
  return 9 + (Math.imul(sequence, 2654435761) >>> 8) % (50 + producer * 700);
}

/** Puts records: producer, sequence, then bytes that follow from both. */
export function produceRecords(
  buffer: SharedArrayBuffer,
  producer: number,
  count: number,
): void {
  const ring = new Ring(buffer);
  const notEmpty = new WaitList(ring.words, NOT_EMPTY);
  const notFull = new WaitList(ring.words, NOT_FULL);
  const cargo = new Cargo();
  for (let sequence = 0; sequence < count; sequence++) {
    const length = lengthOf(producer, sequence);
    cargo.kind = Kind.BYTES;
    cargo.length = length;
    cargo.reserve(length);
    cargo.bytes.fill(producer * 31 + sequence, 0, length);
    cargo.ints[0] = producer;
    cargo.ints[1] = sequence;
    const attempt = () => ring.put(cargo) === "put" || PENDING;
    if (attempt() === PENDING) notFull.waitSync(attempt, Infinity);
    notEmpty.notify();
    // A waiter for less room may be next.
    notFull.notify();
  }
}

/** Takes and checks records until the ring is closed and empty. */
export function consumeRecords(
  buffer: SharedArrayBuffer,
  producers: number,
): { taken: number[]; faults: string[] } {
  const ring = new Ring(buffer);
  const notEmpty = new WaitList(ring.words, NOT_EMPTY);
  const notFull = new WaitList(ring.words, NOT_FULL);
  const cargo = new Cargo();
  const last = new Array(producers).fill(-1);
  const taken = new Array(producers).fill(0);
  const faults: string[] = [];
  const check = (is: boolean, fault: () => string) => {
    if (!is && faults.length < 10) faults.push(fault());
  };
  const attempt = () =>
    ring.take(cargo) ||
    (ring.isClosed && ring.count === 0 ? false : PENDING);
  for (;;) {
    let result = attempt();
    if (result === PENDING) result = notEmpty.waitSync(attempt, Infinity);
    if (result !== true) return { taken, faults };
    notFull.notify();
    const [producer, sequence] = cargo.ints;
    const { count, limit } = ring;
    check(count >= 0 && count <= limit, () => `count is ${count}`);
    check(cargo.kind === Kind.BYTES, () => `kind is ${cargo.kind}`);
    check(
      sequence > last[producer],
      () => `${sequence} after ${last[producer]} of ${producer}`,
    );
    check(
      cargo.length === lengthOf(producer, sequence),
      () => `length is ${cargo.length} of ${producer}/${sequence}`,
    );
    const byte = (producer * 31 + sequence) & 255;
    const body = cargo.bytes.subarray(8, cargo.length);
    check(
      body.every((is) => is === byte),
      () => `torn record ${producer}/${sequence}`,
    );
    last[producer] = sequence;
    taken[producer]++;
  }
}

expose(import.meta, {
  countUnderMutex,
  takePermitSync,
  waitWhileEnding,
  takePermits,
  makeNoiseSync,
  makeNoise,
  givePermits,
  leaveWaiting,
  produceRecords,
  consumeRecords,
});
