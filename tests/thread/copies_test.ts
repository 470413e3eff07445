import { assertEquals, assertStringIncludes } from "@std/assert";
import { Event, Pool, Queue } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import {
  pass,
  useCopy,
  useShared,
  waitForCopy,
} from "../support/top_level_objects.ts";

threadTest("A worker is warned of its own copy of a queue, once", async () => {
  await using pool = new Pool(1);
  const queue = new Queue<unknown>();
  const done = new Event();
  const passedOn = await pool.apply(pass, []);
  const shared = pool.apply(useShared, [queue, done]);
  await queue.get();
  done.set();
  assertEquals(await shared, []);
  assertEquals(passedOn.unfinishedTasks, 1);
  const warnings = await pool.apply(useCopy, []);
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0], "A Queue is used in a worker that made it");
  assertStringIncludes(warnings[0], "import.meta.main");
  assertEquals(await pool.apply(useCopy, []), []);
});

threadTest(
  "A worker is warned where it waits for its own semaphore",
  async () => {
    await using pool = new Pool(1);
    const [held, waited] = await pool.apply(waitForCopy, []);
    // The lock was free.
    assertEquals([held.length, waited.length], [0, 1]);
    assertStringIncludes(
      waited[0],
      "A Semaphore is used in a worker that made it",
    );
  },
);

Deno.test("The main thread is not warned of what its modules make", async () => {
  const { warn } = console;
  const warnings: unknown[] = [];
  console.warn = (...args) => warnings.push(args);
  try {
    assertEquals(await useCopy(), []);
  } finally {
    console.warn = warn;
  }
  assertEquals(warnings, []);
});
