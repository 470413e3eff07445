import { assertEquals, assertThrows } from "@std/assert";
import { Barrier, Event, Queue, Thread } from "../../mod.ts";
import { handle, type Shareable } from "../../lib/codec/references.ts";
import { countOf, Mutex, STEP } from "../../lib/sync/mutex.ts";
import { threadTest } from "../support/threads.ts";
import {
  COUNTER,
  countUnderMutex,
  OVERLAPS,
} from "../support/shared_threads.ts";

threadTest("Mutex lets one thread in at a time", async () => {
  const buffer = new SharedArrayBuffer(64);
  const words = new Int32Array(buffer);
  const THREADS = 4;
  const TIMES = 100_000;
  const threads = Array.from(
    { length: THREADS },
    () => new Thread(countUnderMutex, { args: [buffer, TIMES, THREADS + 1] }),
  );
  await Promise.all(threads.map((thread) => thread.start()));
  // The main thread contends as well.
  countUnderMutex(buffer, TIMES, THREADS + 1);
  for (const thread of threads) await thread.join();
  assertEquals(words[OVERLAPS], 0);
  assertEquals(words[COUNTER], (THREADS + 1) * TIMES);
  // Nothing of the mutex is left in the word, and no step is lost.
  assertEquals(words[0], (THREADS + 1) * TIMES * STEP);
});

threadTest("Mutex.lock() sleeps until the holder unlocks", async () => {
  const buffer = new SharedArrayBuffer(64);
  const words = new Int32Array(buffer);
  const mutex = new Mutex(words, 0);
  mutex.lock();
  const thread = new Thread(countUnderMutex, { args: [buffer, 1, 1] });
  thread.start();
  // It says that it sleeps by writing that the mutex is contended.
  while (Atomics.load(words, 0) === 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assertEquals(words[COUNTER], 0);
  mutex.unlock(5 * STEP);
  await thread.join();
  assertEquals(words[COUNTER], 1);
  assertEquals(countOf(words[0]), 6);
});

/** Calls it with all sleeps cut short. */
function withoutSleep(fn: () => void): void {
  const { wait } = Atomics;
  const briefly = (...args: [Int32Array, number, number]) =>
    wait(args[0], args[1], args[2], 1);
  Atomics.wait = briefly as typeof wait;
  try {
    fn();
  } finally {
    Atomics.wait = wait;
  }
}

Deno.test("Mutex.lock() throws where nobody will ever unlock", () => {
  const words = new Int32Array([STEP + 1]);
  withoutSleep(() => {
    assertThrows(
      () => new Mutex(new Int32Array(shared(words)), 0).lock(),
      Error,
      "shared memory is damaged: a mutex was held for ten seconds",
    );
  });
});

/** The same words in shared memory. */
function shared(words: Int32Array): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(words.byteLength);
  new Int32Array(buffer).set(words);
  return buffer;
}

Deno.test("One damaged word doesn't freeze the main thread", () => {
  const operations: Record<string, () => [Shareable, () => unknown]> = {
    "putNowait()": () => {
      const queue = new Queue<number>();
      return [queue, () => queue.putNowait(1)];
    },
    "getNowait()": () => {
      const queue = new Queue<number>();
      queue.putNowait(1);
      return [queue, () => queue.getNowait()];
    },
    "set()": () => {
      const event = new Event();
      return [event, () => event.set()];
    },
    "abort()": () => {
      const barrier = new Barrier(3);
      return [barrier, () => [barrier.abort(), barrier.broken]];
    },
  };
  withoutSleep(() => {
    for (const [name, make] of Object.entries(operations)) {
      for (let word = 0; word < 100; word++) {
        for (const value of [1, -1, 7, 2 ** 31 - 1]) {
          const [object, operation] = make();
          const words = new Int32Array(object[handle]().buffer);
          if (word >= words.length) continue;
          words[word] = value;
          const start = performance.now();
          try {
            operation();
          } catch (error) {
            if (!(error instanceof Error)) throw error;
          }
          const took = performance.now() - start;
          // Far less than for ever, however busy the machine is.
          if (took > 20_000) throw new Error(`${name}, word ${word}: ${took}`);
        }
      }
    }
  });
});
