import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type AnyFunction,
  cpuCount,
  enumerate,
  Gil,
  Pool,
  Queue,
  sleep,
  Thread,
} from "../../mod.ts";
import {
  aliveSlots,
  allocateSlot,
  Slot,
} from "../../lib/thread/thread_table.ts";
import { processTest, threadTest } from "../support/threads.ts";
import * as fns from "../support/thread_functions.ts";
import { until } from "../support/until.ts";
import { warningsOf } from "../support/warnings.ts";

/** Starts the target, which says when it is about to wait, and ends it. */
async function endsAtOnce<F extends AnyFunction>(
  target: F,
  ...args: unknown[]
): Promise<void> {
  const warnings = await warningsOf(async () => {
    const begun = new Queue<string>();
    const thread = new Thread(target, {
      args: [begun, ...args] as unknown as Parameters<F>,
      name: "ended",
    });
    thread.start();
    assertEquals(await begun.get(), "begun");
    await thread.terminate();
    assertEquals(thread.isAlive, false);
    const error = await assertRejects(
      () => thread.join(),
      DOMException,
      "ended was terminated",
    );
    assertEquals(error.name, "AbortError");
    assertThrows(() => thread.joinSync(), DOMException);
    await thread[Symbol.asyncDispose]();
  });
  assertEquals(warnings, []);
  assertEquals(enumerate().length, 1);
}

threadTest("Thread.terminate() ends a thread that sleeps", async () => {
  await endsAtOnce(fns.sleeper, 3600);
  await endsAtOnce(fns.asyncSleeper, 3600);
});

threadTest(
  "Thread.terminate() ends a thread that waits in Queue.get()",
  async () => {
    const queue = new Queue<number>();
    await endsAtOnce(fns.getter, queue);
    await endsAtOnce(fns.asyncGetter, queue);
    // They took nothing with them.
    queue.putNowait(1);
    assertEquals(queue.getNowait(), 1);
  },
);

threadTest(
  "Thread.terminate() ends a thread that waits in Queue.put()",
  async () => {
    const queue = new Queue<number>(3);
    await endsAtOnce(fns.putter, queue);
    assertEquals(queue.size <= 3, true);
    const left = queue.size;
    for (let i = 0; i < left; i++) assertEquals(queue.getNowait(), i);
  },
);

threadTest(
  "Thread.terminate() ends a thread that waits for a Gil",
  async () => {
    const gil = new Gil();
    const begun = new Queue<string>();
    const holder = new Thread(fns.gilSleeper, { args: [begun, gil] });
    holder.start();
    await begun.get();
    const waiter = new Thread(fns.gilTaker, { args: [begun, gil] });
    waiter.start();
    await begun.get();
    await waiter.terminate();
    await assertRejects(() => waiter.join(), DOMException, "was terminated");
    assert(holder.isAlive);
    await holder.terminate();
    await assertRejects(() => holder.join(), DOMException, "was terminated");
    assertEquals(gil.run(() => 1), 1);
  },
);

threadTest("Thread.terminate() ends a thread that awaits a timer", async () => {
  await endsAtOnce(fns.timerWaiter);
});

threadTest("Thread.terminate() before the target is called", async () => {
  for (let i = 0; i < 5; i++) {
    const begun = new Queue<string>();
    const thread = new Thread(fns.sleeper, { args: [begun, 3600] });
    thread.start();
    await thread.terminate();
    await assertRejects(() => thread.join(), DOMException, "was terminated");
  }
});

threadTest("Thread.terminate() wakes whoever joins", async () => {
  const begun = new Queue<string>();
  const thread = new Thread(fns.sleeper, { args: [begun, 3600] });
  thread.start();
  const joins = [
    assertRejects(() => thread.join(), DOMException),
    assertRejects(() => thread.join(3600), DOMException),
  ];
  await begun.get();
  await Promise.all([thread.terminate(), thread.terminate()]);
  await Promise.all(joins);
});

threadTest("Thread.terminate() leaves alone what isn't alive", async () => {
  const thread = new Thread(fns.add, { args: [1, 2] });
  await thread.terminate();
  thread.start();
  assertEquals(await thread.join(), 3);
  await thread.terminate();
  assertEquals(await thread.join(), 3);
});

/** Keeps the cores busy with processes while something runs. */
async function besideBusyProcesses(
  fn: () => Promise<void>,
  count = 2,
): Promise<void> {
  const args = [
    "eval",
    "const end = Date.now() + 60e3; while (Date.now() < end);",
  ];
  const command = new Deno.Command("deno", { args });
  const processes = Array.from({ length: count }, () => command.spawn());
  try {
    await fn();
  } finally {
    for (const process of processes) process.kill("SIGKILL");
    await Promise.all(processes.map((process) => process.status));
  }
}

processTest(
  "Threads that wait are ended at once, on a busy machine",
  async () => {
    const warnings = await warningsOf(() =>
      besideBusyProcesses(async () => {
        const threads = Array.from({ length: 24 }, (_, i) => {
          const args = [["sync", "async", "timer"][i % 3]] as const;
          return new Thread(fns.nap, { args });
        });
        await Promise.all(threads.map((thread) => thread.start()));
        await Promise.all(threads.map((thread) => thread.terminate()));
        for (const thread of threads) {
          const error = await assertRejects(() => thread.join(), DOMException);
          assertEquals(error.name, "AbortError");
        }
      })
    );
    assertEquals(warnings, []);
  },
);

processTest("Idle pools are ended at once, on a busy machine", async () => {
  const warnings = await warningsOf(() =>
    besideBusyProcesses(async () => {
      const pools = Array.from({ length: 4 }, () => new Pool(4));
      await Promise.all(pools.map((pool) => pool.map(fns.echo, [1, 2, 3])));
      await Promise.all(pools.map((pool) => pool.terminate()));
    })
  );
  assertEquals(warnings, []);
});

threadTest("A thread that was given up ends no other thread", async () => {
  const begun = new Queue<string>();
  const go = new Queue<number>();
  const words = new Int32Array(new SharedArrayBuffer(12));
  const thread = new Thread(fns.spinThenLinger, { args: [begun, words] });
  thread.start();
  await begun.get();
  const slot = indexOf(thread);
  await warningsOf(() => thread.terminate());
  // Its worker leaves, and is interrupted. Its slot goes to one of the next threads.
  words[0] = 1;
  const next: Thread<typeof fns.getter>[] = [];
  do {
    const getter = new Thread(fns.getter, { args: [begun, go] });
    getter.start();
    await begun.get();
    next.push(getter);
  } while (indexOf(next.at(-1)!) !== slot && next.length < 200);
  words[1] = 1;
  await until(() => Atomics.load(words, 2) === 1);
  await sleep(0.05);
  for (const i of next.keys()) go.putNowait(i);
  await Promise.all(next.map((getter) => getter.join()));
});

/** The index of the slot of a thread that is alive. */
function indexOf({ ident }: { ident: number | undefined }): number | undefined {
  return aliveSlots().find((slot) => slot.ident === ident)?.index;
}

processTest(
  "A loop that comes late to its next call isn't given up, on a busy machine",
  async () => {
    const warnings = await warningsOf(() =>
      besideBusyProcesses(async () => {
        const turns = new Queue<number>();
        const thread = new Thread(fns.computeAndPut, { args: [turns, 300] });
        thread.start();
        await turns.get();
        await thread.terminate();
        await assertRejects(() => thread.join(), DOMException, "terminated");
      }, 2 * cpuCount())
    );
    assertEquals(warnings, []);
  },
);

/** The slot that the next thread would get. */
function nextSlot(): number {
  const index = allocateSlot({ name: "probe", daemon: true, waiter: 0 });
  new Slot(index).free();
  return index;
}

threadTest(
  "A thread that is terminated before it begins gives its slot back",
  async () => {
    const { never } = await import("../support/loading/hanging.ts");
    const slot = nextSlot();
    for (let i = 0; i < 3; i++) {
      const thread = new Thread(never);
      thread.start();
      await thread.terminate();
      assertEquals(thread.isAlive, false);
      await assertRejects(() => thread.join(), DOMException, "was terminated");
      assertEquals(nextSlot(), slot);
    }
  },
);
