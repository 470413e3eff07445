import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Empty, Full, Queue, ShutDown } from "../lib/queue.ts";

Deno.test("Queue gives items in the order they were put", async () => {
  const queue = new Queue<number>();
  for (let i = 0; i < 1000; i++) {
    if (i % 3 === 0) await queue.put(i);
    else if (i % 3 === 1) queue.putSync(i);
    else queue.putNowait(i);
  }
  for (let i = 0; i < 1000; i++) {
    const item = i % 3 === 0
      ? queue.getNowait()
      : i % 3 === 1
      ? await queue.get()
      : queue.getSync();
    assertEquals(item, i);
  }
});

Deno.test("Queue: size, isEmpty, isFull and unfinishedTasks follow put, get and taskDone", () => {
  const queue = new Queue<string>(2);
  const state = () => [
    queue.size,
    queue.isEmpty,
    queue.isFull,
    queue.unfinishedTasks,
  ];
  assertEquals(state(), [0, true, false, 0]);
  queue.putNowait("a");
  assertEquals(state(), [1, false, false, 1]);
  queue.putNowait("b");
  assertEquals(state(), [2, false, true, 2]);
  queue.getNowait();
  assertEquals(state(), [1, false, false, 2]);
  queue.taskDone();
  assertEquals(state(), [1, false, false, 1]);
  queue.getNowait();
  assertEquals(state(), [0, true, false, 1]);
  queue.taskDone();
  assertEquals(state(), [0, true, false, 0]);
});

Deno.test("Queue.maxsize is what was asked for, and 0 without a limit", () => {
  assertEquals(new Queue().maxsize, 0);
  assertEquals(new Queue(3).maxsize, 3);
  assertEquals(new Queue(-1).maxsize, 0);
  assertEquals(new Queue(Infinity).maxsize, 0);
  const queue = new Queue(0);
  for (let i = 0; i < 5000; i++) queue.putNowait(i);
  assertEquals([queue.size, queue.isFull], [5000, false]);
});

Deno.test("Queue takes a maxsize past 32 bits for no limit", () => {
  for (const maxsize of [2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
    const queue = new Queue<number>(maxsize);
    queue.putNowait(1);
    queue.putNowait(2);
    assertEquals([queue.maxsize, queue.isFull], [0, false], `${maxsize}`);
  }
  assertEquals(new Queue(2 ** 31 - 1).maxsize, 2 ** 31 - 1);
});

Deno.test("Queue's constructor refuses a maxsize that is no integer", () => {
  for (const maxsize of [1.5, NaN]) {
    assertThrows(
      () => new Queue(maxsize),
      RangeError,
      `Cannot create queue: maxsize must be an integer, received ${maxsize}`,
    );
  }
  for (const maxsize of ["3", null, 3n, {}, Symbol("3")]) {
    assertThrows(
      () => new Queue(maxsize as never),
      TypeError,
      "Cannot create queue: maxsize must be a number, received ",
    );
  }
});

Deno.test("Queue's constructor refuses a capacity that is out of range", () => {
  for (const capacity of [0, -1, 15, 2 ** 30 + 1, Infinity, NaN, 100.5]) {
    assertThrows(
      () => new Queue(0, { capacity }),
      RangeError,
      "Cannot create queue: capacity must be an integer from 16 to " +
        `1073741824 bytes, received ${capacity}`,
    );
  }
  assertThrows(
    () => new Queue(0, { capacity: "100" as never }),
    TypeError,
    "Cannot create queue: capacity must be a number, received string",
  );
  new Queue(0, { capacity: 2 ** 30 });
});

Deno.test("Queue.putNowait() throws Full when the queue is full", () => {
  const queue = new Queue<number>(2);
  queue.putNowait(1);
  queue.putNowait(2);
  const error = assertThrows(() => queue.putNowait(3), Full);
  assertEquals(error.name, "Full");
  assertEquals(
    error.message,
    "Cannot put into queue: it is full, its size is 2",
  );
  assertEquals(queue.unfinishedTasks, 2);
  assertEquals([queue.getNowait(), queue.getNowait()], [1, 2]);
});

Deno.test("Queue.getNowait() throws Empty when the queue is empty", () => {
  const error = assertThrows(() => new Queue().getNowait(), Empty);
  assertEquals(error.name, "Empty");
  assertEquals(error.message, "Cannot get from queue: it is empty");
});

Deno.test("Queue.taskDone() is refused once it was called for every item", () => {
  const queue = new Queue<number>();
  const refused = () => {
    const error = assertThrows(() => queue.taskDone(), RangeError);
    assertEquals(error.message, "taskDone() called too many times");
  };
  refused();
  queue.putNowait(1);
  queue.getNowait();
  queue.taskDone();
  refused();
  queue.putNowait(2);
  queue.taskDone(); // As in Python, nothing says that it must be got before.
  refused();
  assertEquals(queue.unfinishedTasks, 0);
});

Deno.test("Queue refuses a bad timeout before anything is queued or taken", async () => {
  const queue = new Queue<number>(2);
  queue.putNowait(0);
  const actions = {
    "put into queue": [
      (timeout: never) => queue.putSync(1, { timeout }),
      (timeout: never) => queue.put(1, { timeout }),
    ],
    "get from queue": [
      (timeout: never) => queue.getSync({ timeout }),
      (timeout: never) => queue.get({ timeout }),
    ],
    "join queue": [
      (timeout: never) => queue.joinSync({ timeout }),
      (timeout: never) => queue.join({ timeout }),
    ],
  };
  for (const [action, calls] of Object.entries(actions)) {
    for (const call of calls) {
      const refused = async (timeout: unknown) =>
        await assertRejects(async () => {
          await call(timeout as never);
        }, Error);
      for (const timeout of [-1, -0.001, -Infinity, NaN]) {
        const error = await refused(timeout);
        assert(error instanceof RangeError);
        assertEquals(
          error.message,
          `Cannot ${action}: timeout must be non-negative, received ${timeout}`,
        );
      }
      for (const timeout of ["1", null, true, 1n, {}, Symbol("1")]) {
        const error = await refused(timeout);
        assert(error instanceof TypeError, String(timeout));
        assertEquals(
          error.message,
          `Cannot ${action}: timeout must be a number of seconds, received ${
            typeof timeout === "symbol" ? "a symbol" : typeof timeout
          }`,
        );
      }
    }
  }
  assertEquals([queue.size, queue.unfinishedTasks], [1, 1]);
  assertEquals(queue.getNowait(), 0);
});

Deno.test("Queue.put() refuses a bad timeout before it looks at the item", async () => {
  const queue = new Queue<unknown>();
  let looked = 0;
  const item = {
    get value() {
      return ++looked;
    },
  };
  assertThrows(() => queue.putSync(item, { timeout: -1 }), RangeError);
  await assertRejects(() => queue.put(item, { timeout: -1 }), RangeError);
  assertEquals([looked, queue.size], [0, 0]);
});

Deno.test("Queue prints as Python prints it", () => {
  const queue = new Queue();
  assertMatch(String(queue), /^<queue\.Queue object at 0x[0-9a-f]{9}>$/);
  assertEquals(Deno.inspect(queue), String(queue));
  assertEquals(Deno.inspect({ queue }), `{ queue: ${queue} }`);
  assertEquals(`${queue}`, queue.toString());
  assertNotEquals(String(new Queue()), String(queue));
});

Deno.test("Queue's errors are told apart by their class", () => {
  for (
    const [ErrorClass, name] of [
      [Full, "Full"],
      [Empty, "Empty"],
      [ShutDown, "ShutDown"],
    ] as const
  ) {
    const error = new ErrorClass("message");
    assert(error instanceof Error);
    assertEquals(error.name, name);
    assertEquals([Full, Empty, ShutDown].filter((c) => error instanceof c), [
      ErrorClass,
    ]);
  }
});

Deno.test("Queues don't share anything", () => {
  const [one, two] = [new Queue<number>(1), new Queue<number>(1)];
  one.putNowait(1);
  assertEquals([two.size, two.unfinishedTasks], [0, 0]);
  two.shutdown();
  assertEquals(one.getNowait(), 1);
  one.putNowait(2);
});
