import { assertEquals } from "@std/assert";
import { Cargo } from "../lib/shared/cargo.ts";
import { Decoder } from "../lib/shared/decoder.ts";
import { Encoder } from "../lib/shared/encoder.ts";
import { Ring } from "../lib/shared/ring.ts";
import { Random, withSeed } from "./testdata/shared_random.ts";
import { describe, Values } from "./testdata/shared_values.ts";

const TIMES = 15_000;

Deno.test("Decoder gives what structuredClone gives, at random", async () => {
  await withSeed((seed) => {
    const values = new Values(new Random(seed));
    const encoder = new Encoder();
    const decoder = new Decoder();
    const cargo = new Cargo();
    for (let i = 0; i < TIMES; i++) {
      const value = values.next();
      encoder.encode(value, cargo);
      const expected = describe(structuredClone(value));
      assertEquals(describe(decoder.decode(cargo)), expected);
    }
  });
});

Deno.test("Values go through rings of any size, at random", async () => {
  await withSeed((seed) => {
    const random = new Random(seed);
    const values = new Values(random);
    const encoder = new Encoder();
    const decoder = new Decoder();
    const outgoing = new Cargo();
    const incoming = new Cargo();
    for (let round = 0; round < 40; round++) {
      const ring = new Ring(2 ** (4 + random.below(14)));
      const stored: string[] = [];
      const takeOne = () => {
        ring.take(incoming);
        assertEquals(describe(decoder.decode(incoming)), stored.shift());
      };
      for (let i = 0; i < 100; i++) {
        const value = values.next();
        encoder.encode(value, outgoing);
        if (!ring.canEverHold(outgoing)) continue;
        while (ring.put(outgoing, 0) === "full") takeOne();
        stored.push(describe(structuredClone(value)));
        if (random.below(3) === 0 && stored.length > 0) takeOne();
      }
      while (stored.length > 0) takeOne();
      assertEquals(ring.count, 0);
    }
  });
});

Deno.test("Several values in a cargo keep what they share", async () => {
  await withSeed((seed) => {
    const values = new Values(new Random(seed));
    const encoder = new Encoder();
    const decoder = new Decoder();
    const cargo = new Cargo();
    for (let i = 0; i < TIMES / 10; i++) {
      const value = values.next();
      const list = [value, values.next(), value];
      encoder.begin(cargo);
      encoder.writeList(list);
      encoder.write(value);
      encoder.end();
      decoder.begin(cargo);
      const decoded = [decoder.read(), decoder.read()];
      decoder.end();
      const expected = describe(structuredClone([list, value]));
      assertEquals(describe(decoded), expected);
    }
  });
});
