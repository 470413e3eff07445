// To take this lab with you, as one file that needs nothing beside it:
//
//     deno task copy threads threads.ts

/**
 * Lab 9, first part: threads. What sleeps needs no processor, so two threads
 * that sleep for a second are done after one second, and so are ten.
 *
 *     deno task lab:threads
 *     deno run --no-prompt --allow-read=labs,lib,vendor,mod.ts labs/threads.ts
 */

import { expose, sleepSync, Thread } from "@lab9/concurrency";
import { cell, runLab, time } from "./notebook/cell.ts";

cell(4, "do_something() sleeps for a second");

export function doSomething(): void {
  console.log("Sleeping 1 second...");
  sleepSync(1);
  console.log("Done sleeping");
}

cell(5, "two calls in a row", { needs: [4] }, () => {
  const start = time();

  doSomething();
  doSomething();

  console.log(`Finished in ${(time() - start).toFixed(1)} seconds`);
});

cell(7, "two threads", { needs: [4], prestart: 2 }, async () => {
  const start = time();

  const t1 = new Thread(doSomething);
  const t2 = new Thread(doSomething);

  t1.start();
  t2.start();

  // Wait for the threads to finish.
  await t1.join();
  await t2.join();

  // Most of the time was spent waiting. Unlike Python's, these threads would
  // run in parallel even if they computed.
  console.log(`Finished in ${(time() - start).toFixed(1)} seconds`);
});

// As printed, the notebook's cell joins both threads. Its recorded output ends
// the clock at 0.0 before either is done: it was run without the joins. So it is
// here; the threads are joined after the clock was read.
cell(8, "two threads, not joined", { needs: [4], prestart: 2 }, async () => {
  const start = time();

  const t1 = new Thread(doSomething);
  const t2 = new Thread(doSomething);

  await t1.start();
  await t2.start();

  console.log(`Finished in ${(time() - start).toFixed(1)} seconds`);

  await t1.join();
  await t2.join();
});

cell(9, "do_something_specific() sleeps for some seconds");

export function doSomethingSpecific(seconds: number): void {
  console.log(`Sleeping ${seconds} ${seconds === 1 ? "second" : "seconds"}...`);
  sleepSync(seconds);
  console.log("Done sleeping");
}

cell(10, "ten threads", {
  needs: [9],
  prestart: ({ workers }) => workers,
}, async ({ workers, quick, seconds = quick ? 1 : 2 }) => {
  const start = time();

  const threads: Thread[] = [];

  for (let i = 0; i < workers; i++) {
    const t = new Thread(doSomethingSpecific, { args: [seconds] });
    t.start();
    threads.push(t);
  }

  for (const thread of threads) {
    await thread.join();
  }

  console.log(`Finished in ${(time() - start).toFixed(1)} seconds`);
});

// Other threads find the functions under these names.
expose(import.meta, { doSomething, doSomethingSpecific });

if (import.meta.main) {
  await runLab({
    name: "threads",
    about: "Threads: starting them, joining them, and what waiting costs.",
    workers: 10,
    workersHelp: "How many threads cell [10] starts",
  });
}
