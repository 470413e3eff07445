import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Empty, Full, Queue, ShutDown } from "../../lib/queue/queue.ts";
import { queueKinds } from "../support/queues.ts";

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

for (const { name, make, item, inOrder } of queueKinds) {
  Deno.test(`${name}: size, isEmpty, isFull and unfinishedTasks follow put, get and taskDone`, () => {
    const queue = make(2);
    const state = () => [
      queue.size,
      queue.isEmpty,
      queue.isFull,
      queue.unfinishedTasks,
    ];
    assertEquals(state(), [0, true, false, 0]);
    queue.putNowait(item("a"));
    assertEquals(state(), [1, false, false, 1]);
    queue.putNowait(item("b"));
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

  Deno.test(`${name}.maxsize is what was asked for, and 0 without a limit`, () => {
    assertEquals(make().maxsize, 0);
    assertEquals(make(3).maxsize, 3);
    assertEquals(make(-1).maxsize, 0);
    assertEquals(make(Infinity).maxsize, 0);
    const queue = make(0);
    for (let i = 0; i < 5000; i++) queue.putNowait(item(i));
    assertEquals([queue.size, queue.isFull], [5000, false]);
  });

  Deno.test(`${name}.putNowait() throws Full when the queue is full`, () => {
    const queue = make(2);
    queue.putNowait(item(1));
    queue.putNowait(item(2));
    const error = assertThrows(() => queue.putNowait(item(3)), Full);
    assertEquals(error.name, "Full");
    assertEquals(
      error.message,
      "Cannot put into queue: it is full, its size is 2",
    );
    assertEquals(queue.unfinishedTasks, 2);
    assertEquals(
      [queue.getNowait(), queue.getNowait()],
      inOrder([item(1), item(2)]),
    );
  });

  Deno.test(`${name}.getNowait() throws Empty when the queue is empty`, () => {
    const error = assertThrows(() => make().getNowait(), Empty);
    assertEquals(error.name, "Empty");
    assertEquals(error.message, "Cannot get from queue: it is empty");
  });

  Deno.test(`${name}.taskDone() is refused once it was called for every item`, () => {
    const queue = make();
    const refused = () => {
      const error = assertThrows(() => queue.taskDone(), RangeError);
      assertEquals(error.message, "taskDone() called too many times");
    };
    refused();
    queue.putNowait(item(1));
    queue.getNowait();
    queue.taskDone();
    refused();
    queue.putNowait(item(2));
    queue.taskDone(); // As in Python, nothing says that it must be got before.
    refused();
    assertEquals(queue.unfinishedTasks, 0);
  });

  Deno.test(`${name} refuses a bad timeout before anything is queued or taken`, async () => {
    const queue = make(2);
    queue.putNowait(item(0));
    const actions = {
      "put into queue": [
        (timeout: never) => queue.putSync(item(1), { timeout }),
        (timeout: never) => queue.put(item(1), { timeout }),
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
              timeout === null ? "null" : typeof timeout
            }`,
          );
        }
      }
    }
    assertEquals([queue.size, queue.unfinishedTasks], [1, 1]);
    assertEquals(queue.getNowait(), item(0));
  });

  Deno.test(`${name}.put() refuses a bad timeout before it looks at the item`, async () => {
    const queue = make();
    let looked = 0;
    const put = item({
      get value() {
        return ++looked;
      },
    });
    assertThrows(() => queue.putSync(put, { timeout: -1 }), RangeError);
    await assertRejects(() => queue.put(put, { timeout: -1 }), RangeError);
    assertEquals([looked, queue.size], [0, 0]);
  });

  Deno.test(`${name}s don't share anything`, () => {
    const [one, two] = [make(1), make(1)];
    one.putNowait(item(1));
    assertEquals([two.size, two.unfinishedTasks], [0, 0]);
    two.shutdown();
    assertEquals(one.getNowait(), item(1));
    one.putNowait(item(2));
  });
}
