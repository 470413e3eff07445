// Copyright 2026 the lab9 authors. MIT license.

/** The first byte of an encoded value. It says what follows. */
export const Tag = {
  UNDEFINED: 0,
  NULL: 1,
  FALSE: 2,
  TRUE: 3,
  FUNCTION: 4,
  FLOAT: 5,
  INT: 6,
  /** Up to 255 characters, a byte each. */
  SHORT_STRING: 7,
  UTF8: 8,
  UTF16: 9,
  INT64: 10,
  BIGINT: 11,
  OBJECT: 12,
  ARRAY: 13,
  /** An array of numbers and nothing else, aligned to eight bytes. */
  FLOATS: 14,
  /** An array with holes or named properties. */
  SPARSE_ARRAY: 15,
  MAP: 16,
  SET: 17,
  DATE: 18,
  REGEXP: 19,
  /** `Object(1)` and its like: the primitive follows. */
  BOXED: 20,
  ERROR: 21,
  BUFFER: 23,
  VIEW: 24,
  /** An object that stands earlier in the same value. */
  SEEN: 25,
  /** An array of integers of 32 bits, aligned to four bytes. */
  INTS: 26,
  /** A shared object that is found by a text: its class and the text follow. */
  TEXT_HANDLE: 27,
  /** A shared object: its class, its action, its inner object, its memory's number. */
  HANDLE: 28,
  /** Shared memory: its number follows. */
  MEMORY: 29,
  /** A hole: an element or property that a getter has deleted meanwhile. */
  HOLE: 22,
  /**
   * Stands before a whole value that is nested deep. Three unused bytes follow, and the
   * depth as a word. So numbers behind it stay aligned.
   */
  DEEP: 30,
  /**
   * An object: the place, the length and the names of its shape follow, and then the
   * value of each property.
   */
  SHAPE: 31,
  /** An object of a shape that stood earlier in the cargo: the shape's place follows. */
  SAME_SHAPE: 32,
  /** A `Uint8Array` of a whole buffer that can't be resized: its bytes follow. */
  BYTES: 33,
} as const;

/** How deep values may be nested. A deeper one may exhaust the receiver's stack. */
export const MAX_DEPTH = 1000;

/** How deep they may be nested with the lists that the library puts around them. */
export const DEEPEST = MAX_DEPTH + 8;

/** A value that is nested no deeper can be read with the stack that every change reserves. */
export const SHALLOW = 8;
/** The bytes of {@linkcode Tag.DEEP} and what belongs to it. */
export const DEEP_BYTES = 8;

/** The error for a value that is nested deeper. */
export function tooDeep(): RangeError {
  return new RangeError(
    `Cannot clone value: it is nested more than ${MAX_DEPTH} deep`,
  );
}

type ViewClass = new (
  buffer: ArrayBufferLike,
  offset?: number,
  length?: number,
) => ArrayBufferView;

/** The classes of views, by the index that stands for them. */
export const viewClasses: ViewClass[] = [
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
];

const viewIndexes = new Map(viewClasses.map(({ name }, i) => [name, i]));

// The platform's own getters tell what a view is. Its prototype may have been replaced.
const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
const viewName: Getter<string | undefined> = getter(
  typedArray,
  Symbol.toStringTag,
);
const arrayBuffer: Getter<ArrayBufferLike> = getter(typedArray, "buffer");
const arrayOffset: Getter<number> = getter(typedArray, "byteOffset");
const arrayLength: Getter<number> = getter(typedArray, "length");
const dataBuffer: Getter<ArrayBufferLike> = getter(
  DataView.prototype,
  "buffer",
);
const dataOffset: Getter<number> = getter(DataView.prototype, "byteOffset");
const dataLength: Getter<number> = getter(DataView.prototype, "byteLength");

type Getter<T> = (this: ArrayBufferView) => T;

function getter<T>(prototype: object, name: PropertyKey): Getter<T> {
  return Object.getOwnPropertyDescriptor(prototype, name)!.get as Getter<T>;
}

/** The buffer of a view. */
export function bufferOf(view: ArrayBufferView): ArrayBufferLike {
  const get = viewName.call(view) === undefined ? dataBuffer : arrayBuffer;
  return get.call(view);
}

/** A view's first byte in its buffer, and its length in elements. */
export function extentOf(
  view: ArrayBufferView,
): { byteOffset: number; length: number } {
  if (viewName.call(view) === undefined) {
    return { byteOffset: dataOffset.call(view), length: dataLength.call(view) };
  }
  return { byteOffset: arrayOffset.call(view), length: arrayLength.call(view) };
}

/** The index of a view's class, whatever its prototype. */
export function viewIndex(view: ArrayBufferView): number {
  return viewIndexes.get(viewName.call(view) ?? "DataView")!;
}

/** Whether a view is a `Uint8Array`, whatever its prototype. */
export function isUint8Array(view: ArrayBufferView): view is Uint8Array {
  return viewName.call(view) === "Uint8Array";
}

/**
 * The error for bytes or a message that this library has not written: the user's code
 * in a thread has written where only the library may.
 */
export class Damaged extends Error {
  /** An error that names what can't be decoded. */
  constructor(what = "value") {
    super(`Cannot decode ${what}: the memory that holds it is damaged`);
  }
}
