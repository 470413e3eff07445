// What is large or many, each in a process of its own: one is named on the
// command line, and how much of it. It prints how memory grew, in MB, and fails
// if anything is lost or memory is.

import { assert, assertEquals, assertLess } from "@std/assert";
import { activeCount, Event, expose, Pool, Queue, Thread } from "../../mod.ts";

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
};

if (import.meta.main) {
  const [name, n, most] = Deno.args;
  const memory = new Memory();
  await limits[name](Number(n), memory);
  memory.look();
  assertEquals(activeCount(), 1);
  assertLess(memory.growth, Number(most), "memory grew by too many MB");
  console.log(Math.round(memory.growth));
}
