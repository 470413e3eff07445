import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Event, Pool, Queue } from "../../mod.ts";
import { processTest, threadTest } from "../support/threads.ts";
import {
  uses,
  warningsOfNone,
  warningsOfUse,
} from "../support/top_level_copies.ts";
import { pass, useCopy, useShared } from "../support/top_level_objects.ts";

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
  "A worker is warned of its own copy, however it is used",
  async () => {
    for (const use of Object.keys(uses)) {
      await using pool = new Pool(1);
      const warnings = await pool.apply(warningsOfUse, [use]);
      assertEquals(warnings.length, 1, use);
      const [name] = use.split(" ");
      assertMatch(
        warnings[0],
        new RegExp(`^An? ${name} is used in a worker that`),
      );
      assertStringIncludes(warnings[0], "`args`");
      assertStringIncludes(warnings[0], "`initargs`");
      assertStringIncludes(
        warnings[0],
        "If each worker is meant to have its own, create it inside a function.",
      );
    }
  },
);

threadTest("A worker is not warned of what its functions make", async () => {
  await using pool = new Pool(1);
  assertEquals(await pool.apply(warningsOfNone, []), []);
});

processTest("A global counter under a global lock is warned of", async () => {
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "run",
      "--no-check",
      "--allow-read",
      "tests/support/top_level_copies.ts",
    ],
    cwd: new URL("../../", import.meta.url),
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "0\n");
  assertStringIncludes(
    new TextDecoder().decode(stderr),
    "A Lock is used in a worker that made it while loading a module",
  );
});

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
