/** One of the threads of the queue's model test. @module */

import { expose } from "../../lib/expose.ts";
import "../../lib/queue/lifo_queue.ts";
import { PriorityQueue } from "../../lib/queue/priority_queue.ts";
import type { Queue, WaitOptions } from "../../lib/queue/queue.ts";

/** An item: who put it, which of its items it is, and something to carry. */
export interface Item {
  actor: number;
  index: number;
  load?: string;
}

/** What the threads of one round agree on. */
export interface Plan {
  seed: number;
  /** How many operations each does. */
  operations: number;
  /** How long an item's load is at most. */
  load: number;
  /** How likely an operation is a shutdown. */
  shutdown: number;
}

/** One operation that did something, and when by a clock that all share. */
export interface Event {
  kind: "put" | "get" | "done" | "shutdown";
  actor: number;
  index: number;
  began: number;
  ended: number;
}

/** What an actor saw. Errors it has no right to get are thrown instead. */
export interface Log {
  events: Event[];
  /** How often each error came. */
  errors: Record<string, number>;
}

/** A small generator of random numbers: mulberry32. */
export function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Does random operations on the queue, and tells what came of them. */
export async function act(
  queue: Queue<unknown>,
  actor: number,
  plan: Plan,
  clock: Int32Array,
): Promise<Log> {
  const next = random(plan.seed + actor * 7919);
  const events: Event[] = [];
  const errors: Record<string, number> = {};
  let index = 0;
  let got = 0;
  const isPriority = queue instanceof PriorityQueue;

  const run = async (
    kind: Event["kind"],
    call: () => unknown,
  ) => {
    const began = Atomics.add(clock, 0, 1);
    try {
      const result = await call() ?? { actor, index };
      const item = (Array.isArray(result) ? result[1] : result) as Item;
      const ended = Atomics.add(clock, 0, 1);
      if (
        item.load !== undefined && item.load !== loadOf(item.actor, item.index)
      ) {
        throw new Error(`Item ${item.actor}:${item.index} arrived changed`);
      }
      const { actor: whose, index: which } = item;
      events.push({ kind, actor: whose, index: which, began, ended });
      return true;
    } catch (error) {
      const { name } = error as Error;
      const expected = kind === "put"
        ? ["Full", "ShutDown", "TimeoutError"]
        : kind === "get"
        ? ["Empty", "ShutDown", "TimeoutError"]
        : [];
      if (!expected.includes(name)) throw error;
      errors[name] = (errors[name] ?? 0) + 1;
      return false;
    }
  };

  const loadOf = (whose: number, which: number) =>
    `${whose}:${which};`.repeat((whose * 31 + which * 17) % (plan.load + 1));
  const makeItem = (): Item =>
    plan.load > 0
      ? { actor, index, load: loadOf(actor, index) }
      : { actor, index };
  // Short enough to pass now and then, and to let the round come to its end.
  const wait = (): WaitOptions => ({
    timeout: next() < 0.3 ? 0 : next() / 200,
  });

  for (let i = 0; i < plan.operations; i++) {
    const choice = next();
    if (choice < plan.shutdown) {
      const immediate = next() < 0.5;
      await run("shutdown", () => queue.shutdown({ immediate }));
    } else if (choice < 0.5) {
      const how = next();
      // Of one priority, so that the order is that of the puts.
      const item = isPriority ? [0, makeItem()] : makeItem();
      const isPut = await run("put", () => {
        if (how < 0.4) return queue.putNowait(item);
        if (how < 0.8) return queue.putSync(item, wait());
        if (how < 0.9) return queue.put(item, wait());
        const signal = AbortSignal.timeout(1 + Math.floor(next() * 3));
        return queue.put(item, { signal });
      });
      if (isPut) index++;
    } else {
      const how = next();
      const isGot = await run("get", () => {
        if (how < 0.4) return queue.getNowait();
        if (how < 0.8) return queue.getSync(wait());
        if (how < 0.9) return queue.get(wait());
        const signal = AbortSignal.timeout(1 + Math.floor(next() * 3));
        return queue.get({ signal });
      });
      if (isGot) got++;
    }
    while (got > 0 && next() < 0.8) {
      got--;
      await run("done", () => queue.taskDone());
    }
  }
  return { events, errors };
}

expose(import.meta, { act });
