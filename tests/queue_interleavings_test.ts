import { assert, assertEquals, assertGreater } from "@std/assert";
import { prestartWorkers, sleep, Thread } from "../lib/thread.ts";
import { type QueueKind, queueKinds } from "./_queues.ts";
import { threadTest } from "./_threads.ts";
import {
  type Actor,
  consume,
  type Item,
  loadOf,
  produce,
} from "./testdata/queue_interleavings.ts";
import { newSeed, Random } from "./testdata/shared_random.ts";

const ROUND_MS = 3500;
const WORKERS = 7;

/** What a round is made of: everything but which thread comes first. */
interface Plan {
  producers: Actor[];
  consumers: Actor[];
  /** What the main thread does as well, awaiting. */
  isMainActive: boolean;
  count: number;
  load: number;
  maxsize: number;
  capacity: number | undefined;
  /** When the queue is shut down: at the end, or after so many milliseconds. */
  shutdownAfter: number | undefined;
  immediate: boolean;
}

function planOf(random: Random): Plan {
  const actors = (most: number) =>
    Array.from({ length: 1 + random.below(most) }, (): Actor => ({
      seed: random.below(2 ** 31),
      isAsync: random.below(3) === 0,
      isImpatient: random.below(2) === 0,
      pauses: random.pick([0, 0, 5, 50]),
    }));
  const load = random.pick([0, 0, 5, 100]);
  return {
    producers: actors(3),
    consumers: actors(3),
    isMainActive: random.below(3) === 0,
    count: random.pick([1, 10, 100, 400]),
    load,
    maxsize: random.pick([0, 1, 1, 2, 3, 10, 100]),
    // From what holds one item up: the largest load has some 800 bytes.
    capacity: random.pick([
      load === 100 ? 1024 : 192,
      4096,
      8192 + 16 * random.below(256),
      undefined,
    ]),
    shutdownAfter: random.below(2) === 0 ? random.below(25) : undefined,
    immediate: random.below(2) === 0,
  };
}

function start<F extends typeof produce | typeof consume>(
  target: F,
  ...args: Parameters<F>
): () => Promise<Awaited<ReturnType<F>>> {
  const thread = new Thread(target, { args });
  thread.start();
  return () => thread.join(60);
}

async function checkRound(kind: QueueKind, random: Random): Promise<void> {
  const plan = planOf(random);
  const { producers, consumers, count, load, capacity } = plan;
  const queue = kind.make(plan.maxsize, { capacity });
  const gets = consumers.map((actor) => start(consume, queue, actor));
  const puts = producers.map((actor, i) =>
    start(produce, queue, i, count, load, actor)
  );
  if (plan.isMainActive) {
    const own = {
      pauses: 5,
      isAsync: true,
      isImpatient: random.below(2) === 0,
    };
    const [putting, getting] = [
      produce(queue, puts.length, count, load, {
        ...own,
        seed: random.below(999),
      }),
      consume(queue, { ...own, seed: random.below(999) }),
    ];
    puts.push(() => putting);
    gets.push(() => getting);
  }

  if (plan.shutdownAfter === undefined) {
    for (const ended of puts) assertEquals(await ended(), count);
    await queue.join({ timeout: 60 });
    assertEquals([queue.size, queue.unfinishedTasks], [0, 0]);
  } else {
    await sleep(plan.shutdownAfter / 1000);
  }
  queue.shutdown({ immediate: plan.immediate });
  const put = await Promise.all(puts.map((ended) => ended()));
  const got = await Promise.all(gets.map((ended) => ended()));

  // Everyone has ended: nothing is stored, and nothing that was put unfinished.
  assertEquals([queue.size, queue.unfinishedTasks], [0, 0]);
  await queue.join({ timeout: 0 });

  const seen = new Set<string>();
  for (const [producer, index, text] of got.flat()) {
    const key = `${producer}:${index}`;
    assert(!seen.has(key), `${key} came twice`);
    assert(index < put[producer], `${key} was never put`);
    assertEquals(text, loadOf(producer, index, load), `${key} has changed`);
    seen.add(key);
  }
  const isDropping = plan.immediate && plan.shutdownAfter !== undefined;
  const all = put.reduce((sum, n) => sum + n, 0);
  if (!isDropping) assertEquals(seen.size, all, "items were lost");
  if (kind.name !== "LifoQueue") got.forEach(assertInOrder);
}

/** Of each producer, a consumer gets the items in the order of their puts. */
function assertInOrder(items: Item[]): void {
  const latest = new Map<number, number>();
  for (const [producer, index] of items) {
    assertGreater(index, latest.get(producer) ?? -1, `of producer ${producer}`);
    latest.set(producer, index);
  }
}

for (const kind of queueKinds) {
  threadTest(
    `${kind.name} loses, repeats and reorders nothing, whoever puts and gets`,
    async () => {
      await prestartWorkers(WORKERS);
      const first = newSeed();
      const started = performance.now();
      for (let round = 0; performance.now() - started < ROUND_MS; round++) {
        const seed = (first + round) >>> 0;
        try {
          await checkRound(kind, new Random(seed));
        } catch (error) {
          const plan = Deno.inspect(planOf(new Random(seed)), { depth: 3 });
          console.error(`Replay with \`-- --all --seed=${seed}\`: ${plan}`);
          throw error;
        }
      }
    },
  );
}
