import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { sleep, Thread } from "../../mod.ts";
import {
  abandonWaits,
  PENDING,
  WaitList,
  type WaitOptions,
} from "../../lib/sync/wait_list.ts";
import { waitForSeveral } from "../../lib/sync/several_lists.ts";
import {
  allocateWaiter,
  currentWaiter,
  NEXT,
  PREVIOUS,
  releaseWaiter,
  STATE,
  Stopped,
  stopThread,
  STRIDE,
  waiterWords,
} from "../../lib/sync/waiters.ts";
import { Mark } from "../../lib/sync/recorder.ts";
import { threadTest } from "../support/threads.ts";
import {
  ATTEMPTS,
  leaveWaiting,
  LOG,
  LOG_LENGTH,
  PERMITS,
  takePermitSync,
  waitWhileEnding,
} from "../support/shared_threads.ts";
import { waitersInUse } from "../support/waiters.ts";
import { until } from "../support/until.ts";

function setUp() {
  const buffer = new SharedArrayBuffer(256);
  const words = new Int32Array(buffer);
  return { buffer, words, list: new WaitList(words, 0) };
}

const soon = () => performance.now() + 20;

Deno.test("WaitList.wait() returns at once what an attempt returns", async () => {
  const { list } = setUp();
  assertEquals(await list.wait(() => 1, { deadline: Infinity }), 1);
  assertEquals(list.waitSync(() => 2, Infinity), 2);
  assertEquals(list.hasWaiters, false);
});

Deno.test("WaitList: a loop of waits that have no time lets timers go on", async () => {
  const { list } = setUp();
  const attempt = () => PENDING;
  const options = { deadline: 0 };
  for (
    const wait of [
      () => sleep(0),
      () => list.wait(attempt, options),
      () => list.waitForNotify(() => {}, options),
      () => waitForSeveral([list], attempt, options),
    ]
  ) {
    let isOver = false;
    setTimeout(() => isOver = true);
    for (let turns = 0; !isOver; turns++) {
      assert(turns < 1_000_000, `${wait}`);
      await wait();
    }
  }
});

Deno.test("WaitList.wait() and waitSync() give PENDING at the deadline", async () => {
  const { list } = setUp();
  let attempts = 0;
  const attempt = () => (attempts++, PENDING);
  assertEquals(await list.wait(attempt, { deadline: soon() }), PENDING);
  assertEquals(list.waitSync(attempt, soon()), PENDING);
  assertEquals(list.waitSync(attempt, -Infinity), PENDING);
  // One when it has entered the list, one when it has left.
  assertEquals(attempts, 6);
  assertEquals(list.hasWaiters, false);
});

Deno.test("WaitList.wait() takes what came in time, whoever woke it", async () => {
  const { list } = setUp();
  let there = false;
  const attempt = () => there ? "there" : PENDING;
  const waiting = list.wait(attempt, { deadline: soon() });
  there = true; // nobody notifies
  assertEquals(await waiting, "there");
});

Deno.test("WaitList.notify() wakes first whoever came first", async () => {
  const { words, list } = setUp();
  const woken: number[] = [];
  const waits = [1, 2, 3, 4].map((number) => {
    let attempts = 0;
    return list.wait(
      () => ++attempts === 1 ? PENDING : woken.push(number),
      { deadline: Infinity },
    );
  });
  for (let i = 0; i < 4; i++) {
    list.notify();
    await waits[i];
    assertEquals(woken.length, i + 1);
  }
  assertEquals(woken, [1, 2, 3, 4]);
  assertEquals([...words.subarray(0, 3)], [0, 0, 0]);
});

Deno.test("WaitList.notifyAll() wakes everyone, in their order", async () => {
  const { words, list } = setUp();
  const woken: number[] = [];
  const waits = [1, 2, 3].map((number) => {
    let attempts = 0;
    return list.wait(
      () => ++attempts === 1 ? PENDING : woken.push(number),
      { deadline: Infinity },
    );
  });
  list.notifyAll();
  await Promise.all(waits);
  assertEquals(woken, [1, 2, 3]);
  assertEquals([...words.subarray(0, 3)], [0, 0, 0]);
});

Deno.test("WaitList: one in the middle of the list can leave it", async () => {
  const { words, list } = setUp();
  const aborts = [0, 1, 2, 3].map(() => new AbortController());
  const waits = aborts.map(({ signal }) =>
    list.wait(() => PENDING, { deadline: Infinity, signal })
      .catch((reason) => reason)
  );
  for (const i of [1, 3, 0, 2]) {
    assert(list.hasWaiters);
    aborts[i].abort(i);
    assertEquals(await waits[i], i);
  }
  assertEquals([...words.subarray(0, 3)], [0, 0, 0]);
});

Deno.test("WaitList.wait() rejects with the signal's reason at once", async () => {
  const { list } = setUp();
  const abort = new AbortController();
  const waiting = list.wait(() => PENDING, {
    deadline: performance.now() + 60_000,
    signal: abort.signal,
  });
  const begin = performance.now();
  setTimeout(() => abort.abort(new Error("enough")), 10);
  await assertRejects(() => waiting, Error, "enough");
  assert(performance.now() - begin < 10_000);
  assertEquals(list.hasWaiters, false);
});

Deno.test("WaitList.wait() rejects if the signal was aborted before", async () => {
  const { list } = setUp();
  const signal = AbortSignal.abort(new Error("before"));
  await assertRejects(
    () => list.wait(() => 1, { deadline: Infinity, signal }),
    Error,
    "before",
  );
});

Deno.test("WaitList.wait() passes on the wake that it doesn't use", async () => {
  const { list } = setUp();
  const abort = new AbortController();
  const first = list.wait(
    () => PENDING,
    { deadline: Infinity, signal: abort.signal },
  );
  let there = false;
  const attempt = () => there ? "second" : PENDING;
  const second = list.wait(attempt, { deadline: performance.now() + 5e3 });
  there = true;
  list.notify(); // for the first, which leaves before it runs again
  const begin = performance.now();
  abort.abort(new Error("left"));
  await assertRejects(() => first, Error, "left");
  assertEquals(await second, "second");
  assert(performance.now() - begin < 4e3, "woken, not timed out");
});

/** A wake of its own, in the same turn as that of a wait. */
async function abortAfterWake(steps: number, abort: AbortController) {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const { value } = Atomics.waitAsync(word, 0, 0);
  Atomics.notify(word, 0);
  await value;
  for (let step = 0; step < steps; step++) await null;
  abort.abort(new Error("left"));
}

for (const how of ["wait", "waitForNotify", "waitForSeveral"] as const) {
  Deno.test(`${how}(): an abort at any step after the wake leaves no waiter in the list`, async () => {
    const { list } = setUp();
    const other = setUp().list;
    const before = waitersInUse();
    for (let steps = 0; steps < 20; steps++) {
      const abort = new AbortController();
      const options = { deadline: Infinity, signal: abort.signal };
      const never = () => PENDING;
      const waiting = how === "wait"
        ? list.wait(never, options)
        : how === "waitForNotify"
        ? list.waitForNotify(() => {}, options)
        : waitForSeveral([list, other], never, options);
      const settled = waiting.then(() => "done", ({ message }) => message);
      const aborted = abortAfterWake(steps, abort);
      list.notify();
      await aborted;
      const ending = await settled;
      if (how !== "waitForNotify") assertEquals(ending, "left");
      assertEquals(list.hasWaiters, false, `${steps} steps`);
      assertEquals(other.hasWaiters, false, `${steps} steps`);
      assertEquals(waitersInUse(), before);
    }
  });
}

Deno.test("WaitList.waitForNotify() passes on the wake that it doesn't use", async () => {
  const { list } = setUp();
  for (let steps = 0; steps < 20; steps++) {
    const abort = new AbortController();
    const prepare = () => {};
    const first = list.waitForNotify(
      prepare,
      { deadline: Infinity, signal: abort.signal },
    ).catch(() => false);
    const second = list.waitForNotify(prepare, { deadline: Infinity });
    const aborted = abortAfterWake(steps, abort);
    list.notify();
    await aborted;
    if (await first) list.notify();
    assertEquals(await second, true);
    assertEquals(list.hasWaiters, false);
  }
});

Deno.test("WaitList.wait() leaves no waiter behind", async () => {
  const { list } = setUp();
  const before = waitersInUse();
  for (let i = 0; i < 500; i++) {
    const abort = new AbortController();
    const endings: WaitOptions[] = [
      { deadline: performance.now() },
      { deadline: Infinity, signal: abort.signal },
      { deadline: Infinity },
    ];
    const waits = endings.map((options) =>
      list.wait(() => PENDING, options).catch(() => {})
    );
    const failing = list.wait(() => {
      throw new Error("attempt");
    }, { deadline: Infinity });
    const taking = list.wait(() => 1, { deadline: Infinity });
    abort.abort();
    abandonWaits(new Error("over"));
    await Promise.allSettled([...waits, failing, taking]);
  }
  assertEquals(list.hasWaiters, false);
  assertEquals(waitersInUse(), before);
});

Deno.test("WaitList.wait(): waiters are used again only when they are free", async () => {
  const { list } = setUp();
  // Each abandoned wait gives its waiter to the next before it runs again.
  const reasons: unknown[] = [];
  for (let i = 0; i < 100; i++) {
    list.wait(() => PENDING, { deadline: Infinity })
      .catch((reason) => reasons.push(reason));
    if (i < 99) abandonWaits(i);
  }
  await until(() => reasons.length === 99);
  assertEquals(reasons, Array.from({ length: 99 }, (_, i) => i));
  assert(list.hasWaiters);
  abandonWaits(99);
  await until(() => reasons.length === 100);
  assertEquals(list.hasWaiters, false);
});

Deno.test("WaitList.wait(): past the table's end is a RangeError", async () => {
  const { list } = setUp();
  const waiters: number[] = [];
  try {
    await assertRejects(
      async () => {
        for (;;) {
          waiters.push(allocateWaiter());
          if (waiters.length % 1000 === 0) await Promise.resolve();
        }
      },
      RangeError,
      "waits are pending already",
    );
    await assertRejects(
      () => list.wait(() => PENDING, { deadline: Infinity }),
      RangeError,
      "Cannot wait: 131070 waits are pending already",
    );
  } finally {
    waiters.reverse().forEach(releaseWaiter);
  }
  assertEquals(await list.wait(() => 1, { deadline: Infinity }), 1);
});

Deno.test("WaitList: a wake that ends in an error is passed on", async () => {
  const refuse = () => {
    if (there) throw new Error("refused");
    return PENDING;
  };
  let there = false;
  const { list } = setUp();
  const behind = () => list.waitForNotify(() => {}, { deadline: soon() });
  const wake = () => {
    there = true;
    list.notify();
  };

  const first = list.wait(refuse, { deadline: Infinity });
  const second = behind();
  wake();
  await assertRejects(() => first, Error, "refused");
  assertEquals(await second, true);

  const { wait } = Atomics;
  there = false;
  let third: ReturnType<typeof behind> | undefined;
  Atomics.wait = (() => {
    third = behind();
    wake();
    return "ok";
  }) as typeof wait;
  try {
    assertThrows(() => list.waitSync(refuse, soon()), Error, "refused");
  } finally {
    Atomics.wait = wait;
  }
  assertEquals(await third, true);
});

Deno.test("WaitList: the order to end doesn't pass for a wake", () => {
  const { words, list } = setUp();
  const STOP = 3;
  const waiter = currentWaiter();
  const isState = (array: unknown, index: number) =>
    array === waiterWords() && index === waiter * STRIDE + STATE;
  const { load, wait } = Atomics;
  const looks = (order: "before" | "after") => ({
    load(array: Int32Array, index: number) {
      if (order === "before" && isState(array, index)) stopThread(waiter);
      const value = load(array, index);
      if (order === "after" && isState(array, index)) stopThread(waiter);
      return value;
    },
  });
  const sleeps = {
    wait(array: Int32Array, index: number, value: number, timeout: number) {
      if (isState(array, index)) stopThread(waiter);
      return wait(array, index, value, timeout);
    },
  };
  // When the order comes: around the waiter's look at its state, or right before
  // it sleeps.
  for (const stubs of [looks("before"), looks("after"), sleeps]) {
    Object.assign(Atomics, stubs);
    try {
      assertThrows(() => list.waitSync(() => PENDING, soon()), Stopped);
    } finally {
      Object.assign(Atomics, { load, wait });
      waiterWords()[waiter * STRIDE + STOP] = 0;
    }
    assertEquals([...words.subarray(0, 3)], [0, 0, 0]);
  }
});

threadTest(
  "WaitList: blocked and awaiting threads stand in one line",
  async () => {
    const { buffer, words, list } = setUp();
    const attempt = () => {
      if (words[PERMITS] === 0) return PENDING;
      Atomics.sub(words, PERMITS, 1);
      words[LOG + Atomics.add(words, LOG_LENGTH, 1)] = 0;
      return true;
    };
    const ends: Promise<unknown>[] = [];
    const TAIL = 2;
    for (let number = 1; number <= 6; number++) {
      const tail = Atomics.load(words, TAIL);
      const attempts = Atomics.load(words, ATTEMPTS);
      if (number % 3 === 0) {
        ends.push(list.wait(attempt, { deadline: Infinity }));
      } else {
        const thread = new Thread(takePermitSync, { args: [buffer, number] });
        thread.start();
        ends.push(thread.join());
        // Once in the list it tries, and would take what is another's.
        await until(() => Atomics.load(words, ATTEMPTS) !== attempts);
      }
      await until(() => Atomics.load(words, TAIL) !== tail);
    }
    for (const end of ends) {
      Atomics.add(words, PERMITS, 1);
      list.notify();
      await end;
    }
    assertEquals([...words.subarray(LOG, LOG + 6)], [1, 2, 0, 4, 5, 0]);
  },
);

threadTest(
  "WaitList: a thread that is terminated leaves the list",
  async () => {
    const { buffer, words, list } = setUp();
    const TAIL = 2;
    const threads = [1, 2, 3].map((number) =>
      new Thread(takePermitSync, { args: [buffer, number] })
    );
    for (const thread of threads) {
      const tail = Atomics.load(words, TAIL);
      thread.start();
      await until(() => Atomics.load(words, TAIL) !== tail);
    }
    await threads[1].terminate();
    await threads[0].terminate();
    Atomics.store(words, PERMITS, 1);
    list.notify();
    await threads[2].join();
    assertEquals(words[LOG], 3);
    assertEquals([...words.subarray(0, 3)], [0, 0, 0]);
  },
);

threadTest("WaitList: a worker that ends leaves no waiter behind", async () => {
  const { buffer, list } = setUp();
  const end = async () => {
    const thread = new Thread(leaveWaiting, { args: [buffer] });
    thread.start();
    await thread.join().catch(() => {});
    await sleep(0);
  };
  await end();
  await until(() => !list.hasWaiters);
  const before = waitersInUse();
  for (let i = 0; i < 10; i++) await end();
  await until(() => !list.hasWaiters);
  // The last worker's waiters may be on their way back.
  await until(() => waitersInUse() <= before);
});

threadTest("WaitList: a thread that is ended stands in no list", async () => {
  for (const way of [0, 1, 2]) {
    const { buffer, list } = setUp();
    const thread = new Thread(waitWhileEnding, { args: [buffer, way] });
    thread.start();
    await until(() => list.hasWaiters);
    await thread.terminate();
    assertEquals(list.hasWaiters, false, `way ${way}`);
  }
});

Deno.test("WaitList: a list that was damaged to a circle ends in an error", () => {
  const words = new Int32Array(new SharedArrayBuffer(4 * WaitList.WORDS));
  const list = new WaitList(words, 0, Mark.NONE, { room: () => 0 });
  const waiter = allocateWaiter();
  list.enter(waiter, 1);
  const at = waiter * STRIDE;
  // It is its own neighbour, and no room suffices for it.
  waiterWords()[at + NEXT] = waiterWords()[at + PREVIOUS] = waiter;
  assertThrows(() => list.notify(), Error, "shared memory is damaged");
  // The mutex was given back.
  assertEquals(words[0] & 3, 0);
  waiterWords()[at + NEXT] = waiterWords()[at + PREVIOUS] = 0;
  list.leave(waiter);
  releaseWaiter(waiter);
});
