import { assertEquals, assertGreater } from "@std/assert";
import { Queue } from "../../lib/queue/queue.ts";
import { Thread } from "../../lib/thread/thread.ts";
import { threadTest } from "../support/threads.ts";
import { checkRange, drain, putRange } from "../support/queue.ts";

threadTest(
  "Queue carries two million numbers to a thread in order",
  async () => {
    const count = 2_000_000;
    const queue = new Queue<number>();
    const thread = new Thread(checkRange, { args: [queue, count] });
    await thread.start();
    for (let i = 0; i < count; i++) queue.putSync(i);
    assertEquals(await thread.join(120), -1);
    assertEquals([queue.size, queue.unfinishedTasks], [0, count]);
  },
);

for (const maxsize of [0, 1, 7]) {
  threadTest(
    `Queue of maxsize ${maxsize}: 4 producers and 4 consumers lose and double nothing`,
    async () => {
      const queue = new Queue<number>(maxsize);
      const each = 5000;
      const producers = [0, 1, 2, 3].map((i) =>
        new Thread(putRange, { args: [queue, i * each, each] })
      );
      const consumers = producers.map(() =>
        new Thread(drain, { args: [queue as Queue] })
      );
      for (const thread of [...consumers, ...producers]) thread.start();
      await Promise.all(producers.map((thread) => thread.join(120)));
      queue.shutdown();
      const got = await Promise.all(
        consumers.map((thread) => thread.join(120)),
      );
      for (const items of got as number[][]) {
        const latest = [-1, -1, -1, -1];
        for (const item of items) {
          const producer = Math.floor(item / each);
          assertGreater(item, latest[producer]);
          latest[producer] = item;
        }
      }
      assertEquals(
        (got.flat() as number[]).sort((a, b) => a - b),
        Array.from({ length: 4 * each }, (_, i) => i),
      );
    },
  );
}
