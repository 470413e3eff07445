import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  Event,
  Lock,
  LockPoisonedError,
  Queue,
  sleep,
  Thread,
  type ThreadOptions,
  WorkerLostError,
} from "../../mod.ts";
import { Mutex } from "../../lib/sync/mutex.ts";
import * as fns from "../support/isolation.ts";
import { threadTest } from "../support/threads.ts";
import { until } from "../support/until.ts";
import { untilAlone } from "../support/until_alone.ts";
import { warningsOf } from "../support/warnings.ts";

const LIMIT = { memoryLimit: 24 } as const;

for (const way of ["objects", "afterAwait"] as const) {
  for (const how of ["join", "joinSync"] as const) {
    threadTest(
      `Thread with memoryLimit: ${how}() throws when the heap is exhausted (${way})`,
      async () => {
        const thread = new Thread(fns.exhaust, { ...LIMIT, args: [way] });
        thread.start();
        const error = how === "join"
          ? await assertRejects(() => thread.join(), WorkerLostError)
          : assertThrows(() => thread.joinSync(), WorkerLostError);
        assertStringIncludes(error.message, "it ran out of memory");
        assertStringIncludes(error.message, "24 MB by memoryLimit");
        assert(!thread.isAlive);
      },
    );
  }
}

/** A thread that computes without end. */
async function loopingThread(
  args: [way: keyof typeof fns.loops, words: Int32Array],
): Promise<Thread<typeof fns.loop>> {
  const thread = new Thread(fns.loop, { isolation: "killable", args });
  thread.start();
  await until(() => Atomics.load(args[1], 0) > 0);
  return thread;
}

async function assertStill(words: Int32Array): Promise<void> {
  await until(() => {
    const before = Atomics.load(words, 0);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    return Atomics.load(words, 0) === before;
  });
}

threadTest(
  "Thread with isolation: terminate() really ends what computes for ever, without a warning",
  async () => {
    const words = new Int32Array(new SharedArrayBuffer(4));
    const warnings = await warningsOf(async () => {
      const thread = await loopingThread(["counts", words]);
      await thread.terminate();
      assert(!thread.isAlive);
      const error = await assertRejects(() => thread.join(), DOMException);
      assertEquals(error.name, "AbortError");
    });
    assertEquals(warnings, []);
    await assertStill(words);
  },
);

threadTest(
  "Thread with isolation: terminate() ends what inspects values for ever",
  async () => {
    const words = new Int32Array(new SharedArrayBuffer(4));
    // Nearly all of the time the thread is in Deno's native code.
    for (let times = 0; times < 3; times++) {
      const thread = await loopingThread(["inspects", words]);
      await thread.terminate();
      await assertRejects(() => thread.join(), DOMException, "terminated");
      await assertStill(words);
      const [turns] = words;
      await sleep(0.1);
      assertEquals(words[0], turns);
    }
  },
);

threadTest(
  "Thread with isolation: a block that it ends in is left in peace",
  async () => {
    const words = new Int32Array(new SharedArrayBuffer(4));
    await using thread = await loopingThread(["counts", words]);
    await thread.terminate();
  },
);

threadTest(
  "Thread with isolation: the polite stop comes first, its finally blocks run",
  async () => {
    const queue = new Queue<number>();
    const ready = new Event();
    const thread = new Thread(fns.sum, {
      isolation: "killable",
      args: [queue, ready],
    });
    thread.start();
    await ready.wait();
    await thread.terminate();
    assertEquals(queue.isShutdown, true);
  },
);

threadTest(
  "Thread with isolation: its lock is poisoned when it is ended by force",
  async () => {
    const lock = new Lock();
    const words = new Int32Array(new SharedArrayBuffer(4));
    const thread = new Thread(fns.loopHolding, {
      isolation: "killable",
      args: [lock, words],
    });
    thread.start();
    await until(() => Atomics.load(words, 0) > 0);
    await thread.terminate();
    await assertRejects(() => lock.acquire(), LockPoisonedError);
  },
);

threadTest(
  "Thread with isolation: it isn't ended while it holds a mutex",
  async () => {
    for (let i = 0; i < 3; i++) {
      const words = new Int32Array(new SharedArrayBuffer(12));
      const thread = new Thread(fns.loopLocking, {
        isolation: "killable",
        args: [words],
      });
      thread.start();
      await until(() => Atomics.load(words, 0) > 100);
      await thread.terminate();
      const mutex = new Mutex(words, 1);
      mutex.lock();
      mutex.unlock();
    }
  },
);

threadTest(
  "Thread with isolation: its worker is kept for threads that are isolated alike",
  async () => {
    const numberOf = async (options: ThreadOptions) => {
      const thread = new Thread(fns.countRuns, options);
      thread.start();
      return await thread.join();
    };
    const memoryLimit = 123;
    assertEquals(await numberOf({ memoryLimit }), 1);
    assertEquals(await numberOf({ memoryLimit }), 2);
    assertEquals(await numberOf({ memoryLimit: memoryLimit + 1 }), 1);
    assertEquals(await numberOf({ memoryLimit, fresh: true }), 1);
  },
);

threadTest(
  "Thread with isolation: process.exit(), self.close() and Deno.exit() end the thread only",
  async () => {
    for (const end of [fns.exits, fns.closes, fns.exitsDeno]) {
      const thread = new Thread(end, { isolation: "killable" });
      thread.start();
      await assertRejects(() => thread.join(), WorkerLostError, "closed");
    }
  },
);

threadTest("Thread: a thread starts isolated threads and pools", async () => {
  const thread = new Thread(fns.startsIsolated);
  thread.start();
  const { exhausted, square, looped } = await thread.join();
  assertStringIncludes(exhausted, "24 MB by memoryLimit");
  assertStringIncludes(looped, "AbortError");
  assertEquals(square, 9);
});

threadTest(
  "Thread: what an isolated thread has started ends, or goes on, as with any other",
  async () => {
    const words = new Int32Array(new SharedArrayBuffer(12));
    const thread = new Thread(fns.startsThenLoops, {
      isolation: "killable",
      args: [words],
    });
    thread.start();
    await until(() => Atomics.load(words, 0) > 0);
    await thread.terminate();
    // Its own thread goes on, and ends when it is told to.
    const ended = untilAlone();
    Atomics.store(words, 1, 1);
    Atomics.notify(words, 1);
    await ended;
    assertEquals(Atomics.load(words, 2), 1);
  },
);

Deno.test("new Thread() refuses a memoryLimit and an isolation that are none", () => {
  for (
    const [options, error] of [
      [{ memoryLimit: "64" }, TypeError],
      [{ memoryLimit: 1 }, RangeError],
      [{ isolation: "none" }, TypeError],
      [{ isolation: "killable", permissions: { read: ["/tmp"] } }, TypeError],
    ] as const
  ) {
    assertThrows(
      () => new Thread(fns.closes, options as unknown as ThreadOptions),
      error,
      "Cannot create thread: ",
    );
  }
});
