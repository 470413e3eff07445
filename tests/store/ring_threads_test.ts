import { assertEquals } from "@std/assert";
import { Thread } from "../../mod.ts";
import { WaitList } from "../../lib/sync/wait_list.ts";
import { Ring } from "../../lib/store/ring.ts";
import { OWNER_WORDS } from "../../lib/store/store.ts";
import { threadTest } from "../support/threads.ts";
import { consumeRecords, produceRecords } from "../support/shared_threads.ts";

const PRODUCERS = 3;
const CONSUMERS = 2;

/** Several producers and consumers; every record is checked when it is taken. */
async function run(
  { capacity, limit, each }: { capacity: number; limit: number; each: number },
): Promise<void> {
  const ring = new Ring(capacity);
  ring.limit = limit;
  // So that positions and counts wrap the 32 bits on the way.
  for (const position of [1, 3, 16]) ring.words[position] = 2 ** 31 - 16_384;
  for (const count of [0, 4, 17, 18]) ring.words[count] = 2 ** 31 - 400;
  const consumers = Array.from(
    { length: CONSUMERS },
    () => new Thread(consumeRecords, { args: [ring.buffer, PRODUCERS] }),
  );
  const producers = Array.from(
    { length: PRODUCERS },
    (_, i) => new Thread(produceRecords, { args: [ring.buffer, i, each] }),
  );
  for (const thread of [...consumers, ...producers]) thread.start();
  for (const producer of producers) await producer.join(60);
  ring.close();
  new WaitList(ring.words, OWNER_WORDS).notifyAll();
  const taken = new Array(PRODUCERS).fill(0);
  for (const consumer of consumers) {
    const result = await consumer.join(60);
    assertEquals(result.faults, []);
    result.taken.forEach((n, producer) => taken[producer] += n);
  }
  assertEquals(taken, new Array(PRODUCERS).fill(each));
  assertEquals(ring.count, 0);
}

threadTest("Ring keeps each producer's order: small ring", async () => {
  await run({ capacity: 4096, limit: 1 << 20, each: 10_000 });
});

threadTest(
  "Ring keeps each producer's order: one record at a time",
  async () => {
    await run({ capacity: 4096, limit: 1, each: 3000 });
  },
);

threadTest("Ring keeps each producer's order: while it grows", async () => {
  await run({ capacity: 1 << 20, limit: 1 << 20, each: 20_000 });
});
