/**
 * Values of every kind that structured clone knows, built from recipes: a recipe
 * is plain data, so that it can be shrunk, printed, and built again elsewhere.
 *
 * @module
 */

import { refusals } from "./refusals.ts";

/** How to build a value. */
export type Recipe =
  | { is: "primitive"; value: unknown }
  /** One of the objects that were begun before: a cycle, or something shared. */
  | { is: "known"; index: number }
  | { is: "object"; base: ObjectBase; properties: Property[] }
  | {
    is: "array";
    items: (Recipe | "hole")[];
    properties: Property[];
    isSubclass: boolean;
  }
  | { is: "map"; entries: [Recipe, Recipe][]; prototype: Prototype }
  | { is: "set"; members: Recipe[]; prototype: Prototype }
  | { is: "date"; time: number; prototype: Prototype }
  | {
    is: "regexp";
    source: string;
    flags: string;
    lastIndex: number;
    prototype: Prototype;
  }
  | { is: "boxed"; value: unknown; prototype: Prototype }
  | {
    is: "error";
    base: ErrorBase;
    message: string | undefined;
    cause: Recipe | undefined;
    oddity: ErrorOddity;
  }
  | { is: "exception"; name: string; message: string }
  | { is: "buffer"; bytes: number[]; room: number | undefined }
  | {
    is: "view";
    base: ViewBase;
    /** Which of the buffers that were built before; else a new one. */
    buffer: number | undefined;
    size: number;
    room: number | undefined;
    offset: number;
    /** To the buffer's end, however long that becomes, if undefined. */
    length: number | undefined;
  }
  | { is: "refused"; what: string };

/** One property of an object or array. */
export interface Property {
  key: string;
  form: "plain" | "hidden" | "frozen" | "getter" | "symbol" | "deleter";
  value: Recipe;
}

export const objectBases = ["plain", "null", "class", "inherits"] as const;
export type ObjectBase = (typeof objectBases)[number];

class Point {
  #secret = 1;
  get sum(): number {
    return this.#secret;
  }
}

const objectMakers: Record<ObjectBase, () => object> = {
  plain: () => ({}),
  null: () => Object.create(null),
  class: () => new Point(),
  inherits: () => Object.create({ inherited: 1, toJSON: () => 2 }),
};

/** What an object's prototype is replaced by, which structured clone ignores. */
export const prototypes = {
  own: undefined,
  null: null,
  plain: Object.prototype,
  set: Set.prototype,
  map: Map.prototype,
  array: Array.prototype,
  error: Error.prototype,
};
export type Prototype = keyof typeof prototypes;

export class NamedError extends RangeError {
  override name = "NamedError";
  extra = 1;
}

type ErrorClass = new (message?: string, options?: ErrorOptions) => Error;

const errorMakers = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  NamedError,
  AggregateError: class {
    constructor(message?: string, options?: ErrorOptions) {
      return new AggregateError([1, new Error("inner")], message, options);
    }
  } as ErrorClass,
  SuppressedError: class {
    constructor(message?: string) {
      return new SuppressedError(1, 2, message);
    }
  } as ErrorClass,
} satisfies Record<string, ErrorClass>;
export type ErrorBase = keyof typeof errorMakers;

/** What may be unusual about an error. */
const errorOddities = {
  none: () => {},
  ownProperties: (error: Error) => Object.assign(error, { code: 7 }),
  renamed: (error: Error) => error.name = "TypeError",
  unknownName: (error: Error) => error.name = "Unknown",
  numberedName: (error: Error) => error.name = 7 as never,
  noStack: (error: Error) => error.stack = undefined,
  numberedStack: (error: Error) => error.stack = 7 as never,
  noMessage: (error: Error) => error.message = undefined as never,
  objectMessage: (error: Error) => error.message = { a: 1 } as never,
  messageGetter: (error: Error) =>
    Object.defineProperty(error, "message", { get: () => "from a getter" }),
  causeGetter: (error: Error) =>
    Object.defineProperty(error, "cause", { get: () => 1 }),
  stackGetter: (error: Error) =>
    Object.defineProperty(error, "stack", { get: () => "from a getter" }),
  noPrototype: (error: Error) => Object.setPrototypeOf(error, null),
  mapPrototype: (error: Error) => Object.setPrototypeOf(error, Map.prototype),
  nameGetter: (error: Error) =>
    Object.defineProperty(error, "name", {
      get() {
        throw new EvalError("from a getter");
      },
    }),
  symbolMessage: (error: Error) => error.message = Symbol("s") as never,
} satisfies Record<string, (error: Error) => unknown>;
export type ErrorOddity = keyof typeof errorOddities;
/** What of errors travels as structured clone would have it; the rest is kept. */
export const clonedErrorBases: ErrorBase[] = [
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
];
export const clonedErrorOddities: ErrorOddity[] = [
  "none",
  "noStack",
  "numberedStack",
  "noMessage",
  "objectMessage",
  "messageGetter",
  "causeGetter",
  "stackGetter",
  "noPrototype",
  "mapPrototype",
  "nameGetter",
  "symbolMessage",
];

type ViewClass = new (
  buffer: ArrayBuffer,
  offset?: number,
  length?: number,
) => ArrayBufferView;

const viewMakers = {
  DataView,
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
  Subclass: class extends Uint16Array<ArrayBuffer> {},
} satisfies Record<string, ViewClass>;
export type ViewBase = keyof typeof viewMakers;
export const viewBases = Object.keys(viewMakers) as ViewBase[];

/** Builds the value that a recipe describes, anew each time. */
export function build(recipe: Recipe): unknown {
  return new Builder().build(recipe);
}

class Builder {
  #made: object[] = [];
  #buffers: ArrayBuffer[] = [];

  build(recipe: Recipe): unknown {
    switch (recipe.is) {
      case "primitive":
        return recipe.value;
      case "known":
        return this.#made[recipe.index % this.#made.length];
      case "object":
        return this.#define(
          this.#keep(objectMakers[recipe.base]()),
          recipe.properties,
        );
      case "array":
        return this.#array(recipe);
      case "map": {
        const map = this.#keep(new Map());
        for (const [key, value] of recipe.entries) {
          map.set(this.build(key), this.build(value));
        }
        return reclass(map, recipe.prototype);
      }
      case "set": {
        const set = this.#keep(new Set());
        for (const member of recipe.members) set.add(this.build(member));
        return reclass(set, recipe.prototype);
      }
      case "date":
        return reclass(this.#keep(new Date(recipe.time)), recipe.prototype);
      case "regexp": {
        const regexp = this.#keep(new RegExp(recipe.source, recipe.flags));
        regexp.lastIndex = recipe.lastIndex;
        return reclass(regexp, recipe.prototype);
      }
      case "boxed":
        return reclass(this.#keep(Object(recipe.value)), recipe.prototype);
      case "error":
        return this.#error(recipe);
      case "exception":
        return withStack(
          this.#keep(new DOMException(recipe.message, recipe.name)),
        );
      case "buffer":
        return this.#buffer(recipe.bytes, recipe.room);
      case "view":
        return this.#view(recipe);
      case "refused":
        return refusals[recipe.what]();
    }
  }

  #keep<T extends object>(object: T): T {
    this.#made.push(object);
    return object;
  }

  #define<T extends object>(target: T, properties: Property[]): T {
    for (const { key, form, value: recipe } of properties) {
      const value = this.build(recipe);
      if (Object.hasOwn(target, key)) continue;
      const isVisible = form !== "hidden";
      const isGetter = form === "getter" || form === "deleter";
      const get = () => {
        // What comes next is gone by the time that it is read.
        const next = Object.keys(target).indexOf(key) + 1;
        if (form === "deleter") {
          Reflect.deleteProperty(target, Object.keys(target)[next]);
        }
        return value;
      };
      Object.defineProperty(target, form === "symbol" ? Symbol(key) : key, {
        enumerable: isVisible,
        configurable: form !== "frozen",
        ...(isGetter ? { get } : { value, writable: form !== "frozen" }),
      });
    }
    return target;
  }

  #array(recipe: Recipe & { is: "array" }): unknown[] {
    const { items, isSubclass } = recipe;
    const array: unknown[] = this.#keep(
      isSubclass ? new (class extends Array {})() : [],
    );
    array.length = items.length;
    for (const [i, item] of items.entries()) {
      if (item !== "hole") array[i] = this.build(item);
    }
    return this.#define(array, recipe.properties);
  }

  #error({ base, message, cause, oddity }: Recipe & { is: "error" }): Error {
    const options = cause === undefined ? undefined : { cause: 0 as unknown };
    const error = this.#keep(
      new (errorMakers[base] as ErrorClass)(message, options),
    );
    withStack(error);
    if (cause !== undefined) error.cause = this.build(cause);
    errorOddities[oddity](error);
    return error;
  }

  #buffer(bytes: number[], room: number | undefined): ArrayBuffer {
    const { length } = bytes;
    const options = { maxByteLength: length + (room ?? 0) };
    const buffer = room === undefined
      ? new ArrayBuffer(length)
      : new ArrayBuffer(length, options);
    new Uint8Array(buffer).set(bytes);
    this.#buffers.push(buffer);
    return this.#keep(buffer);
  }

  #view(recipe: Recipe & { is: "view" }): ArrayBufferView {
    const buffers = this.#buffers;
    const buffer = recipe.buffer !== undefined && buffers.length > 0
      ? buffers[recipe.buffer % buffers.length]
      : this.#buffer(
        Array.from({ length: recipe.size }, (_, i) => i + 1),
        recipe.room,
      );
    const View = viewMakers[recipe.base] as ViewClass & {
      BYTES_PER_ELEMENT?: number;
    };
    const size = View.BYTES_PER_ELEMENT ?? 1;
    const most = Math.floor(buffer.byteLength / size);
    const offset = recipe.offset % (most + 1);
    const isWhole = (buffer.byteLength - offset * size) % size === 0;
    const length = recipe.length === undefined && (buffer.resizable || isWhole)
      ? undefined
      : (recipe.length ?? 0) % (most - offset + 1);
    return this.#keep(new View(buffer, offset * size, length));
  }
}

/** Where it was built would tell two of them apart. */
function withStack<T extends Error>(error: T): T {
  error.stack = `${error.name}: ${error.message}\n    at build`;
  return error;
}

function reclass<T extends object>(object: T, prototype: Prototype): T {
  const replacement = prototypes[prototype];
  return replacement === undefined
    ? object
    : Object.setPrototypeOf(object, replacement);
}
