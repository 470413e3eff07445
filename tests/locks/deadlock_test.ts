import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  Barrier,
  Condition,
  DeadlockError,
  Event,
  Lock,
  Queue,
  RLock,
  Semaphore,
  Thread,
} from "../../mod.ts";
import { owned } from "../../lib/locks/lock.ts";
import { Ownership } from "../../lib/locks/ownership.ts";
import {
  allocateWaiter,
  assignWaiter,
  releaseWaiter,
  STRIDE,
  vacateWaiter,
  waiterWords,
} from "../../lib/sync/waiters.ts";
import { enterLockWait, leaveLockWait } from "../../lib/locks/wait_graph.ts";
import { threadTest } from "../support/threads.ts";
import {
  acquireTwice,
  aMoment,
  holdAndAwait,
  holdAndWait,
  holdAndWaitAndRelease,
  holdAndWaitFor,
  joinNamed,
  notifyAndWait,
  scriptSync,
  type Step,
  takeInTurn,
  waitsForLocks,
} from "../support/locks.ts";
import { startNamed } from "../support/start.ts";
import { until } from "../support/until.ts";
import { waitersInUse } from "../support/waiters.ts";

/** Who is not done after so many seconds hangs. */
const PATIENCE = 30;

/** What came of the threads: the deadlocks, and what the others returned. */
async function outcomes(threads: Thread[]) {
  const deadlocks: DeadlockError[] = [];
  const results: unknown[] = [];
  const joins = threads.map((thread) => thread.join(PATIENCE));
  for (const end of await Promise.allSettled(joins)) {
    if (end.status === "fulfilled") {
      results.push(end.value);
      continue;
    }
    assertInstanceOf(end.reason, DeadlockError, String(end.reason));
    deadlocks.push(end.reason);
  }
  return { deadlocks, results };
}

function makeLock(i: number): Lock {
  const name = `lock ${i}`;
  return i % 2 === 0 ? new Lock({ name }) : new RLock({ name });
}

/** What each of the ring's threads waits for: a lock, or the next one's end. */
const kinds: Record<string, (i: number) => "lock" | "join"> = {
  locks: () => "lock",
  joins: () => "join",
  "locks and joins": (i) => i % 3 === 1 ? "join" : "lock",
};

for (const [what, kindOf] of Object.entries(kinds)) {
  threadTest(`DeadlockError tells rings of ${what}`, async () => {
    for (let size = 2; size <= 8; size++) {
      const locks = Array.from({ length: size }, (_, i) => makeLock(i));
      const allHold = new Barrier(size);
      const nextOf = (i: number) => (i + 1) % size;
      const threads = locks.map((lock, i) => {
        const next = nextOf(i);
        const wanted = kindOf(i) === "lock" ? locks[next] : `T${next}`;
        return startNamed(`T${i}`, holdAndWait, lock, wanted, allHold);
      });
      const { deadlocks, results } = await outcomes(threads);
      assertEquals(results.length, size - 1);
      assertEquals(deadlocks.length, 1);
      const [{ ring, message }] = deadlocks;
      const first = Number(ring[0].thread.slice(1));
      const expected = locks.map((_, turn) => {
        const i = (first + turn) % size;
        const next = nextOf(i);
        const label = `${next % 2 === 0 ? "Lock" : "RLock"} lock ${next}`;
        const waitsFor = kindOf(i) === "lock" ? label : `T${next}`;
        return { thread: `T${i}`, waitsFor, heldBy: `T${next}` };
      });
      assertEquals(ring, expected);
      for (const { thread, waitsFor, heldBy } of ring) {
        assertStringIncludes(
          message,
          waitsFor === heldBy
            ? `  ${thread} waits for the end of ${heldBy}`
            : `  ${thread} waits for ${waitsFor}, which ${heldBy} holds`,
        );
      }
      assertEquals(locks.map((lock) => lock.isLocked), locks.map(() => false));
    }
    assertEquals(waitsForLocks(), 0);
  });
}

threadTest("DeadlockError in joinSync() of the main thread", async () => {
  const lock = new Lock({ name: "held" });
  const hold = lock.acquireSync();
  const thread = startNamed("T", scriptSync, [lock], [[0, "acquireSync"], [
    0,
    "release",
  ]]);
  await until(() => lock[owned].node !== 0);
  await aMoment();
  const error = assertThrows(() => thread.joinSync(), DeadlockError);
  assertEquals(error.ring, [
    { thread: "MainThread", waitsFor: "T", heldBy: "T" },
    { thread: "T", waitsFor: "Lock held", heldBy: "MainThread" },
  ]);
  assertEquals(
    error.message,
    `Cannot join T: 2 threads would wait for each other for ever
  MainThread waits for the end of T
  T waits for Lock held, which MainThread holds`,
  );
  hold[Symbol.dispose]();
  assertEquals(thread.joinSync(), ["held", undefined]);
});

threadTest("DeadlockError of a thread that the main one joins", async () => {
  const lock = new Lock({ name: "held" });
  using _held = lock.acquireSync();
  const thread = startNamed("T", scriptSync, [scriptSync, lock], [
    [0, "apply", undefined, [[], []]],
    [1, "tryAcquire"],
    [1, "acquireSync"],
  ]);
  // Whichever of the two is later closes the ring.
  const error = assertThrows(() => thread.joinSync(), DeadlockError);
  assertEquals(error.ring.length, 2);
  const names = error.ring.map(({ thread }) => thread).sort();
  assertEquals(names, ["MainThread", "T"]);
  if (!thread.isAlive) return;
  lock.release();
  await thread.join(PATIENCE);
});

threadTest("A ring with a timeout is no deadlock", async () => {
  for (const timeout of [0.1, 1e9]) {
    const [a, b] = [new Lock(), new RLock()];
    const allHold = new Barrier(2);
    const threads = [
      startNamed("T0", holdAndWait, a, b, allHold, timeout),
      startNamed("T1", holdAndWait, b, a, allHold, 0.2),
    ];
    const ends = await Promise.allSettled(threads.map((t) => t.join(PATIENCE)));
    const errors = ends.filter((end) => end.status === "rejected");
    for (const { reason } of errors) assertEquals(reason.name, "TimeoutError");
    assert(errors.length > 0);
  }
});

threadTest("A ring with one that awaits is no deadlock", async () => {
  const locks = [0, 1, 2].map(makeLock);
  const allHold = new Barrier(3);
  const { deadlocks, results } = await outcomes([
    startNamed("T0", holdAndWait, locks[0], locks[1], allHold),
    startNamed("T1", holdAndAwait, locks[1], locks[2], allHold),
    startNamed("T2", holdAndWait, locks[2], locks[0], allHold),
  ]);
  assertEquals(deadlocks, []);
  assertEquals(results, ["both", "both", "both"]);
});

threadTest("A thread that waits for its own lock is no deadlock", async () => {
  const lock = new Lock();
  const steps = [[0, "acquireSync"], [0, "acquireSync"]];
  const thread = startNamed("T", scriptSync, [lock], steps);
  await until(() => lock[owned].node !== 0);
  await aMoment();
  assert(thread.isAlive);
  lock.release(); // by another thread than the holder: that is what it waits for
  assertEquals(await thread.join(PATIENCE), ["held", "held"]);
  lock.release();
});

threadTest(
  "A ring of a lock that others release is no deadlock",
  async () => {
    const signal = new Lock();
    const taken = new Event();
    const steps = [[0, "acquireSync"], [1, "set"], [0, "acquireSync"], [
      0,
      "release",
    ]];
    const taker = startNamed("taker", scriptSync, [signal, taken], steps);
    await taken.wait();
    signal.release();
    await taker.join(PATIENCE);
    // Now it has been used as a signal: a ring of it may be opened from outside.
    const other = new Lock();
    const allHold = new Barrier(2);
    const threads = [
      startNamed("T0", holdAndWait, signal, other, allHold),
      startNamed("T1", holdAndWait, other, signal, allHold),
    ];
    await until(() => signal[owned].node !== 0 && other[owned].node !== 0);
    await aMoment();
    assert(threads.every((thread) => thread.isAlive));
    signal.release();
    assertEquals((await outcomes(threads)).deadlocks, []);
  },
);

threadTest("A wait on a condition is in no ring", async () => {
  const [held, inner] = [new Lock(), new Lock()];
  const condition = new Condition(inner);
  const allHold = new Barrier(2);
  const waiter = startNamed("waiter", holdAndWaitFor, held, condition, allHold);
  await allHold.wait();
  // It waits for what the waiter holds, while it holds the condition's lock.
  const other = startNamed("other", scriptSync, [inner, held, condition], [
    [0, "acquireSync"],
    [2, "notify"],
    [0, "release"],
    [1, "acquireSync"],
    [1, "release"],
  ]);
  const { deadlocks, results } = await outcomes([waiter, other]);
  assertEquals(deadlocks, []);
  assertEquals(results[0], "notified");
});

threadTest(
  "Who wakes from a wait on a condition may close a ring",
  async () => {
    const [held, inner] = [makeLock(0), makeLock(1)];
    const condition = new Condition(inner);
    const allHold = new Barrier(2);
    const waiter = startNamed(
      "waiter",
      holdAndWaitFor,
      held,
      condition,
      allHold,
    );
    await allHold.wait();
    const other = startNamed("other", notifyAndWait, condition, held);
    const { deadlocks, results } = await outcomes([waiter, other]);
    assertEquals(deadlocks.length, 1);
    assertEquals(deadlocks[0].ring.length, 2);
    assertEquals(results, [waiter.result ?? other.result]);
    assertEquals([held.isLocked, inner.isLocked], [false, false]);
  },
);

for (const i of [0, 1]) {
  const inner = makeLock(i);
  threadTest(
    `Who loses a ${inner.constructor.name} to a deadlock releases no other's`,
    async () => {
      const held = new Lock();
      const condition = new Condition(inner);
      const waiting = new Event();
      const { name } = DeadlockError;
      const waiter = startNamed(
        "waiter",
        holdAndWaitAndRelease,
        held,
        condition,
        waiting,
      );
      await waiting.wait();
      using _inner = inner.acquireSync();
      held.acquireSync();
      assert(inner[owned].isMine);
      assertEquals(await waiter.join(PATIENCE), name);
      held.release();
    },
  );
}

threadTest("Semaphores are in no ring", async () => {
  const [a, b] = [new Semaphore(), new Semaphore()];
  const both = new Barrier(2);
  const steps = [
    [0, "acquireSync"],
    [2, "waitSync"],
    [1, "acquireSync"],
  ];
  const threads = [[a, b, both], [b, a, both]].map((things, i) =>
    startNamed(`T${i}`, scriptSync, things, steps)
  );
  await aMoment();
  a.release();
  b.release();
  assertEquals((await outcomes(threads)).deadlocks, []);
});

threadTest("A joined thread that goes on is no deadlock", async () => {
  const lock = new Lock();
  const ready = new Event();
  const holder = startNamed("holder", scriptSync, [lock, ready], [
    [0, "acquireSync"],
    [1, "waitSync"],
    [0, "release"],
  ]);
  await until(() => lock.isLocked);
  const joiners = [1, 2, 3].map((i) =>
    startNamed(`J${i}`, joinNamed, "holder")
  );
  const waiters = [1, 2].map((i) =>
    startNamed(`W${i}`, scriptSync, [lock], [[0, "acquireSync"], [
      0,
      "release",
    ]])
  );
  await aMoment();
  ready.set();
  assertEquals(
    (await outcomes([holder, ...joiners, ...waiters])).deadlocks,
    [],
  );
});

/** A thread, as far as the locks can tell. */
class Puppet {
  readonly waiter = allocateWaiter();
  readonly threadId: number;
  /** The word that tells whether it is alive. */
  readonly threadIdAt = this.waiter * STRIDE + 4;

  constructor(name: string) {
    this.threadId = assignWaiter(this.waiter, name);
  }

  /** A lock that it holds. */
  lock(label: string): { words: Int32Array; lock: Ownership } {
    const words = new Int32Array(new SharedArrayBuffer(Ownership.WORDS * 4));
    words[0] = this.threadId;
    return {
      words,
      lock: new Ownership(words, 0, { label, reentrant: false }),
    };
  }

  [Symbol.dispose](): void {
    vacateWaiter(this.waiter);
    releaseWaiter(this.waiter);
  }
}

Deno.test("A lock that is released in this very moment is in no ring", () => {
  using one = new Puppet("one");
  using two = new Puppet("two");
  using three = new Puppet("three");
  const a = two.lock("a").lock;
  const { words, lock: b } = three.lock("b");
  const c = one.lock("c").lock;
  enterLockWait(b, two.waiter, true);
  enterLockWait(c, three.waiter, true);
  // Just when the main thread has released b, one waits for a.
  const { compareExchange } = Atomics;
  let entered = 0;
  Atomics.compareExchange = ((...args: Parameters<typeof compareExchange>) => {
    const result = compareExchange(...args);
    if (args[0] as unknown === words && entered++ === 0) {
      enterLockWait(a, one.waiter, true);
    }
    return result;
  }) as typeof compareExchange;
  try {
    assertEquals(b.give(), true);
  } finally {
    Atomics.compareExchange = compareExchange;
  }
  assertEquals(entered, 1);
  leaveLockWait(a, one.waiter);
  leaveLockWait(b, two.waiter);
  leaveLockWait(c, three.waiter);
});

Deno.test("A holder that releases and ends in this very moment is fine", () => {
  using holder = new Puppet("holder");
  const { words, lock } = holder.lock("lock");
  const { load } = Atomics;
  let ended = 0;
  Atomics.load = ((...args: Parameters<typeof load>) => {
    if (args[0] as unknown === waiterWords() && args[1] === holder.threadIdAt) {
      if (ended++ === 0) {
        words[0] = 0;
        vacateWaiter(holder.waiter);
      }
    }
    return load(...args);
  }) as typeof load;
  try {
    assertNotEquals(lock.takeSync(0), 0);
  } finally {
    Atomics.load = load;
  }
  assert(ended > 0);
});

Deno.test("Nothing is left in the graph of waits, whoever waited", async () => {
  const lock = new Lock();
  lock.acquireSync();
  const wait = async () => {
    await assertRejects(() => lock.acquire({ timeout: 0 }), DOMException);
    await Promise.all(
      [1, 2].map(() =>
        assertRejects(() => lock.acquire({ timeout: 0 }), DOMException)
      ),
    );
    assertThrows(() => lock.acquireSync({ timeout: 0 }), DOMException);
  };
  await wait();
  const before = waitersInUse();
  for (let i = 0; i < 5; i++) {
    await wait();
    assertEquals(lock[owned].node, 0);
    assertEquals(waitersInUse(), before);
    assertEquals(waitsForLocks(), 0);
  }
});

Deno.test("A wait for which no waiter is left changes nothing", async () => {
  const lock = new Lock();
  lock.acquireSync();
  const words = waiterWords();
  const before = waitersInUse();
  const nodes = words[5];
  words[5] = 0;
  const waiters: number[] = [];
  assertThrows(() => {
    for (;;) waiters.push(allocateWaiter());
  }, RangeError);
  try {
    for (const spare of [0, 1]) {
      if (spare > 0) releaseWaiter(waiters.pop()!);
      const inUse = waitersInUse();
      await assertRejects(() => lock.acquire(), RangeError, "Cannot wait");
      assertEquals(waitersInUse(), inUse);
      assertEquals(waitsForLocks(), 0);
    }
  } finally {
    waiters.forEach(releaseWaiter);
    words[5] = nodes;
  }
  assertEquals(waitersInUse(), before);
  lock.release();
  using _held = await lock.acquire();
});

threadTest("A thread that is being ended is in no deadlock", async () => {
  for (let i = 0; i < 20; i++) {
    const [a, b] = [new Lock(), new Lock()];
    const begun = new Queue<string>();
    const word = new Int32Array(new SharedArrayBuffer(4));
    const first = new Thread(takeInTurn, { args: [a, b, begun, word] });
    first.start();
    await begun.get();
    const second = new Thread(takeInTurn, { args: [b, a, begun] });
    second.start();
    await begun.get();
    await until(() => waitsForLocks() === 1);
    const ending = second.terminate();
    Atomics.store(word, 0, 1);
    await ending;
    assertEquals(await first.join(), "taken");
  }
});

const holdsItself =
  "Cannot acquire Lock own: this thread holds it itself, use " +
  "RLock to acquire it again\n  MainThread waits for Lock own, which MainThread holds";

Deno.test("A thread that holds a lock of its own can't wait for it", async () => {
  const lock = new Lock({ name: "own" });
  const condition = new Condition(lock);
  for (const hold of [() => lock.acquireSync(), () => lock.acquire()]) {
    using _held = await hold();
    for (const one of [lock, condition]) {
      const error = assertThrows(() => one.acquireSync(), DeadlockError);
      assertEquals(error.message, holdsItself);
    }
    // As in Python.
    const error = assertThrows(
      () => lock.acquireSync({ timeout: 0.001 }),
      DOMException,
    );
    assertEquals(error.name, "TimeoutError");
    assertEquals(lock.isLocked, true);
  }
  // Another function of the thread may release it.
  lock.acquireSync();
  const again = lock.acquire();
  lock.release();
  (await again)[Symbol.dispose]();
  assertEquals(lock.isLocked, false);
});

threadTest(
  "A worker that holds a lock of its own can't wait for it",
  async () => {
    const thread = startNamed("T", acquireTwice);
    const error = await assertRejects(
      () => thread.join(PATIENCE),
      DeadlockError,
    );
    assertStringIncludes(error.message, "this thread holds it itself");
  },
);

threadTest(
  "A thread may wait for a lock it holds that another may release",
  async () => {
    const [lock, passed] = [new Lock(), new Lock()];
    const twice: Step[] = [[0, "acquireSync"], [0, "acquireSync"], [
      0,
      "release",
    ]];
    const thread = startNamed("T", scriptSync, [lock], twice);
    await until(() => lock[owned].node !== 0);
    lock.release();
    await thread.join(PATIENCE);
    passed.acquireSync();
    // A moment later, when the main thread waits.
    const other = startNamed("T", scriptSync, [passed, new Event()], [
      [1, "waitSync", { timeout: 0.05 }],
      [0, "release"],
    ]);
    passed.acquireSync();
    passed.release();
    await other.join(PATIENCE);
  },
);
