/** Records and answers that no library has written. @module */

import { Cargo, Kind } from "../../lib/codec/cargo.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { Encoder } from "../../lib/codec/encoder.ts";
import { unpack } from "../../lib/codec/packing.ts";
import { fromPortable } from "../../lib/codec/portable_error.ts";
import { idOf } from "../../lib/codec/references.ts";
import { Tag } from "../../lib/codec/tags.ts";
import { expose } from "../../lib/expose.ts";
import { checkSettled } from "../../lib/pool/task.ts";
import { Random } from "./shared_random.ts";

/** How often {@linkcode alarm} was called: never, if all is well. */
let alarms = 0;

/** What a record may have its reader call. */
export function alarm(): string {
  alarms++;
  return "10";
}
expose(import.meta, { alarm });

/**
 * What decoding may take is so many bytes for each of the record's: the shortest
 * objects are an empty Map or Set, of five bytes.
 */
export const FACTOR = 64;

const TAGS = Object.values(Tag);
const UNASKED = new Set(["then", "toString", "valueOf", "toJSON"]);
const KEYS = ["then", "toString", "valueOf", "toJSON", "map", "length", "a"];

/** Writes records of the right form with the wrong things in them. */
class Forger {
  readonly #random: Random;
  readonly #bytes: number[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  forge(): Uint8Array<ArrayBuffer> {
    this.#value(4);
    return new Uint8Array(this.#bytes);
  }

  #uint(value: number): void {
    for (let i = 0; i < 4; i++) this.#bytes.push((value >>> (8 * i)) & 255);
  }

  #float(value: number): void {
    this.#bytes.push(...new Uint8Array(new Float64Array([value]).buffer));
  }

  /** Mostly small; now and then more than there can be. */
  #count(): number {
    const random = this.#random;
    return random.below(8) > 0
      ? random.below(5)
      : random.pick([200, 1e5, 4e8, 2 ** 31, 2 ** 32 - 1]);
  }

  #string(text: string): void {
    this.#bytes.push(Tag.SHORT_STRING, text.length);
    for (const char of text) this.#bytes.push(char.charCodeAt(0));
  }

  /** What should be a string, and mostly is. */
  #text(text: string, depth: number): void {
    if (this.#random.below(4) > 0) this.#string(text);
    else this.#value(depth);
  }

  #value(depth: number): void {
    const random = this.#random;
    const tag = depth > 0
      ? random.pick(TAGS)
      : random.pick([Tag.FUNCTION, Tag.INT, Tag.SHORT_STRING, Tag.NULL]);
    const inside = depth - 1;
    switch (tag) {
      case Tag.FUNCTION:
        this.#bytes.push(tag);
        return this.#float(random.below(5) > 0 ? idOf(alarm)! : random.next());
      case Tag.SHORT_STRING:
        return this.#string(random.pick(KEYS));
      case Tag.INT:
        this.#bytes.push(tag);
        return this.#uint(random.pick([0, 1, 3, 2 ** 31, 4e8]));
      case Tag.FLOAT:
      case Tag.DATE:
      case Tag.INT64:
        this.#bytes.push(tag);
        return this.#float(random.pick([NaN, -1, 0, 1e300]));
      case Tag.OBJECT: {
        this.#bytes.push(tag);
        if (random.below(4) === 0) {
          this.#uint(1);
          this.#string(random.pick([...UNASKED]));
          this.#bytes.push(Tag.FUNCTION);
          return this.#float(idOf(alarm)!);
        }
        const count = this.#count();
        this.#uint(count);
        for (let i = Math.min(count, 5); i > 0; i--) {
          this.#text(random.pick(KEYS), inside);
          this.#value(inside);
        }
        return;
      }
      case Tag.ARRAY:
      case Tag.MAP:
      case Tag.SET:
      case Tag.SPARSE_ARRAY: {
        this.#bytes.push(tag);
        const count = this.#count();
        this.#uint(count);
        for (let i = Math.min(count, 6); i > 0; i--) this.#value(inside);
        return;
      }
      case Tag.BIGINT:
        this.#bytes.push(tag, random.below(2));
        return this.#text("ff", inside);
      case Tag.REGEXP:
        this.#bytes.push(tag);
        this.#text("(a", inside);
        return this.#text("g", inside);
      case Tag.BOXED:
        this.#bytes.push(tag);
        return this.#value(inside);
      case Tag.ERROR: {
        this.#bytes.push(tag);
        const names = ["Error", "DOMException", "AggregateError", "nothing"];
        this.#text(random.pick(names), inside);
        this.#value(0);
        for (let i = 0; i < 3; i++) this.#text("text", inside);
        const count = random.below(3);
        this.#uint(count);
        for (let i = 0; i < count; i++) {
          this.#text(random.pick(["cause", "errors", ...KEYS]), inside);
          this.#bytes.push(random.below(2));
          this.#value(inside);
        }
        return;
      }
      case Tag.VIEW:
        this.#bytes.push(tag, random.below(16));
        this.#float(random.pick([0, 8, -1, 4e8, NaN]));
        this.#float(random.pick([0, 1, -1, 4e8, NaN]));
        if (random.below(2) === 0) return this.#value(inside);
        // Of what has a length, a class of views makes a buffer of its own.
        this.#bytes.push(Tag.OBJECT);
        this.#uint(1);
        this.#string("length");
        this.#bytes.push(Tag.INT);
        return this.#uint(random.pick([3, 1e5, 1e7]));
      case Tag.BUFFER: {
        this.#bytes.push(tag);
        const length = random.pick([0, 8, 4e8, -1, NaN]);
        this.#float(length);
        this.#float(random.pick([-1, 8, 1e4, NaN]));
        for (let i = 0; i < 8; i++) this.#bytes.push(i);
        return;
      }
      case Tag.SEEN:
        this.#bytes.push(tag);
        return this.#uint(random.below(4));
      default:
        this.#bytes.push(tag);
        this.#uint(this.#count());
        for (let i = random.below(20); i > 0; i--) this.#bytes.push(65);
    }
  }
}

/** A message such as another thread may post. */
function forgeMessage(random: Random, depth = 4): unknown {
  const inner = () => forgeMessage(random, depth - 1);
  if (depth === 0) return random.pick([0, 1, "x", undefined, null, -1, true]);
  switch (random.below(8)) {
    case 0:
      return { value: inner(), references: inner(), transferables: [] };
    case 1: {
      const standIn = {};
      const reference = random.pick<() => unknown>([
        () => idOf(alarm),
        () => ({ type: "Queue", buffer: inner(), inner: inner() }),
        () => ({ type: "Barrier", buffer: new SharedArrayBuffer(256) }),
        () => ({
          base: random.pick<unknown>(["Error", inner()]),
          id: random.pick<unknown>([undefined, inner()]),
          name: random.pick<unknown>(["a", inner()]),
          message: random.pick<unknown>(["m", inner()]),
          stack: random.pick<unknown>(["s", standIn, inner()]),
          fields: random.pick<unknown>([
            [["cause", standIn, false], ["toString", standIn, true]],
            [["x", inner(), true]],
            inner(),
          ]),
        }),
        inner,
      ])();
      const value = random.pick<unknown>([
        standIn,
        [standIn, inner()],
        { [random.pick(KEYS)]: standIn },
        { thread: "t", thrown: standIn },
      ]);
      return { value, references: [[standIn, reference]], transferables: [] };
    }
    case 2:
      return { thread: inner(), thrown: inner() };
    case 3:
      return [inner(), inner()];
    case 4:
      return new Map([[inner(), inner()]]);
    case 5:
      return new Error("e", { cause: inner() });
    default:
      return { [random.pick(KEYS)]: inner() };
  }
}

/** The bytes that a value takes, roughly, and each of its objects once. */
export function weigh(value: unknown, seen: Set<unknown> = new Set()): number {
  if (typeof value === "string") return value.length * 2;
  if (typeof value === "bigint") return value.toString(16).length;
  if (typeof value !== "object" || value === null || seen.has(value)) return 8;
  seen.add(value);
  let bytes = 32;
  if (ArrayBuffer.isView(value)) return bytes + weigh(value.buffer, seen);
  if (value instanceof ArrayBuffer) return bytes + value.byteLength;
  if (value instanceof Map) {
    for (const pair of value) bytes += weigh(pair, seen);
  } else if (value instanceof Set) {
    for (const member of value) bytes += weigh(member, seen);
  }
  for (const key of Reflect.ownKeys(value)) {
    // Of an error, the stack is the platform's own.
    if (key === "stack" || typeof key === "symbol") continue;
    const property = Object.getOwnPropertyDescriptor(value, key)!;
    if (typeof property.value === "function" && UNASKED.has(key as string)) {
      throw new Error(`A function stands where it is called unasked: ${key}`);
    }
    bytes += 8 + weigh(property.value, seen);
  }
  return bytes;
}

/** Calls; it may throw, but only what says something. */
function attempt<T>(call: () => T, what: string): T | undefined {
  try {
    return call();
  } catch (error) {
    const isClear = Error.isError(error) && error.message.length > 10 &&
      !/undefined|null|of the DataView|Invalid/.test(error.message);
    if (!isClear) throw new Error(`${what}: unclear`, { cause: error });
  }
}

const decoders = [new Decoder(), new Decoder({ refusesFunctions: true })];
const encoder = new Encoder();
const cargo = new Cargo();

/** One forged record, one damaged one, and one forged message. */
export function fuzzOnce(random: Random): void {
  const forged = new Forger(random).forge();
  check(forged, random.pick(decoders), "forged");
  encoder.encode([{ a: [1, 2.5, "text", new Error("e")] }, new Map()], cargo);
  const damaged = cargo.bytes.slice(0, cargo.length);
  for (let i = random.below(6); i >= 0; i--) {
    damaged[random.below(damaged.length)] = random.below(256);
  }
  check(damaged, random.pick(decoders), "damaged");
  const message = forgeMessage(random);
  attempt(() => fromPortable(unpack(message)), "message");
  attempt(() => fromPortable(message), "message");
  if (alarms > 0) throw new Error("A message called a function");
}

/** The classes that make as much as their argument says. */
const MAKERS = ["Array", "ArrayBuffer", "Uint16Array"] as const;

/** How many bytes arrays and buffers take that are made meanwhile. */
function bytesMade(call: () => void): number {
  let bytes = 0;
  const originals = MAKERS.map((name) => globalThis[name]);
  for (const [i, original] of originals.entries()) {
    const construct = (
      target: never,
      args: unknown[],
      newTarget: never,
    ): object => {
      if (typeof args[0] === "number") bytes += args[0];
      return Reflect.construct(target, args, newTarget);
    };
    Reflect.set(globalThis, MAKERS[i], new Proxy(original, { construct }));
  }
  try {
    call();
  } finally {
    for (const [i, original] of originals.entries()) {
      Reflect.set(globalThis, MAKERS[i], original);
    }
  }
  return bytes;
}

function check(record: Uint8Array, decoder: Decoder, what: string): void {
  const received = new Cargo();
  received.reserve(record.length);
  received.bytes.set(record);
  received.kind = Kind.BYTES;
  received.length = Math.max(9, record.length);
  const most = FACTOR * received.length;
  let value: unknown;
  // A record that is refused must not have taken much on the way.
  const made = bytesMade(() => {
    value = attempt(() => decoder.decode(received), what);
  });
  if (made > most) {
    throw new Error(`${what}: of ${received.length} bytes ${made} were made`);
  }
  const weight = weigh(value);
  if (weight > most) {
    throw new Error(`${what}: ${received.length} bytes became ${weight}`);
  }
  // What the library does with what it is answered.
  attempt(() => checkSettled(value, 2), what);
  attempt(() => fromPortable(value), what);
  attempt(() => fromPortable({ thread: "t", thrown: value }), what);
  if (alarms > 0) throw new Error(`${what}: a record called a function`);
}

/** Goes on for so many seconds. */
export function fuzz(seed: number, seconds: number): number {
  const random = new Random(seed);
  const end = performance.now() + seconds * 1000;
  let rounds = 0;
  while (performance.now() < end) {
    for (let i = 0; i < 100; i++, rounds++) fuzzOnce(random);
  }
  return rounds;
}
