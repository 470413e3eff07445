// What the library does in a page, as a list of values: bundled, served and read
// by `library_test.ts`. Only a worker may block, so the page awaits.

import {
  Condition,
  Event,
  expose,
  Lock,
  Pool,
  PriorityQueue,
  Queue,
  sleepSync,
  Thread,
} from "@lab9/concurrency";

function square(x: number): number {
  return x * x;
}

/** Blocks for an event, for items, for a lock. */
function consume(
  numbers: Queue<number | null>,
  doubled: Queue<number>,
  lock: Lock,
  go: Event,
): string {
  go.waitSync();
  for (;;) {
    const number = numbers.getSync();
    if (number === null) return "done";
    using _held = lock.acquireSync();
    doubled.putSync(2 * number);
  }
}

function wait(condition: Condition, ready: Queue<string>): string {
  using _held = condition.acquireSync();
  ready.putSync("waiting");
  condition.waitSync();
  return "notified";
}

function fail(): never {
  throw new TypeError("It fails");
}

/** More than shared memory between two threads takes: it comes by message. */
function large(): Uint8Array {
  return new Uint8Array(1 << 20).fill(7);
}

/** What no queue can take: it comes by message, too. */
function blob(text: string): Blob {
  return new Blob([text]);
}

function sleepForEver(ready: Queue<string>): void {
  ready.putSync("asleep");
  for (;;) sleepSync(60);
}

function map(): Map<unknown, unknown> {
  return new Map<unknown, unknown>([[new Date(5), /x/g], ["n", 5n ** 50n]]);
}

expose(import.meta, {
  blob,
  consume,
  fail,
  large,
  map,
  sleepForEver,
  square,
  wait,
});

const said = (error: Error) => `${error.constructor.name}: ${error.message}`;

async function run(fn: () => unknown): Promise<unknown> {
  const thread = new Thread(fn);
  thread.start();
  return await thread.join();
}

/** Each line is one of the library's parts. */
async function all(): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};

  const numbers = new Queue<number | null>();
  const doubled = new Queue<number>();
  const [lock, go] = [new Lock(), new Event()];
  const threads = [1, 2].map(() =>
    new Thread(consume, { args: [numbers, doubled, lock, go] })
  );
  for (const thread of threads) thread.start();
  for (let i = 0; i < 10; i++) await numbers.put(i);
  for (const _ of threads) await numbers.put(null);
  go.set();
  seen.joined = await Promise.all(threads.map((thread) => thread.join()));
  seen.sum = 0;
  while (!doubled.isEmpty) seen.sum = seen.sum as number + await doubled.get();

  const ready = new Queue<string>();
  const condition = new Condition();
  const waiting = new Thread(wait, { args: [condition, ready] });
  waiting.start();
  await ready.get();
  {
    using _held = await condition.acquire();
    condition.notify();
  }
  seen.condition = await waiting.join();

  const order = new PriorityQueue<number, string>();
  await order.put([2, "b"]);
  await order.put([1, "a"]);
  seen.priority = [await order.get(), await order.get()];

  seen.error = await run(fail).catch(said);
  seen.large = (await run(large) as Uint8Array).length;
  seen.map = [...await run(map) as Map<unknown, unknown>].map(String);

  const asleep = new Thread(sleepForEver, { args: [ready] });
  asleep.start();
  await ready.get();
  await asleep.terminate();
  seen.terminated = asleep.isAlive;

  await using pool = new Pool(2);
  seen.pool = await pool.map(square, [1, 2, 3, 4]);
  seen.poolError = await pool.apply(fail).catch(said);
  seen.blobs = await Promise.all(
    ["one", "two", "three"].map(async (text) =>
      (await pool.apply(blob, [text])).text()
    ),
  );
  await using recycling = new Pool(2, { maxTasksPerChild: 1 });
  seen.lastBlobs = await Promise.all(
    Array.from(
      { length: 20 },
      async (_, i) => (await recycling.apply(blob, [`${i}`])).text(),
    ),
  ).then((texts) => texts.length);
  return seen;
}

if ("document" in globalThis) {
  Object.assign(globalThis, { seen: all() });
}
