import { assertEquals } from "@std/assert";
import { Thread } from "../../mod.ts";
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
