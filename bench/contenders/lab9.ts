// Copyright 2026 the lab9 authors. MIT license.

/**
 * This library.
 *
 * @module
 */

import { f, g } from "../../labs/gil.ts";
import { taylorExp } from "../../labs/pool.ts";
import {
  expose,
  Pool,
  prestartWorkers,
  Queue,
  sleepSync,
  Thread,
} from "../../mod.ts";
import {
  type Channel,
  check,
  clock,
  clockExp,
  clockMap,
  contend,
  poolRoles,
  queueRole,
  warm,
  WARMING,
} from "../contend.ts";
import type { Sample, Settings } from "../protocol.ts";
import {
  affine,
  affineChunk,
  echo,
  itemMaker,
  type Kind,
  now,
  tinyTask,
  weigherOf,
} from "../work.ts";

export function produce(
  queue: Queue<unknown>,
  orders: Queue<number>,
  starts: Queue<number>,
  kind: Kind,
  size: number,
): void {
  const make = itemMaker(kind, size);
  for (const count of orders) {
    const start = now();
    for (let i = 0; i < count; i++) queue.putSync(make(i));
    starts.putSync(start);
  }
}

export function consume(
  queue: Queue<unknown>,
  orders: Queue<number>,
  ends: Queue<[end: number, weight: number]>,
  kind: Kind,
): void {
  const weigh = weigherOf(kind);
  for (const count of orders) {
    let weight = 0;
    for (let i = 0; i < count; i++) weight += weigh(queue.getSync());
    ends.putSync([now(), weight]);
  }
}

function openChannel(settings: Settings): Channel {
  const { kind, size, maxsize, producers, consumers } = settings;
  const queue = new Queue<unknown>(maxsize);
  const starts = new Queue<number>();
  const ends = new Queue<[end: number, weight: number]>();
  const produced = new Queue<number>();
  const consumed = new Queue<number>();
  for (let i = 0; i < producers; i++) {
    new Thread(produce, { args: [queue, produced, starts, kind, size] })
      .start();
  }
  for (let i = 0; i < consumers; i++) {
    new Thread(consume, { args: [queue, consumed, ends, kind] }).start();
  }
  return {
    burst: async (count) => {
      for (let i = 0; i < consumers; i++) await consumed.put(count / consumers);
      for (let i = 0; i < producers; i++) await produced.put(count / producers);
      let [start, end, weight] = [Infinity, -Infinity, 0];
      for (let i = 0; i < producers; i++) {
        start = Math.min(start, await starts.get());
      }
      for (let i = 0; i < consumers; i++) {
        const [at, part] = await ends.get();
        end = Math.max(end, at);
        weight += part;
      }
      return { seconds: end - start, weight };
    },
  };
}

/** A result that is long: it is copied, as no `transfer` says that it may move. */
export function bytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).fill(1);
}

/** Clocks how calls that wait behind a long one are called off. */
async function clockCallingOff(
  { bursts, count }: Settings,
  controllers: () => AbortController[],
): Promise<Sample> {
  await using pool = new Pool(1);
  const long = pool.apply(sleepSync, [600]).catch(() => {});
  const sample = await clock(bursts, async () => {
    const all = controllers();
    const calls = Array.from(
      { length: count },
      (_, i) =>
        pool.apply(tinyTask, [i], { signal: all[i % all.length].signal }),
    );
    const settled = Promise.allSettled(calls);
    const start = performance.now();
    for (const controller of all) controller.abort();
    const rejected = (await settled).filter(({ status }) =>
      status === "rejected"
    );
    const seconds = (performance.now() - start) / 1000;
    check("How many calls were called off", rejected.length, count);
    return seconds;
  });
  await pool.terminate();
  await long;
  return sample;
}

async function warmPool(workers: number): Promise<Pool> {
  const pool = new Pool(workers);
  await warm(workers, () => pool.apply(tinyTask, [WARMING]));
  return pool;
}

expose(import.meta, {
  produce,
  consume,
  tinyTask,
  affine,
  affineChunk,
  echo,
  bytes,
  now,
});

if (import.meta.main) {
  await contend({
    queue: queueRole(openChannel),
    ...poolRoles((workers) => {
      const pool = new Pool(workers);
      return {
        run: (x) => pool.apply(tinyTask, [x]),
        runChunk: (chunk) => pool.apply(affineChunk, [chunk]),
        echo: (value) => pool.apply(echo, [value]),
      };
    }),
    // Chunked by the library itself.
    map: async ({ workers, count, bursts, chunkSize }) => {
      const pool = await warmPool(workers);
      const options = chunkSize === 0 ? {} : { chunkSize };
      return await clockMap(
        bursts,
        count,
        (items) => pool.map(affine, items, options),
      );
    },
    inlineMap: ({ bursts, count }) =>
      clockMap(bursts, count, (items) => items.map(affine)),
    exp: ({ bursts, count }) =>
      clockExp(bursts, count, (items) => items.map((x) => taylorExp(x))),
    expPool: async ({ workers, bursts, count }) => {
      const pool = await warmPool(workers);
      return await clockExp(
        bursts,
        count,
        (items) => pool.map(taylorExp, items),
      );
    },
    f: ({ bursts }) => clock(bursts, () => f(0)),
    g: ({ bursts }) => clock(bursts, () => g(0)),
    callOff: (settings) =>
      clockCallingOff(
        settings,
        () =>
          Array.from({ length: settings.count }, () => new AbortController()),
      ),
    callOffAtOnce: (settings) =>
      clockCallingOff(settings, () => [new AbortController()]),
    largeResult: async ({ bursts, count }) => {
      const pool = await warmPool(1);
      return await clock(bursts, async () => {
        const result = await pool.apply(bytes, [count]);
        check("The result's length", result.length, count);
      });
    },
    // As if the worker wrote it into shared memory and the caller read it.
    copyTwice: ({ bursts, count }) =>
      clock(bursts, () => {
        const result = bytes(count).slice().slice();
        check("The result's length", result.length, count);
      }),
    poolStart: async ({ workers }) => {
      const start = now();
      const pool = new Pool(workers);
      await pool.ready();
      return { steady: [now() - start] };
    },
    threadStart: async ({ bursts }) => {
      await prestartWorkers(1);
      return await clock(bursts, async () => {
        const thread = new Thread(now);
        const start = now();
        thread.start();
        return await thread.join() - start;
      });
    },
    sleep: async ({ workers, bursts }) => {
      await prestartWorkers(workers);
      return await clock(bursts, async () => {
        const threads = Array.from(
          { length: workers },
          () => new Thread(sleepSync, { args: [2] }),
        );
        for (const thread of threads) thread.start();
        await Promise.all(threads.map((thread) => thread.join()));
        check(
          "Threads that live on",
          threads.filter((t) => t.isAlive).length,
          0,
        );
      });
    },
  });
}
