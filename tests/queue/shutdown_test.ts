import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Full, Queue, ShutDown } from "../../lib/queue/queue.ts";
import { Thread } from "../../lib/thread/thread.ts";
import { queueKinds } from "../support/queues.ts";
import { threadTest } from "../support/threads.ts";
import { call, drain, drainAsync, putUntilShutDown } from "../support/queue.ts";

const PUT = "Cannot put into queue: it was shut down";
const GET = "Cannot get from queue: it was shut down";
const both = [false, true];

/** Time for a thread to fall asleep. Nothing goes wrong if it doesn't. */
const aMoment = () => new Promise((resolve) => setTimeout(resolve, 30));

async function assertNoPut(queue: Queue<unknown>, item: unknown) {
  assertThrows(() => queue.putNowait(item), ShutDown, PUT);
  assertThrows(() => queue.putSync(item), ShutDown, PUT);
  assertThrows(() => queue.putSync(item, { timeout: 0 }), ShutDown, PUT);
  await assertRejects(() => queue.put(item), ShutDown, PUT);
  await assertRejects(() => queue.put(item, { timeout: 5 }), ShutDown, PUT);
}

/** The number that was put, whatever queue it came through. */
function numberIn(item: unknown): number {
  return (Array.isArray(item) ? item[1] : item) as number;
}

async function assertNoGet(queue: Queue<unknown>) {
  assertThrows(() => queue.getNowait(), ShutDown, GET);
  assertThrows(() => queue.getSync(), ShutDown, GET);
  assertThrows(() => queue.getSync({ timeout: 0 }), ShutDown, GET);
  await assertRejects(() => queue.get(), ShutDown, GET);
  await assertRejects(() => queue.get({ timeout: 5 }), ShutDown, GET);
  assertEquals(queue.size, 0);
}

for (
  const [kind, immediate] of queueKinds.flatMap((kind) =>
    both.map((immediate) => [kind, immediate] as const)
  )
) {
  const { make, item } = kind;
  const how = immediate
    ? `${kind.name}.shutdown({ immediate: true })`
    : `${kind.name}.shutdown()`;

  Deno.test(`${how} of an empty queue refuses put and get`, async () => {
    const queue = make();
    assertEquals(queue.isShutdown, false);
    queue.shutdown({ immediate });
    assertEquals(queue.isShutdown, true);
    await assertNoPut(queue, item(1));
    await assertNoGet(queue);
    assertEquals([...queue], []);
    await queue.join();
    queue.joinSync();
    assertThrows(() => queue.taskDone(), RangeError);
  });

  for (const maxsize of [0, 2]) {
    Deno.test(`${how} with two items, maxsize ${maxsize}`, async () => {
      const queue = make(maxsize);
      queue.putNowait(item("a"));
      queue.putNowait(item("b"));
      queue.shutdown({ immediate });
      await assertNoPut(queue, item(1));
      if (immediate) {
        assertEquals([queue.size, queue.unfinishedTasks], [0, 0]);
        assertThrows(() => queue.taskDone(), RangeError);
      } else {
        assertEquals([queue.size, queue.unfinishedTasks], [2, 2]);
        assertEquals(
          [queue.getNowait(), await queue.get()],
          kind.inOrder([item("a"), item("b")]),
        );
        queue.taskDone();
        queue.taskDone();
      }
      await assertNoGet(queue);
      await queue.join();
    });
  }

  Deno.test(`${how} ends gets and puts that are awaited`, async () => {
    const [empty, full] = [make(), make(1)];
    full.putNowait(item(1));
    const gets = [empty.get(), empty.get({ timeout: 60 })];
    const puts = [full.put(item(2)), full.put(item(3), { timeout: 60 })];
    await aMoment();
    empty.shutdown({ immediate });
    full.shutdown({ immediate });
    for (const get of gets) await assertRejects(() => get, ShutDown, GET);
    for (const put of puts) await assertRejects(() => put, ShutDown, PUT);
    assertEquals(full.size, immediate ? 0 : 1);
  });

  threadTest(`${how} ends gets that block threads`, async () => {
    const queue = make();
    const started = new Queue<string>();
    const threads = (["getSync", "getSync", "get"] as const).map((method) =>
      new Thread(call, { args: [queue, method, [], started] })
    );
    for (const thread of threads) thread.start();
    for (const _ of threads) await started.get();
    await aMoment();
    queue.shutdown({ immediate });
    for (const thread of threads) {
      const outcome = { error: "ShutDown", message: GET };
      assertEquals(await thread.join(60), outcome);
    }
  });

  threadTest(`${how} ends puts that block threads`, async () => {
    const queue = make(1);
    const started = new Queue<string>();
    queue.putNowait(item("stored"));
    const threads = (["putSync", "putSync", "put"] as const).map((method) =>
      new Thread(call, { args: [queue, method, [item("late")], started] })
    );
    for (const thread of threads) thread.start();
    for (const _ of threads) await started.get();
    await aMoment();
    queue.shutdown({ immediate });
    for (const thread of threads) {
      const outcome = { error: "ShutDown", message: PUT };
      assertEquals(await thread.join(60), outcome);
    }
    assertEquals([...queue], immediate ? [] : [item("stored")]);
  });

  threadTest(
    `${how} in a thread ends what other threads wait for`,
    async () => {
      const queue = make();
      const waiting = [new Thread(drain, { args: [queue] })];
      waiting.push(new Thread(drainAsync, { args: [queue] }) as never);
      for (const thread of waiting) await thread.start();
      const got = queue.get();
      const args = [queue, "shutdown", [{ immediate }]] as const;
      const thread = new Thread(call, { args: args as never });
      thread.start();
      await assertRejects(() => got, ShutDown);
      for (const thread of waiting) assertEquals(await thread.join(60), []);
      await thread.join(60);
    },
  );

  threadTest(`${how} amid 4 writers and 6 readers`, async () => {
    for (let round = 0; round < 5; round++) {
      const queue = make(round, { capacity: 1 << 12 });
      const writers = [0, 1, 2, 3].map((i) =>
        new Thread(putUntilShutDown, { args: [queue, i * 1e9] })
      );
      const readers = Array.from(
        { length: 6 },
        (_, i) => new Thread(i % 3 ? drain : drainAsync, { args: [queue] }),
      );
      for (const thread of [...writers, ...readers]) thread.start();
      const own: unknown[] = [];
      while (own.length < 20) own.push(await queue.get());
      queue.shutdown({ immediate });
      const put = await Promise.all(writers.map((writer) => writer.join(60)));
      const got = await Promise.all(readers.map((reader) => reader.join(60)));
      const items = [own, ...got].flat().map(numberIn).sort((a, b) => a - b);
      const everything = put.flatMap((count, i) =>
        Array.from({ length: count }, (_, k) => i * 1e9 + k)
      );
      assertEquals(queue.size, 0);
      assertEquals(queue.unfinishedTasks, items.length);
      if (!immediate) assertEquals(items.length, everything.length);
      assert(new Set(items).isSubsetOf(new Set(everything)));
      assertEquals(new Set(items).size, items.length);
    }
  });
}

Deno.test("Queue.shutdown() doesn't end join(): what is stored is still to do", async () => {
  const queue = new Queue<number>();
  queue.putNowait(1);
  let isDone = false;
  const joined = queue.join().then(() => isDone = true);
  queue.shutdown();
  await aMoment();
  assertEquals(isDone, false);
  queue.getNowait();
  queue.taskDone();
  await joined;
});

for (const method of ["join", "joinSync"] as const) {
  threadTest(
    `Queue.shutdown({ immediate: true }) ends ${method}() of threads`,
    async () => {
      const queue = new Queue<unknown>();
      const started = new Queue<string>();
      for (let i = 0; i < 100; i++) queue.putNowait("x".repeat(i));
      const joiners = [1, 2].map(() =>
        new Thread(call, { args: [queue, method, [], started] })
      );
      for (const joiner of joiners) joiner.start();
      for (const _ of joiners) await started.get();
      await aMoment();
      queue.shutdown({ immediate: true });
      for (const joiner of joiners) {
        assertEquals(await joiner.join(60), { value: undefined });
      }
    },
  );
}

Deno.test("Queue.shutdown({ immediate: true }) leaves what was got to be done", async () => {
  const queue = new Queue<number>();
  for (let i = 0; i < 3; i++) queue.putNowait(i);
  queue.getNowait();
  queue.shutdown({ immediate: true });
  assertEquals([queue.size, queue.unfinishedTasks], [0, 1]);
  const joined = queue.join({ timeout: 60 });
  queue.taskDone();
  await joined;
});

Deno.test("Queue.shutdown({ immediate: true }) never counts below nothing", async () => {
  const queue = new Queue<number>();
  queue.putNowait(1);
  queue.putNowait(2);
  queue.taskDone();
  queue.taskDone();
  queue.shutdown({ immediate: true });
  assertEquals([queue.size, queue.unfinishedTasks], [0, 0]);
  await queue.join();
});

Deno.test("Queue.shutdown() may be called again, and made immediate", async () => {
  const queue = new Queue<number>();
  queue.putNowait(1);
  queue.shutdown();
  queue.shutdown();
  assertEquals(queue.size, 1);
  queue.shutdown({ immediate: true });
  queue.shutdown();
  await assertNoGet(queue as Queue);
  await queue.join();
});

Deno.test("Queue.shutdown() lets a full queue be emptied, not refilled", () => {
  const queue = new Queue<number>(2);
  queue.putNowait(1);
  queue.putNowait(2);
  assertThrows(() => queue.putNowait(3), Full);
  queue.shutdown();
  assertEquals(queue.getNowait(), 1);
  assertThrows(() => queue.putNowait(3), ShutDown);
  assertEquals([...queue], [2]);
});

Deno.test("Queue is iterated until shutdown, with for and for await", async () => {
  const queue = new Queue<number>();
  for (let i = 0; i < 5; i++) queue.putNowait(i);
  for (const item of queue) if (item === 1) break;
  assertEquals(queue.size, 3); // What was not taken stays.
  const items: number[] = [];
  const done = (async () => {
    for await (const item of queue) items.push(item);
  })();
  for (let i = 5; i < 8; i++) await queue.put(i);
  await aMoment();
  queue.shutdown();
  await done;
  assertEquals(items, [2, 3, 4, 5, 6, 7]);
});

Deno.test("Queue: what a loop over it throws gets out", async () => {
  const queue = new Queue<number>();
  queue.putNowait(1);
  queue.putNowait(2);
  assertThrows(
    () => {
      for (const _ of queue) throw new ShutDown("mine");
    },
    ShutDown,
    "mine",
  );
  await assertRejects(
    async () => {
      for await (const _ of queue) throw new ShutDown("mine");
    },
    ShutDown,
    "mine",
  );
  assertEquals(queue.size, 0);
});

Deno.test("Queue: an iterator that is left in the middle of a wait takes nothing", async () => {
  const done = { done: true, value: undefined };
  for (const leave of ["return", "dispose"]) {
    const queue = new Queue<number>();
    const items = queue[Symbol.asyncIterator]();
    const next = items.next();
    const left = leave === "return"
      ? items.return()
      : items[Symbol.asyncDispose]();
    queue.putNowait(1);
    assertEquals<unknown>(await next, done);
    await left;
    assertEquals<unknown>(await items.next(), done);
    assertEquals(queue.getNowait(), 1);
  }
});

Deno.test("Queue: iterators end with ShutDown only, not with other errors", async () => {
  const queue = new Queue<number>();
  queue.putNowait(1);
  queue.putNowait(2);
  const items = queue[Symbol.iterator]();
  const asyncItems = queue[Symbol.asyncIterator]();
  assertEquals([items.next().value, (await asyncItems.next()).value], [1, 2]);
  assertThrows(() => items.throw(new RangeError("mine")), RangeError, "mine");
  await assertRejects(
    () => asyncItems.throw(new RangeError("mine")),
    RangeError,
    "mine",
  );
});
