import { assertEquals, assertLess } from "@std/assert";
import {
  activeCount,
  Pool,
  prestartWorkers,
  Queue,
  Thread,
} from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/thread_functions.ts";

/** How many workers were made while the function ran. */
async function workersMade(fn: () => Promise<void>): Promise<number> {
  const Original = globalThis.Worker;
  let made = 0;
  globalThis.Worker = class extends Original {
    constructor(...args: ConstructorParameters<typeof Original>) {
      super(...args);
      made++;
    }
  };
  try {
    await fn();
  } finally {
    globalThis.Worker = Original;
  }
  return made;
}

threadTest("500 threads one after another share a worker", async () => {
  await prestartWorkers(1);
  const idents = new Set<number>();
  const made = await workersMade(async () => {
    for (let i = 0; i < 500; i++) {
      const thread = new Thread(fns.add, { args: [i, i] });
      thread.start();
      idents.add(thread.ident!);
      assertEquals(await thread.join(), 2 * i);
    }
  });
  assertEquals(made, 0);
  assertEquals(idents.size, 500);
  assertEquals(activeCount(), 1);
});

threadTest("50 threads run at once", async () => {
  const begun = new Queue<string>();
  const go = new Queue<number>();
  const threads = Array.from(
    { length: 50 },
    () => new Thread(fns.getter, { args: [begun, go] }),
  );
  for (const thread of threads) thread.start();
  for (let i = 0; i < 50; i++) await begun.get();
  assertEquals(activeCount(), 51);
  for (let i = 0; i < 50; i++) go.putNowait(i);
  const results = await Promise.all(threads.map((thread) => thread.join()));
  assertEquals(
    (results as number[]).sort((a, b) => a - b),
    Array.from({ length: 50 }, (_, i) => i),
  );
  assertEquals(activeCount(), 1);
});

threadTest("A terminated thread's worker isn't used again", async () => {
  const begun = new Queue<string>();
  for (let i = 0; i < 3; i++) {
    const thread = new Thread(fns.asyncSleeper, { args: [begun, 3600] });
    thread.start();
    await begun.get();
    await thread.terminate();
    const next = new Thread(fns.add, { args: [i, 1] });
    next.start();
    assertEquals(await next.join(), i + 1);
  }
});

threadTest("Workers that were started ahead serve pools, once", async () => {
  await prestartWorkers(2);
  const usePool = async () => {
    await using pool = new Pool(2);
    await Promise.all([
      pool.apply(fns.add, [1, 2]),
      pool.apply(fns.add, [1, 2]),
    ]);
  };
  assertEquals(await workersMade(usePool), 0);
  assertEquals(await workersMade(usePool), 2);
});

threadTest("Workers with old modules give way to new ones", async () => {
  // More than are ever kept, none of which knows the module that comes.
  await prestartWorkers(40);
  const { multiply } = await import("../support/thread_late.ts");
  const made = await workersMade(async () => {
    for (let i = 0; i < 10; i++) {
      const thread = new Thread(fns.add, { args: [i, 1] });
      thread.start();
      await thread.join();
    }
  });
  assertLess(made, 2);
  // Not even as a fresh one.
  const fresh = new Thread(multiply, { args: [3, 4], fresh: true });
  fresh.start();
  assertEquals(await fresh.join(), 12);
});
