import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  currentThread,
  enumerate,
  Pool,
  Queue,
  sleep,
  type SleepOptions,
  sleepSync,
  Thread,
  type ThreadOptions,
} from "../../mod.ts";
import * as fns from "../support/thread_values.ts";
import { threadTest } from "../support/threads.ts";

Deno.test("The current thread is one object", async () => {
  assertStrictEquals(currentThread(), currentThread());
  assertStrictEquals(currentThread(), enumerate()[0]);
  await sleep(0);
  assertStrictEquals(currentThread(), currentThread());
});

threadTest("A thread in arguments arrives as that thread", async () => {
  const queue = new Queue<number>();
  const thread = new Thread(fns.untilPut, { args: [queue], daemon: true });
  thread.start();
  const pool = new Pool(1);
  const seen = fns.look(thread as Thread);
  assertEquals(await pool.apply(fns.look, [thread as Thread]), seen);
  assertEquals(await pool.map(fns.look, [thread as Thread]), [seen]);
  const args = [{ thread: thread as Thread }] as const;
  assertEquals(await pool.apply(fns.threadIds, args), Array(5).fill(true));
  const other = new Thread(fns.threadIds, { args });
  other.start();
  assertEquals(await other.join(), Array(5).fill(true));
  const joiner = pool.apply(fns.joinIt, [thread as Thread]);
  queue.putNowait(1);
  assertEquals(await joiner, "false");
  // It has ended, and another has its slot by now.
  await thread.join();
  const next = new Thread(fns.nap);
  next.start();
  assertEquals(
    await pool.apply(fns.look, [thread as Thread]),
    fns.look(thread as Thread),
  );
  await next.join();
  await pool.terminate();
});

threadTest("A thread in items and results arrives as that thread", async () => {
  const queue = new Queue<Thread>();
  queue.putNowait(currentThread());
  assertStrictEquals(queue.getNowait(), currentThread());

  const gate = new Queue<number>();
  const first = new Thread(fns.untilPut, { args: [gate] });
  first.start();
  const second = new Thread(fns.joinIt, { args: [first as Thread, queue] });
  second.start();
  assertStrictEquals(await queue.get(), second as Thread);
  gate.putNowait(1);
  assertEquals(await second.join(), "false");

  const returner = new Thread(fns.itself);
  returner.start();
  assertStrictEquals(await returner.join() as unknown, returner);
  await using pool = new Pool(1);
  const worker = await pool.apply(fns.itself);
  assertEquals(worker.name, "PoolWorker-1");
  assert(worker.isAlive);
});

threadTest("A thread that was not started is refused, and a pool", async () => {
  const thread = new Thread(fns.nap);
  await using pool = new Pool(1);
  for (const value of [thread, pool, [{ pool }], new Map([[1, thread]])]) {
    const refusal = /^Cannot send (a Pool|Thread-\d+ .nap.) to a thread/;
    const check = (error: unknown) => {
      assert(error instanceof DOMException);
      assertEquals(error.name, "DataCloneError");
      assert(refusal.test(error.message), error.message);
    };
    check(assertThrows(() => new Queue().putNowait(value)));
    check(assertThrows(() => new Thread(fns.echo, { args: [value] }).start()));
    check(await assertRejects(() => pool.apply(fns.echo, [value])));
    check(await assertRejects(() => pool.map(fns.echo, [value])));
  }
});

threadTest("A name that is empty is none", () => {
  assert(/^Thread-\d+ \(nap\)$/.test(new Thread(fns.nap, { name: "" }).name));
});

Deno.test("sleep() refuses options that are none", async () => {
  const wrong: [unknown, string][] = [
    [null, "options"],
    [0.05, "options"],
    [{ signal: new AbortController() }, "signal"],
  ];
  for (const [options, what] of wrong) {
    await assertRejects(
      () => sleep(0.01, options as SleepOptions),
      TypeError,
      what,
    );
  }
});

Deno.test("Thread refuses options that are none", () => {
  for (const options of [null, 0.05, false, "name", [2]]) {
    assertThrows(
      () => new Thread(sleepSync as never, options as ThreadOptions),
      TypeError,
      "Cannot create thread: options must be an object, received ",
    );
  }
});
