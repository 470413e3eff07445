/**
 * What workers are isolated for: code that exhausts their heap, computes without
 * end, or looks what it may do.
 *
 * @module
 */

import {
  type Event,
  expose,
  type Lock,
  Pool,
  Queue,
  sleep,
  Thread,
} from "../../mod.ts";
import { Mutex } from "../../lib/sync/mutex.ts";

export function square(x: number): number {
  return x * x;
}

export function lengthOf(items: readonly unknown[], _beside?: unknown): number {
  return items.length;
}

/** Keeps ever more of something. */
function grow<T>(make: (i: number) => T): never {
  const kept: T[] = [];
  for (let i = 0;; i++) kept.push(make(i));
}

const objects = () => grow((i) => ({ i }));

/** Ways to exhaust a heap, also where Deno tells nobody. */
export const ways = {
  objects,
  numbers: () => grow((i) => i / 3),
  closures: () => grow((i) => () => i),
  texts: () => grow((i) => `${i} `.repeat(100).split(" ")),
  arrays: () => grow(() => new Array(1e4).fill(1)),
  inFinally: () => {
    try {
      objects();
    } finally {
      objects();
    }
  },
  caught: () => {
    for (;;) {
      try {
        objects();
      } catch {
        // It isn't to be caught.
      }
    }
  },
  map: () => {
    const map = new Map();
    for (let i = 0;; i++) map.set(i, i);
  },
  parsed: () => {
    const text = `[${"[1,2,3],".repeat(1e5)}0]`;
    grow(() => JSON.parse(text));
  },
  afterAwait: async () => {
    await undefined;
    objects();
  },
  afterTimer: async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    objects();
  },
  inTimer: () =>
    new Promise((_, reject) =>
      setTimeout(() => {
        try {
          objects();
        } catch (error) {
          reject(error);
        }
      })
    ),
  inListener: () =>
    new Promise<never>(() => {
      const { port1, port2 } = new MessageChannel();
      port2.onmessage = objects;
      port1.postMessage(0);
    }),
  afterQueue: async () => {
    const queue = new Queue<number>();
    setTimeout(() => queue.putSync(1), 1);
    await queue.get();
    objects();
  },
  puts: () => {
    const queue = new Queue<unknown>();
    grow((i) => {
      queue.putSync({ i, text: "x".repeat(1000) });
      return queue.getSync();
    });
  },
} satisfies Record<string, () => unknown>;

export function exhaust(way: keyof typeof ways): unknown {
  return ways[way]();
}

/** Exhausts the heap with the lock held. */
export function exhaustHolding(lock: Lock): unknown {
  using _held = lock.acquireSync();
  return objects();
}

/** Counts turns of the loop, so that others see whether it goes on. */
function turns(words: Int32Array, body: () => void): never {
  for (;;) {
    Atomics.add(words, 0, 1);
    body();
  }
}

/** Ways to compute without end, and without ever calling the library. */
export const loops = {
  counts: (words) => turns(words, () => {}),
  catches: (words) => {
    for (;;) {
      try {
        turns(words, () => {
          throw new Error();
        });
      } catch {
        // It goes on.
      }
    }
  },
  recurses: (words) =>
    turns(words, () => {
      try {
        const deeper = (): number => 1 + deeper();
        deeper();
      } catch {
        // The stack is exhausted.
      }
    }),
  matches: (words) =>
    turns(words, () => {
      /(a+)+b/.test("a".repeat(60));
    }),
  inspects: (words) =>
    turns(words, () => {
      Deno.inspect({
        get [Symbol.toStringTag]() {
          for (let i = 0; i < 1_000_000; i++);
          return "tag";
        },
      });
    }),
  blocks: (words) =>
    turns(words, () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }),
} satisfies Record<string, (words: Int32Array) => unknown>;

export function loop(way: keyof typeof loops, words: Int32Array): unknown {
  return loops[way](words);
}

/** Computes without end, with the lock held. */
export function loopHolding(lock: Lock, words: Int32Array): unknown {
  using _held = lock.acquireSync();
  return loops.counts(words);
}

/** Holds a mutex of the library's most of the time, without end. */
export function loopLocking(words: Int32Array): never {
  const mutex = new Mutex(words, 1);
  return turns(words, () => {
    mutex.lock();
    for (let i = 0; i < 100; i++) Atomics.add(words, 2, 1);
    mutex.unlock();
  });
}

/** What it may do, as Deno has it. */
export function permitted(): Record<string, string> {
  const names = ["env", "ffi", "net", "read", "run", "sys", "write"] as const;
  return Object.fromEntries(
    names.map((name) => [name, Deno.permissions.querySync({ name }).state]),
  );
}

/** What becomes of a read. */
export function reads(path: string): string {
  try {
    return typeof Deno.readTextFileSync(path);
  } catch (error) {
    return (error as Error).name;
  }
}

/** What the top level of this module could read. */
const readAtLoad = reads(import.meta.filename!);

export function hasReadAtLoad(): string {
  return readAtLoad;
}

/** Ends its worker as a script of Node's would. */
export function exits(): void {
  globalThis.process.exit(3);
}

export function closes(): void {
  (globalThis as unknown as { self: { close(): void } }).self.close();
}

export function fails(): never {
  throw new RangeError("no");
}

/** A stray error of the thread's, which goes on. */
export async function strays(): Promise<never> {
  Promise.reject(new RangeError("stray"));
  return await new Promise<never>(() => {});
}

/** Sends back what it gets. */
export function echo<T>(value: T): T {
  return value;
}

/** Waits for what never comes, and in the end shuts the queue down. */
export function sum(queue: Queue<number>, ready: Event): void {
  try {
    ready.set();
    queue.getSync();
  } finally {
    queue.shutdown();
  }
}

let runs = 0;
export function countRuns(): number {
  return ++runs;
}

export function exitsDeno(): void {
  Deno.exit(3);
}

async function endOf(call: Promise<unknown>): Promise<string> {
  return await call.then(() => "returned", String);
}

export async function startsIsolated(): Promise<
  { exhausted: string; looped: string; square: number }
> {
  await using pool = new Pool(1, { memoryLimit: 24 });
  const exhausted = await endOf(pool.apply(exhaust, ["afterAwait"]));
  const words = new Int32Array(new SharedArrayBuffer(4));
  const args = ["counts", words] as [keyof typeof loops, Int32Array];
  const thread = new Thread(loop, { isolation: "killable", args });
  thread.start();
  while (Atomics.load(words, 0) === 0) await sleep(0.001);
  await thread.terminate();
  const looped = await endOf(thread.join());
  return { exhausted, looped, square: await pool.apply(square, [3]) };
}

/** Waits for a word, and then says so in the next. */
export function waitsForWord(words: Int32Array): void {
  while (Atomics.load(words, 1) === 0) Atomics.wait(words, 1, 0, 1000);
  Atomics.store(words, 2, 1);
}

export async function startsThenLoops(words: Int32Array): Promise<never> {
  await new Thread(waitsForWord, { args: [words] }).start();
  return loops.counts(words);
}

expose(import.meta, {
  lengthOf,
  square,
  exhaust,
  exhaustHolding,
  loop,
  loopHolding,
  loopLocking,
  permitted,
  reads,
  hasReadAtLoad,
  exits,
  closes,
  fails,
  strays,
  echo,
  sum,
  countRuns,
  exitsDeno,
  startsIsolated,
  waitsForWord,
  startsThenLoops,
});
