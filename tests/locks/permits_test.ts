import { assertEquals, assertStringIncludes } from "@std/assert";
import { BoundedSemaphore, Event, Semaphore, sleep } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/locks.ts";
import type { Step } from "../support/locks.ts";
import { startNamed } from "../support/start.ts";
import { warningsOf } from "../support/warnings.ts";

const PATIENCE = 30;
const waysToEnd = ["self.close()", "Deno.exit()", "being given up", "return"];

for (const how of waysToEnd) {
  const target = how === "return" ? fns.leavePermits : fns.endWithPermits;

  threadTest(
    `Permits that \`using\` holds are given back by ${how}`,
    async () => {
      for (const Class of [Semaphore, BoundedSemaphore]) {
        const semaphore = new Class(3);
        const [come, go] = [new Event(), new Event()];
        const thread = startNamed("ends", target, semaphore, how, come, go);
        const ended = thread.join(PATIENCE).catch(() => {});
        await come.wait();
        assertEquals(semaphore.tryAcquire(), undefined);
        const steps: Step[] = [[0, "acquireSync"]];
        const blocked = startNamed("waits", fns.scriptSync, [semaphore], steps);
        const awaited = semaphore.acquire({ timeout: PATIENCE });
        go.set();
        if (how === "being given up") {
          await warningsOf(() => thread.terminate());
        }
        await Promise.all([ended, awaited, blocked.join(PATIENCE)]);
        // The third belonged to no thread.
        assertEquals(semaphore.tryAcquire(), undefined);
        assertStringIncludes(`${semaphore}`, "value=0");
      }
    },
  );
}

threadTest(
  "What a thread that was given up gives back is another's",
  async () => {
    const semaphore = new BoundedSemaphore(3);
    const [come, go] = [new Event(), new Event()];
    const how = "being given up";
    const thread = startNamed(
      "ends",
      fns.endWithPermits,
      semaphore,
      how,
      come,
      go,
    );
    await come.wait();
    go.set();
    await warningsOf(() => thread.terminate());
    semaphore.release();
    const permits = [1, 2, 3].map(() => semaphore.tryAcquire()!);
    // It gives its permits back once it is done with computing.
    await sleep(2.8);
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
