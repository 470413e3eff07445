import { assertEquals, assertRejects } from "@std/assert";
import { type AnyIterable, Pool } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/pool_functions.ts";

type Method = (
  pool: Pool,
  items: AnyIterable<number>,
  chunkSize?: number,
) => AsyncGenerator<number>;

const lazy: Record<string, Method> = {
  imap: (pool, items, chunkSize) => pool.imap(fns.square, items, { chunkSize }),
  imapUnordered: (pool, items, chunkSize) =>
    pool.imapUnordered(fns.square, items, { chunkSize }),
  starmapOrdered: (pool, items, chunkSize) =>
    pool.starmapOrdered(fns.square, tuples(items), { chunkSize }),
  starmapUnordered: (pool, items, chunkSize) =>
    pool.starmapUnordered(fns.square, tuples(items), { chunkSize }),
};

const eager: Record<
  string,
  (pool: Pool, items: AnyIterable<number>) => Promise<number[]>
> = {
  map: (pool, items) => pool.map(fns.square, items),
  starmap: (pool, items) => pool.starmap(fns.square, tuples(items)),
};

/** Each item as a list of arguments, and the calls of the iterator as they are. */
function tuples(items: AnyIterable<number>): AnyIterable<[number]> {
  if (Symbol.asyncIterator in Object(items)) {
    const iterator = (items as AsyncIterable<number>)[Symbol.asyncIterator]();
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => iterator.next().then(tuple),
        return: () => iterator.return!().then(tuple),
      }),
    };
  }
  const iterator = (items as Iterable<number>)[Symbol.iterator]();
  return {
    [Symbol.iterator]: () => ({
      next: () => tuple(iterator.next()),
      return: () => tuple(iterator.return!()),
    }),
  };
}

function tuple(result: IteratorResult<number>): IteratorResult<[number]> {
  return result.done ? result : { value: [result.value] };
}

/** Numbers up to a limit, and what was asked of them. */
class Numbers {
  calls: string[] = [];
  #next = 0;

  constructor(
    readonly limit: number,
    readonly atEnd: "done" | "throw" | "hang",
  ) {}

  next(): IteratorResult<number> {
    this.calls.push("next");
    if (this.#next < this.limit) return { value: this.#next++ };
    if (this.atEnd === "throw") throw new SyntaxError("in the source");
    return { done: true, value: undefined };
  }

  return(): IteratorResult<number> {
    this.calls.push("return");
    return { done: true, value: undefined };
  }

  [Symbol.iterator]() {
    return this;
  }
}

/** The same, one after another. */
class LaterNumbers {
  constructor(readonly numbers: Numbers) {}

  next(): Promise<IteratorResult<number>> {
    return Promise.try(() => this.numbers.next()).then((result) =>
      result.done && this.numbers.atEnd === "hang"
        ? new Promise<never>(() => {})
        : result
    );
  }

  return(): Promise<IteratorResult<number>> {
    return Promise.resolve(this.numbers.return());
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

for (const [name, method] of Object.entries(lazy)) {
  threadTest(`Pool.${name}(): a source that ends is not left`, async () => {
    await using pool = new Pool(2);
    for (const chunkSize of [1, 2, 5]) {
      const source = new Numbers(5, "done");
      for (const items of [source, new LaterNumbers(new Numbers(5, "done"))]) {
        const results = await Array.fromAsync(method(pool, items, chunkSize));
        assertEquals(results.sort((a, b) => a - b), [0, 1, 4, 9, 16]);
      }
      assertEquals(source.calls, new Array(6).fill("next"));
    }
  });

  threadTest(`Pool.${name}(): a source that throws`, async () => {
    await using pool = new Pool(2);
    for (const chunkSize of [1, 2, 3, 5]) {
      const numbers = new Numbers(3, "throw");
      const later = new LaterNumbers(new Numbers(3, "throw"));
      for (const items of [numbers, later]) {
        const seen: number[] = [];
        await assertRejects(
          async () => {
            for await (const x of method(pool, items, chunkSize)) seen.push(x);
          },
          SyntaxError,
          "in the source",
        );
        // Whatever came before is done.
        assertEquals(seen.sort(), [0, 1, 4]);
      }
      assertEquals(numbers.calls, ["next", "next", "next", "next"]);
    }
  });

  threadTest(`Pool.${name}(): leaving it leaves the source`, async () => {
    const pool = new Pool(2);
    const endless = new Numbers(Infinity, "done");
    const silent = new Numbers(3, "hang");
    for (const items of [endless, new LaterNumbers(silent)]) {
      for await (const _ of method(pool, items)) break;
    }
    assertEquals(endless.calls.filter((call) => call === "return").length, 1);
    // Though it was being waited for.
    assertEquals(silent.calls.at(-1), "return");
    const { length } = endless.calls;
    const half = method(pool, new Numbers(Infinity, "done"));
    await half.next();
    await half.return(undefined);
    await method(pool, new Numbers(Infinity, "done")).return(undefined);
    assertEquals(await pool.apply(fns.square, [3]), 9);
    assertEquals(endless.calls.length, length);
    pool.close();
    await pool.join();
  });
}

for (const [name, method] of Object.entries(eager)) {
  threadTest(`Pool.${name}(): the sources that it reads`, async () => {
    await using pool = new Pool(2);
    for (
      const wrap of [(n: Numbers) => n, (n: Numbers) => new LaterNumbers(n)]
    ) {
      const ends = new Numbers(3, "done");
      assertEquals(await method(pool, wrap(ends)), [0, 1, 4]);
      const throws = new Numbers(3, "throw");
      await assertRejects(() => method(pool, wrap(throws)), SyntaxError);
      for (const { calls } of [ends, throws]) {
        assertEquals(calls, ["next", "next", "next", "next"]);
      }
    }
  });
}

threadTest("Pool.map() and imap(): a source that is none", async () => {
  await using pool = new Pool(1);
  const broken = {
    [Symbol.iterator](): Iterator<number> {
      throw new SyntaxError("no iterator");
    },
  };
  await assertRejects(() => pool.map(fns.square, broken), SyntaxError);
  const results = pool.imap(fns.square, broken);
  await assertRejects(() => results.next(), SyntaxError, "no iterator");
  assertEquals(await pool.apply(fns.square, [3]), 9);
});
