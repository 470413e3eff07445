/** Random values that structured clone takes, and a way to compare them. */

import type { Random } from "./shared_random.ts";

class Point {
  constructor(public x: unknown, public y: unknown) {}
  get sum() {
    return 0;
  }
}
class NamedError extends RangeError {
  override name = "NamedError";
  extra = 1;
}
class Table extends Map<unknown, unknown> {
  label = "dropped";
}

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  NaN,
  Infinity,
  -Infinity,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  -(2 ** 31) - 1,
  2 ** 32,
  2 ** 53,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_VALUE,
  Number.MAX_VALUE,
  0.1,
  -1.5,
];
const CHARACTERS = [
  "a",
  "é",
  "ÿ",
  "Ā",
  "€",
  "😀",
  "\ud800",
  "\udc00",
  "\0",
  "\ufeff",
];
const LENGTHS = [0, 1, 2, 7, 31, 32, 33, 254, 255, 256, 257, 1000, 9000];
type ViewClass = new (
  buffer: ArrayBuffer,
  offset?: number,
  length?: number,
) => ArrayBufferView;

const VIEWS: (ViewClass & { BYTES_PER_ELEMENT?: number })[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float16Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
];
const ERRORS = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  NamedError,
];

/** Makes values of every kind, and uses objects that it made again. */
export class Values {
  #random: Random;
  #made: object[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** A value that has nothing in common with those before. */
  next(): unknown {
    this.#made = [];
    return this.#value(4);
  }

  #value(depth: number): unknown {
    const random = this.#random;
    const made = this.#made;
    if (made.length > 0 && random.below(8) === 0) return random.pick(made);
    const kind = random.below(depth > 0 ? 26 : 12);
    if (kind < 8) return this.#primitive(kind);
    if (kind < 17) return this.#leaf(kind - 8);
    return this.#container(kind - 17, depth - 1);
  }

  #primitive(kind: number): unknown {
    const random = this.#random;
    switch (kind) {
      case 0:
        return undefined;
      case 1:
        return null;
      case 2:
        return random.below(2) === 0;
      case 3:
        return random.pick(NUMBERS);
      case 4:
        return random.below(2 ** 32) - 2 ** 31;
      case 5:
        return this.#bigint();
      default:
        return this.string();
    }
  }

  #bigint(): bigint {
    const random = this.#random;
    const bits = BigInt(random.pick([0, 1, 62, 63, 64, 65, 127, 500, 5000]));
    const near = (1n << bits) + BigInt(random.below(3) - 1);
    return random.below(2) === 0 ? near : -near;
  }

  string(): string {
    const random = this.#random;
    const length = random.pick(LENGTHS) >> (random.below(3) * 2);
    const alphabet = CHARACTERS.slice(0, 1 + random.below(CHARACTERS.length));
    const mixed = random.below(2) === 0;
    let text = "";
    while (text.length < length) {
      text += mixed ? random.pick(alphabet) : alphabet[0];
    }
    // A single wide character, at the very end, decides as well.
    return random.below(4) === 0 ? text + random.pick(CHARACTERS) : text;
  }

  #keep<T extends object>(object: T): T {
    this.#made.push(object);
    return object;
  }

  #leaf(kind: number): object {
    const random = this.#random;
    switch (kind) {
      case 0:
        return this.#keep(
          new Date(random.pick([0, -1, 1e12, NaN, 8.64e15, 0.5])),
        );
      case 1: {
        const source = random.pick(["", "a/b", "[^]\\n", "(?<x>é)", "\n"]);
        const expression = new RegExp(source, random.pick(["", "giu", "dsy"]));
        expression.lastIndex = random.below(3);
        return this.#keep(expression);
      }
      case 2:
      case 3:
        return this.#buffer();
      case 4:
      case 5:
        return this.#view();
      case 6:
        return this.#keep(
          Object(random.pick([1, -0, "text", "", true, false, 10n ** 30n])),
        );
      case 7:
        return this.#keep(
          new DOMException(
            this.string(),
            random.pick(["AbortError", "Any", "DataCloneError"]),
          ),
        );
      default:
        return this.#keep([random.next(), 1, -0, NaN]);
    }
  }

  #buffer(): ArrayBuffer {
    const random = this.#random;
    const length = random.below(5) * 8 + (random.below(3) === 0 ? 2 : 0);
    const options = { maxByteLength: length + random.below(3) * 8 };
    const buffer = random.below(2) === 0
      ? new ArrayBuffer(length)
      : new ArrayBuffer(length, options);
    const bytes = new Uint8Array(buffer);
    for (let i = 0; i < length; i++) bytes[i] = random.below(256);
    return this.#keep(buffer);
  }

  #view(): ArrayBufferView {
    const random = this.#random;
    const buffers = this.#made.filter((o) => o instanceof ArrayBuffer);
    const buffer = buffers.length > 0 && random.below(2) === 0
      ? random.pick(buffers)
      : this.#buffer();
    const View = random.pick(VIEWS);
    const size = View.BYTES_PER_ELEMENT ?? 1;
    const most = Math.floor(buffer.byteLength / size);
    const offset = random.below(most + 1);
    const isWhole = (buffer.byteLength - offset * size) % size === 0;
    const length = random.below(2) === 0 && (buffer.resizable || isWhole)
      ? undefined
      : random.below(most - offset + 1);
    return this.#keep(new View(buffer, offset * size, length));
  }

  #container(kind: number, depth: number): object {
    const random = this.#random;
    const size = random.pick([0, 1, 2, 3, 12]);
    const each = (add: (i: number) => void) => {
      for (let i = 0; i < size; i++) add(i);
    };
    switch (kind) {
      case 0:
      case 1:
        return this.#fill(this.#keep({}), size, depth);
      case 2:
        return this.#fill(this.#keep(Object.create(null)), size, depth);
      case 3: {
        const array: unknown[] = this.#keep([]);
        each(() => array.push(this.#value(depth)));
        return array;
      }
      case 4: {
        const array: unknown[] = this.#keep(new Array(random.below(6)));
        each(() => array[random.below(9)] = this.#value(depth));
        return random.below(2) === 0 ? array : this.#fill(array, 2, depth);
      }
      case 5: {
        const map = this.#keep(random.below(4) === 0 ? new Table() : new Map());
        each(() => map.set(this.#value(depth), this.#value(depth)));
        return map;
      }
      case 6: {
        const set = this.#keep(new Set());
        each(() => set.add(this.#value(depth)));
        return set;
      }
      case 7: {
        const point = this.#keep(new Point(undefined, undefined));
        point.x = this.#value(depth);
        point.y = this.#value(depth);
        return point;
      }
      default:
        return this.#error(depth);
    }
  }

  #fill<T extends object>(target: T, size: number, depth: number): T {
    const random = this.#random;
    for (let i = 0; i < size; i++) {
      const keys = [this.string(), `${random.below(20)}`, "__proto__", "name"];
      const key = random.pick(keys);
      const value = this.#value(depth);
      const form = random.below(8);
      if (Object.hasOwn(target, key)) continue;
      Object.defineProperty(target, form === 0 ? Symbol(key) : key, {
        configurable: true,
        enumerable: form !== 1,
        ...(form === 2 ? { get: () => value } : { value, writable: true }),
      });
    }
    return target;
  }

  #error(depth: number): Error {
    const random = this.#random;
    const options = random.below(2) === 0 ? { cause: 0 as unknown } : undefined;
    const message = random.below(4) === 0 ? undefined : this.string();
    const error = this.#keep(
      random.below(6) === 0
        ? new AggregateError([1, 2], message, options)
        : new (random.pick(ERRORS))(message, options),
    );
    if (options) error.cause = this.#value(depth);
    const own = random.below(9);
    if (own === 0) Object.assign(error, { code: 7, stack: undefined });
    if (own === 1) error.name = random.pick(["TypeError", "X", "AbortError"]);
    if (own === 2) {
      Object.defineProperty(error, "message", { get: () => "from a getter" });
    }
    if (own === 3) Object.defineProperty(error, "cause", { get: () => 1 });
    if (own === 4) error.message = undefined as unknown as string;
    return error;
  }
}

/** What an object is, down to its internal slots. */
function slotsOf(object: object): unknown[] {
  if (object instanceof ArrayBuffer) {
    const bytes = new Uint8Array(object).join();
    return [object.byteLength, object.resizable && object.maxByteLength, bytes];
  }
  if (ArrayBuffer.isView(object)) {
    const length = "length" in object ? object.length : object.byteLength;
    return [object.byteOffset, object.byteLength, length];
  }
  if (object instanceof RegExp) {
    return [object.source, object.flags, object.lastIndex];
  }
  if (object instanceof Date) return [object.getTime()];
  if (object instanceof DOMException) {
    return [object.name, object.message, object.code, object.stack];
  }
  if (object instanceof Error) return [object.name, object.stack];
  if (/^\[object (Number|String|Boolean|BigInt)\]$/.test(tagOf(object))) {
    return [object.valueOf()];
  }
  return [];
}

function tagOf(object: object): string {
  return Object.prototype.toString.call(object);
}

/** The name of a prototype's class; the prototype itself has to be its own. */
function classOf(object: object): string {
  const prototype = Object.getPrototypeOf(object);
  if (prototype === null) return "null";
  const { constructor } = prototype;
  const isOwn = constructor?.prototype === prototype;
  return isOwn ? constructor.name : "unknown";
}

/** A value as text: equal texts mean equal values, shared parts included. */
export function describe(value: unknown): string {
  const numbers = new Map<object, number>();
  const lines: string[] = [];
  const visit = (value: unknown): string => {
    if (typeof value === "string") return JSON.stringify(value);
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value !== "object" || value === null) {
      return Object.is(value, -0) ? "-0" : String(value);
    }
    const known = numbers.get(value);
    if (known !== undefined) return `#${known}`;
    const number = numbers.size;
    numbers.set(value, number);
    lines.push("");
    const parts = slotsOf(value).map(visit);
    if (ArrayBuffer.isView(value)) {
      parts.push(visit(value.buffer), tracks(value));
    }
    if (value instanceof Map) {
      for (const [key, inner] of value) parts.push(visit(key), visit(inner));
    }
    if (value instanceof Set) {
      for (const inner of value) parts.push(visit(inner));
    }
    const isList = ArrayBuffer.isView(value) || value instanceof DOMException;
    for (const key of isList ? [] : Object.getOwnPropertyNames(value)) {
      if (value instanceof Error && key === "stack") continue;
      const descriptor = Object.getOwnPropertyDescriptor(value, key)!;
      const { writable, enumerable, configurable } = descriptor;
      const flags = [writable, enumerable, configurable].map(Number).join("");
      parts.push(`${visit(key)}:${flags} ${visit(descriptor.value)}`);
    }
    if (Array.isArray(value)) parts.push(`length ${value.length}`);
    lines[number] = `#${number} ${tagOf(value)} ${classOf(value)} ${parts}`;
    return `#${number}`;
  };
  return [visit(value), ...lines].join("\n");
}

/** Whether a view follows its buffer's length; tried out and undone. */
function tracks(view: ArrayBufferView): string {
  const buffer = view.buffer as ArrayBuffer;
  if (!buffer.resizable) return "fixed";
  const { byteLength } = buffer;
  const lengthAt = (length: number) => {
    buffer.resize(length);
    try {
      return view.byteLength;
    } catch {
      return "out";
    }
  };
  const bytes = new Uint8Array(buffer).slice();
  const lengths = [buffer.maxByteLength, byteLength - 1, byteLength - 8]
    .map((length) => lengthAt(Math.max(0, length)));
  buffer.resize(byteLength);
  new Uint8Array(buffer).set(bytes);
  return lengths.join("/");
}
