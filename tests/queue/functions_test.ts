import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Queue } from "../../lib/queue/queue.ts";
import { Thread } from "../../lib/thread/thread.ts";
import { threadTest } from "../support/threads.ts";
import { add, callItem, multiply } from "../support/queue.ts";

Deno.test("Queue: an exposed function comes back as itself", () => {
  const queue = new Queue<unknown>();
  queue.putNowait(add);
  queue.putNowait({
    list: [add, { multiply }],
    other: new Map([[add, multiply]]),
  });
  assertStrictEquals(queue.getNowait(), add);
  const item = queue.getNowait() as { list: unknown[]; other: Map<0, 0> };
  assertEquals(item, {
    list: [add, { multiply }],
    other: new Map([[add, multiply]]) as never,
  });
});

threadTest(
  "Queue: an exposed function is called by the thread that gets it",
  async () => {
    const queue = new Queue<unknown>();
    queue.putNowait(add);
    queue.putNowait([add, multiply, "x"]);
    queue.putNowait({ sum: add, deep: { list: [multiply] } });
    const thread = new Thread(callItem, { args: [queue, 3] });
    thread.start();
    assertEquals(await thread.join(60), [
      42,
      [42, 440, "x"],
      { sum: 42, deep: { list: [440] } },
    ]);
  },
);

Deno.test("Queue refuses a function that was never exposed with the line to add", async () => {
  const queue = new Queue<unknown>();
  function stranger() {}
  for (const item of [stranger, [stranger], { a: { b: stranger } }]) {
    for (
      const error of [
        assertThrows(() => queue.putNowait(item), Error),
        assertThrows(() => queue.putSync(item), Error),
        await assertRejects(() => queue.put(item), Error),
      ]
    ) {
      assertEquals(error.name, "DataCloneError");
      assertStringIncludes(error.message, "stranger");
      assertStringIncludes(error.message, "expose(import.meta, { stranger })");
    }
  }
  assertThrows(() => queue.putNowait(() => {}), Error, "expose(import.meta, {");
  assertEquals([queue.size, queue.unfinishedTasks], [0, 0]);
  queue.putNowait(add);
  assertStrictEquals(queue.getNowait(), add);
});
