import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Gil, Queue, Thread } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/thread_functions.ts";

function unexposed() {}

async function echo<T>(value: T): Promise<T> {
  const thread = new Thread(fns.echo, { args: [value] });
  thread.start();
  return await thread.join() as T;
}

Deno.test("Thread refuses a target that was never exposed", () => {
  assertThrows(
    () => new Thread(unexposed),
    TypeError,
    "Cannot send function 'unexposed' to a thread: it was never exposed, add " +
      "`expose(import.meta, { unexposed })` at the top level of its module",
  );
  assertThrows(() => new Thread(() => {}), TypeError, "anonymous function");
});

Deno.test("Thread refuses a target that is no function", () => {
  for (const target of [undefined, null, 1, "add", {}]) {
    assertThrows(
      () => new Thread(target as never),
      TypeError,
      "Cannot create thread: the target must be a function",
    );
  }
});

Deno.test("Thread refuses arguments that are no list", () => {
  const options = { args: 3 } as never;
  assertThrows(() => new Thread(fns.echo, options), TypeError, "an array");
});

Deno.test("Thread refuses a function in its arguments that was never exposed", () => {
  for (const value of [unexposed, { deep: [new Map([[1, unexposed]])] }]) {
    assertThrows(
      () => new Thread(fns.echo, { args: [value] }),
      TypeError,
      "add `expose(import.meta, { unexposed })`",
    );
  }
});

threadTest(
  "Thread.start() refuses an argument that can't be cloned",
  async () => {
    for (const value of [new WeakMap(), Promise.resolve(), Symbol("no")]) {
      const thread = new Thread(fns.echo, { args: [value] });
      const error = assertThrows(() => thread.start(), DOMException);
      assertEquals(error.name, "DataCloneError");
      assertEquals(thread.isAlive, false);
    }
    // The worker that was to run them still runs others.
    assertEquals(await echo("after"), "after");
  },
);

threadTest("Thread takes and returns what structured clone takes", async () => {
  const value = {
    text: "täxt",
    big: 2n ** 80n,
    date: new Date(0),
    map: new Map<unknown, unknown>([[1, new Set([undefined, null, NaN])]]),
    bytes: new Uint8Array([1, 2]),
    regexp: /a/gi,
  };
  assertEquals(await echo(value), value);
  assertStrictEquals(await echo(-0), -0);
  assertStrictEquals(await echo(undefined), undefined);
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const back = await echo(circle);
  assertStrictEquals(back.self, back);
});

threadTest("Thread shares a SharedArrayBuffer", async () => {
  const words = new Int32Array(new SharedArrayBuffer(4));
  const back = await echo(words);
  Atomics.store(back, 0, 7);
  assertEquals(Atomics.load(words, 0), 7);
});

threadTest(
  "Thread takes and returns functions and shared objects",
  async () => {
    const thread = new Thread(fns.call, { args: [fns.add] });
    thread.start();
    assertEquals(await thread.join(), 23);
    assertEquals(await echo({ deep: [fns.add] }), { deep: [fns.add] });
    const queue = new Queue<number>();
    const [same] = await echo([queue]);
    same.putNowait(5);
    assertEquals(queue.getNowait(), 5);
    const gil = new Gil({ switchInterval: 0.25 });
    assertEquals(
      (await echo(new Map([[1, gil]]))).get(1)!.switchInterval,
      0.25,
    );
    const returner = new Thread(fns.returnFunction);
    returner.start();
    assertEquals(await returner.join(), { add: fns.add });
  },
);

threadTest("Thread rejects for a result that can't be cloned", async () => {
  const thread = new Thread(fns.returnWeakMap);
  thread.start();
  const error = await assertRejects(() => thread.join(), DOMException);
  assertEquals(error.name, "DataCloneError");
  const other = new Thread(fns.returnUncloneable);
  other.start();
  await assertRejects(
    () => other.join(),
    TypeError,
    "add `expose(import.meta, { inner })`",
  );
});

threadTest(
  "Thread rejects for a result that the main thread doesn't know",
  async () => {
    const thread = new Thread(fns.returnUnknownFunction);
    thread.start();
    for (let i = 0; i < 2; i++) {
      await assertRejects(
        () => thread.join(),
        TypeError,
        "the module that exposes it isn't loaded",
      );
    }
    assertEquals(await echo(1), 1);
  },
);

threadTest(
  "Thread takes a function of a module that was loaded later",
  async () => {
    assertEquals(await echo(1), 1);
    const later = await import("../support/thread_late.ts");
    const thread = new Thread(fns.call, { args: [later.multiply] });
    thread.start();
    assertEquals(await thread.join(), 60);
  },
);
