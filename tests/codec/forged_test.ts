/** Bytes and messages with the wrong thing in one place, for each place. @module */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { Cargo, Kind } from "../../lib/codec/cargo.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { unpack } from "../../lib/codec/packing.ts";
import "../../lib/thread/thread.ts";
import { fromPortable, textOf } from "../../lib/codec/portable_error.ts";
import { idOf } from "../../lib/codec/references.ts";
import { Damaged, DEEPEST, Tag } from "../../lib/codec/tags.ts";
import { checkSettled } from "../../lib/pool/task.ts";
import { slotOf } from "../../lib/thread/thread_table.ts";
import { alarm } from "../support/fuzz.ts";

const uint = (
  value: number,
) => [...new Uint8Array(Uint32Array.of(value).buffer)];
const float = (value: number) => [
  ...new Uint8Array(Float64Array.of(value).buffer),
];
const string = (text: string) => [
  Tag.SHORT_STRING,
  text.length,
  ...new TextEncoder().encode(text),
];
const NUMBER = [Tag.INT, ...uint(1)];
const OBJECT = [Tag.OBJECT, ...uint(0)];
const FUNCTION = [Tag.FUNCTION, ...float(idOf(alarm)!)];

/** An error with these in the places of its class, name, message and stack. */
function error(
  { base, id, name, message, stack }: Record<string, number[]>,
  fields: number[] = uint(0),
): number[] {
  return [
    Tag.ERROR,
    ...base ?? string("Error"),
    ...id ?? [Tag.UNDEFINED],
    ...name ?? string("Error"),
    ...message ?? string("message"),
    ...stack ?? string("stack"),
    ...fields,
  ];
}

function nested(depth: number, ...opening: number[]): number[] {
  return [...Array.from({ length: depth }, () => opening).flat(), Tag.NULL];
}

function decode(bytes: number[], options = {}): unknown {
  const cargo = new Cargo();
  cargo.reserve(bytes.length + 16);
  cargo.bytes.set(bytes);
  cargo.kind = Kind.BYTES;
  cargo.length = bytes.length + 16;
  return new Decoder(options).decode(cargo);
}

const forged: Record<string, number[]> = {
  "a key that is a number": [Tag.OBJECT, ...uint(1), ...NUMBER, Tag.NULL],
  "a key that is an object": [Tag.OBJECT, ...uint(1), ...OBJECT, Tag.NULL],
  "a key that is a function": [Tag.OBJECT, ...uint(1), ...FUNCTION, Tag.NULL],
  "a key of an array that is a number": [
    Tag.SPARSE_ARRAY,
    ...uint(3),
    ...uint(1),
    ...NUMBER,
    Tag.NULL,
  ],
  "a pattern that is an object": [Tag.REGEXP, ...OBJECT, ...string("g")],
  "flags that are a function": [Tag.REGEXP, ...string("a"), ...FUNCTION],
  "digits that are a number": [Tag.BIGINT, 0, ...NUMBER],
  "an error's class that is an object": error({ base: OBJECT }),
  "an error's class that is a function": error({ base: FUNCTION }),
  "an error's id that is a string": error({ id: string("1") }),
  "an error's id that is an object": error({ id: OBJECT }),
  "an error's name that is a number": error({ name: NUMBER }),
  "an error's message that is an object": error({ message: OBJECT }),
  "an error's message that is a function": error({ message: FUNCTION }),
  "an error's stack that is a number": error({ stack: NUMBER }),
  "an error's stack that is a function": error({ stack: FUNCTION }),
  "an error's field whose key is a function": error({}, [
    ...uint(1),
    ...FUNCTION,
    1,
    Tag.NULL,
  ]),
  "a boxed object": [Tag.BOXED, ...OBJECT],
  "a boxed function": [Tag.BOXED, ...FUNCTION],
  "a boxed nothing": [Tag.BOXED, Tag.UNDEFINED],
  "an object in an object, too deep": nested(
    DEEPEST + 1,
    Tag.OBJECT,
    ...uint(1),
    ...string("a"),
  ),
  "a list in a list, too deep": nested(DEEPEST + 1, Tag.ARRAY, ...uint(1)),
  "a set in a set, too deep": nested(DEEPEST + 1, Tag.SET, ...uint(1)),
  "a box in a box, too deep": nested(DEEPEST + 1, Tag.BOXED),
  "a length that there is nothing for": [Tag.ARRAY, ...uint(1000)],
  "what says that it is deeper than anything": [
    Tag.DEEP,
    0,
    0,
    0,
    ...uint(DEEPEST + 1),
    Tag.NULL,
  ],
};

for (const [what, bytes] of Object.entries(forged)) {
  Deno.test(`A record is refused that holds ${what}`, () => {
    assertThrows(() => decode(bytes), Damaged, "Cannot decode value");
  });
}

Deno.test("A function in a record isn't where nobody asks for it", () => {
  assertEquals(decode([Tag.ARRAY, ...uint(1), ...FUNCTION]), [alarm]);
  assertThrows(
    () =>
      decode([Tag.ARRAY, ...uint(1), ...FUNCTION], { refusesFunctions: true }),
    Damaged,
  );
  for (const key of ["then", "toString", "valueOf", "toJSON"]) {
    const entry = [...uint(1), ...string(key), ...FUNCTION];
    assertThrows(() => decode([Tag.OBJECT, ...entry]), DOMException, key);
    const field = [...uint(1), ...string(key), 1, ...FUNCTION];
    const made = decode(error({}, field));
    assertInstanceOf(made, Error);
    assertEquals(Object.hasOwn(made, key), false);
  }
});

/** Packs a stand-in for a reference. */
function packed(reference: unknown): unknown {
  const standIn = {};
  return { value: [standIn], references: [[standIn, reference]] };
}

const parts = {
  base: "Error",
  id: undefined,
  name: "Error",
  message: "m",
  stack: "s",
  fields: [],
};

Deno.test("A message is refused that has the wrong thing in one place", () => {
  assertInstanceOf((unpack(packed(parts)) as unknown[])[0], Error);
  const wrong: Record<string, unknown[]> = {
    base: [{}, alarm, undefined],
    id: ["1", {}, alarm],
    name: [1, alarm],
    message: [1, alarm],
    stack: [{}, alarm],
    fields: [{}, [1], [["key", 1]], [[alarm, 1, true]], [["key", 1, "yes"]]],
  };
  for (const [key, values] of Object.entries(wrong)) {
    for (const value of values) {
      const forged = packed({ ...parts, [key]: value });
      assertThrows(() => unpack(forged), Damaged, "decode error", key);
    }
  }
  for (
    const references of [{}, [1], [[1, 1]], [[{}, "x"]], [[{}, null]], [[{}]]]
  ) {
    const forged = { value: 1, references };
    assertThrows(() => unpack(forged), Damaged, "decode message");
  }
  for (
    const reference of [
      { type: alarm, buffer: new SharedArrayBuffer(64) },
      { type: "Queue", buffer: new ArrayBuffer(64) },
      { type: "Queue", buffer: new SharedArrayBuffer(64), action: alarm },
      { type: "Queue", buffer: new SharedArrayBuffer(64), inner: 1 },
      { type: "Queue", text: "text" },
      { type: "Thread", buffer: new SharedArrayBuffer(64) },
      { type: "Thread", text: "text" },
      { type: "Thread", text: '{"index":1e9,"ident":1}' },
    ]
  ) {
    const forged = packed(reference);
    assertThrows(() => unpack(forged), Damaged, "decode handle");
  }
});

Deno.test("What was thrown is refused without the thread's name", () => {
  for (const thread of [alarm, {}, 1, undefined]) {
    const forged = { thread, thrown: new Error("e") };
    assertThrows(() => fromPortable(forged), Damaged, "decode error");
  }
  for (const forged of [1, null, undefined, alarm, { thread: "t" }]) {
    assertThrows(() => fromPortable(forged), Damaged, "decode error");
  }
  let calls = 0;
  const calling = { toString: () => String(++calls) };
  textOf(calling);
  textOf(Object.assign(Object.create(null), calling));
  assertEquals(calls, 0);
});

Deno.test("Settled results are refused that can't be of so many items", () => {
  const failure = [1, { thread: "t", thrown: 1 }];
  checkSettled([[1, 2], [failure]], 2);
  for (
    const forged of [
      undefined,
      { map: alarm },
      [],
      [[1, 2]],
      [[1, 2], [], []],
      [[1], []],
      [{ length: 2 }, []],
      [[1, 2], { every: alarm }],
      [[1, 2], [1]],
      [[1, 2], [[1]]],
      [[1, 2], [[2, {}]]],
      [[1, 2], [[-1, {}]]],
      [[1, 2], [["0", {}]]],
    ]
  ) {
    assertThrows(() => checkSettled(forged, 2), Damaged, "decode answer");
  }
});

Deno.test("A note of a thread is none with the wrong thing in one place", () => {
  const note = { index: 2, ident: 3, name: "n", daemon: false, waiter: 4 };
  assertEquals(slotOf(note)?.index, 2);
  for (
    const [key, value] of Object.entries({
      index: [0, 1e9, 1.5, "2", alarm],
      ident: [0, -1, NaN, "3"],
      name: [1, alarm, undefined],
      daemon: [0, undefined],
      waiter: [0, 1e9, 0.5, "4"],
    })
  ) {
    for (const wrong of value) {
      assertEquals(slotOf({ ...note, [key]: wrong }), undefined, key);
    }
  }
});
