import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Queue } from "../lib/queue.ts";
import { Thread } from "../lib/thread.ts";
import { threadTest } from "./_threads.ts";
import { forward } from "./testdata/queue.ts";

const primitives = [
  ...[
    undefined,
    null,
    true,
    false,
    "",
    "a",
    "ÿ",
    "é€😀",
    "\0",
    "\ud800",
    "\ufeff",
  ],
  ...["x".repeat(255), "x".repeat(256), "😀".repeat(5000)],
  ...[0, -0, 1, -1, 1.5, NaN, Infinity, -Infinity, 2 ** 31, -(2 ** 31), 5e-324],
  ...[Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, 0.1 + 0.2],
  ...[0n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n, -(7n ** 999n)],
];

class Point {
  constructor(readonly x: number, readonly y: number) {}
}

/** Objects, which arrive as what `structuredClone` makes of them. */
function objects(): Record<string, unknown> {
  const cycle: Record<string, unknown> = { name: "cycle", list: [] };
  cycle.self = cycle;
  (cycle.list as unknown[]).push(cycle);
  const shared = { shared: true };
  const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
  return {
    empty: {},
    nested: { a: [1, { b: [[], [null]] }], "": "key", __proto__: null },
    proto: JSON.parse('{"__proto__": {"polluted": true}}'),
    numbers: [0, -0, NaN, 1.5],
    mixed: [1, "two", [3n], undefined],
    // deno-lint-ignore no-sparse-arrays
    holes: [1, , 3],
    named: Object.assign([1, 2], { extra: "named" }),
    long: new Array(1_000_000),
    date: new Date(1e12),
    noDate: new Date(NaN),
    regexp: /a(b)?\/[c]/giu,
    map: new Map<unknown, unknown>([[{ key: 1 }, new Map([[1, 2]])], [
      NaN,
      -0,
    ]]),
    set: new Set([1, "1", null, undefined]),
    boxed: [Object(1), Object("s"), Object(false), Object(5n)],
    buffer,
    views: [new Uint8Array(buffer, 2, 3), new DataView(buffer, 1), buffer],
    floats: new Float64Array([0, -0, NaN, 1e300]),
    bigints: new BigUint64Array([2n ** 64n - 1n]),
    point: new Point(3, 4),
    cycle,
    twice: [shared, shared, { shared }],
    getter: {
      get answer() {
        return 42;
      },
    },
  };
}

const errors = [
  new Error("plain", { cause: new TypeError("cause") }),
  new RangeError("range"),
  new DOMException("message", "AbortError"),
];

function assertArrived(actual: unknown, item: unknown, name: string) {
  const expected = structuredClone(item);
  assertEquals(actual, expected, name);
  // What equality takes for the same.
  assertEquals(
    Deno.inspect(actual, { depth: 9 }),
    Deno.inspect(expected, { depth: 9 }),
  );
}

function assertSameError(actual: unknown, error: Error) {
  assert(actual instanceof Error);
  assertStrictEquals(
    Object.getPrototypeOf(actual),
    Object.getPrototypeOf(error),
  );
  assertEquals(actual.name, error.name);
  assertEquals(actual.message, error.message);
  assertEquals(actual.stack, error.stack);
  assertEquals(String(actual.cause), String(error.cause));
}

/** Sends every value with `send`, which gives what arrived. */
function assertValues(send: (item: unknown) => unknown) {
  for (const item of primitives) {
    assert(Object.is(send(item), item), Deno.inspect(item));
  }
  for (const [name, item] of Object.entries(objects())) {
    assertArrived(send(item), item, name);
  }
  for (const error of errors) assertSameError(send(error), error);
  const cycle = send(objects().cycle) as Record<string, unknown>;
  assertStrictEquals(cycle.self, cycle);
  assertStrictEquals((cycle.list as unknown[])[0], cycle);
  const [one, two, { shared }] = send(objects().twice) as [0, 0, { shared: 0 }];
  assert(one === two && one === shared);
  const views = send(objects().views) as [Uint8Array, DataView, ArrayBuffer];
  assertStrictEquals(views[0].buffer, views[2]);
  assertStrictEquals(views[1].buffer, views[2]);
}

Deno.test("Queue: values survive the trip in one thread", () => {
  const queue = new Queue<unknown>();
  assertValues((item) => {
    queue.putNowait(item);
    return queue.getNowait();
  });
});

threadTest(
  "Queue: values survive the trip to another thread and back",
  async () => {
    const [there, back] = [new Queue<unknown>(), new Queue<unknown>()];
    const thread = new Thread(forward, { args: [there, back] });
    await thread.start();
    assertValues((item) => {
      there.putSync(item);
      return back.getSync({ timeout: 60 });
    });
    there.shutdown();
    await thread.join(60);
  },
);

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
      new SharedArrayBuffer(8),
      new Queue(),
      queue,
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
