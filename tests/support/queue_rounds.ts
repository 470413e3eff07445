// One round of producers and consumers of a queue; see `queueRound`.

import { assert, assertEquals, assertGreater } from "@std/assert";
import { sleep } from "../../lib/thread/sleep.ts";
import type { Thread } from "../../lib/thread/thread.ts";
import type { QueueKind } from "./queues.ts";
import {
  type Actor,
  consume,
  GOT,
  type Item,
  loadOf,
  MOST_ITEMS,
  newLog,
  produce,
} from "./queue_interleavings.ts";
import type { Random } from "./shared_random.ts";
import { start } from "./start.ts";

/** What a round is made of: everything but which thread comes first. */
export interface Plan {
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
  /** Whether all threads but the first of each kind are terminated. */
  endsThreads: boolean;
}

export function planOf(random: Random): Plan {
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
    endsThreads: random.below(4) === 0,
  };
}

/** What a round did. */
export interface QueueRound {
  items: number;
  /** How many threads were terminated. */
  ended: number;
}

/**
 * Has threads put and get as a plan says, and checks that nothing is lost, comes
 * twice, is changed or overtakes. A thread that is terminated may have one item
 * in its hands.
 */
export async function queueRound(
  kind: QueueKind,
  random: Random,
): Promise<QueueRound> {
  const plan = planOf(random);
  const { producers, consumers, count, load, capacity } = plan;
  const queue = kind.make(plan.maxsize, { capacity });
  const log = newLog();
  const getters = consumers.map((actor) => start(consume, queue, actor, log));
  const putters = producers.map((actor, i) =>
    start(produce, queue, i, count, load, actor, log)
  );
  const main: Promise<unknown>[] = [];
  if (plan.isMainActive) {
    const own = (): Actor => ({
      pauses: 5,
      isAsync: true,
      isImpatient: random.below(2) === 0,
      seed: random.below(999),
    });
    main.push(produce(queue, putters.length, count, load, own(), log));
    main.push(consume(queue, own(), log));
  }
  const ended = plan.endsThreads
    ? await endSome(random, [...putters.slice(1), ...getters.slice(1)])
    : new Set();

  if (plan.shutdownAfter === undefined) {
    for (const putter of putters) {
      if (!ended.has(putter)) assertEquals(await putter.join(60), count);
    }
    await main[0];
    if (ended.size === 0) {
      await queue.join({ timeout: 60 });
      assertEquals([queue.size, queue.unfinishedTasks], [0, 0]);
    }
    // What died with its getter stays unfinished.
    while (!queue.isEmpty) await sleep(0.001);
  } else {
    await sleep(plan.shutdownAfter / 1000);
  }
  queue.shutdown({ immediate: plan.immediate });
  const results = async (threads: Thread<never>[]) =>
    await Promise.all(
      threads.filter((thread) => !ended.has(thread))
        .map((thread) => thread.join(60)),
    );
  await results(putters as never);
  const got = await results(getters as never) as Item[][];
  await main[0];
  if (main.length > 0) got.push(await main[1] as Item[]);

  // Everyone has ended: nothing is stored, and nothing that was put unfinished.
  assertEquals(queue.size, 0);
  if (ended.size === 0) {
    assertEquals(queue.unfinishedTasks, 0);
    await queue.join({ timeout: 0 });
  }
  let items = 0;
  log.subarray(GOT).forEach((times, at) => {
    if (times === 0) return;
    const producer = Math.floor(at / MOST_ITEMS);
    const key = `${producer}:${at % MOST_ITEMS}`;
    assertEquals(times, 1, `${key} came more than once`);
    // Who is terminated may not have written down what it put last.
    const unwritten = ended.has(putters[producer]) ? 1 : 0;
    assert(at % MOST_ITEMS < log[producer] + unwritten, `${key} was never put`);
    items++;
  });
  for (const [producer, index, text] of got.flat()) {
    const key = `${producer}:${index}`;
    assertEquals(text, loadOf(producer, index, load), `${key} has changed`);
  }
  const isDropping = plan.immediate && plan.shutdownAfter !== undefined;
  const all = log.subarray(0, GOT).reduce((sum, n) => sum + n, 0);
  if (!isDropping) assert(all - items <= ended.size, "items were lost");
  if (ended.size === 0 && !isDropping) assertEquals(items, all);
  if (kind.name !== "LifoQueue") got.forEach(assertInOrder);
  return { items, ended: ended.size };
}

/** Terminates threads one after the other. */
async function endSome(
  random: Random,
  threads: Pick<Thread, "isAlive" | "terminate">[],
): Promise<Set<unknown>> {
  const ended = new Set();
  for (const thread of threads) {
    await sleep(random.below(8) / 1000);
    // It may be over already: then it has returned.
    if (!thread.isAlive) continue;
    ended.add(thread);
    await thread.terminate();
  }
  return ended;
}

/** Of each producer, a consumer gets the items in the order of their puts. */
function assertInOrder(items: Item[]): void {
  const latest = new Map<number, number>();
  for (const [producer, index] of items) {
    assertGreater(index, latest.get(producer) ?? -1, `of producer ${producer}`);
    latest.set(producer, index);
  }
}
