import { assertEquals, assertRejects } from "@std/assert";
import {
  Barrier,
  BrokenBarrierError,
  Condition,
  Empty,
  Gil,
  LifoQueue,
  Pool,
  PriorityQueue,
  Queue,
} from "../../mod.ts";
import { start } from "../support/start.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/typed_only.ts";

// The functions' module imports no class of what they are passed.

threadTest("Queues reach threads whose modules import none", async () => {
  const from = new LifoQueue<number>();
  const to = new Queue<number>();
  from.putNowait(1);
  from.putNowait(2);
  await start(fns.moveOne, from, to).join();
  assertEquals(await to.get(), 2);
  const first = new PriorityQueue<number>();
  first.putNowait([2, 0]);
  first.putNowait([1, 0]);
  assertEquals(await start(fns.takeFirst, first).join(), [1, 0]);
});

threadTest(
  "A pool's tasks take a queue whose module they don't import",
  async () => {
    const from = new Queue<number>();
    const to = new Queue<number>();
    await using pool = new Pool(2);
    const move = pool.apply(fns.moveOne, [from, to]);
    from.putNowait(3);
    await move;
    assertEquals(to.getNowait(), 3);
    await assertRejects(() => pool.apply(fns.getNow, [from]), Empty);
  },
);

threadTest("Locks reach threads whose modules import none", async () => {
  const condition = new Condition();
  using _held = await condition.acquire();
  const thread = start(fns.notify, condition);
  // Not for ever: the thread may have failed.
  await condition.wait({ timeout: 10 });
  await thread.join();
  const barrier = new Barrier(2);
  await assertRejects(
    () => start(fns.breakBarrier, barrier).join(),
    BrokenBarrierError,
  );
});

threadTest(
  "A Gil reaches a thread whose module doesn't import it",
  async () => {
    assertEquals(await start(fns.checkpoint, new Gil()).join(), "done");
  },
);
