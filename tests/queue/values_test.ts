import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Queue } from "../../lib/queue/queue.ts";

Deno.test("Queue: what is got is the getter's own", () => {
  const queue = new Queue<{ list: number[] }>();
  const item = { list: [1] };
  queue.putNowait(item);
  queue.putNowait(item);
  item.list.push(2);
  const first = queue.getNowait();
  first.list.push(3);
  assertEquals([first, queue.getNowait()], [{ list: [1, 3] }, { list: [1] }]);
});

Deno.test("Queue refuses what can't travel with a DataCloneError, and goes on", async () => {
  const detached = new ArrayBuffer(8);
  structuredClone(detached, { transfer: [detached] });
  const queue = new Queue<unknown>();
  queue.putNowait("before");
  for (
    const item of [
      Symbol("s"),
      Promise.resolve(),
      new WeakMap(),
      new WeakRef({}),
      detached,
      new Proxy({}, {}),
      globalThis,
      new URL("file:///"),
    ]
  ) {
    // As it is, deep inside, and after much that was written already.
    for (const value of [item, [{ deep: [item] }], ["x".repeat(1e5), item]]) {
      const refused = (error: DOMException) =>
        assertEquals(error.name, "DataCloneError");
      refused(assertThrows(() => queue.putNowait(value), DOMException));
      refused(assertThrows(() => queue.putSync(value), DOMException));
      refused(await assertRejects(() => queue.put(value), DOMException));
    }
  }
  assertEquals([queue.size, queue.unfinishedTasks], [1, 1]);
  queue.putNowait({ after: [1] });
  assertEquals(queue.getNowait(), "before");
  assertEquals(queue.getNowait(), { after: [1] });
});

Deno.test("Queue: a getter that throws in an item leaves the queue as it was", async () => {
  const queue = new Queue<unknown>();
  const reason = new Error("getter");
  const item = {
    first: [1, 2, 3],
    get second() {
      throw reason;
    },
  };
  assertStrictEquals(assertThrows(() => queue.putNowait(item)), reason);
  assertStrictEquals(assertThrows(() => queue.putSync(item)), reason);
  assertStrictEquals(await assertRejects(() => queue.put(item)), reason);
  assertEquals([queue.size, queue.unfinishedTasks], [0, 0]);
  queue.putNowait([1, { a: 2 }]);
  assertEquals(queue.getNowait(), [1, { a: 2 }]);
});

Deno.test("Queue: a getter in an item may use the same queue", async () => {
  const queue = new Queue<unknown>();
  queue.putNowait({ stored: "before" });
  const item = {
    text: "outer".repeat(100),
    get inner() {
      const before = queue.getSync();
      queue.putSync({
        get innermost() {
          queue.putNowait("innermost".repeat(200));
          return queue.size;
        },
      });
      const promise = queue.put("promised");
      promise.catch(() => {});
      return { before, size: queue.size };
    },
    list: [1, "two"],
  };
  for (const put of ["putNowait", "putSync", "put"] as const) {
    await queue[put](item);
    const innermost = queue.getNowait();
    const inner = queue.getNowait();
    assertEquals(innermost, "innermost".repeat(200));
    assertEquals(inner, { innermost: 1 });
    assertEquals(queue.getNowait(), "promised");
    assertEquals(queue.getNowait(), {
      text: "outer".repeat(100),
      inner: { before: { stored: "before" }, size: 3 },
      list: [1, "two"],
    });
    assert(queue.isEmpty);
    queue.putNowait({ stored: "before" });
  }
});

Deno.test("Queue: a getter in an item may wait while others put", async () => {
  const queue = new Queue<unknown>(1);
  const other = new Queue<unknown>(1);
  other.putNowait("full");
  let waiting: Promise<void> | undefined;
  queue.putNowait({
    before: "x".repeat(50),
    get value() {
      // This one waits with an item of its own, beyond this put's end.
      waiting ??= other.put({ late: "y".repeat(60) });
      return "z".repeat(70);
    },
  });
  queue.getNowait();
  queue.putNowait("w".repeat(80));
  assertEquals(other.getNowait(), "full");
  await waiting;
  assertEquals(other.getNowait(), { late: "y".repeat(60) });
  assertEquals(queue.getNowait(), "w".repeat(80));
});
