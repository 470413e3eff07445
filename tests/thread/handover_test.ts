import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Queue, Thread, WorkerLostError } from "../../mod.ts";
import type { AnyFunction } from "../../lib/thread/thread.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/thread_functions.ts";

function start<F extends AnyFunction>(
  target: F,
  args: Parameters<F>,
  daemon = false,
): Thread<F> {
  const thread = new Thread(target, { args, daemon });
  thread.start();
  return thread;
}

// Arguments and results of these lengths go in shared memory or by message.
for (const length of [0, 1, 100, 1 << 15, 1 << 16, 1 << 17, 1 << 20]) {
  threadTest(`Thread takes and returns ${length} characters`, async () => {
    const text = "x".repeat(length);
    assertEquals(await start(fns.returnText, [length]).join(), text);
    assertEquals(start(fns.returnText, [length]).joinSync(), text);
    assertEquals(await start(fns.echo, [text]).join(), text);
    assertEquals(start(fns.echo, [text]).joinSync(), text);
  });
}

for (const daemon of [false, true]) {
  const what = daemon ? "daemon" : "thread";
  threadTest(`A ${what} returns what it made of shared memory`, async () => {
    const { byteLength } = await start(fns.returnShared, [8], daemon).join();
    assertEquals(byteLength, 8);
    const thread = start(fns.returnShared, [16], daemon);
    assertEquals(thread.joinSync().byteLength, 16);
    assertEquals((await thread.join()).byteLength, 16);
    // The worker goes on as before.
    assertEquals(await start(fns.add, [1, 2], daemon).join(), 3);
  });
}

threadTest("Thread throws what has shared memory in it", async () => {
  const error = await assertRejects(
    () => start(fns.throwShared, [8]).join(),
    RangeError,
    "shared",
  );
  assertEquals((error as { shared?: SharedArrayBuffer }).shared?.byteLength, 8);
  assertThrows(() => start(fns.throwShared, [8]).joinSync(), RangeError);
});

threadTest("Thread runs after arguments that can't be cloned", async () => {
  for (let i = 0; i < 3; i++) {
    const thread = new Thread(fns.echo, { args: [new WeakMap()] });
    assertThrows(() => thread.start(), DOMException);
    assertEquals(await start(fns.add, [i, 2]).join(), i + 2);
    assertEquals(start(fns.add, [i, 2]).joinSync(), i + 2);
  }
});

threadTest("Threads by message and not by message take turns", async () => {
  const queue = new Queue<number>();
  for (let i = 0; i < 20; i++) {
    const same = await start(fns.echo, [queue]).join() as Queue<number>;
    same.putNowait(i);
    assertEquals(queue.getNowait(), i);
    assertEquals(start(fns.add, [i, i]).joinSync(), 2 * i);
    assertEquals(start(fns.returnShared, [i]).joinSync().byteLength, i);
  }
});

threadTest("A join times out while the worker holds the result", async () => {
  const thread = start(fns.returnSharedBusily, [500]);
  const { name } = assertThrows(() => thread.joinSync(0.05), DOMException);
  assertEquals(name, "TimeoutError");
  // The main thread isn't blocked by what the worker is busy with.
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  assertEquals((await thread.join()).byteLength, 8);
  clearInterval(timer);
  assertEquals(ticks > 3, true);
});

threadTest("A worker that closes itself with the result in hand", async () => {
  const lost = "closed its worker";
  await assertRejects(
    () => start(fns.returnSharedAndClose, []).join(),
    WorkerLostError,
    lost,
  );
  const thread = start(fns.returnSharedAndClose, []);
  assertThrows(() => thread.joinSync(), WorkerLostError, lost);
  assertEquals(await start(fns.add, [1, 2]).join(), 3);
});
