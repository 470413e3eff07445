import { assert, assertEquals, assertThrows } from "@std/assert";
import { Cargo, Kind } from "../../lib/codec/cargo.ts";
import { Ring } from "../../lib/store/ring.ts";
import { Random, withSeed } from "../support/shared_random.ts";

// Words of a ring's header.
const PUTS = 0;
const TAIL = 1;
const HEAD_SEEN = 3;
const TAKES_SEEN = 4;
const HEAD = 16;
const PUTS_SEEN = 17;
const TAKES = 18;

const FIRST_SIZE = 4096;

/** What a record of that length takes. */
function sizeOf(length: number): number {
  return length <= 8 ? 16 : Math.ceil((length + 8) / 16) * 16;
}

function fill(cargo: Cargo, length: number, mark: number): Cargo {
  cargo.kind = Kind.BYTES;
  cargo.length = length;
  cargo.number = mark;
  cargo.reserve(length);
  for (let i = 0; i < length; i++) cargo.bytes[i] = mark + i * 7;
  return cargo;
}

/** As much of a cargo as says whether it fits. */
function ofLength(length: number): Cargo {
  return { length } as Cargo;
}

const outgoing = new Cargo();

function put(ring: Ring, length: number, mark: number, limit = 0): string {
  ring.limit = limit;
  return ring.put(fill(outgoing, length, mark));
}

/** Takes a record and checks all that is in it. */
function take(ring: Ring, length: number, mark: number): void {
  const cargo = new Cargo();
  assert(ring.take(cargo), "there is a record");
  assertEquals(cargo.length, length);
  assertEquals(cargo.kind, Kind.BYTES);
  if (length <= 8) {
    assertEquals(cargo.number, mark);
    return;
  }
  for (let i = 0; i < length; i++) {
    if (cargo.bytes[i] !== ((mark + i * 7) & 255)) {
      assertEquals(cargo.bytes[i], (mark + i * 7) & 255, `byte ${i}`);
    }
  }
}

Deno.test("Ring gives records of every length back", () => {
  const ring = new Ring(FIRST_SIZE);
  for (let length = 0; length <= FIRST_SIZE - 8; length++) {
    assertEquals(put(ring, length, length), "put");
    assertEquals(ring.count, 1);
    take(ring, length, length);
    assertEquals(ring.count, 0);
  }
  assert(!ring.take(new Cargo()));
  assert(!ring.canEverHold(ofLength(FIRST_SIZE - 7)));
  assertEquals(put(ring, FIRST_SIZE - 7, 0), "full");
});

Deno.test("Ring wraps at every offset", () => {
  // Lengths on either side of where a loop over words copies, and a whole ring.
  for (const length of [0, 8, 9, 24, 25, 500, 512, 513, 1000, 4087, 4088]) {
    for (let offset = 0; offset < FIRST_SIZE; offset += 16) {
      const ring = new Ring(FIRST_SIZE);
      for (const word of [TAIL, HEAD, HEAD_SEEN]) ring.words[word] = offset;
      assertEquals(put(ring, length, offset), "put");
      take(ring, length, offset);
    }
  }
});

Deno.test("Ring holds exactly its capacity", () => {
  for (const capacity of [16, 32, 48, 100, 4080, 4096, 4112, 10_000, 1 << 16]) {
    const ring = new Ring(capacity);
    assertEquals(ring.capacity, capacity);
    const records = Math.floor(capacity / 16);
    // Anew at each start, so that the ring is full across its end.
    for (const start of [0, 16 * 7, 16 * 100]) {
      for (let i = 0; i < start / 16; i++) {
        put(ring, 8, i);
        take(ring, 8, i);
      }
      for (let i = 0; i < records; i++) assertEquals(put(ring, 8, i), "put");
      assertEquals(put(ring, 8, 0), "full");
      assertEquals(ring.count, records);
      for (let i = 0; i < records; i++) take(ring, 8, i);
    }
    const longest = Math.floor(capacity / 16) * 16 - 8;
    assert(ring.canEverHold(ofLength(longest)));
    assert(!ring.canEverHold(ofLength(Math.max(longest, 8) + 1)));
    assertEquals(put(ring, longest, 3), "put");
    take(ring, longest, 3);
  }
});

Deno.test("Ring.canEverHold() tells lengths past 32 bits", () => {
  const ring = new Ring(1 << 30);
  assert(ring.canEverHold(ofLength(2 ** 30 - 8)));
  for (const length of [2 ** 30, 2 ** 31 - 24, 2 ** 31, 2 ** 32, 2 ** 32 + 9]) {
    assert(!ring.canEverHold(ofLength(length)), `${length}`);
  }
});

Deno.test("Ring.put() keeps to the limit", () => {
  const ring = new Ring(1 << 20);
  for (let i = 0; i < 3; i++) assertEquals(put(ring, 100, i, 3), "put");
  assertEquals(put(ring, 0, 0, 3), "full");
  take(ring, 100, 0);
  assertEquals(put(ring, 0, 3, 3), "put");
  assertEquals(put(ring, 0, 0, 3), "full");
  assertEquals(put(ring, 0, 4, 4), "put");
});

Deno.test("Ring.close() refuses puts and leaves what is stored", () => {
  const ring = new Ring(1 << 20);
  put(ring, 100, 1);
  const other = new Ring(ring.buffer);
  assertEquals(other.isClosed, false);
  ring.close();
  assertEquals(other.isClosed, true);
  assertEquals(put(other, 100, 1), "closed");
  take(other, 100, 1);
  assert(!ring.take(new Cargo()));
});

Deno.test("Ring grows while it is wrapped, at every offset", () => {
  const ringAt = (offset: number) => {
    const ring = new Ring(1 << 18);
    for (const word of [TAIL, HEAD, HEAD_SEEN]) ring.words[word] = offset;
    return ring;
  };
  for (const start of [0, 2 ** 31 - FIRST_SIZE * 2, -FIRST_SIZE]) {
    for (let offset = 0; offset < FIRST_SIZE * 2; offset += 112) {
      const ring = ringAt((start + offset) | 0);
      const other = new Ring(ring.buffer);
      const lengths = [9, 700, 8, 1200, 513, 100, 900];
      for (const [i, length] of lengths.entries()) put(ring, length, i);
      const before = ring.buffer.byteLength;
      // It grows once by one step, once by many.
      const long = offset % 224 === 0 ? 3000 : 60_000;
      assertEquals(put(ring, long, 99), "put");
      assert(ring.buffer.byteLength > before);
      assertEquals(put(other, 50, 100), "put");
      for (const [i, length] of lengths.entries()) take(other, length, i);
      take(ring, long, 99);
      take(other, 50, 100);
      assertEquals(ring.count, 0);
    }
  }
});

Deno.test("Ring keeps its order when positions and counts wrap the 32 bits", () => {
  const ring = new Ring(FIRST_SIZE);
  for (const at of [2 ** 31 - 1600, -1600]) {
    for (const word of [TAIL, HEAD, HEAD_SEEN]) ring.words[word] = at;
    for (const word of [PUTS, TAKES, PUTS_SEEN, TAKES_SEEN]) {
      ring.words[word] = at < 0 ? -40 : 2 ** 31 - 40;
    }
    const lengths = (i: number) => (i * 37) % 300;
    let taken = 0;
    for (let i = 0; i < 200; i++) {
      while (put(ring, lengths(i), i, 5) === "full") {
        take(ring, lengths(taken), taken++);
        assert(ring.count >= 0 && ring.count < 5);
      }
    }
    while (taken < 200) take(ring, lengths(taken), taken++);
    assertEquals(ring.count, 0);
    assertEquals(put(ring, FIRST_SIZE - 8, 1), "put");
    assertEquals(put(ring, 0, 1), "full");
    take(ring, FIRST_SIZE - 8, 1);
  }
});

Deno.test("Ring: a limit that comes late is kept to", () => {
  const ring = new Ring(FIRST_SIZE);
  // Producers looked how many were taken almost 2 ** 30 puts ago. They do so
  // again, limit or not, when they have come round the ring.
  for (const word of [PUTS, TAKES, PUTS_SEEN]) ring.words[word] = -4 * 13;
  for (let i = 0; i < 3; i++) {
    assertEquals(put(ring, FIRST_SIZE / 2, i), "put");
    take(ring, FIRST_SIZE / 2, i);
  }
  for (let i = 0; i < 10; i++) assertEquals(put(ring, 8, i), "put");
  assertEquals(ring.words[PUTS], 0);
  assertEquals(put(ring, 8, 10, 5), "full");
});

Deno.test("Ring: who hasn't put for 2 GiB still sees that it is full", () => {
  const capacity = 1 << 26;
  const ring = new Ring(capacity);
  const idle = new Ring(ring.buffer);
  assertEquals(put(idle, 8, 0), "put");
  take(ring, 8, 0);
  const cargo = new Cargo();
  outgoing.length = capacity - 8;
  outgoing.reserve(outgoing.length);
  for (let moved = 0; moved < 2 ** 31; moved += capacity) {
    assertEquals(ring.put(outgoing), "put");
    assert(ring.take(cargo));
  }
  assertEquals(ring.put(outgoing), "put");
  assertEquals(put(idle, 8, 0), "full");
});

Deno.test("Ring gives its mutexes back when the stack is exhausted", () => {
  const cargo = new Cargo();
  for (const length of [8, 100, 2000]) {
    const ring = new Ring(1 << 16);
    fill(outgoing, length, 1);
    let failures = 0;
    const locked = new Set<number>();
    // It looks after each call, because a mutex that is held would block it.
    const look = (word: number) => {
      if ((ring.words[word] & 3) === 0) return;
      locked.add(word);
      ring.words[word] &= ~3;
    };
    const dive = (): void => {
      try {
        ring.put(outgoing);
      } catch {
        failures++;
      }
      look(PUTS);
      try {
        ring.take(cargo);
      } catch {
        failures++;
      }
      look(HEAD);
      dive();
    };
    for (let padding = 0; padding < 100; padding++) {
      const pad = (left: number): void => left > 0 ? pad(left - 1) : dive();
      assertThrows(() => pad(padding), RangeError);
    }
    assert(failures > 0);
    assertEquals([...locked], []);
    while (ring.count > 0) take(ring, length, 1);
    // What was counted is what was written, and read.
    assertEquals(ring.words[HEAD], ring.words[TAIL]);
  }
});

/** Runs `fn`; right after its first look at a word, `meanwhile` happens. */
function interrupted<T>(fn: () => T, meanwhile: () => void): T {
  const { load } = Atomics;
  Atomics.load = ((array: Int32Array, index: number) => {
    Atomics.load = load;
    const value = load(array, index);
    meanwhile();
    return value;
  }) as typeof Atomics.load;
  try {
    return fn();
  } finally {
    Atomics.load = load;
  }
}

Deno.test("Ring.take() finds nothing only if there was nothing", () => {
  const ring = new Ring(FIRST_SIZE);
  const other = new Ring(ring.buffer);
  put(ring, 8, 0);
  // At any time there is a record.
  const took = interrupted(() => ring.take(new Cargo()), () => {
    put(other, 8, 1);
    take(other, 8, 0);
  });
  assert(took);
});

Deno.test("Ring.count is what it was at some moment", () => {
  const ring = new Ring(FIRST_SIZE);
  const other = new Ring(ring.buffer);
  put(ring, 8, 0);
  // At no time there are more than two records.
  const count = interrupted(() => ring.count, () => {
    for (let i = 0; i < 100; i++) {
      put(other, 8, i + 1);
      take(other, 8, i);
    }
  });
  assertEquals(count, 1);
});

Deno.test("Ring does as a plain queue does, at random", async () => {
  await withSeed((seed) => {
    const random = new Random(seed);
    for (let round = 0; round < 60; round++) {
      const capacity = 16 + random.below(3 * FIRST_SIZE);
      const rings = [new Ring(capacity)];
      rings.push(new Ring(rings[0].buffer));
      const limit = random.below(3) === 0 ? 1 + random.below(20) : 0;
      const model: number[] = [];
      let bytes = 0;
      let first = 0;
      for (let step = 0; step < 400; step++) {
        const ring = random.pick(rings);
        if (random.below(100) < 55) {
          const length = random.below(random.pick([12, 600, capacity]));
          const fits = bytes + sizeOf(length) <= capacity &&
            (limit === 0 || model.length < limit);
          const result = put(ring, length, first + model.length, limit);
          assertEquals(result, fits ? "put" : "full");
          if (fits) bytes += sizeOf(length), model.push(length);
        } else if (model.length > 0) {
          const length = model.shift()!;
          take(ring, length, first++);
          bytes -= sizeOf(length);
        } else {
          assert(!ring.take(new Cargo()));
        }
        assertEquals(ring.count, model.length);
      }
    }
  });
});

Deno.test("Ring: several records are taken at once, each as it was put", async () => {
  await withSeed((seed) => {
    const random = new Random(seed);
    const ring = new Ring(1 << 20, true);
    const cargo = new Cargo();
    let put = 0;
    let taken = 0;
    for (let round = 0; round < 300; round++) {
      for (let n = random.below(60); n > 0; n--) {
        const length = random.below(50) === 0 ? 3000 : 9 + random.below(100);
        assertEquals(ring.put(fill(outgoing, length, put++)), "put");
      }
      for (;;) {
        const count = ring.takeSome(cargo);
        if (count < 0) break;
        if (count === 0) {
          assert(ring.take(cargo), "a large record is left");
          assertEquals(cargo.length, 3000);
          assertEquals(cargo.bytes[0], taken++ & 255);
          continue;
        }
        let at = 0;
        for (let i = 0; i < count; i++) {
          const length = cargo.ints[at >> 2];
          assertEquals(cargo.ints[(at >> 2) + 1], Kind.BYTES);
          for (let k = 0; k < length; k++) {
            assertEquals(cargo.bytes[at + 8 + k], taken + k * 7 & 255);
          }
          taken++;
          at += sizeOf(length);
        }
        assertEquals(at, cargo.length);
      }
      assertEquals(taken, put);
      assertEquals(ring.count, 0);
    }
  });
});
