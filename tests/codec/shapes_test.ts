import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { Cargo, Kind } from "../../lib/codec/cargo.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { Encoder } from "../../lib/codec/encoder.ts";
import { placeOf } from "../../lib/codec/shapes.ts";
import { Damaged, Tag } from "../../lib/codec/tags.ts";
import { difference } from "../support/difference.ts";

const encoder = new Encoder();
const decoder = new Decoder();
const cargo = new Cargo();

function transfer(value: unknown): unknown {
  encoder.encode(value, cargo);
  return decoder.decode(cargo);
}

/** Sends it often: shapes are remembered from the first object of a kind. */
function assertAsPlatform(make: () => unknown): void {
  for (let i = 0; i < 4; i++) {
    const [ours, theirs] = [transfer, structuredClone].map((f) => f(make()));
    assertEquals(difference(ours, theirs), undefined);
    // In one cargo, too.
    const list = () => [make(), make(), make()];
    const [many, others] = [transfer, structuredClone].map((f) => f(list()));
    assertEquals(difference(many, others), undefined);
  }
}

const bytesOf = (value: unknown) => {
  encoder.encode(value, cargo);
  return cargo.bytes.slice(0, cargo.length);
};

function decodeBytes(bytes: Iterable<number>, by = decoder): unknown {
  const forged = new Cargo();
  const all = [...bytes];
  while (all.length < 9) all.push(0);
  forged.bytes.set(all);
  forged.kind = Kind.BYTES;
  forged.length = all.length;
  return by.decode(forged);
}

Deno.test("Objects of one kind arrive as the platform's do", () => {
  for (
    const make of [
      () => ({ id: 1, name: "item" }),
      () => ({ name: "item", id: 1 }),
      () => ({ "": 1 }),
      () => ({ "\u00ff": 1, "\u20ac": 2, "\ud800": 3 }),
      () => ({ ["n".repeat(260)]: 1 }),
      () => ({ ["n".repeat(127)]: 1, ["m".repeat(127)]: 2 }),
      () => Object.fromEntries(Array.from({ length: 300 }, (_, i) => [i, i])),
      () => Object.fromEntries("abcdefghij".split("").map((k) => [k, {}])),
      () => JSON.parse('{ "a": 1, "__proto__": { "b": 2 } }'),
      () => ({ a: undefined, b: null, c: { a: undefined, b: null, c: {} } }),
      () => ({ 2: "c", 1: "b", a: 1 }),
      () => Object.assign(Object.create(null), { id: 1, name: "bare" }),
      () => ({
        id: 1,
        get name() {
          return "got";
        },
      }),
    ]
  ) assertAsPlatform(make);
});

Deno.test("What a getter deletes arrives as the platform has it", () => {
  assertAsPlatform(() => {
    const object: Record<string, unknown> = {
      get a() {
        delete object.b;
        Reflect.deleteProperty(object, "toString");
        return 1;
      },
      b: 2,
      toString: 3,
      c: 4,
    };
    return object;
  });
});

Deno.test("Shapes that are remembered at one place keep their names", () => {
  const names = [["a1", "bx"], ["a2", "bx"], ["a3", "cx"]];
  assertEquals(new Set(names.map(placeOf)).size, 1, "they don't clash");
  const objects = [0, 0, 1, 0, 1, 1, 2, 0, 2, 1].map((which, i) =>
    Object.fromEntries(names[which].map((name, k) => [name, i + k]))
  );
  for (let i = 0; i < 3; i++) {
    assertEquals(transfer(objects), objects);
    for (const object of objects) assertEquals(transfer(object), object);
  }
});

Deno.test("A cargo names each of its shapes once", () => {
  const item = () => ({ aLongName: 1, another: 2 });
  const few = bytesOf([item(), item(), item()]).length;
  const more = bytesOf([item(), item(), item(), item()]).length;
  assertEquals(more - few, 2 + 2 * 5);
});

Deno.test("A value takes the same bytes whatever came before it", () => {
  const names = [["b1", "xy"], ["b2", "xy"]];
  assertEquals(new Set(names.map(placeOf)).size, 1, "they don't clash");
  const [one, other] = names.map((keys) =>
    Object.fromEntries(keys.map((key) => [key, 1]))
  );
  const value = [one, other, one];
  const { length } = bytesOf(value);
  for (const before of [one, other, [other, one], value]) {
    bytesOf(before);
    assertEquals(bytesOf(value).length, length);
  }
});

Deno.test("A cargo is read by who has read none before it", () => {
  const items = Array.from({ length: 4 }, (_, i) => [{ id: i }, { id: -i }]);
  const cargoes = items.map((item) => bytesOf(item));
  for (const [i, bytes] of cargoes.entries()) {
    assertEquals(decodeBytes(bytes, new Decoder()), items[i]);
  }
});

Deno.test("A function that would be called unasked is refused in a shape", () => {
  for (let i = 0; i < 3; i++) transfer({ id: 1, toString: "text" });
  const error = assertThrows(() => transfer({ id: 1, toString: () => "" }));
  assertInstanceOf(error, DOMException);
  assertEquals(transfer({ id: 2, toString: "text" }), {
    id: 2,
    toString: "text",
  });
});

Deno.test("Forged shapes are refused", () => {
  const known = new Decoder();
  const one = [1, "a".charCodeAt(0)];
  const shaped = [Tag.SHAPE, 5, one.length, ...one, Tag.TRUE];
  assertEquals(decodeBytes(shaped, known), { a: true });
  const proto = [...new TextEncoder().encode("__proto__")];
  for (
    const [what, bytes] of Object.entries({
      "of another cargo": [Tag.SAME_SHAPE, 5, Tag.TRUE],
      "of no cargo": [Tag.SAME_SHAPE, 200, Tag.TRUE],
      "longer than the cargo": [Tag.SHAPE, 5, 200, ...one],
      "with a name past its end": [Tag.SHAPE, 5, 2, 9, 97, Tag.TRUE],
      "of nothing": [Tag.SHAPE, 5, 0, Tag.TRUE],
      "of the prototype": [Tag.SHAPE, 5, 10, 9, ...proto, Tag.NULL],
    })
  ) assertThrows(() => decodeBytes(bytes, known), Damaged, undefined, what);
  assertEquals(decodeBytes(shaped, known), { a: true });
});
