import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Pool } from "../../lib/pool/pool.ts";
import { Full, Queue } from "../../lib/queue/queue.ts";
import { Cargo } from "../../lib/codec/cargo.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { Encoder } from "../../lib/codec/encoder.ts";
import { RECORD_BYTES, recordSize } from "../../lib/store/store.ts";
import { Thread } from "../../lib/thread/thread.ts";
import { threadTest } from "../support/threads.ts";
import { difference } from "../support/difference.ts";
import { any, check, cloneable } from "./recipes.ts";
import { build, type Recipe } from "../support/values.ts";
import {
  clone,
  make,
  receive,
  receiveItems,
} from "../support/values_threads.ts";

/** What came of a call: a value, or the name of what was thrown. */
type Outcome = { value: unknown } | { error: string };

async function outcome(call: () => unknown): Promise<Outcome> {
  try {
    const value = call();
    return { value: value instanceof Promise ? await value : value };
  } catch (error) {
    return { error: (error as Error).name };
  }
}

function assertSame(actual: unknown, expected: unknown): void {
  const found = difference(actual, expected);
  if (found !== undefined) throw new Error(found);
}

/**
 * The same of what goes to a thread or comes back. There a function that was
 * never exposed is a TypeError, and so is, by `postMessage`, a symbol for an
 * error's name or message.
 */
function assertSameByThread(
  actual: Outcome,
  expected: Outcome,
  recipe: Recipe,
): void {
  const text = fc.stringify(recipe);
  const isTypeError = "error" in actual && actual.error === "TypeError" &&
    /"(function|class|symbolName|symbolMessage)"/.test(text);
  const reasons = text.match(/"(refused|symbolMessage|nameGetter)"/g) ?? [];
  // Of several reasons to refuse it, any will do.
  if (reasons.length > 1 && "error" in actual && "error" in expected) return;
  assertSame(isTypeError ? { error: "DataCloneError" } : actual, expected);
}

/** What can't be encoded is read again to be posted: getters run again. */
const anyStable = any.filter((recipe) =>
  !fc.stringify(recipe).includes('"deleter"')
);

Deno.test("Queue: what arrives is what structuredClone gives", async () => {
  const queue = new Queue<unknown>();
  const puts = ["putNowait", "putSync", "put"] as const;
  const gets = ["getNowait", "getSync", "get"] as const;
  await check(
    fc.asyncProperty(
      any,
      fc.constantFrom(...puts),
      fc.constantFrom(...gets),
      async (recipe, put, get) => {
        const actual = await outcome(async () => {
          await queue[put](build(recipe));
          return await queue[get]();
        });
        assertSame(actual, await outcome(() => clone(build(recipe))));
        // Whether it was refused or not, nothing of it is left.
        assertEquals(queue.size, 0);
      },
    ),
    3000,
  );
});

threadTest(
  "Queue: what arrives in another thread and comes back is the same",
  async () => {
    const [there, back] = [new Queue<unknown>(), new Queue<unknown>()];
    await using thread = new Thread(receiveItems, { args: [there, back] });
    thread.start();
    try {
      await check(
        fc.property(cloneable, (recipe) => {
          there.putSync(recipe);
          there.putSync(build(recipe));
          assertEquals(back.getSync({ timeout: 60 }), undefined);
          const value = back.getSync({ timeout: 60 });
          assertSame(value, clone(clone(build(recipe))));
        }),
        1500,
      );
    } finally {
      there.shutdown();
    }
  },
);

/** The bytes of a ring that never grew. */
const SMALLEST_RING = 4096;

const cargo = new Cargo();
const encoder = new Encoder();

/** What an item takes in a queue. */
function sizeOf(item: unknown): number {
  encoder.encode(item, cargo);
  return recordSize(cargo.length);
}

Deno.test("Encoder: several values of one record keep what they share", async () => {
  const decoder = new Decoder();
  await check(
    fc.property(cloneable, cloneable, (shared, between) => {
      const make = () => {
        const value = build(shared);
        return { list: [value, build(between), value], value };
      };
      const { list, value } = make();
      encoder.begin(cargo);
      encoder.writeList(list);
      encoder.write(value);
      encoder.end();
      decoder.begin(cargo);
      const decoded = { list: decoder.read(), value: decoder.read() };
      decoder.end();
      assertSame(decoded, clone(make()));
    }),
    500,
  );
});

/** Sends items one after another through a queue that holds few of them. */
function assertThrough(queue: Queue<unknown>, recipes: Recipe[]): void {
  const stored: Recipe[] = [];
  const getOne = () =>
    assertSame(queue.getNowait(), clone(build(stored.shift()!)));
  for (const recipe of recipes) {
    for (;;) {
      try {
        queue.putNowait(build(recipe));
        break;
      } catch (error) {
        if (!(error instanceof Full)) throw error;
        getOne();
      }
    }
    stored.push(recipe);
  }
  while (stored.length > 0) getOne();
  assertEquals(queue.size, 0);
}

/** Moves the place where the next item will stand by so many records. */
function advance(queue: Queue<unknown>, records: number): void {
  for (let i = 0; i < records; i++) {
    queue.putNowait(i);
    queue.getNowait();
  }
}

Deno.test("Queue: values pass at every capacity and offset, at random", async () => {
  await check(
    fc.property(
      fc.array(cloneable, { minLength: 1, maxLength: 6 }),
      fc.nat(255),
      fc.nat(20),
      (recipes, offset, slack) => {
        const largest = Math.max(...recipes.map((r) => sizeOf(build(r))));
        const capacity = largest + slack * RECORD_BYTES;
        const queue = new Queue<unknown>(0, { capacity });
        advance(queue, offset);
        assertThrough(queue, [...recipes, ...recipes]);
      },
    ),
    800,
  );
});

Deno.test("Queue: values wrap at every offset of a queue of one item", () => {
  for (const recipe of fc.sample(cloneable, { seed: 5, numRuns: 40 })) {
    const capacity = sizeOf(build(recipe));
    if (capacity > SMALLEST_RING) continue;
    const queue = new Queue<unknown>(0, { capacity });
    const places = SMALLEST_RING / RECORD_BYTES;
    for (let offset = 0; offset < places; offset++) {
      assertThrough(queue, [recipe]);
      // The next begins one place further than this one did.
      advance(queue, (places + 1 - capacity / RECORD_BYTES) % places);
    }
  }
});

threadTest(
  "Thread: arguments and results are what structuredClone gives",
  async () => {
    await check(
      fc.asyncProperty(anyStable, async (recipe) => {
        const cloned = await outcome(() => clone(clone(build(recipe))));
        const there = await outcome(async () => {
          const thread = new Thread(receive, { args: [recipe, build(recipe)] });
          thread.start();
          const [found, value] = await thread.join(60);
          assertEquals(found, undefined);
          return value;
        });
        assertSameByThread(there, cloned, recipe);
        const back = await outcome(async () => {
          const thread = new Thread(make, { args: [recipe] });
          thread.start();
          return (await thread.join(60))[0];
        });
        const expected = await outcome(() => clone(build(recipe)));
        assertSameByThread(back, expected, recipe);
      }),
      300,
    );
  },
);

threadTest(
  "Pool: arguments and results are what structuredClone gives",
  async () => {
    await using pool = new Pool(1);
    await check(
      fc.asyncProperty(anyStable, async (recipe) => {
        const cloned = await outcome(() => clone(clone(build(recipe))));
        const there = await outcome(async () => {
          const [found, value] = await pool.apply(receive, [
            recipe,
            build(recipe),
          ]);
          assertEquals(found, undefined);
          return value;
        });
        assertSameByThread(there, cloned, recipe);
        const back = await outcome(async () =>
          (await pool.map(make, [recipe]))[0][0]
        );
        const expected = await outcome(() => clone(build(recipe)));
        assertSameByThread(back, expected, recipe);
      }),
      600,
    );
  },
);
