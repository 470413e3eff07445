import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Empty, Full, Queue } from "../../lib/queue/queue.ts";
import { queueKinds } from "../support/queues.ts";

/** Long enough never to pass while a test runs. */
const LONG = { timeout: 3600 };

Deno.test("Queue.get() resolves once an item is put", async () => {
  const queue = new Queue<string>();
  const events: string[] = [];
  const got = queue.get().then((item) => events.push(`got ${item}`));
  await new Promise((resolve) => setTimeout(resolve, 20));
  events.push("put");
  queue.putNowait("item");
  await got;
  assertEquals(events, ["put", "got item"]);
});

Deno.test("Queue.put() resolves once there is room", async () => {
  const queue = new Queue<number>(1);
  const events: string[] = [];
  await queue.put(1);
  const put = queue.put(2).then(() => events.push("put 2"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals([queue.size, queue.unfinishedTasks], [1, 1]);
  events.push(`got ${queue.getNowait()}`);
  await put;
  assertEquals(events, ["got 1", "put 2"]);
  assertEquals(queue.getNowait(), 2);
});

Deno.test("Queue.get() serves those who wait in the order they came", async () => {
  const queue = new Queue<number>();
  const order: string[] = [];
  const getters = Array.from(
    "abcdefgh",
    (name) => queue.get().then((item) => order.push(`${name}${item}`)),
  );
  for (let i = 1; i <= getters.length; i++) queue.putNowait(i);
  await Promise.all(getters);
  assertEquals(order, ["a1", "b2", "c3", "d4", "e5", "f6", "g7", "h8"]);
});

Deno.test("Queue.put() serves those who wait in the order they came", async () => {
  const queue = new Queue<number>(1);
  const putters = Array.from({ length: 50 }, (_, i) => queue.put(i));
  const got = [];
  for (let i = 0; i < 50; i++) got.push(await queue.get());
  await Promise.all(putters);
  assertEquals(got, Array.from({ length: 50 }, (_, i) => i));
});

Deno.test("Queue.put() clones the item before the call returns", async () => {
  const queue = new Queue<number[]>(1);
  const item = [1];
  const first = queue.put(item);
  item[0] = 2;
  const waiting = queue.put(item);
  item[0] = 3;
  await first;
  assertEquals(await queue.get(), [1]);
  await waiting;
  assertEquals(await queue.get(), [2]);
});

Deno.test("Queue.put() keeps apart the items that wait at the same time", async () => {
  const queue = new Queue<unknown>(1);
  const items = Array.from(
    { length: 20 },
    (_, i) => ({ i, text: `item ${i}` }),
  );
  const puts = items.map((item) => queue.put(item));
  // These go through while the others wait.
  const other = new Queue<string>();
  other.putNowait("other");
  assertEquals(other.getNowait(), "other");
  for (const item of items) assertEquals(await queue.get(), item);
  await Promise.all(puts);
});

for (const { name, make, item, inOrder } of queueKinds) {
  Deno.test(`${name}.get() and put() time out with Empty and Full`, async () => {
    const queue = make(1);
    for (const timeout of [0, 0.001, 0.03]) {
      const started = performance.now();
      assertThrows(() => queue.getSync({ timeout }), Empty, "it is empty");
      await assertRejects(() => queue.get({ timeout }), Empty, "it is empty");
      queue.putNowait(item(1));
      assertThrows(
        () => queue.putSync(item(2), { timeout }),
        Full,
        "its size is 1",
      );
      await assertRejects(
        () => queue.put(item(2), { timeout }),
        Full,
        "its size is 1",
      );
      // A clock that ticks in milliseconds may be one short each time.
      assert(performance.now() - started >= 4 * (timeout * 1000 - 1));
      assertEquals(queue.getNowait(), item(1));
    }
    assertEquals([queue.size, queue.unfinishedTasks], [0, 3]);
  });

  Deno.test(`${name} doesn't wait with a timeout of 0, nor if it needn't`, async () => {
    const queue = make(4);
    for (const timeout of [0, 1, 1e300, Infinity, undefined]) {
      queue.putSync(item(1), { timeout });
      await queue.put(item(2), { timeout });
      const [first, second] = inOrder([item(1), item(2)]);
      assertEquals(queue.getSync({ timeout }), first);
      assertEquals(await queue.get({ timeout }), second);
    }
  });

  Deno.test(`${name}.get() waits with any long timeout`, async () => {
    const queue = make();
    for (const timeout of [1e6, 1e12, Number.MAX_VALUE, Infinity, undefined]) {
      const got = queue.get({ timeout });
      await new Promise((resolve) => setTimeout(resolve));
      queue.putNowait(item(1));
      assertEquals(await got, item(1), `${timeout}`);
    }
  });

  Deno.test(`${name} doesn't wait with a signal that was aborted before`, async () => {
    const queue = make(2);
    const reason = new Error("stop");
    const signal = AbortSignal.abort(reason);
    queue.putNowait(item(1));
    // Even where it needn't wait.
    for (
      const call of [
        () => queue.get({ signal }),
        () => queue.put(item(2), { signal }),
        () => queue.join({ signal }),
      ]
    ) {
      assertStrictEquals(await assertRejects(call), reason);
    }
    assertEquals([queue.size, queue.unfinishedTasks], [1, 1]);
    await assertRejects(
      () => queue.get({ signal: AbortSignal.abort() }),
      DOMException,
      "aborted",
    );
  });

  Deno.test(`${name}.get() ends when its signal is aborted, and takes nothing`, async () => {
    const queue = make();
    const controller = new AbortController();
    const reason = { any: "reason" };
    const got = queue.get({ signal: controller.signal, ...LONG });
    controller.abort(reason);
    assertStrictEquals(await got.catch((error) => error), reason);
    queue.putNowait(item(1));
    assertEquals(queue.getNowait(), item(1));
  });

  Deno.test(`${name}.put() ends when its signal is aborted, and queues nothing`, async () => {
    const queue = make(1);
    const controller = new AbortController();
    queue.putNowait(item(1));
    const put = queue.put(item(2), { signal: controller.signal, ...LONG });
    controller.abort();
    await assertRejects(() => put, DOMException, "aborted");
    assertEquals(queue.getNowait(), item(1));
    assertEquals([queue.size, queue.unfinishedTasks], [0, 1]);
    queue.putNowait(item(3));
    assertEquals(queue.getNowait(), item(3));
  });

  Deno.test(`${name}.join() ends when its signal is aborted`, async () => {
    const queue = make();
    const controller = new AbortController();
    queue.putNowait(item(1));
    const joined = queue.join({ signal: controller.signal, ...LONG });
    controller.abort();
    await assertRejects(() => joined, DOMException, "aborted");
  });

  Deno.test(`${name}: an item put right before an abort is got by someone else`, async () => {
    for (let round = 0; round < 50; round++) {
      const queue = make();
      const controller = new AbortController();
      const first = queue.get({ signal: controller.signal });
      const second = queue.get();
      queue.putNowait(item(round)); // This wakes the first.
      controller.abort();
      await assertRejects(() => first, DOMException, "aborted");
      assertEquals(await second, item(round));
      assertEquals(queue.size, 0);
    }
  });

  Deno.test(`${name}: room made right before an abort is taken by someone else`, async () => {
    for (let round = 0; round < 50; round++) {
      const queue = make(1);
      const controller = new AbortController();
      await queue.put(item("stored"));
      const first = queue.put(item("first"), { signal: controller.signal });
      const second = queue.put(item("second"));
      assertEquals(queue.getNowait(), item("stored")); // This wakes the first.
      controller.abort();
      await assertRejects(() => first, DOMException, "aborted");
      await second;
      assertEquals(queue.getNowait(), item("second"));
    }
  });

  Deno.test(`${name}: an abort after the end changes nothing`, async () => {
    const queue = make();
    const controller = new AbortController();
    const got = queue.get({ signal: controller.signal });
    queue.putNowait(item(1));
    assertEquals(await got, item(1));
    controller.abort();
    queue.putNowait(item(2));
    assertEquals(await queue.get(), item(2));
  });

  Deno.test(`${name}: a wait that ended leaves no listener on its signal`, async () => {
    const queue = make();
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    Object.assign(signal, {
      addEventListener(...args: Parameters<typeof addEventListener>) {
        listeners++;
        addEventListener.apply(signal, args);
      },
      removeEventListener(...args: Parameters<typeof removeEventListener>) {
        listeners--;
        removeEventListener.apply(signal, args);
      },
    });
    const got = queue.get({ signal });
    assertEquals(listeners, 1);
    queue.putNowait(item(1));
    await got;
    await assertRejects(() => queue.get({ signal, timeout: 0.001 }), Empty);
    assertEquals(listeners, 0);
  });
}
