import {
  assertEquals,
  assertLess,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  expose,
  Gil,
  Pool,
  prestartWorkers,
  Queue,
  sleepSync,
  Thread,
} from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import { echo } from "../support/thread_functions.ts";

Deno.test("what isn't of its type is a TypeError, where it enters", async () => {
  const wrong = (value: unknown) => value as never;
  assertThrows(() => expose(import.meta, wrong(undefined)), TypeError);
  assertThrows(() => expose(import.meta, wrong([sleepSync])), TypeError);
  assertThrows(
    () => new Thread(sleepSync, { args: [1], name: wrong(5) }),
    TypeError,
    "the name must be a string, received number",
  );
  assertThrows(
    () => new Pool(wrong("2")),
    TypeError,
    "workers must be a number, received string",
  );
  assertThrows(
    () => new Pool(1, { initializer: sleepSync, initargs: wrong(5) }),
    TypeError,
    "initargs must be an array, received number",
  );
  assertThrows(() => new Gil().run(wrong(5)), TypeError);
  await assertRejects(
    () => prestartWorkers(wrong("2")),
    TypeError,
    "the count must be a number, received string",
  );
});

threadTest("What is no flag is refused", async () => {
  const wrong = "no" as never;
  await using pool = new Pool(1);
  const calls: Record<string, () => unknown> = {
    "shut down queue: immediate": () =>
      new Queue().shutdown({ immediate: wrong }),
    "close pool: immediate": () => pool.close({ immediate: wrong }),
    "create pool: printName": () => new Pool(1, { printName: wrong }),
  };
  for (const name of ["daemon", "fresh", "printName"]) {
    calls[`create thread: ${name}`] = () =>
      new Thread(sleepSync, { args: [0], [name]: wrong });
  }
  for (const [what, call] of Object.entries(calls)) {
    assertThrows(
      call,
      TypeError,
      `Cannot ${what} must be a boolean, received string`,
    );
  }
  assertEquals(await pool.apply(echo, [1]), 1);
});

threadTest("Pool.apply() refuses arguments that are no array", async () => {
  await using pool = new Pool(1);
  await assertRejects(
    () => pool.apply(sleepSync, 5 as never),
    TypeError,
    "args must be an array, received number",
  );
});

threadTest("a large result takes about as long as its clone", async () => {
  const large = new Uint8Array(64 << 20);
  const time = async (action: () => unknown) => {
    const start = performance.now();
    await action();
    return performance.now() - start;
  };
  const clone = await time(() => structuredClone(large));
  const thread = new Thread(echo, { args: [large] });
  const trip = await time(async () => {
    thread.start();
    await thread.join();
  });
  // There and back is two clones; element by element it would be hundreds.
  assertLess(trip, clone * 50 + 1000);
});
