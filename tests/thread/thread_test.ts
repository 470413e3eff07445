import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  activeCount,
  currentThread,
  enumerate,
  getIdent,
  Queue,
  Thread,
} from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/thread_functions.ts";

threadTest("Thread.join() resolves to the target's result", async () => {
  const thread = new Thread(fns.add, { args: [2, 3] });
  assertStrictEquals(thread.result, undefined);
  thread.start();
  assertStrictEquals(await thread.join(), 5);
  assertStrictEquals(thread.result, 5);
  assertStrictEquals(await thread.join(), 5);
});

threadTest("Thread runs an async target", async () => {
  const thread = new Thread(fns.addLater, { args: [2, 3] });
  thread.start();
  assertStrictEquals(await thread.join(), 5);
});

threadTest("Thread.start() resolves when the thread runs", async () => {
  const begun = new Queue<string>();
  const queue = new Queue<number>();
  const thread = new Thread(fns.getter, { args: [begun, queue] });
  await thread.start();
  assertEquals(thread.isAlive, true);
  queue.putNowait(1);
  assertEquals(await thread.join(), 1);
});

threadTest("Thread.start() works once", async () => {
  const thread = new Thread(fns.nothing, { name: "one" });
  thread.start();
  const message = "Cannot start one: threads can only be started once";
  assertThrows(() => thread.start(), Error, message);
  await thread.join();
  assertThrows(() => thread.start(), Error, message);
});

Deno.test("Thread.join() refuses a thread that was not started", async () => {
  const thread = new Thread(fns.nothing, { name: "idle" });
  const message = "Cannot join idle: it was not started";
  await assertRejects(() => thread.join(), Error, message);
  assertThrows(() => thread.joinSync(), Error, message);
});

threadTest("Thread.join() refuses the calling thread", async () => {
  const thread = new Thread(fns.joinSelf);
  thread.start();
  await assertRejects(
    () => thread.join(),
    Error,
    "it is the current thread",
  );
  await assertRejects(() => currentThread().join(), Error, "current thread");
});

threadTest("Thread.join() and joinSync() time out", async () => {
  const begun = new Queue<string>();
  const queue = new Queue<string>();
  const thread = new Thread(fns.getter, { args: [begun, queue], name: "t" });
  thread.start();
  const error = await assertRejects(
    () => thread.join(0.01),
    DOMException,
    "Cannot join t: it was alive after 0.01 seconds",
  );
  assertEquals(error.name, "TimeoutError");
  const again = assertThrows(() => thread.joinSync(0), DOMException);
  assertEquals(again.name, "TimeoutError");
  for (const timeout of [0, 0.01]) {
    const message = `it was alive after ${timeout} seconds`;
    const options = { timeout };
    await assertRejects(() => thread.join(options), DOMException, message);
    assertThrows(() => thread.joinSync(options), DOMException, message);
  }
  assertEquals(thread.isAlive, true);
  queue.putNowait("end");
  assertEquals(await thread.join(60), "end");
});

threadTest(
  "Thread.join() is called off by its signal, the thread is not",
  async () => {
    const begun = new Queue<string>();
    const queue = new Queue<string>();
    const thread = new Thread(fns.getter, { args: [begun, queue] });
    thread.start();
    await begun.get();
    const controller = new AbortController();
    const { signal } = controller;
    const joined = thread.join({ signal, timeout: 60 });
    controller.abort(new Error("called off"));
    await assertRejects(() => joined, Error, "called off");
    await assertRejects(() => thread.join({ signal }), Error, "called off");
    assertEquals(thread.isAlive, true);
    queue.putNowait("end");
    assertEquals(await thread.join({ timeout: 60 }), "end");
    assertEquals(thread.joinSync({ timeout: 0 }), "end");
  },
);

threadTest("Thread.join() refuses a timeout that makes no sense", async () => {
  const thread = new Thread(fns.nothing);
  thread.start();
  for (const timeout of [-1, NaN]) {
    await assertRejects(() => thread.join(timeout), RangeError, `${timeout}`);
    assertThrows(() => thread.joinSync(timeout), RangeError, `${timeout}`);
    const options = { timeout };
    await assertRejects(() => thread.join(options), RangeError, `${timeout}`);
    assertThrows(() => thread.joinSync(options), RangeError, `${timeout}`);
  }
  for (const options of ["1", null, { timeout: "1" }, { signal: 1 }]) {
    await assertRejects(() => thread.join(options as never), TypeError);
    assertThrows(() => thread.joinSync(options as never), TypeError);
  }
  await thread.join({});
  thread.joinSync({});
});

threadTest("Thread.joinSync() blocks the main thread", () => {
  const thread = new Thread(fns.addLater, { args: [1, 2] });
  thread.start();
  assertStrictEquals(thread.joinSync(), 3);
  assertEquals(thread.isAlive, false);
  const thrower = new Thread(fns.returnUncloneable);
  thrower.start();
  assertThrows(() => thrower.joinSync(), TypeError, "never exposed");
});

threadTest("Thread counts its names", async () => {
  const first = new Thread(fns.add, { args: [1, 1] });
  const [, number] = first.name.match(/^Thread-(\d+) \(add\)$/)!;
  const second = new Thread(fns.nothing);
  assertEquals(second.name, `Thread-${Number(number) + 1} (nothing)`);
  const named = new Thread(fns.lookAround, { name: "my name ☃" });
  assertEquals(named.name, "my name ☃");
  named.start();
  assertEquals((await named.join()).name, "my name ☃");
});

threadTest("Thread.ident is a number of its own", async () => {
  const threads = Array.from({ length: 3 }, () => new Thread(fns.lookAround));
  const idents = new Set([getIdent()]);
  for (const thread of threads) {
    assertStrictEquals(thread.ident, undefined);
    thread.start();
    assert(Number.isSafeInteger(thread.ident) && thread.ident !== 0);
    idents.add(thread.ident!);
    assertEquals((await thread.join()).ident, thread.ident);
  }
  assertEquals(idents.size, 4);
});

threadTest("Thread says whether it is a daemon and alive", async () => {
  const begun = new Queue<string>();
  const queue = new Queue<string>();
  const args = [begun, queue] as const;
  const thread = new Thread(fns.getter, { args, daemon: true });
  assertEquals([thread.daemon, thread.isAlive], [true, false]);
  thread.start();
  assertEquals(thread.isAlive, true);
  queue.putNowait("end");
  await thread.join();
  assertEquals([thread.daemon, thread.isAlive], [true, false]);
  assertEquals(new Thread(fns.nothing).daemon, false);
});

threadTest("String(thread) looks as in Python", async () => {
  const begun = new Queue<string>();
  const queue = new Queue<string>();
  const args = [begun, queue] as const;
  const thread = new Thread(fns.getter, { args });
  const name = thread.name.replace(" (getter)", "");
  assertEquals(String(thread), `<Thread(${name}, initial)>`);
  thread.start();
  const { ident } = thread;
  assertEquals(String(thread), `<Thread(${name}, started ${ident})>`);
  assertEquals(Deno.inspect(thread), String(thread));
  queue.putNowait("end");
  await thread.join();
  assertEquals(String(thread), `<Thread(${name}, stopped ${ident})>`);
  const daemon = new Thread(fns.lookAround, {
    name: "MainThread",
    daemon: true,
  });
  daemon.start();
  const { text } = await daemon.join();
  assertEquals(text, `<Thread(MainThread, started daemon ${daemon.ident})>`);
  assertMatch(
    String(currentThread()),
    /^<_MainThread\(MainThread, started \d+\)>$/,
  );
});

threadTest("A thread sees itself and the others", async () => {
  const begun = new Queue<string>();
  const queue = new Queue<string>();
  const args = [begun, queue] as const;
  const other = new Thread(fns.getter, { args, name: "other" });
  other.start();
  const thread = new Thread(fns.lookAround, { name: "looker", daemon: true });
  thread.start();
  const seen = await thread.join();
  assertEquals(seen, {
    name: "looker",
    ident: thread.ident!,
    isSame: true,
    names: ["MainThread", "other", "looker"],
    count: 3,
    text: `<Thread(looker, started daemon ${thread.ident})>`,
    daemon: true,
    isAlive: true,
  });
  assertEquals(enumerate().map(({ name }) => name), ["MainThread", "other"]);
  assertStrictEquals(enumerate()[1], other as never);
  assertEquals(activeCount(), 2);
  queue.putNowait("end");
  await other.join();
  assertEquals(activeCount(), 1);
  assertEquals(currentThread().ident, getIdent());
  assertNotEquals(thread.ident, getIdent());
});

threadTest("await using joins a thread", async () => {
  const begun = new Queue<string>();
  let seen: Thread;
  {
    await using thread = new Thread(fns.sleeper, { args: [begun, 0.01] });
    seen = thread as unknown as Thread;
    thread.start();
  }
  assertEquals(seen.isAlive, false);
  {
    // Never started: nothing to wait for.
    await using _thread = new Thread(fns.nothing);
  }
  await assertRejects(async () => {
    await using thread = new Thread(fns.returnUncloneable);
    thread.start();
  }, TypeError);
});
