import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  type Priority,
  PriorityQueue,
} from "../../lib/queue/priority_queue.ts";
import { Full, Queue } from "../../lib/queue/queue.ts";
import { Thread } from "../../lib/thread/thread.ts";
import { threadTest } from "../support/threads.ts";
import { call, classOf, drain, forward, putAll } from "../support/queue.ts";

type AnyPriorityQueue = PriorityQueue<Priority, unknown>;

/** What a pair of numbers takes in a priority queue. */
const PAIR_BYTES = 64;

function getAll(queue: AnyPriorityQueue): unknown[] {
  return Array.from({ length: queue.size }, () => queue.getNowait());
}

/** Puts it in each way, and returns what each was refused with. */
async function refusals(queue: Queue<never>, item: unknown): Promise<Error[]> {
  return [
    assertThrows(() => queue.putNowait(item as never), Error),
    assertThrows(() => queue.putSync(item as never), Error),
    await assertRejects(() => queue.put(item as never), Error),
  ];
}

Deno.test("PriorityQueue gives the smallest priority first, ties as they were put", async () => {
  const queue = new PriorityQueue<number, string>();
  await queue.put([2, "c"]);
  queue.putSync([1, "a"]);
  queue.putNowait([2, "d"]);
  await queue.put([1, "b"]);
  queue.putSync([-Infinity, "first"]);
  assertEquals(await queue.get(), [-Infinity, "first"]);
  assertEquals(queue.getSync(), [1, "a"]);
  queue.putNowait([2, "e"]);
  assertEquals(queue.getNowait(), [1, "b"]);
  queue.shutdown();
  assertEquals([...queue], [[2, "c"], [2, "d"], [2, "e"]]);
});

Deno.test("PriorityQueue compares numbers and bigints exactly", () => {
  const queue = new PriorityQueue<number | bigint, unknown>();
  const sorted = [-Infinity, -(2n ** 1024n), -1n, -0.5, 0n, 0.5, 1n, 1.5, 2];
  sorted.push(2n ** 53n, 2n ** 53n + 1n, 2 ** 53 + 2, 2n ** 2000n, Infinity);
  for (const priority of sorted.toReversed()) queue.putNowait([priority, 0]);
  assertEquals(getAll(queue as AnyPriorityQueue), sorted.map((p) => [p, 0]));
  // Equal ones come as they were put, and arrive as what they are.
  const equal = [0, -0, 0n, -0, 0];
  for (const [i, priority] of equal.entries()) queue.putNowait([priority, i]);
  for (const [i, priority] of equal.entries()) {
    const [got, value] = queue.getNowait();
    assert(Object.is(got, priority));
    assertEquals(value, i);
  }
});

Deno.test("PriorityQueue orders strings as the language does, and arrays as tuples", () => {
  const lists: Priority[][] = [
    ["", "\0", "B", "a", "aa", "b", "é", "😀", "\uffff"],
    [[], [1], [1, "a"], [1, "a", 0], [1, "b"], [2n], [2.5, "a"], [3, 7]],
    [[["a"], 1], [["a", "b"], 0], [["b"], -1]],
  ];
  for (const list of lists) {
    const queue: AnyPriorityQueue = new PriorityQueue();
    for (let i = list.length - 1; i >= 0; i -= 2) queue.putNowait([list[i], i]);
    for (let i = list.length - 2; i >= 0; i -= 2) queue.putNowait([list[i], i]);
    assertEquals(getAll(queue), list.map((priority, i) => [priority, i]));
  }
});

Deno.test("PriorityQueue refuses an item that is no pair", async () => {
  const queue = new PriorityQueue();
  for (
    const [item, received] of [
      [1, "number"],
      [null, "null"],
      ["ab", "string"],
      [undefined, "undefined"],
      [{ 0: 1, 1: 2, length: 2 }, "object"],
      [new Uint8Array(2), "object"],
      [[], "an array of length 0"],
      [[1], "an array of length 1"],
      [[1, 2, 3], "an array of length 3"],
    ]
  ) {
    for (const error of await refusals(queue as Queue<never>, item)) {
      assert(error instanceof TypeError);
      assertEquals(
        error.message,
        "Cannot put into queue: the item must be an array of priority and " +
          `value, \`[priority, value]\`, received ${received}`,
      );
    }
  }
  assertEquals([queue.size, queue.unfinishedTasks], [0, 0]);
});

Deno.test("PriorityQueue refuses a priority that has no order", async () => {
  const queue = new PriorityQueue<Priority, number>();
  queue.putNowait([[1], 1]);
  const cycle: unknown[] = [];
  cycle.push(cycle);
  for (
    const [priority, received] of [
      [NaN, "NaN"],
      [undefined, "undefined"],
      [null, "null"],
      [true, "boolean"],
      [Symbol("s"), "Symbol(s)"],
      [() => 1, "function"],
      [{}, "object"],
      [new Date(), "object"],
      [new Number(1), "object"],
    ] as [unknown, string][]
  ) {
    // deno-lint-ignore no-sparse-arrays
    for (
      const wrapped of [priority, [priority], [1, [2, priority]], [1, , 2]]
    ) {
      for (const error of await refusals(queue as Queue<never>, [wrapped, 1])) {
        assert(error instanceof TypeError);
        const hasHole = Array.isArray(wrapped) && wrapped.length === 3;
        assertEquals(
          error.message,
          "Cannot put into queue: priority must be a number, a bigint, a " +
            `string or an array of these, received ${
              hasHole ? "undefined" : received
            }`,
        );
      }
    }
  }
  for (const error of await refusals(queue as Queue<never>, [cycle, 1])) {
    assert(error instanceof RangeError);
    assertStringIncludes(error.message, "nested more than 1000 deep");
  }
  assertEquals([queue.size, queue.unfinishedTasks], [1, 1]);
  assertEquals(queue.getNowait(), [[1], 1]);
});

Deno.test("PriorityQueue refuses a priority that can't be compared with those stored", async () => {
  for (
    const [stored, shown, priority] of [
      [1, '"a"', "a"],
      [1n, "[ 1 ]", [1]],
      ["a", "1", 1],
      ["a", "[]", []],
      [[1], "2n", 2n],
      [[1], '[ "a" ]', ["a"]],
      [[1, "a"], "[ 1, 2 ]", [1, 2]],
    ] as [Priority, string, Priority][]
  ) {
    const queue: AnyPriorityQueue = new PriorityQueue();
    queue.putNowait([stored, "stored"]);
    for (const error of await refusals(queue as never, [priority, 1])) {
      assert(error instanceof TypeError);
      assertEquals(
        error.message,
        `Cannot put into queue: priority ${shown} can't be compared with ` +
          "those that are stored, use priorities of one kind",
      );
    }
    assertEquals([queue.size, queue.unfinishedTasks], [1, 1]);
    assertEquals(queue.getNowait(), [stored, "stored"]);
    // Now there is nothing that it can't be compared with.
    queue.putNowait([priority, 2]);
    assertEquals(queue.getNowait(), [priority, 2]);
  }
});

Deno.test("PriorityQueue passes the room on that a refused put was woken for", async () => {
  const queue: AnyPriorityQueue = new PriorityQueue(2);
  queue.putNowait([1, "stored"]);
  queue.putNowait([2, "stored"]);
  const bad = queue.put(["a", "refused"]);
  const good = queue.put([0, "good"], { signal: AbortSignal.timeout(10_000) });
  assertEquals(queue.getNowait(), [1, "stored"]); // This wakes the first.
  await assertRejects(() => bad, TypeError, "can't be compared");
  await good;
  assertEquals(getAll(queue), [[0, "good"], [2, "stored"]]);
});

Deno.test("PriorityQueue gives values as they were put, with their priority", () => {
  const queue: AnyPriorityQueue = new PriorityQueue();
  const shared = [1, "shared"] as const;
  const items: [Priority, unknown][] = [
    [[1, "a"], { map: new Map([[1, new Date(5)]]), big: 7n ** 300n }],
    [[2, "é😀\ud800"], new Uint8Array(100_000).fill(7)],
    [[3, "x".repeat(10_000)], undefined],
    [[4, "", -(2n ** 3000n), 2n ** 64n + 1n], [1, [2, [3]]]],
  ];
  for (const item of items) queue.putNowait(item);
  assertEquals(getAll(queue), items);
  queue.putNowait([shared, { shared }]);
  const [priority, value] = queue.getNowait();
  assert((value as { shared: unknown }).shared === priority);
  // Even what structured clone keeps besides the elements.
  queue.putNowait(Object.assign([1, 2], { name: "named" }) as never);
  assertEquals(
    (queue.getNowait() as unknown as { name: string }).name,
    "named",
  );
});

Deno.test("PriorityQueue refuses what can't travel, and goes on", async () => {
  const queue: AnyPriorityQueue = new PriorityQueue();
  queue.putNowait([1, "before"]);
  for (
    const value of [Symbol(), Promise.resolve(), { deep: [new WeakMap()] }]
  ) {
    for (const error of await refusals(queue as never, [0, value])) {
      assertEquals(error.name, "DataCloneError");
    }
  }
  const reason = new Error("getter");
  const item = [0, {
    get value() {
      throw reason;
    },
  }];
  for (const error of await refusals(queue as never, item)) {
    assert(error === reason);
  }
  assertEquals([queue.size, queue.unfinishedTasks], [1, 1]);
  queue.putNowait([0, { after: [1] }]);
  assertEquals(getAll(queue), [[0, { after: [1] }], [1, "before"]]);
});

Deno.test("PriorityQueue: a getter in an item may use the same queue", () => {
  const queue: AnyPriorityQueue = new PriorityQueue();
  queue.putNowait([["b", "outer".repeat(50)], {
    get inner() {
      queue.putNowait([["a", "inner".repeat(90)], "first"]);
      return queue.size;
    },
  }]);
  assertEquals(getAll(queue), [
    [["a", "inner".repeat(90)], "first"],
    [["b", "outer".repeat(50)], { inner: 1 }],
  ]);
});

Deno.test("PriorityQueue keeps to its capacity, and refuses what can never fit", async () => {
  const queue = new PriorityQueue<Priority, unknown>(0, {
    capacity: 10 * PAIR_BYTES,
  });
  for (let i = 0; i < 10; i++) queue.putNowait([9 - i, i]);
  assertThrows(() => queue.putNowait([0, 0]), Full, "its size is 10");
  for (const item of [[1, "x".repeat(700)], ["x".repeat(700), 1]]) {
    for (const error of await refusals(queue as never, item)) {
      assert(error instanceof RangeError);
      assertStringIncludes(error.message, "exceed the queue's capacity of 640");
    }
  }
  for (let i = 0; i < 10; i++) assertEquals(queue.getNowait(), [i, 9 - i]);
  queue.putNowait([1, "x".repeat(500)]);
  const large = queue.put([2, "y".repeat(400)]);
  const small = queue.put([0, 1]);
  assertEquals(queue.getNowait(), [1, "x".repeat(500)]);
  await Promise.all([large, small]);
  assertEquals(queue.size, 2);
});

Deno.test("PriorityQueue is a Queue, and prints as Python prints it", () => {
  const queue = new PriorityQueue();
  assert(queue instanceof Queue);
  assertMatch(
    String(queue),
    /^<queue\.PriorityQueue object at 0x[0-9a-f]{9}>$/,
  );
  assertEquals(Deno.inspect(queue), String(queue));
});

threadTest("PriorityQueue reaches a thread as what it is", async () => {
  const queue: AnyPriorityQueue = new PriorityQueue(5);
  queue.putNowait([3, "c"]);
  const thread = new Thread(classOf, { args: [queue] });
  thread.start();
  assertEquals(await thread.join(60), "PriorityQueue");
  const items = [[2, "b"], [1, "a"], [3, "d"]];
  const putter = new Thread(putAll, { args: [queue as Queue, items] });
  putter.start();
  await putter.join(60);
  assertEquals(getAll(queue), [[1, "a"], [2, "b"], [3, "c"], [3, "d"]]);
});

threadTest("PriorityQueue refuses in a thread as well", async () => {
  const queue: AnyPriorityQueue = new PriorityQueue();
  queue.putNowait([1, "stored"]);
  for (const method of ["put", "putSync", "putNowait"] as const) {
    const args: unknown[] = [["a", 1]];
    const thread = new Thread(call, { args: [queue as Queue, method, args] });
    thread.start();
    const outcome = await thread.join(60) as { error: string };
    assertEquals(outcome.error, "TypeError");
  }
  assertEquals(getAll(queue), [[1, "stored"]]);
});

threadTest(
  "PriorityQueue: what 4 writers put is got sorted, and by 6 readers once",
  async () => {
    const each = 2000;
    // Of each writer's items, so many have one priority.
    const lists = [0, 1, 2, 3].map((writer) =>
      Array.from({ length: each }, (_, i) => [
        [i * 7919 % 500, writer % 2 ? "odd" : "even"],
        { writer, i, load: "x".repeat(i % 200) },
      ])
    );
    const queue: AnyPriorityQueue = new PriorityQueue();
    const write = async () => {
      const writers = lists.map((list) =>
        new Thread(putAll, { args: [queue as Queue, list] })
      );
      for (const writer of writers) writer.start();
      for (const writer of writers) await writer.join(60);
    };
    await write();
    type Got = [[number, string], { writer: number; i: number }];
    const got = getAll(queue) as Got[];
    assertEquals(got.length, 4 * each);
    for (let i = 1; i < got.length; i++) {
      const [[number, text], { writer, i: index }] = got[i];
      const [[numberBefore, textBefore], before] = got[i - 1];
      const isSorted = numberBefore < number ||
        numberBefore === number && textBefore <= text;
      if (!isSorted) assert(isSorted, `${got[i - 1]} before ${got[i]}`);
      const isTie = numberBefore === number && textBefore === text;
      if (isTie && before.writer === writer) assert(before.i < index);
    }

    const readers = Array.from(
      { length: 6 },
      () => new Thread(drain, { args: [queue as Queue] }),
    );
    for (const reader of readers) reader.start();
    await write();
    queue.shutdown();
    const all = await Promise.all(readers.map((reader) => reader.join(60)));
    const keys = (all.flat() as Got[]).map(([, { writer, i }]) =>
      writer * each + i
    );
    assertEquals(
      keys.sort((a, b) => a - b),
      Array.from({ length: 4 * each }, (_, i) => i),
    );
  },
);

threadTest("PriorityQueue: values survive the trip to a thread", async () => {
  const [there, back]: AnyPriorityQueue[] = [
    new PriorityQueue(),
    new PriorityQueue(),
  ];
  const thread = new Thread(forward, { args: [there as Queue, back as Queue] });
  await thread.start();
  for (const priority of [1, -0, 2n ** 70n, "text", [1, "a", 3n]]) {
    const value = { set: new Set([1, "two"]), list: [undefined, NaN, -0] };
    there.putSync([priority, value]);
    const item = back.getSync({ timeout: 60 });
    assertEquals(item, [priority, value]);
    assert(Array.isArray(priority) || Object.is(item[0], priority));
  }
  there.shutdown();
  await thread.join(60);
});
