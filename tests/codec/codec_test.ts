import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { expose } from "../../lib/expose.ts";
import { Cargo } from "../../lib/codec/cargo.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { Encoder } from "../../lib/codec/encoder.ts";
import { Queue } from "../../lib/queue/queue.ts";
import { Damaged, Tag } from "../../lib/codec/tags.ts";
import { difference } from "../support/difference.ts";

const encoder = new Encoder();
const decoder = new Decoder();
const cargo = new Cargo();

function transfer<T>(value: T): T {
  encoder.encode(value, cargo);
  return decoder.decode(cargo) as T;
}

/** Makes the value twice: a getter in it may work only once. */
function assertAsPlatform(make: () => unknown): void {
  // In one place, because an error's stack tells where it was made.
  const [ours, theirs] = [transfer, structuredClone].map((f) => f(make()));
  assertEquals(difference(ours, theirs), undefined);
}

/** Refused here and there, with errors of the same name. */
function assertRefused(what: string, make: () => unknown): void {
  const theirs = assertThrows(() => structuredClone(make()), what) as Error;
  const ours = assertThrows(() => transfer(make()), what) as Error;
  assertEquals(ours.name, theirs.name, what);
  assertEquals(ours.message.length > 10, true, what);
  // It is as usable as before.
  assertEquals(transfer({ a: [1, "b"] }), { a: [1, "b"] });
}

Deno.test("Encoder refuses what structuredClone refuses", () => {
  const detached = () => {
    const buffer = new ArrayBuffer(8);
    const view = new Uint8Array(buffer);
    buffer.transfer();
    return view;
  };
  const outside = (
    View: new (b: ArrayBuffer, o: number, l: number) => object,
  ) => {
    const buffer = new ArrayBuffer(16, { maxByteLength: 32 });
    const view = new View(buffer, 8, 8);
    buffer.resize(4);
    return view;
  };
  function* generate() {}
  const cases: Record<string, () => unknown> = {
    "function": () => () => 1,
    "class": () => class {},
    symbol: () => Symbol("s"),
    "well-known symbol": () => Symbol.iterator,
    WeakMap: () => new WeakMap(),
    WeakSet: () => new WeakSet(),
    WeakRef: () => new WeakRef({}),
    Promise: () => Promise.resolve(1),
    "proxy of an object": () => new Proxy({}, {}),
    "proxy of an array": () => new Proxy([], {}),
    "proxy of a map": () => new Proxy(new Map(), {}),
    arguments: () =>
      (function (..._: number[]) {
        return arguments;
      })(1),
    generator: () => generate(),
    "array iterator": () => [1].values(),
    "map iterator": () => new Map().entries(),
    "iterator helper": () => [1].values().map((x) => x),
    "Intl object": () => new Intl.NumberFormat(),
    "boxed symbol": () => Object(Symbol("s")),
    "detached buffer": () => detached().buffer,
    "view of a detached buffer": detached,
    "view out of bounds": () => outside(Uint8Array),
    "DataView out of bounds": () => outside(DataView),
    "error with a symbol for a name": () =>
      Object.assign(new Error(), { name: Symbol("s") }),
    "error with a symbol for a message": () =>
      Object.assign(new Error(), { message: Symbol("s") }),
  };
  for (const [what, make] of Object.entries(cases)) {
    assertRefused(what, make);
    // The values before it must not show up in what comes after it.
    assertRefused(`${what} in an object`, () => ({ a: {}, b: [make()] }));
    assertRefused(`${what} in a map`, () => new Map([[{}, make()]]));
    assertRefused(`${what} as a key`, () => new Map([[make(), {}]]));
    assertRefused(`${what} in a set`, () => new Set([make()]));
    assertRefused(`${what} as a cause`, () => new Error("", { cause: make() }));
    assertRefused(`${what} in an instance`, () => {
      return new class {
        field = make();
      }();
    });
  }
});

Deno.test("Encoder refuses what belongs to one thread or needs its class", () => {
  const shared = new SharedArrayBuffer(8);
  const values = [
    shared,
    new Uint8Array(shared),
    new Queue(),
    new Blob(["a"]),
    new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])),
  ];
  for (const value of values) {
    for (const item of [value, [value], { value }]) {
      const error = assertThrows(() => transfer(item), DOMException, "travel");
      assertEquals(error.name, "DataCloneError");
    }
  }
});

Deno.test("Encoder refuses objects of the platform, wherever they are", () => {
  // structuredClone does so only for the value itself; inside it, it makes
  // plain objects of them.
  for (const make of [() => new URL("https://deno.com"), () => new Headers()]) {
    assertRefused("itself", make);
    for (const value of [[make()], { a: make() }, new Set([make()])]) {
      const error = assertThrows(() => transfer(value), DOMException);
      assertEquals(error.name, "DataCloneError");
    }
  }
});

Deno.test("Encoder sees what an object is, whatever its prototype", () => {
  const values = [
    () => new Map([[1, 2]]),
    () => new Set([1]),
    () => new Date(0),
    () => /a/g,
    () => new Error("message"),
    () => [1, "a"],
    () => Object(1),
    () => Object("text"),
    () => Object(5n),
    () => new (class extends Array {})(3),
  ];
  const prototypes = [
    null,
    {},
    Object.prototype,
    Set.prototype,
    Map.prototype,
    Error.prototype,
  ];
  for (const make of values) {
    assertAsPlatform(make);
    for (const prototype of prototypes) {
      assertAsPlatform(() => Object.setPrototypeOf(make(), prototype));
    }
  }
  for (
    const { prototype } of [Map, Date, DOMException, Error, Promise, Array]
  ) {
    assertAsPlatform(() => Object.create(prototype, { a: { value: 1 } }));
  }
});

Deno.test("Encoder reads properties as structuredClone does", () => {
  const values: (() => unknown)[] = [
    () => ({
      get a() {
        delete (this as { b?: unknown; valueOf?: unknown }).b;
        return 1;
      },
      b: 2,
      c: 3,
    }),
    () => ({
      get a() {
        delete (this as { b?: unknown; valueOf?: unknown }).valueOf;
        return 1;
      },
      valueOf: 2,
    }),
    () => ({
      get a() {
        (this as Record<string, unknown>).d = 4;
        return 1;
      },
      c: undefined,
    }),
    () => {
      const deletes = {
        get: () => delete array[2] && 1,
        enumerable: true,
        configurable: true,
      };
      const array: unknown[] = Object.defineProperty(
        [0, 1, 2, "x"],
        1,
        deletes,
      );
      return array;
    },
    () => {
      let count = 0;
      const counts = { get: () => ++count, enumerable: true };
      return Object.defineProperty([0, 1, 2, "x"], 0, counts);
    },
    () => JSON.parse(`{"__proto__":{"a":1},"constructor":2}`),
    () => Object.assign([1, 2], { __proto: 1, [-1]: 2, 4294967295: 3 }),
    () => new (class extends Uint16Array {})(3),
    () => new Int32Array(new ArrayBuffer(10, { maxByteLength: 10 })),
    () => new Int32Array(new ArrayBuffer(10, { maxByteLength: 10 }), 4, 1),
    () => Object.defineProperty(/a/g, "flags", { value: "overridden" }),
    () => new ArrayBuffer(3),
    () => "abc".match(/(?<x>b)/d),
    () => Object.assign(Object("boxed"), { dropped: 1 }),
    () =>
      Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } }),
    () => [, 1, ,],
    () => new Array(2 ** 32 - 1),
    () => Object.freeze({ a: Object.freeze([1]) }),
    () => Object.assign(() => {}, {}).length,
  ];
  for (const make of values) assertAsPlatform(make);
});

Deno.test("Encoder reads the getters of an instance once", () => {
  class Counter {
    count = 0;
  }
  const counter = Object.defineProperty(new Counter(), "next", {
    enumerable: true,
    get() {
      return ++this.count;
    },
  });
  assertEquals<unknown>(transfer(counter), { count: 0, next: 1 });
});

Deno.test("Encoder passes on what a getter throws", () => {
  const thrown = { reason: "mine" };
  const value = {
    get a() {
      throw thrown;
    },
  };
  for (const item of [value, [value], new Map([[1, value]])]) {
    assertStrictEquals(assertThrows(() => transfer(item)), thrown);
  }
  assertEquals(transfer([1]), [1]);
});

Deno.test("Encoder refuses values that are nested too deep", () => {
  const nest = (depth: number, wrap: (inner: unknown) => unknown) => {
    let value: unknown = 1;
    for (let i = 0; i < depth; i++) value = wrap(value);
    return value;
  };
  const wraps: ((inner: unknown) => unknown)[] = [
    (inner) => ({ inner }),
    (inner) => [inner],
    (inner) => new Map([[inner, 1]]),
    (inner) => new Set([inner]),
    (inner) => new Error("", { cause: inner }),
  ];
  for (const wrap of wraps) {
    const value = nest(1000, wrap);
    assertEquals(
      difference(transfer(value), structuredClone(value)),
      undefined,
    );
    const message = "Cannot clone value: it is nested more than 1000 deep";
    for (const depth of [1001, 100_000]) {
      const deep = nest(depth, wrap);
      assertThrows(() => transfer(deep), RangeError, message);
      assertEquals(transfer([[1]]), [[1]]);
    }
  }
  const queue = new Queue<unknown>();
  assertThrows(() => queue.putNowait(nest(2000, wraps[0])), RangeError);
  assertEquals(queue.size, 0);
  queue.putNowait("usable");
  assertEquals(queue.getNowait(), "usable");
});

Deno.test("Encoder: siblings don't add to the depth", () => {
  const wide = Array.from({ length: 5000 }, () => [{}]);
  assertEquals(transfer(wide), wide);
});

Deno.test("Queue: a getter of an item may use queues", async () => {
  const outer = new Queue<unknown>();
  const inner = new Queue<unknown>();
  const item = {
    before: "x".repeat(2000),
    get nested() {
      inner.putNowait({ from: "getter", list: [1, "y".repeat(3000)] });
      inner.putNowait("short");
      return inner.getNowait();
    },
    after: ["z"],
  };
  outer.putNowait(item);
  await outer.put(item);
  outer.putSync([item]);
  const expected = {
    before: item.before,
    nested: { from: "getter", list: [1, "y".repeat(3000)] },
    after: ["z"],
  };
  assertEquals(await outer.get(), expected);
  assertEquals(outer.getSync() as typeof expected, {
    ...expected,
    nested: "short" as never,
  });
  assertEquals(outer.size, 1);
});

Deno.test("Exposed functions come back as themselves", () => {
  function known() {}
  function unknown() {}
  expose(import.meta, { known });
  assertStrictEquals(transfer(known), known);
  const value = transfer({ list: [known], map: new Map([[known, known]]) });
  assertStrictEquals(value.list[0], known);
  assertStrictEquals(value.map.get(known), known);
  class Handlers {
    handler = known;
  }
  assertStrictEquals(transfer(new Handlers()).handler, known);
  assertThrows(
    () => transfer([unknown]),
    DOMException,
    "unknown could not be cloned: add `expose(import.meta, { unknown })`",
  );
});

Deno.test("Cargo gives back what a large value took", () => {
  const large = "x".repeat(3 << 20);
  assertEquals(transfer(large) === large, true);
  assert(cargo.bytes.length <= 1 << 20);
});

Deno.test("Encoder: arrays of numbers, wherever they stand", () => {
  const arrays = [
    [1],
    [0, -1, 2 ** 31 - 1, -(2 ** 31)],
    [2 ** 31],
    [1, 2 ** 31],
    [-(2 ** 31) - 1, 1],
    [0, -0],
    [-0],
    [NaN, 1],
    [1, 0.5, Infinity],
    [1, 2, "three"],
    [1.5, null],
    [1, { valueOf: () => 1 / 0 }],
  ];
  for (const array of arrays) {
    // The text moves what follows by a byte at a time.
    for (const text of ["", "a", "ab", "abc", "abcd", "abcde", "abcdef"]) {
      const value = [text, array, text, array, [...array]];
      if (array.some((element) => typeof element === "object" && element)) {
        assertRefused("a function", () => value);
      } else {
        assertAsPlatform(() => value);
      }
    }
  }
});

Deno.test("Encoder: parts of lists, and Decoder: into another", () => {
  const lists = [[1, 2, 3, 4], [1, 2.5, -0, 4], ["a", 2, "c", "d"], [
    {},
    {},
    1,
    2,
  ]];
  for (const list of lists) {
    for (const [from, to] of [[0, 4], [1, 3], [2, 2], [3, 4]]) {
      encoder.begin(cargo);
      encoder.write("before");
      encoder.writeList(list, from, to);
      encoder.writeList(list, from, to);
      encoder.write("after");
      encoder.end();
      decoder.begin(cargo);
      assertEquals(decoder.read(), "before");
      assertEquals(decoder.read(), list.slice(from, to));
      const target: unknown[] = new Array(6).fill("old");
      decoder.readInto(target, 1, to - from);
      assertEquals(decoder.read(), "after");
      decoder.end();
      const expected: unknown[] = new Array(6).fill("old");
      for (let i = from; i < to; i++) expected[1 + i - from] = list[i];
      assertEquals(target, expected);
    }
  }
});

Deno.test("Codec: bytes that are all of their buffer", () => {
  class Special extends Uint8Array {}
  const bytes = new Uint8Array([1, 2, 3]);
  const { buffer } = bytes;
  const resizable = new Uint8Array(new ArrayBuffer(3, { maxByteLength: 9 }));
  for (
    const value of [
      bytes,
      [bytes, bytes],
      [bytes, buffer],
      [buffer, bytes],
      [bytes, new DataView(buffer), buffer, new Uint16Array(buffer, 0, 1)],
      [bytes, {}, [{}], bytes, buffer],
      bytes.subarray(1),
      bytes.subarray(0, 2),
      new Uint8Array(0),
      new Int8Array([1, -1]),
      new Special([1, 2]),
      resizable,
    ]
  ) assertAsPlatform(() => value);
});

Deno.test("Codec: what arrives as bytes shares one buffer with what refers to it", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const [view, buffer, again] = transfer([bytes, bytes.buffer, bytes]);
  assert((view as Uint8Array).buffer === buffer && view === again);
  assertEquals((buffer as ArrayBuffer).byteLength, 3);
});

Deno.test("Codec: forged bytes are refused", () => {
  const cargo = new Cargo();
  cargo.kind = 6;
  cargo.length = 12;
  cargo.bytes.set([Tag.BYTES, 100, 0, 0, 0, 1, 2, 3]);
  assertThrows(() => new Decoder().decode(cargo), Damaged);
});

Deno.test("Views arrive as what they are, whatever they say of themselves", () => {
  const bytes = () => new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
  class Shorter extends Uint8Array {
    override get length() {
      return 2;
    }
  }
  class Longer extends Uint8Array {
    override get length() {
      return 8;
    }
  }
  class Elsewhere extends Uint8Array {
    override get buffer() {
      return new ArrayBuffer(2);
    }
  }
  const views = {
    "no prototype": Object.setPrototypeOf(bytes(), null),
    "an object's": Object.setPrototypeOf(bytes(), Object.prototype),
    "another": Object.setPrototypeOf(bytes(), { buffer: 1, length: 3 }),
    floats: Object.setPrototypeOf(new Float64Array([1.5, 2]), null),
    data: Object.setPrototypeOf(new DataView(bytes().buffer, 1, 2), null),
    shorter: new Shorter(bytes()),
    longer: new Longer(bytes().buffer, 0, 4),
    elsewhere: new Elsewhere(bytes()),
    "its own length": Object.defineProperty(bytes(), "length", { value: 99 }),
  };
  for (const [name, view] of Object.entries(views)) {
    const copy = transfer(view) as Uint8Array;
    const expected = structuredClone(view) as Uint8Array;
    assertStrictEquals(copy.constructor, expected.constructor, name);
    assertEquals(copy, expected, name);
    assertEquals(copy.buffer, expected.buffer, name);
    assertEquals(copy.byteOffset, expected.byteOffset, name);
  }
});

Deno.test("Codec: short texts that differ in one place arrive as they are", () => {
  // Of each length, and more than a thread keeps.
  const texts: string[] = [];
  for (let length = 0; length < 40; length++) {
    for (let i = 0; i < 3 * length; i++) {
      const codes = new Array(length).fill(97);
      codes[i % length] = [0, 122, 255][i % 3];
      texts.push(String.fromCharCode(...codes));
    }
    for (let i = 0; i < 100; i++) texts.push(String(i).padStart(length, "0"));
  }
  for (let round = 0; round < 2; round++) {
    for (const text of texts) assertStrictEquals(transfer([text])[0], text);
  }
});
