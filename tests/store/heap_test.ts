import { assert, assertEquals, assertThrows } from "@std/assert";
import { Cargo } from "../../lib/codec/cargo.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { Encoder } from "../../lib/codec/encoder.ts";
import { Heap } from "../../lib/store/heap.ts";
import type { Key, Priority } from "../../lib/store/key.ts";
import { Random, withSeed } from "../support/shared_random.ts";

const MUTEX = 0;
const BLOCK_BYTES = 64;

const encoder = new Encoder();
const decoder = new Decoder();
const outgoing = new Cargo();
const incoming = new Cargo();

type Item = [priority: Priority, value: unknown];

function load(heap: Heap, item: Item): Cargo {
  heap.order(item, outgoing);
  encoder.encode(item, outgoing);
  return outgoing;
}

function take(heap: Heap): Item {
  assert(heap.take(incoming), "there is a record");
  return decoder.decode(incoming) as Item;
}

/** How many blocks an item takes. */
function blocksOf(heap: Heap, item: Item): number {
  const { order, length } = load(heap, item);
  const words = Math.ceil((order as Key).length / 4) + Math.ceil(length / 4);
  return words <= 6 ? 1 : 1 + Math.ceil((words - 6) / 15);
}

function compare(a: Priority, b: Priority): number {
  if (!Array.isArray(a) || !Array.isArray(b)) return a < b ? -1 : a > b ? 1 : 0;
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compare(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const strings = ["", "a", "ab", "abc", "abcd", "abd", "\0", "a\0", "\x7e"];
strings.push("\x7f", "\x80", "é", "\u3ffe", "\u3fff", "\u4000", "\ud800");
strings.push("\udbff\udfff", "\ufffe", "\uffff", "abc\uffff", "abc".repeat(40));

const numbers: (number | bigint)[] = [0, -0, 1, 1.5, -1, -1.5, 5e-324];
numbers.push(-5e-324, Infinity, -Infinity, 0.1, 2 ** 53, 1e300, -1e300);
numbers.push(Number.MAX_VALUE, -Number.MAX_VALUE);
for (const bits of [0n, 1n, 8n, 31n, 52n, 53n, 54n, 64n, 65n, 1023n, 1024n]) {
  for (const more of [-1n, 0n, 1n]) {
    numbers.push((1n << bits) + more, -(1n << bits) + more);
  }
}
for (const bits of [1025n, 5000n]) {
  numbers.push(1n << bits, -(1n << bits), -(1n << bits) - 1n);
}

/** Makes priorities that can be compared with each other. */
const families: ((random: Random) => Priority)[] = [
  (random) => random.below(10),
  (random) => random.next() - 0.5,
  (random) => random.pick(numbers),
  (random) => random.pick(strings),
  (random) => random.pick(strings) + random.pick(strings),
  (random) => [random.below(4), random.pick(strings), random.pick(numbers)],
  (random) =>
    Array.from({ length: random.below(13) }, () => random.pick(numbers)),
  (random) => {
    // What the second element is depends on the first.
    const first = random.below(4);
    return [first, first % 2 === 0 ? random.pick(strings) : random.below(3)];
  },
  (random) => [[random.pick(strings), [random.pick(numbers)]], [[]]],
];

Deno.test("Heap does as a sorted list does, at random", async () => {
  await withSeed((seed) => {
    const random = new Random(seed);
    for (let round = 0; round < 100; round++) {
      const capacity = 64 + random.below(random.pick([1000, 20_000, 200_000]));
      const heaps = [new Heap(capacity)];
      heaps.push(new Heap(heaps[0].buffer));
      const limit = random.below(3) === 0 ? 1 + random.below(20) : 0;
      const family = families[round % families.length];
      const model: { item: Item; blocks: number }[] = [];
      let blocks = 0;
      for (let step = 0; step < 600; step++) {
        const heap = random.pick(heaps);
        const isFilling = Math.floor(step / 150) % 2 === 0;
        if (random.below(100) < (isFilling ? 70 : 30)) {
          const size = random.below(random.pick([1, 100, 700]));
          const item: Item = [family(random), `${step}`.padEnd(size)];
          const needed = blocksOf(heap, item);
          const most = Math.floor(capacity / BLOCK_BYTES);
          assertEquals(heap.canEverHold(outgoing), needed <= most);
          const fits = blocks + needed <= most &&
            (limit === 0 || model.length < limit);
          heap.limit = limit;
          assertEquals(heap.put(outgoing), fits ? "put" : "full");
          if (!fits) continue;
          blocks += needed;
          const later = model.findIndex(({ item: [priority] }) =>
            compare(priority, item[0]) > 0
          );
          model.splice(later < 0 ? model.length : later, 0, {
            item,
            blocks: needed,
          });
        } else if (model.length > 0) {
          const first = model.shift()!;
          blocks -= first.blocks;
          const item = take(heap);
          assertEquals(item, first.item);
          assert(
            typeof item[0] !== "number" || Object.is(item[0], first.item[0]),
          );
        } else {
          assert(!heap.take(incoming));
        }
        assertEquals(heap.count, model.length);
      }
    }
  });
});

Deno.test("Heap orders any two priorities as they compare", () => {
  const fractions = [0.5, -0.5, 2 ** 53 + 2, 1e308];
  for (const list of [[...numbers, ...fractions], strings]) {
    for (const a of list) {
      for (const b of list) {
        for (const wrap of [(x: Priority) => x, (x: Priority) => [7, x, 1]]) {
          const heap = new Heap(1 << 16);
          heap.put(load(heap, [wrap(a), "first"]));
          heap.put(load(heap, [wrap(b), "second"]));
          const expected = b < a ? "second" : "first";
          assertEquals(take(heap)[1], expected, `${String(a)}, ${String(b)}`);
        }
      }
    }
  }
});

Deno.test("Heap refuses exactly what can't be compared", async () => {
  const alphabet: Priority[] = [1, 2n, "a", "b", [], [1], ["a"], [1, 1], [
    1,
    "a",
  ]];
  alphabet.push([2, 1], [2, "a"], [1, 1, "x"], [1, 1, 1], [[1], 1], [["a"], 1]);
  alphabet.push([[1], "a"], new Array(12).fill(1), [
    ...new Array(11).fill(1),
    "a",
  ]);
  const canCompare = (a: Priority, b: Priority): boolean => {
    if (Array.isArray(a) && Array.isArray(b)) {
      const at = a.findIndex((x, i) =>
        i < b.length && (!canCompare(x, b[i]) || compare(x, b[i]) !== 0)
      );
      return at < 0 || canCompare(a[at], b[at]);
    }
    const kind = (x: Priority) => typeof x === "bigint" ? "number" : typeof x;
    return kind(a) === kind(b);
  };
  await withSeed((seed) => {
    const random = new Random(seed);
    for (let round = 0; round < 500; round++) {
      const heap = new Heap(1 << 16);
      let stored: Priority[] = [];
      for (let step = 0; step < 40; step++) {
        if (random.below(4) === 0 && stored.length > 0) {
          const [priority] = take(heap);
          stored = stored.toSpliced(
            stored.findIndex((other) =>
              Deno.inspect(other) === Deno.inspect(priority)
            ),
            1,
          );
          continue;
        }
        const priority = random.pick(alphabet);
        const fits = stored.every((other) => canCompare(priority, other));
        const result = heap.put(load(heap, [priority, step]));
        assertEquals(result, fits ? "put" : "refused", Deno.inspect(priority));
        if (fits) stored.push(priority);
        assertEquals(heap.count, stored.length);
      }
    }
  });
});

Deno.test("Heap needs no more memory, however long it is used", () => {
  const capacity = 1 << 16;
  const heap = new Heap(capacity);
  const random = new Random(1);
  const sizes = [10, 100, 1000, 5000];
  for (let i = 0; i < 20_000; i++) {
    const value = "x".repeat(random.below(random.pick(sizes)));
    if (heap.put(load(heap, [random.below(9), value])) === "full") {
      while (heap.count > random.below(5)) take(heap);
    }
  }
  while (heap.count > 0) take(heap);
  // All of it is there again for one record.
  const record = load(heap, [0, "x".repeat(60_000)]);
  assertEquals(heap.put(record), "put");
  // What is steadily put and got stays small.
  const small = new Heap(1 << 28);
  const { byteLength } = small.buffer;
  for (let i = 0; i < 100_000; i++) {
    small.put(load(small, [i % 7, "some value"]));
    if (i >= 20) take(small);
  }
  assertEquals(small.buffer.byteLength, byteLength);
});

Deno.test("Heap of many: rising, falling and equal priorities", () => {
  const count = 20_000;
  for (const priority of [(i: number) => i, (i: number) => -i, () => 0]) {
    const heap = new Heap(1 << 28);
    for (let i = 0; i < count; i++) {
      heap.put(load(heap, [priority(i), i]));
    }
    let previous: Item = [-Infinity, -1];
    for (let i = 0; i < count; i++) {
      const item = take(heap);
      const isLater = item[0] > previous[0] ||
        (item[0] === previous[0] &&
          item[1] as number > (previous[1] as number));
      if (!isLater) assert(isLater, `${previous} before ${item}`);
      previous = item;
    }
  }
});

Deno.test("Heap.close() refuses puts and leaves what is stored", () => {
  const heap = new Heap(1 << 20);
  const other = new Heap(heap.buffer);
  heap.put(load(heap, [1, "stored"]));
  heap.close();
  assertEquals(other.put(load(other, [1, 2])), "closed");
  assertEquals(take(other), [1, "stored"]);
  assert(!heap.take(incoming));
});

Deno.test("Heap is whole when the stack is exhausted", () => {
  for (const value of ["", "x".repeat(100), "x".repeat(2000)]) {
    const heap = new Heap(1 << 16);
    const random = new Random(7);
    const cargos = Array.from({ length: 50 }, () => {
      const cargo = new Cargo();
      const item: Item = [[random.below(20), "tuple"], value];
      heap.order(item, cargo);
      encoder.encode(item, cargo);
      return cargo;
    });
    let next = 0;
    let failures = 0;
    const dive = (): void => {
      for (const call of ["put", "put", "take"] as const) {
        try {
          if (call === "put") heap.put(cargos[next++ % 50]);
          else heap.take(incoming);
        } catch {
          failures++;
        }
        // A mutex that is held would block the next call.
        if ((heap.words[MUTEX] & 3) !== 0) throw new Error("The mutex is held");
      }
      dive();
    };
    for (let padding = 0; padding < 100; padding++) {
      const pad = (left: number): void => left > 0 ? pad(left - 1) : dive();
      assertThrows(() => pad(padding), RangeError);
    }
    assert(failures > 0);
    while (heap.put(cargos[0]) !== "full");
    const each = blocksOf(heap, [[1, "tuple"], value]);
    assertEquals(heap.count, Math.floor((1 << 16) / BLOCK_BYTES / each));
    let previous = -1;
    while (heap.count > 0) {
      const [[priority, text], stored] = take(heap) as [[number, string], 0];
      assert(priority >= previous && text === "tuple");
      assertEquals(stored as unknown, value);
      previous = priority;
    }
  }
});
