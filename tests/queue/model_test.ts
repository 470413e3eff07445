import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { Empty, Full, ShutDown } from "../../lib/queue/queue.ts";
import { prestartWorkers, Thread } from "../../lib/thread/thread.ts";
import { type QueueKind, queueKinds } from "../support/queues.ts";
import { threadTest } from "../support/threads.ts";
import {
  act,
  type Event,
  type Item,
  type Plan,
  random,
} from "../support/queue_model.ts";

/** What a number takes in a queue, and with its priority in a priority queue. */
const NUMBER_BYTES = 16;
const PAIR_BYTES = 64;

const wanted = Deno.args.find((arg) => arg.startsWith("--seed="));
const seed = wanted === undefined
  ? crypto.getRandomValues(new Uint32Array(1))[0] >>> 1
  : Number(wanted.slice("--seed=".length));

/** Names the seed of what fails. */
async function withSeed(seed: number, run: () => void | Promise<void>) {
  try {
    await run();
  } catch (error) {
    console.error(`To run this again: -- --all --seed=${seed}`);
    throw error;
  }
}

/** Python's queues in plain memory; what would wait throws. */
class Model {
  items: unknown[] = [];
  unfinished = 0;
  isShutDown = false;

  /** Where in the list a new item goes; they are taken from its beginning. */
  constructor(
    readonly limit: number,
    readonly placeOf: (item: unknown, items: unknown[]) => number,
  ) {}

  put(item: unknown): void {
    if (this.isShutDown) throw new ShutDown();
    if (this.items.length >= this.limit) throw new Full();
    this.items.splice(this.placeOf(item, this.items), 0, item);
    this.unfinished++;
  }

  get(): unknown {
    if (this.items.length > 0) return this.items.shift();
    throw this.isShutDown ? new ShutDown() : new Empty();
  }

  taskDone(): void {
    if (this.unfinished === 0) throw new RangeError();
    this.unfinished--;
  }

  join(): void {
    if (this.unfinished > 0) throw new DOMException("", "TimeoutError");
  }

  shutdown(immediate: boolean): void {
    this.isShutDown = true;
    if (!immediate) return;
    this.unfinished = Math.max(0, this.unfinished - this.items.length);
    this.items = [];
  }
}

/** What came of a call: its value, or the name of its error. */
async function outcome(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return (error as Error).name;
  }
}

const placeOf: Record<string, Model["placeOf"]> = {
  Queue: (_, items) => items.length,
  LifoQueue: () => 0,
  PriorityQueue: (item, items) => {
    const later = (items as [number][]).findIndex(([priority]) =>
      priority > (item as [number])[0]
    );
    return later < 0 ? items.length : later;
  },
};

for (const kind of queueKinds) {
  Deno.test(`${kind.name} does what a model in plain memory does`, async () => {
    const started = performance.now();
    for (let round = 0; performance.now() - started < 1500; round++) {
      // Only the first is that of the argument, so that it can be given again.
      const roundSeed = (seed + round) >>> 0;
      await withSeed(roundSeed, () => compare(kind, random(roundSeed)));
    }
  });
}

async function compare(kind: QueueKind, next: () => number): Promise<void> {
  const pick = (count: number) => Math.floor(next() * count);
  const maxsize = pick(2) * (1 + pick(8));
  const places = 1 + pick(300);
  const isPriority = kind.name === "PriorityQueue";
  const bytes = isPriority ? PAIR_BYTES : NUMBER_BYTES;
  const queue = kind.make(maxsize, { capacity: places * bytes });
  const limit = Math.min(maxsize || Infinity, places);
  const model = new Model(limit, placeOf[kind.name]);
  const priorities = 1 + pick(places);
  // Fills up at first, or empties, then the other way round.
  const phase = 1 + pick(400);
  for (let step = 0; step < 1200; step++) {
    const isFilling = Math.floor(step / phase) % 2 === 0;
    const choice = next();
    const timeout = 0;
    let [actual, expected]: [() => unknown, () => unknown] = [
      () => queue.joinSync({ timeout }),
      () => model.join(),
    ];
    if (choice < 0.002) {
      const immediate = next() < 0.5;
      actual = () => queue.shutdown({ immediate });
      expected = () => model.shutdown(immediate);
    } else if (choice < (isFilling ? 0.6 : 0.3)) {
      const item = isPriority ? [pick(priorities), step] : step;
      actual = [
        () => queue.putNowait(item),
        () => queue.putSync(item, { timeout }),
        () => queue.put(item, { timeout }),
      ][pick(3)];
      expected = () => model.put(item);
    } else if (choice < 0.9) {
      actual = [
        () => queue.getNowait(),
        () => queue.getSync({ timeout }),
        () => queue.get({ timeout }),
      ][pick(3)];
      expected = () => model.get();
    } else if (choice < 0.97) {
      actual = () => queue.taskDone();
      expected = () => model.taskDone();
    } else if (choice < 0.98) {
      actual = () => queue.join({ timeout });
    }
    assertEquals(await outcome(actual), await outcome(expected), `${step}`);
    assertEquals(queue.size, model.items.length);
    assertEquals(queue.isEmpty, model.items.length === 0);
    assertEquals(queue.isFull, maxsize > 0 && model.items.length >= maxsize);
    assertEquals(queue.unfinishedTasks, model.unfinished);
  }
}

/** Several threads at random, checked by what the order of events allows. */
async function checkRound(kind: QueueKind, seed: number): Promise<void> {
  const next = random(seed);
  const pick = <T>(...choices: T[]) =>
    choices[Math.floor(next() * choices.length)];
  const plan: Plan = {
    seed,
    operations: 250,
    load: pick(0, 3, 60, 400),
    shutdown: pick(0, 0, 0.001),
  };
  const maxsize = pick(0, 1, 2, 5, 50);
  const capacity = pick(1 << 13, 1 << 14, undefined);
  const queue = kind.make(maxsize, { capacity });
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const actors = Array.from(
    { length: pick(2, 3, 4, 6) },
    (_, i) => new Thread(act, { args: [queue, i, plan, clock] }),
  );
  for (const actor of actors) actor.start();
  const logs = await Promise.all(actors.map((actor) => actor.join(60)));
  const events = logs.flatMap((log) => log.events);
  const of = (kind: Event["kind"]) => events.filter((e) => e.kind === kind);
  const isShutDown = of("shutdown").length > 0;
  const [puts, gets] = [of("put"), of("get")];
  const stored = queue.size;
  const left: Event[] = Array.from({ length: stored }, () => {
    const item = queue.getNowait();
    const { actor, index } = (Array.isArray(item) ? item[1] : item) as Item;
    return { kind: "get", actor, index, began: clock[0]++, ended: clock[0]++ };
  });
  const all = [...gets, ...left];

  // Nothing came out twice, or that was not put; without shutdown, all did.
  const key = ({ actor, index }: Event) => `${actor}:${index}`;
  const putsByKey = new Map(puts.map((put) => [key(put), put]));
  assertEquals(putsByKey.size, puts.length);
  assertEquals(new Set(all.map(key)).size, all.length);
  for (const get of all) {
    const put = putsByKey.get(key(get));
    assert(put !== undefined, `${key(get)} was got, not put`);
    assertLessOrEqual(put.began, get.ended);
  }
  if (!isShutDown) assertEquals(all.length, puts.length);
  const dropped = puts.length - all.length;
  const unfinished = puts.length - of("done").length - dropped;
  assertEquals(queue.unfinishedTasks, unfinished);

  // What was refused was refused with reason.
  const errors = logs.flatMap((log) => Object.keys(log.errors));
  if (!isShutDown) assert(!errors.includes("ShutDown"));
  if (maxsize === 0 && capacity === undefined) assert(!errors.includes("Full"));
  if (kind.name === "LifoQueue") return;

  // First in, first out: of two puts, one after the other, the later item's
  // get didn't end before the earlier one's began.
  const getsByKey = new Map(all.map((get) => [key(get), get]));
  const pairs = puts.flatMap((put) => {
    const get = getsByKey.get(key(put));
    return get === undefined ? [] : [{ put, get }];
  });
  const byEnd = pairs.toSorted((a, b) => a.put.ended - b.put.ended);
  let earlier = 0;
  let latestBegin = -1;
  for (
    const { put, get } of pairs.toSorted((a, b) => a.put.began - b.put.began)
  ) {
    for (; byEnd[earlier].put.ended < put.began; earlier++) {
      latestBegin = Math.max(latestBegin, byEnd[earlier].get.began);
    }
    assertLessOrEqual(latestBegin, get.ended, `${key(get)} came too early`);
  }

  // And so each thread got each producer's items in their order.
  for (const { events } of logs) {
    const latest = new Map<number, number>();
    for (const { kind, actor, index } of events) {
      if (kind !== "get") continue;
      assert(index > (latest.get(actor) ?? -1));
      latest.set(actor, index);
    }
  }
}

for (const kind of queueKinds) {
  threadTest(
    `${kind.name} keeps order and count whatever several threads do`,
    async () => {
      await prestartWorkers(6);
      const started = performance.now();
      for (let round = 0; performance.now() - started < 4000; round++) {
        const roundSeed = (seed + round) >>> 0;
        await withSeed(roundSeed, () => checkRound(kind, roundSeed));
      }
    },
  );
}
