// What is large or many, each in a process of its own: one is named on the
// command line, and how much of it. It prints how memory grew, in MB, and fails
// if anything is lost or memory is.

import { assert, assertEquals, assertLess } from "@std/assert";
import process from "node:process";
import {
  activeCount,
  Event,
  expose,
  Pool,
  type PoolOptions,
  Queue,
  sleep,
  Thread,
  WorkerLostError,
} from "../../mod.ts";
import * as isolation from "./isolation.ts";
import { until } from "./until.ts";

export function square(x: number): number {
  return x * x;
}
export function arrive(here: Queue<number>, go: Event): void {
  here.putSync(1);
  go.waitSync();
}
export function putAll(queue: Queue<number>, count: number): void {
  for (let i = 0; i < count; i++) queue.putSync(i);
}
export function makeBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  bytes[count - 1] = 7;
  return bytes;
}
export function fillLast(bytes: Uint8Array): void {
  bytes[bytes.length - 1] = 7;
}
expose(import.meta, { square, arrive, putAll, makeBytes, fillLast });

const megabytes = () => Deno.memoryUsage().rss / 2 ** 20;

/** How memory grows from here on. */
class Memory {
  #start = megabytes();
  growth = 0;

  look(): void {
    this.growth = Math.max(this.growth, megabytes() - this.#start);
  }
}

/** One result of so many bytes, which were copied. */
function assertBytes(bytes: Uint8Array, count: number): void {
  assertEquals([bytes.length, bytes[count - 1]], [count, 7]);
}

async function assertTooLarge(result: Promise<unknown>): Promise<void> {
  const { name, message } = await result.then(
    () => new Error("It was no error"),
    (error) => error,
  );
  assertEquals(name, "DataCloneError");
  assert(message.includes("use transfer() or a SharedArrayBuffer"), message);
}

type Limit = (n: number, memory: Memory) => Promise<void>;

const limits: Record<string, Limit> = {
  async threadsInTurn(n) {
    for (let i = 0; i < n; i++) {
      await using thread = new Thread(square, { args: [i] });
      thread.start();
      assertEquals(await thread.join(), i * i);
    }
  },
  async threadsAtOnce(n, memory) {
    const here = new Queue<number>();
    const go = new Event();
    const threads = Array.from(
      { length: n },
      () => new Thread(arrive, { args: [here, go] }),
    );
    for (const thread of threads) thread.start();
    for (let i = 0; i < n; i++) await here.get();
    assertEquals(activeCount(), n + 1);
    memory.look();
    go.set();
    for (const thread of threads) await thread.join();
  },
  async queueItems(n) {
    const queue = new Queue<number>();
    const thread = new Thread(putAll, { args: [queue, n] });
    await thread.start();
    for (let i = 0; i < n; i++) assert(queue.getSync() === i);
    await thread.join();
    assertEquals([queue.size, queue.unfinishedTasks], [0, n]);
  },
  async fullQueue(n, memory) {
    // Full all the time, by bytes or by count.
    const queue = new Queue<number>(100, { capacity: 1024 });
    const threads = [1, 2].map(() =>
      new Thread(putAll, { args: [queue, n / 2] })
    );
    for (const thread of threads) thread.start();
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += queue.getSync();
      assert(queue.size <= 64);
      if (i % (n / 10) === 0) memory.look();
    }
    for (const thread of threads) await thread.join();
    assertEquals(sum, (n / 2) * (n / 2 - 1));
  },
  async pendingTasks(n, memory) {
    await using pool = new Pool(2);
    const tasks = Array.from({ length: n }, (_, i) => pool.apply(square, [i]));
    memory.look();
    const results = await Promise.all(tasks);
    assert(results.every((x, i) => x === i * i));
  },
  async poolResult(n) {
    await using pool = new Pool(1);
    assertBytes(await pool.apply(makeBytes, [n]), n);
    assertEquals(await pool.apply(square, [3]), 9);
  },
  async threadResult(n) {
    await using thread = new Thread(makeBytes, { args: [n] });
    thread.start();
    assertBytes(await thread.join(), n);
  },
  async sharedArgument(n) {
    const bytes = new Uint8Array(new SharedArrayBuffer(n));
    await using pool = new Pool(2);
    await pool.map(fillLast, [bytes, bytes, bytes]);
    assertBytes(bytes, n);
  },
  /** None of its bytes is ever touched but the last. */
  async tooLarge(n, memory) {
    const thread = new Thread(makeBytes, { args: [n] });
    thread.start();
    await assertTooLarge(thread.join());
    const next = new Thread(square, { args: [3] });
    next.start();
    assertEquals(await next.join(), 9);
    await using pool = new Pool(1);
    await assertTooLarge(pool.apply(makeBytes, [n]));
    assertEquals(await pool.apply(square, [3]), 9);
    memory.look();
  },
  async exhaustions(n, memory) {
    const replacing = new Replacing();
    const ways = Object.keys(isolation.ways) as (keyof typeof isolation.ways)[];
    {
      await using pool = new Pool(4, { memoryLimit: 24, ...replacing.options });
      await inTurns(n, async (i) => {
        const way = ways[i % ways.length];
        const call = pool.apply(isolation.exhaust, [way]);
        const error = await call.then(() => undefined, (error) => error);
        assert(error instanceof WorkerLostError, `${way}: ${error}`);
        assert(error.message.includes("out of memory"), error.message);
        memory.look();
      });
      assertEquals(await pool.apply(isolation.square, [3]), 9);
    }
    assertEquals(replacing.ends.get("lost"), n);
    replacing.tell(n);
  },
  async spinners(n) {
    const replacing = new Replacing();
    const ways = Object.keys(
      isolation.loops,
    ) as (keyof typeof isolation.loops)[];
    const options = { isolation: "killable", grace: 0.05 } as const;
    {
      await using pool = new Pool(4, { ...options, ...replacing.options });
      await pool.ready();
      await inTurns(n, async (i) => {
        const words = new Int32Array(new SharedArrayBuffer(4));
        const controller = new AbortController();
        const call = pool.apply(
          isolation.loop,
          [ways[i % ways.length], words],
          controller,
        );
        const error = call.then(() => undefined, (error) => error);
        await until(() => Atomics.load(words, 0) > 0);
        controller.abort(new SyntaxError("enough"));
        assertEquals((await error)?.name, "SyntaxError");
        await until(() => isStill(words));
      });
      assertEquals(await pool.apply(isolation.square, [3]), 9);
      // Others start in their place, which takes a while.
      for (let second = 0; await usedInSecond() > 0.5; second++) {
        assertLess(second, 30, "a core is kept");
      }
    }
    assertEquals(replacing.ends.get("calledOff"), n);
    replacing.tell(n);
  },
};

/** How workers of a pool end, and how soon others are in their place. */
class Replacing {
  ends = new Map<string, number>();
  #ended: number[] = [];
  #took: number[] = [];
  options: PoolOptions = {
    onWorkerEnd: (reason) => {
      this.ends.set(reason, (this.ends.get(reason) ?? 0) + 1);
      this.#ended.push(performance.now());
    },
    onWorkerStart: () => {
      const ended = this.#ended.shift();
      if (ended !== undefined) this.#took.push(performance.now() - ended);
    },
  };

  /** Says so, at full size. */
  tell(n: number): void {
    if (n < 100) return;
    const took = this.#took.sort((a, b) => a - b);
    const [half, most, all] = [0.5, 0.99, 1].map((share) =>
      Math.round(took[Math.ceil(took.length * share) - 1])
    );
    console.error(
      `Replaced within ${half} ms (half), ${most} ms (99 %), ${all} ms (all)`,
    );
  }
}

/** How many seconds of a core this process uses in one. */
async function usedInSecond(): Promise<number> {
  const { user, system } = process.cpuUsage();
  await sleep(1);
  const after = process.cpuUsage();
  return (after.user + after.system - user - system) / 1e6;
}

/** Does something so many times, four at a time. */
async function inTurns(
  n: number,
  one: (i: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all([1, 2, 3, 4].map(async () => {
    while (next < n) await one(next++);
  }));
}

/** Whether nobody counts any more. */
function isStill(words: Int32Array): boolean {
  const before = Atomics.load(words, 0);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  return Atomics.load(words, 0) === before;
}

if (import.meta.main) {
  const [name, n, most] = Deno.args;
  const memory = new Memory();
  await limits[name](Number(n), memory);
  memory.look();
  assertEquals(activeCount(), 1);
  assertLess(memory.growth, Number(most), "memory grew by too many MB");
  console.log(Math.round(memory.growth));
}
