import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { expose } from "../../lib/expose.ts";
import { pack, type Packed, unpack } from "../../lib/codec/packing.ts";
import {
  addAlias,
  type AnyFunction,
  forget,
  functionOf,
  idFor,
  register,
  reviveHandle,
} from "../../lib/codec/references.ts";
import { Queue } from "../../lib/queue/queue.ts";
import { Thread } from "../../lib/thread/thread.ts";
import { transfer } from "../../lib/transfer.ts";
import { difference } from "../support/difference.ts";

export function known(): string {
  return "known";
}
export function other(): string {
  return "other";
}
expose(import.meta, { known, other });

/** What arrives of a value that is packed and sent. */
function send<T>(value: T): T {
  return unpack(structuredClone(pack(value))) as T;
}

/** Two queues are one if what is put into the one is in the other. */
function assertSameQueue(actual: unknown, queue: Queue): void {
  assertInstanceOf(actual, Queue);
  const size = actual.size;
  queue.putNowait(1);
  assertEquals(actual.size, size + 1);
}

Deno.test("functionOf() knows what was taken back or has a new id", () => {
  const [first, second] = [() => 1, () => 2];
  const { url } = import.meta;
  const [one, two] = ["one", "two"].map((name) => ({ url, name }));
  const [idOfOne, idOfTwo] = [idFor(url, "one"), idFor(url, "two")];
  register(first, one);
  register(second, two);
  assertStrictEquals(functionOf(idOfTwo), second);
  assertStrictEquals(functionOf(idOfOne), first);
  addAlias(two, idOfOne);
  assertStrictEquals(functionOf(idOfOne), second);
  forget(idOfOne);
  assertThrows(() => functionOf(idOfOne), TypeError);
  assertStrictEquals(functionOf(idOfTwo), second);
  forget(idOfTwo);
  assertThrows(() => functionOf(idOfTwo), TypeError);
});

Deno.test("pack() leaves values without references as they are", () => {
  const value = { list: [1, , 3], map: new Map([[{}, new Set([1])]]) };
  const packed = pack(value);
  assertStrictEquals(packed.value, value);
  assertEquals(packed.references, []);
  for (const plain of [undefined, null, 0, -0, "text", 1n]) {
    assertStrictEquals(send(plain), plain);
  }
});

Deno.test("pack() takes functions and shared objects anywhere", () => {
  const queue = new Queue();
  assertStrictEquals(send(known), known);
  assertSameQueue(send(queue), queue);
  class Config {
    queue = queue;
    run = known;
  }
  const sent = send({
    list: [known, , queue],
    nested: { null: Object.assign(Object.create(null), { known }) },
    keys: new Map<unknown, unknown>([[known, 1], [queue, 2]]),
    values: new Map<unknown, unknown>([["known", known], ["queue", queue]]),
    subclass: new (class extends Map<unknown, unknown> {})([[1, known]]),
    set: new Set<unknown>([known, queue]),
    instance: new Config(),
    ["__proto__"]: known,
  });
  assertStrictEquals(sent.list[0], known);
  assert(!(1 in sent.list));
  assertSameQueue(sent.list[2], queue);
  assertStrictEquals(sent.nested.null.known, known);
  const [first, second] = [...sent.keys.keys()];
  assertStrictEquals(first, known);
  assertSameQueue(second, queue);
  assertStrictEquals(sent.values.get("known"), known);
  assertSameQueue(sent.values.get("queue"), queue);
  assertStrictEquals(sent.subclass.get(1), known);
  const [member, last] = [...sent.set];
  assertStrictEquals(member, known);
  assertSameQueue(last, queue);
  assertStrictEquals(sent.instance.run, known);
  assertSameQueue(sent.instance.queue, queue);
  assertStrictEquals(Object.getPrototypeOf(sent), Object.prototype);
  const own = Object.getOwnPropertyDescriptor(sent, "__proto__");
  assertStrictEquals(own?.value, known);
});

Deno.test("pack() keeps cycles and what is shared", () => {
  const queue = new Queue();
  const inner = { known };
  const value: Record<string, unknown> = { inner, again: inner, queue };
  value.self = value;
  value.map = new Map<unknown, unknown>([[value, inner]]);
  value.set = new Set([value.map]);
  value.queues = [queue, queue];
  (value.map as Map<unknown, unknown>).set("map", value.map);
  const sent = send(value);
  assertStrictEquals(sent.self, sent);
  assertStrictEquals(sent.again, sent.inner);
  const map = sent.map as Map<unknown, unknown>;
  assertStrictEquals(map.get(sent), sent.inner);
  assertStrictEquals(map.get("map"), map);
  assert((sent.set as Set<unknown>).has(map));
  const [first, second] = sent.queues as unknown[];
  assertStrictEquals(first, second);
  assertStrictEquals(first, sent.queue);
});

Deno.test("pack() changes nothing else on the way", () => {
  const make = (reference: unknown) => ({
    reference,
    sparse: Object.assign([1, , 3], { name: "named" }),
    match: "abc".match(/(?<x>b)/),
    date: new Date(5),
    bytes: new Uint8Array([1, 2]),
    empty: {},
    numbers: [NaN, -0, 1n],
  });
  const sent = send(make(known));
  assertStrictEquals(sent.reference, known);
  const plain = { ...sent, reference: 0 };
  assertEquals(difference(plain, structuredClone(make(0))), undefined);
});

Deno.test("pack() leaves it to the platform what can't be cloned", () => {
  const refused = [
    Promise.resolve(),
    new WeakMap(),
    new Proxy({}, {}),
    new Proxy([known], {}),
    Symbol("s"),
  ];
  for (const value of refused) {
    const error = assertThrows(() => send([known, value]), DOMException);
    assertEquals(error.name, "DataCloneError");
  }
});

Deno.test("pack() refuses functions that were never exposed", () => {
  function stranger() {}
  const message = "Cannot send function 'stranger' to a thread: it was never " +
    "exposed, add `expose(import.meta, { stranger })` at the top level of its " +
    "module";
  for (
    const value of [
      stranger,
      [known, stranger],
      { a: { stranger } },
      new Map([[stranger, 1]]),
      new Set([stranger]),
    ]
  ) {
    assertThrows(() => pack(value), TypeError, message);
  }
});

const stranger = (x: number) => x;
const strangers: [what: string, fn: AnyFunction][] = [
  ["an anonymous function", () => {}],
  ["function 'bound stranger'", stranger.bind(null, 1)],
  ["function 'log'", console.log],
  ["function 'max'", Math.max],
  ["function 'm'", { m() {} }.m],
  ["function 'g'", { *g() {} }.g],
  ["function 'default'", { default: () => {} }.default],
  ["function 'two words'", { "two words": () => {} }["two words"]],
  ["function 'Shape'", class Shape {} as unknown as AnyFunction],
];

Deno.test("What no module could expose isn't advised to be exposed", () => {
  const advice = "only a named function at the top level of a module can be " +
    "sent; make it one, add `expose(import.meta, { fn })` below it, and pass " +
    "what it closes over as arguments";
  const queue = new Queue<unknown>();
  for (const [what, fn] of strangers) {
    const message = `Cannot send ${what} to a thread: it was never exposed: ` +
      advice;
    assertThrows(() => pack([fn]), TypeError, message);
    assertThrows(() => new Thread(fn), TypeError, message);
    const error = assertThrows(() => queue.putNowait([fn]), DOMException);
    const name = fn.name || "An anonymous function";
    assertEquals(error.message, `${name} could not be cloned: ${advice}`);
  }
});

Deno.test("What a module could expose is advised to be exposed", () => {
  async function waits() {}
  function* yields() {}
  const arrow = async (x: number) => await x;
  for (const fn of [waits, yields, arrow, stranger] as AnyFunction[]) {
    assertThrows(
      () => pack([fn]),
      TypeError,
      `it was never exposed, add \`expose(import.meta, { ${fn.name} })\` at`,
    );
  }
});

Deno.test("unpack(): nothing in a value passes itself off as a reference", () => {
  const { references } = pack([known]);
  const [, id] = references[0] as [object, number];
  const queue = new Queue();
  const { references: handles } = pack(queue);
  const forgeries: unknown[] = [
    {},
    id,
    { value: {}, references },
    [[{}, id]],
    handles[0][1],
    { references: handles, value: handles[0][0] },
    pack([other, queue]),
  ];
  // Beside a true reference, so that there is something to be put back.
  const [reference, ...rest] = send<unknown[]>([known, ...forgeries]);
  assertStrictEquals(reference, known);
  const visit = (value: unknown): void => {
    assertNotInstanceOf(value, Queue);
    assert(typeof value !== "function");
    if (typeof value !== "object" || value === null) return;
    Object.values(value).forEach(visit);
  };
  visit(rest);
});

Deno.test("unpack() knows no other functions and classes than it has", () => {
  const standIn = {};
  const packed = (reference: unknown) =>
    ({ value: standIn, references: [[standIn, reference]] }) as Packed;
  assertThrows(() => unpack(packed(12345)), TypeError, "isn't loaded");
  const buffer = new SharedArrayBuffer(8);
  for (const type of ["Unknown", "constructor", "__proto__", "toString"]) {
    assertThrows(
      () => unpack(packed({ type, buffer })),
      TypeError,
      `Cannot receive a ${type}`,
    );
  }
  assertThrows(() => functionOf(NaN), TypeError, "Cannot use a function");
  assertThrows(() => reviveHandle({ type: "", buffer }), TypeError);
});

Deno.test("Large buffers are copied once, and the copies are moved", () => {
  const size = 1 << 20;
  const buffer = new ArrayBuffer(size + 8);
  const floats = new Float64Array(buffer, 8);
  floats.fill(1.5);
  const value = {
    floats,
    view: new DataView(buffer, 16, 8),
    again: new Map([["buffer", buffer]]),
    own: new Uint8Array(size).fill(7),
    small: new Uint8Array(8).fill(9),
    resizable: new ArrayBuffer(size, { maxByteLength: size * 2 }),
    known,
  };
  const packed = pack(value);
  // Two copies; what is small or resizable is left to the platform.
  assertEquals(packed.transferables.length, 2);
  assert(!packed.transferables.includes(buffer));
  const sent = unpack(
    structuredClone(packed, { transfer: packed.transferables }),
  ) as typeof value;
  assertEquals(
    difference({ ...sent, known: 0 }, { ...value, known: 0 }),
    undefined,
  );
  assertStrictEquals(sent.known, known);
  // What shared a buffer shares one.
  assertStrictEquals(sent.view.buffer, sent.floats.buffer);
  assertStrictEquals(sent.again.get("buffer"), sent.floats.buffer);
  // The caller's stays, and is another.
  assertEquals([buffer.detached, floats[0]], [false, 1.5]);
  sent.floats[0] = 2;
  assertEquals(floats[0], 1.5);
});

Deno.test("A large buffer that is marked is moved, with its views", () => {
  const buffer = new ArrayBuffer(1 << 21);
  const packed = pack([new Uint8Array(buffer, 1), transfer(buffer, [buffer])]);
  assertEquals(packed.transferables, [buffer]);
  const [view, moved] = unpack(
    structuredClone(packed, { transfer: packed.transferables }),
  ) as [Uint8Array, ArrayBuffer];
  assertStrictEquals(view.buffer, moved);
  assert(buffer.detached);
});
