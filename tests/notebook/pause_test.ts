import { assertEquals } from "@std/assert";
import { pause } from "../../labs/notebook/pause.ts";
import { expose, Queue, Thread } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";

/** Computes, as a thread that a busy machine keeps from its first line. */
export function computeThenWait(words: Int32Array, go: Queue<number>): void {
  const end = performance.now() + 500;
  while (performance.now() < end);
  words[0] = 1;
  go.getSync();
}

expose(import.meta, { computeThenWait });

threadTest("pause() goes on until every thread waits", async () => {
  const words = new Int32Array(new SharedArrayBuffer(4));
  const go = new Queue<number>();
  const thread = new Thread(computeThenWait, { args: [words, go] });
  thread.start();
  await pause(0.01);
  assertEquals(words[0], 1);
  await go.put(0);
  await thread.join();
});
