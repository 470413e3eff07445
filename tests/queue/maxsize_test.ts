import { assertEquals, assertThrows } from "@std/assert";
import { Full } from "../../lib/queue/queue.ts";
import { Thread } from "../../lib/thread/thread.ts";
import { queueKinds } from "../support/queues.ts";
import { threadTest } from "../support/threads.ts";
import { call } from "../support/queue.ts";

for (const { name, make, item } of queueKinds) {
  Deno.test(`${name} may shrink below what it holds`, async () => {
    const queue = make(3);
    queue.putNowait(item(1));
    queue.putNowait(item(2));
    assertEquals(queue.isFull, false);
    queue.maxsize = 1;
    assertEquals([queue.maxsize, queue.size, queue.isFull], [1, 2, true]);
    assertThrows(() => queue.putNowait(item(3)), Full);
    queue.getNowait();
    assertThrows(() => queue.putNowait(item(3)), Full);
    queue.getNowait();
    await queue.put(item(3), { timeout: 0 });
    assertEquals(queue.size, 1);
  });

  Deno.test(`${name} that grows lets those go on who wait`, async () => {
    const queue = make(1);
    queue.putNowait(item(0));
    const puts = [1, 2, 3].map((n) => queue.put(item(n)));
    assertEquals(queue.size, 1);
    queue.maxsize = 3;
    await Promise.race(puts);
    assertEquals([queue.size, queue.isFull], [3, true]);
    queue.maxsize = 0;
    await Promise.all(puts);
    assertEquals([queue.size, queue.isFull], [4, false]);
  });

  threadTest(`${name} grows and shrinks for all threads`, async () => {
    const queue = make(1);
    queue.putNowait(item(0));
    const thread = new Thread(call, {
      args: [queue, "putSync", [item(1)]],
    });
    await thread.start();
    await new Promise((resolve) => setTimeout(resolve, 20));
    queue.maxsize = 2;
    await thread.join(60);
    assertEquals(queue.size, 2);
  });
}

Deno.test("Queue.maxsize must be an integer, or Infinity for no limit", () => {
  const [{ make }] = queueKinds;
  const queue = make(2);
  assertThrows(
    () => queue.maxsize = 1.5,
    RangeError,
    "Cannot change queue: maxsize must be an integer, received 1.5",
  );
  assertThrows(() => queue.maxsize = "2" as never, TypeError);
  assertEquals(queue.maxsize, 2);
  for (const none of [-1, 0, Infinity, 2 ** 31]) {
    queue.maxsize = none;
    assertEquals(queue.maxsize, 0);
  }
});
