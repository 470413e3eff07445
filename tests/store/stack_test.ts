import { assert, assertEquals, assertThrows } from "@std/assert";
import { Cargo, Kind } from "../../lib/codec/cargo.ts";
import { Stack } from "../../lib/store/stack.ts";
import { Random, withSeed } from "../support/shared_random.ts";

const MUTEX = 0;

/** What a record of that length takes. */
function sizeOf(length: number): number {
  return length <= 8 ? 16 : Math.ceil((length + 8) / 16) * 16;
}

const outgoing = new Cargo();
const incoming = new Cargo();

function fill(length: number, mark: number): Cargo {
  outgoing.kind = length <= 8 ? Kind.NUMBER : Kind.BYTES;
  outgoing.length = length;
  outgoing.number = mark;
  outgoing.reserve(length);
  for (let i = 0; i < length; i++) outgoing.bytes[i] = mark + i * 7;
  return outgoing;
}

/** Takes a record and checks all that is in it. */
function take(stack: Stack, length: number, mark: number): void {
  assert(stack.take(incoming), "there is a record");
  assertEquals(incoming.length, length);
  assertEquals(incoming.kind, length <= 8 ? Kind.NUMBER : Kind.BYTES);
  if (length <= 8) return assertEquals(incoming.number, mark);
  const expected = Uint8Array.from({ length }, (_, i) => mark + i * 7);
  assertEquals(incoming.bytes.subarray(0, length), expected);
}

Deno.test("Stack does as a plain stack does, at random", async () => {
  await withSeed((seed) => {
    const random = new Random(seed);
    for (let round = 0; round < 80; round++) {
      const capacity = 16 + random.below(12_000);
      const stacks = [new Stack(capacity)];
      stacks.push(new Stack(stacks[0].buffer));
      const limit = random.below(3) === 0 ? 1 + random.below(20) : 0;
      const model: { length: number; mark: number }[] = [];
      let bytes = 0;
      for (let step = 0; step < 400; step++) {
        const stack = random.pick(stacks);
        if (random.below(100) < (round % 2 ? 70 : 50)) {
          const length = random.below(random.pick([12, 600, capacity]));
          const fits = bytes + sizeOf(length) <= capacity &&
            (limit === 0 || model.length < limit);
          stack.limit = limit;
          const result = stack.put(fill(length, step));
          assertEquals(result, fits ? "put" : "full");
          if (!fits) continue;
          bytes += sizeOf(length);
          model.push({ length, mark: step });
        } else if (model.length > 0) {
          const { length, mark } = model.pop()!;
          take(stack, length, mark);
          bytes -= sizeOf(length);
        } else {
          assert(!stack.take(incoming));
        }
        assertEquals(stack.count, model.length);
      }
    }
  });
});

Deno.test("Stack.canEverHold() tells what fits when it is empty", () => {
  for (const capacity of [16, 17, 48, 100, 4096, 10_000]) {
    const stack = new Stack(capacity);
    for (let length = 0; length < capacity + 20; length++) {
      const fits = stack.put(fill(length, 1)) === "put";
      assertEquals(stack.canEverHold(outgoing), fits, `${length}`);
      if (fits) take(stack, length, 1);
    }
  }
});

Deno.test("Stack.close() refuses puts and leaves what is stored", () => {
  const stack = new Stack(1 << 20);
  const other = new Stack(stack.buffer);
  stack.put(fill(100, 1));
  stack.close();
  assertEquals(other.put(fill(8, 1)), "closed");
  take(other, 100, 1);
  assert(!stack.take(incoming));
});

Deno.test("Stack.lastTake tells the put of what was taken", () => {
  const stack = new Stack(1 << 12);
  const puts = [1, 2, 3].map(() => {
    stack.put(fill(8, 0));
    return stack.lastPut;
  });
  const takes = puts.map(() => {
    stack.take(incoming);
    return stack.lastTake;
  });
  assertEquals([puts, takes], [[0, 1, 2], [2, 1, 0]]);
});

Deno.test("Stack is whole when the system's stack is exhausted", () => {
  for (const length of [8, 100, 2000]) {
    const stack = new Stack(1 << 16);
    let failures = 0;
    const locked: number[] = [];
    // It looks after each call, because a mutex that is held would block it.
    const look = () => {
      const state = stack.words[MUTEX] & 3;
      if (state === 0) return;
      locked.push(state);
      stack.words[MUTEX] &= ~3;
    };
    const dive = (): void => {
      try {
        stack.put(outgoing);
      } catch {
        failures++;
      }
      look();
      try {
        if (stack.count > 5) stack.take(incoming);
      } catch {
        failures++;
      }
      look();
      dive();
    };
    fill(length, 1);
    for (let padding = 0; padding < 100; padding++) {
      const pad = (left: number): void => left > 0 ? pad(left - 1) : dive();
      assertThrows(() => pad(padding), RangeError);
    }
    assert(failures > 0);
    assertEquals(locked, []);
    while (stack.put(outgoing) !== "full");
    assertEquals(stack.count, Math.floor((1 << 16) / sizeOf(length)));
    while (stack.count > 0) take(stack, length, 1);
    assertEquals(stack.put(fill((1 << 16) - 8, 1)), "put");
  }
});
