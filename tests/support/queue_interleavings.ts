/** Producers and consumers of the test of interleavings. @module */

import { expose } from "../../lib/expose.ts";
import "../../lib/queue/lifo_queue.ts";
import { PriorityQueue } from "../../lib/queue/priority_queue.ts";
import { Empty, Full, type Queue, ShutDown } from "../../lib/queue/queue.ts";
import { Random } from "./shared_random.ts";

/** How one producer or consumer goes about it. */
export interface Actor {
  seed: number;
  /** Blocks, or awaits. */
  isAsync: boolean;
  /** Gives up each wait soon, to try again; else waits for ever. */
  isImpatient: boolean;
  /** How often in a hundred it pauses before it goes on. */
  pauses: number;
}

/** The most items that a producer puts. */
export const MOST_ITEMS = 400;
const MOST_PRODUCERS = 4;
/** Where, in the log, it begins how often each item was got. */
export const GOT = MOST_PRODUCERS;

/**
 * What outlives threads that are terminated: how many items each producer has
 * put, and how often each item was got.
 */
export function newLog(): Int32Array {
  const length = GOT + MOST_PRODUCERS * MOST_ITEMS;
  return new Int32Array(new SharedArrayBuffer(length * 4));
}

/** Who put an item, which of its items it is, and something to carry. */
export type Item = [producer: number, index: number, load: string];

export function loadOf(producer: number, index: number, most: number): string {
  return `${producer}:${index};`.repeat((producer * 7 + index) % (most + 1));
}

async function pause(random: Random, { pauses, isAsync }: Actor) {
  if (random.below(100) >= pauses) return;
  if (isAsync) await new Promise((resolve) => setTimeout(resolve));
  else for (let i = random.below(5000); i > 0; i--) Atomics.pause();
}

/** How long it waits this time; nothing is for ever. */
function patience(random: Random, { isAsync, isImpatient }: Actor) {
  if (!isImpatient) return {};
  const seconds = random.below(4) / 2000;
  return isAsync && random.below(2) === 0
    ? { signal: AbortSignal.timeout(seconds * 1000) }
    : { timeout: seconds };
}

function isTimeout(error: unknown): boolean {
  return error instanceof Full || error instanceof Empty ||
    error instanceof DOMException && error.name === "TimeoutError";
}

/** Tries until it did it; false once the queue is shut down. */
async function insist(
  attempt: () => unknown,
): Promise<boolean> {
  for (;;) {
    try {
      await attempt();
      return true;
    } catch (error) {
      if (error instanceof ShutDown) return false;
      if (!isTimeout(error)) throw error;
    }
  }
}

/** Puts its items one after another, until the queue is shut down; how many. */
export async function produce(
  queue: Queue<unknown>,
  producer: number,
  count: number,
  load: number,
  actor: Actor,
  log: Int32Array,
): Promise<number> {
  const random = new Random(actor.seed);
  for (let index = 0; index < count; index++) {
    await pause(random, actor);
    const item: Item = [producer, index, loadOf(producer, index, load)];
    // Of one priority, so that the order is that of the puts.
    const sent = queue instanceof PriorityQueue ? [0, item] : item;
    const isPut = await insist(() =>
      actor.isAsync
        ? queue.put(sent, patience(random, actor))
        : queue.putSync(sent, patience(random, actor))
    );
    if (!isPut) return index;
    Atomics.store(log, producer, index + 1);
  }
  return count;
}

/** Gets items and reports them done, until the queue is shut down; which. */
export async function consume(
  queue: Queue<unknown>,
  actor: Actor,
  log: Int32Array,
): Promise<Item[]> {
  const random = new Random(actor.seed);
  const items: Item[] = [];
  const take = (got: unknown) => {
    const item = queue instanceof PriorityQueue ? (got as [0, Item])[1] : got;
    const [producer, index] = item as Item;
    Atomics.add(log, GOT + producer * MOST_ITEMS + index, 1);
    items.push(item as Item);
  };
  for (;;) {
    await pause(random, actor);
    const isGot = await insist(async () =>
      take(
        actor.isAsync
          ? await queue.get(patience(random, actor))
          : queue.getSync(patience(random, actor)),
      )
    );
    if (!isGot) return items;
    queue.taskDone();
  }
}

expose(import.meta, { consume, produce });
