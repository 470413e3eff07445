import { assertEquals, assertStringIncludes } from "@std/assert";
import { BoundedSemaphore, Event, Semaphore, type Thread } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/locks.ts";
import type { Step } from "../support/locks.ts";
import { startNamed } from "../support/start.ts";
import { until } from "../support/until.ts";
import { warningsOf } from "../support/warnings.ts";

const PATIENCE = 30;
const newWords = () => new Int32Array(new SharedArrayBuffer(12));

/** Gives a thread up once it computes. */
async function giveUp(thread: Thread, words: Int32Array): Promise<void> {
  await until(() => Atomics.load(words, fns.COMPUTES) === 1);
  await warningsOf(() => thread.terminate());
}
const waysToEnd = ["self.close()", "Deno.exit()", "being given up", "return"];

for (const how of waysToEnd) {
  const target = how === "return" ? fns.leavePermits : fns.endWithPermits;

  threadTest(
    `Permits that \`using\` holds are given back by ${how}`,
    async () => {
      for (const Class of [Semaphore, BoundedSemaphore]) {
        const semaphore = new Class(3);
        const [come, go] = [new Event(), new Event()];
        const words = newWords();
        const args = [semaphore, how, come, go, words];
        const thread = startNamed("ends", target, ...args);
        const ended = thread.join(PATIENCE).catch(() => {});
        await come.wait();
        assertEquals(semaphore.tryAcquire(), undefined);
        const steps: Step[] = [[0, "acquireSync"]];
        const blocked = startNamed("waits", fns.scriptSync, [semaphore], steps);
        const awaited = semaphore.acquire({ timeout: PATIENCE });
        go.set();
        if (how === "being given up") await giveUp(thread, words);
        await Promise.all([ended, awaited, blocked.join(PATIENCE)]);
        // The third belonged to no thread.
        assertEquals(semaphore.tryAcquire(), undefined);
        assertStringIncludes(`${semaphore}`, "value=0");
        Atomics.store(words, fns.GO_ON, 1);
      }
    },
  );
}

threadTest(
  "What a thread that was given up gives back is another's",
  async () => {
    const semaphore = new BoundedSemaphore(3);
    const [come, go] = [new Event(), new Event()];
    const words = newWords();
    const args = [semaphore, "being given up", come, go, words];
    const thread = startNamed("ends", fns.endWithPermits, ...args);
    await come.wait();
    go.set();
    await giveUp(thread, words);
    semaphore.release();
    const permits = [1, 2, 3].map(() => semaphore.tryAcquire()!);
    // It gives its permits back once it is done with computing.
    Atomics.store(words, fns.GO_ON, 1);
    await until(() => Atomics.load(words, fns.DONE) === 1);
    assertStringIncludes(`${semaphore}`, "value=0");
    for (const permit of permits) permit[Symbol.dispose]();
    assertStringIncludes(`${semaphore}`, "value=3");
  },
);

Deno.test("A permit that is disposed of twice is given back once", () => {
  const semaphore = new Semaphore(2);
  const permits = Array.from({ length: 2 }, () => semaphore.acquireSync());
  for (const permit of [...permits, ...permits]) permit[Symbol.dispose]();
  assertStringIncludes(`${semaphore}`, "value=2");
});
