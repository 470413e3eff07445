import { assert, assertEquals, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import { activeCount, Lock, Queue, sleep, Thread } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import {
  busyForever,
  countForever,
  moveForever,
  putForever,
} from "../support/faults.ts";
import { Random, withSeed } from "../support/shared_random.ts";
import { warningsOf } from "../support/warnings.ts";

const PATIENCE = 60_000;

threadTest(
  "Queue: threads are terminated inside put and get, 100 of them",
  async () => {
    await withSeed(async (seed) => {
      const random = new Random(seed);
      const from = new Queue<number>(8);
      const to = new Queue<number>();
      const put = new Int32Array(new SharedArrayBuffer(4));
      let first = 0;
      const start = (i: number): Thread => {
        const thread = i % 2 === 0
          ? new Thread(putForever, { args: [from, first += 1e6, put] })
          : new Thread(moveForever, { args: [from, to] });
        thread.start();
        return thread as unknown as Thread;
      };
      const threads = [0, 1, 2, 3].map(start);
      for (let i = 0; i < 100; i++) {
        const victim = random.below(threads.length);
        await sleep(random.below(4) / 1000);
        await deadline(threads[victim].terminate(), PATIENCE);
        threads[victim] = start(victim);
      }
      from.shutdown();
      for (const thread of threads) await thread.join(60);
      for (let left = from.size; left > 0; left--) from.getNowait();
      // Who dies between put and count, or get and put, takes one item along.
      const arrived: number[] = [];
      while (!to.isEmpty) arrived.push(to.getNowait());
      assertEquals(new Set(arrived).size, arrived.length);
      assert(arrived.length <= put[0] + 100);
      assert(
        arrived.length >= put[0] - 100 - 8,
        `${arrived.length} of ${put[0]}`,
      );
      assertEquals([to.size, from.size], [0, 0]);
      assertEquals(activeCount(), 1);
    });
  },
);

threadTest(
  "Lock: threads are terminated with it in hand, 80 of them",
  async () => {
    await withSeed(async (seed) => {
      const random = new Random(seed);
      const lock = new Lock();
      const count = new Int32Array(new SharedArrayBuffer(8));
      const start = () => {
        const thread = new Thread(countForever, { args: [lock, count] });
        thread.start();
        return thread;
      };
      const threads = [0, 1, 2].map(start);
      for (let i = 0; i < 80; i++) {
        const victim = random.below(threads.length);
        await sleep(random.below(3) / 1000);
        await deadline(threads[victim].terminate(), PATIENCE);
        threads[victim] = start();
        if (i % 10 === 0) {
          using _held = await lock.acquire({ timeout: 60 });
        }
      }
      for (const thread of threads) {
        await thread.terminate();
        await assertRejects(() => thread.join(60), DOMException, "terminated");
      }
      // `using` has released it each time, and nobody counted beside another.
      assertEquals(lock.isLocked, false);
      assertEquals(count[0], count[1]);
      assertEquals(activeCount(), 1);
    });
  },
);

for (const [what, maxsize] of [["Queue", 1], ["Lock", 2]] as const) {
  threadTest(
    `${what}: a thread that calls it without ever waiting can be ended`,
    async () => {
      const warnings = await warningsOf(async () => {
        const queue = new Queue<number>(maxsize);
        const thread = new Thread(busyForever, { args: [queue, new Lock()] });
        await thread.start();
        await sleep(0.05);
        await thread.terminate();
        await assertRejects(() => thread.join(), DOMException, "terminated");
      });
      // It was not given up.
      assertEquals(warnings, []);
    },
  );
}
