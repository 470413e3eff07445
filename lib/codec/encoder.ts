// Copyright 2026 the lab9 authors. MIT license.

import { withArticle } from "../checks.ts";
import { structuredClone, types } from "../platform/platform.ts";
import {
  type Brand,
  brandOf,
  isExotic,
  isPlatformInstance,
  isPlatformObject,
  isUntagged,
  survivesClone,
  tagOf,
  unclonable,
} from "./brand.ts";
import { type Cargo, KEPT_BYTES, Kind, TooLarge } from "./cargo.ts";
import { partsOf } from "./errors.ts";
import { type LeftMemory, newNumber } from "./left_memory.ts";
import { isMarked } from "./marks.ts";
import {
  adviceOn,
  type AnyFunction,
  calledUnasked,
  type Handle,
  handleOf,
  idOf,
  isCalledUnasked,
  isShareable,
} from "./references.ts";
import {
  hasNames,
  newShape,
  placeOf,
  type Shape,
  SHAPES,
  writeShape,
} from "./shapes.ts";
import {
  bufferOf,
  DEEP_BYTES,
  extentOf,
  isUint8Array,
  MAX_DEPTH,
  SHALLOW,
  Tag,
  tooDeep,
  viewIndex,
} from "./tags.ts";

/** Up to so many objects are searched in a list, which is faster than hashing. */
const LISTED_OBJECTS = 8;
/** A longer list of objects isn't kept for the next cargo. */
const KEPT_OBJECTS = 64;

const utf8 = new TextEncoder();

const NO_BYTES = new Uint8Array();
const NO_VIEW = new DataView(NO_BYTES.buffer);

/** The platform's functions that read the value of a boxed primitive. */
const unbox: Record<string, (this: unknown) => unknown> = {
  Number: Number.prototype.valueOf,
  String: String.prototype.valueOf,
  Boolean: Boolean.prototype.valueOf,
  BigInt: BigInt.prototype.valueOf,
};

function dataCloneError(message: string): DOMException {
  return new DOMException(message, "DataCloneError");
}

/**
 * Returns the id that an exposed function or class has on other machines, where its
 * module may stand under another URL.
 *
 * @throws {DOMException} A `DataCloneError` if it is known nowhere else.
 */
export type FarIds = (id: number) => number;

/** Options of an {@linkcode Encoder}. */
export interface EncoderOptions {
  /** Whether values that are marked for moving are refused. Otherwise they are copied. */
  refusesMarked?: boolean;
  /** Whether shared memory is listed in the cargo. Otherwise it is refused. */
  takesMemory?: boolean;
  /** The ids to write, if the bytes leave this machine. Shared memory is refused then. */
  farIds?: FarIds;
  /** The size of the largest buffer that is written. A larger one is refused. */
  largestBuffer?: number;
}

/**
 * Writes values as bytes. It takes and refuses the same values as `structuredClone`, and
 * the values that are decoded are those that `structuredClone` would return. In
 * addition, exposed functions and shared objects travel by reference, and errors keep
 * their class and properties.
 */
export class Encoder {
  #cargo!: Cargo;
  #bytes!: Uint8Array;
  #view!: DataView;
  #at = 0;
  #depth = 0;
  #deepest = 0;
  /** The objects of this cargo. Only the first `#known` elements are in use. */
  #objects: (object | undefined)[] = [];
  #known = 0;
  /** The indexes of the objects, once there are many. */
  #places: Map<object, number> | undefined;
  /** The shared memory that the cargo's values hold. */
  #left: LeftMemory[] | undefined;
  #shapes: (Shape | undefined)[] = new Array(SHAPES).fill(undefined);
  /** How many cargoes were begun. It is the number of this cargo, for its shapes. */
  #cargoes = 0;
  #refusesMarked: boolean;
  #takesMemory: boolean;
  #farIds: FarIds | undefined;
  #largestBuffer: number;

  /** An encoder for any number of cargoes, one after another. */
  constructor(options: EncoderOptions = {}) {
    const { refusesMarked = false, takesMemory = false, farIds } = options;
    this.#refusesMarked = refusesMarked;
    this.#takesMemory = takesMemory;
    this.#farIds = farIds;
    this.#largestBuffer = options.largestBuffer ?? Infinity;
  }

  /** Encodes one value as the whole of a cargo. */
  encode(value: unknown, cargo: Cargo): void {
    cargo.length = 8;
    switch (typeof value) {
      case "number":
        cargo.kind = Kind.NUMBER;
        cargo.number = value;
        return;
      case "undefined":
        cargo.kind = Kind.UNDEFINED;
        return;
      case "boolean":
        cargo.kind = value ? Kind.TRUE : Kind.FALSE;
        return;
      case "function":
        cargo.kind = Kind.FUNCTION;
        cargo.number = this.#idOf(value as AnyFunction);
        return;
    }
    if (value === null) {
      cargo.kind = Kind.NULL;
      return;
    }
    this.begin(cargo);
    this.write(value);
    if (this.#deepest > SHALLOW) this.#announceDepth();
    this.end();
  }

  /** Begins a cargo that several values are written into. */
  begin(cargo: Cargo): void {
    this.#cargo = cargo;
    this.#cargoes++;
    this.#bytes = cargo.bytes;
    this.#view = cargo.view;
    this.#at = 0;
    this.#depth = 0;
    this.#deepest = 0;
    this.#left = undefined;
    if (this.#known > 0) this.#forgetObjects();
  }

  /** Ends the cargo. */
  end(): void {
    this.#cargo.kind = Kind.BYTES;
    // A shorter cargo would stand in the record's header.
    this.#reserve(9);
    this.#cargo.length = Math.max(this.#at, 9);
    this.#cargo.memory = this.#left;
    this.#left = undefined;
    if (this.#known > 0) this.#forgetObjects();
    if (this.#bytes.length > KEPT_BYTES) this.#forgetBytes();
  }

  /** Lets the cargo give an unusually large buffer back: nobody else has it then. */
  #forgetBytes(): void {
    this.#bytes = NO_BYTES;
    this.#view = NO_VIEW;
  }

  /**
   * Empties the list of objects, but keeps its length. A list that is shortened to
   * nothing loses its memory. To allocate it anew would take as long as a small value.
   */
  #forgetObjects(): void {
    if (this.#known > KEPT_OBJECTS) this.#objects = [];
    else for (let i = 0; i < this.#known; i++) this.#objects[i] = undefined;
    this.#known = 0;
    this.#places = undefined;
  }

  /** Writes one value. */
  write(value: unknown): void {
    switch (typeof value) {
      case "number":
        return this.#number(value);
      case "string":
        return this.#string(value);
      case "object":
        return value === null ? this.#tag(Tag.NULL) : this.#object(value);
      case "undefined":
        return this.#tag(Tag.UNDEFINED);
      case "boolean":
        return this.#tag(value ? Tag.TRUE : Tag.FALSE);
      case "bigint":
        return this.#bigint(value);
      case "function":
        this.#tag(Tag.FUNCTION);
        return this.#float(this.#idOf(value as AnyFunction));
      default:
        throw dataCloneError(`${String(value)} could not be cloned.`);
    }
  }

  /** Writes an integer of 32 bits without a tag. */
  writeWord(value: number): void {
    this.#reserve(4);
    this.#view.setInt32(this.#at, value, true);
    this.#at += 4;
  }

  /** Writes a number without a tag. */
  writeNumber(value: number): void {
    this.#float(value);
  }

  #idOf(fn: AnyFunction): number {
    const id = functionId(fn);
    return this.#farIds === undefined ? id : this.#farIds(id);
  }

  /**
   * Writes a part of a list as an array of its own, without the list's named properties.
   */
  writeList(
    list: readonly unknown[],
    from = 0,
    to: number = list.length,
  ): void {
    this.#refuseMarked(list);
    this.#objects[this.#known++] = list;
    const read = this.#numbers(list, from, to);
    if (read !== undefined) this.#elements(list, from, to, read);
  }

  #reserve(length: number): void {
    const end = this.#at + length;
    if (end <= this.#bytes.length) return;
    this.#cargo.reserve(end);
    this.#bytes = this.#cargo.bytes;
    this.#view = this.#cargo.view;
  }

  #tag(tag: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = tag;
  }

  #uint(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  #float(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  #number(value: number): void {
    this.#reserve(9);
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      this.#bytes[this.#at] = Tag.INT;
      this.#view.setInt32(this.#at + 1, value, true);
      this.#at += 5;
    } else {
      this.#bytes[this.#at] = Tag.FLOAT;
      this.#view.setFloat64(this.#at + 1, value, true);
      this.#at += 9;
    }
  }

  #string(text: string): void {
    const { length } = text;
    if (length <= 255 && this.#shortString(text)) return;
    if (text.isWellFormed()) {
      this.#reserve(5 + length * 3);
      const { written } = utf8.encodeInto(
        text,
        this.#bytes.subarray(this.#at + 5) as Uint8Array<ArrayBuffer>,
      );
      this.#bytes[this.#at++] = Tag.UTF8;
      this.#uint(written);
      this.#at += written;
      return;
    }
    this.#reserve(5 + length * 2);
    this.#bytes[this.#at++] = Tag.UTF16;
    this.#uint(length);
    for (let i = 0; i < length; i++, this.#at += 2) {
      this.#view.setUint16(this.#at, text.charCodeAt(i), true);
    }
  }

  /** Writes one byte for each character; false if a character needs more. */
  #shortString(text: string): boolean {
    const { length } = text;
    this.#reserve(2 + length);
    const bytes = this.#bytes;
    const start = this.#at + 2;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 255) return false;
      bytes[start + i] = code;
    }
    bytes[this.#at] = Tag.SHORT_STRING;
    bytes[this.#at + 1] = length;
    this.#at = start + length;
    return true;
  }

  #bigint(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      this.#tag(Tag.INT64);
      this.#reserve(8);
      this.#view.setBigInt64(this.#at, value, true);
      this.#at += 8;
      return;
    }
    this.#tag(Tag.BIGINT);
    this.#tag(value < 0n ? 1 : 0);
    this.#string((value < 0n ? -value : value).toString(16));
  }

  #object(value: object): void {
    if (this.#seen(value)) return;
    this.#refuseMarked(value);
    if (++this.#depth > this.#deepest) this.#goDeeper();
    if (ArrayBuffer.isView(value)) {
      this.#arrayView(value);
      this.#depth--;
      return;
    }
    if (isExotic(value)) {
      throw dataCloneError(
        "A proxy, an arguments object or a module can't be cloned.",
      );
    }
    // There are few calls for each level, because a deep value needs much of the stack.
    if (Array.isArray(value)) this.#array(value);
    else this.#other(value);
    this.#depth--;
  }

  #goDeeper(): void {
    if (this.#depth > MAX_DEPTH) throw tooDeep();
    this.#deepest = this.#depth;
  }

  /** Writes the depth of the value before it, so that a taker can reserve the stack. */
  #announceDepth(): void {
    this.#reserve(DEEP_BYTES);
    this.#bytes.copyWithin(DEEP_BYTES, 0, this.#at);
    this.#bytes[0] = Tag.DEEP;
    this.#view.setUint32(4, this.#deepest, true);
    this.#at += DEEP_BYTES;
  }

  #other(value: object): void {
    const isPlain = isUntagged(value) && !isShareable(value) &&
      !isPlatformInstance(value);
    const keys = isPlain ? Object.keys(value) : [];
    if (keys.length > 0) {
      const place = placeOf(keys);
      let shape = this.#shapes[place];
      if (shape === undefined || !hasNames(shape, keys)) {
        this.#shapes[place] = shape = newShape(keys);
      }
      if (this.#shape(shape, place)) {
        return this.#values(value as Record<string, unknown>, keys);
      }
      return this.#properties(value, keys);
    }
    // An object without properties may be a Map whose prototype was replaced.
    const brand = brandOf(value);
    if (brand === undefined) this.#unbranded(value);
    // Views were written by the caller.
    else if (brand !== "View") this.#branded(value, brand);
  }

  #refuseMarked(value: object): void {
    if (this.#refusesMarked && isMarked(value)) {
      throw dataCloneError("What is marked for moving can't be copied");
    }
  }

  /** Refers to an object that was written before; false if it wasn't. */
  #seen(value: object): boolean {
    const objects = this.#objects;
    const known = this.#known;
    let place = -1;
    if (known <= LISTED_OBJECTS) {
      for (let i = 0; i < known && place < 0; i++) {
        if (objects[i] === value) place = i;
      }
    } else {
      this.#places ??= placesOf(objects, known);
      place = this.#places.get(value) ?? -1;
      if (place < 0) this.#places.set(value, known);
    }
    if (place < 0) {
      objects[known] = value;
      this.#known = known + 1;
      return false;
    }
    this.#tag(Tag.SEEN);
    this.#uint(place);
    return true;
  }

  #properties(value: object, keys: string[]): void {
    this.#tag(Tag.OBJECT);
    this.#entries(value as Record<string, unknown>, keys);
  }

  /** Writes the names of a shape; false if they have to be written one by one. */
  #shape(shape: Shape, place: number): boolean {
    const { length } = shape;
    if (length === 0) return false;
    this.#reserve(3 + length);
    const bytes = this.#bytes;
    const at = this.#at;
    if (shape.cargo === this.#cargoes) {
      bytes[at] = Tag.SAME_SHAPE;
      bytes[at + 1] = place;
      this.#at = at + 2;
      return true;
    }
    shape.cargo = this.#cargoes;
    bytes[at] = Tag.SHAPE;
    bytes[at + 1] = place;
    bytes[at + 2] = length;
    writeShape(shape, bytes, at + 3);
    this.#at = at + 3 + length;
    return true;
  }

  /** Writes the values of an object's properties, behind their names. */
  #values(value: Record<string, unknown>, keys: string[]): void {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const property = value[key];
      const isSuspect = property === undefined ||
        typeof property === "function";
      if (isSuspect) {
        // A getter may have deleted the property. Then this value is an inherited one.
        if (!Object.hasOwn(value, key)) {
          this.#tag(Tag.HOLE);
          continue;
        }
        if (isCalledUnasked(key, property)) throw calledUnasked(key);
      }
      this.write(property);
    }
  }

  #entries(value: Record<string, unknown>, keys: string[]): void {
    const countAt = this.#at;
    let count = keys.length;
    this.#uint(count);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const property = value[key];
      // A getter may have deleted the property. Then this value is an inherited one.
      const isSuspect = property === undefined ||
        typeof property === "function";
      if (isSuspect && !Object.hasOwn(value, key)) {
        this.#view.setUint32(countAt, --count, true);
        continue;
      }
      if (isCalledUnasked(key, property)) throw calledUnasked(key);
      this.#string(key);
      this.write(property);
    }
  }

  /** Writes an object that is of no built-in class: it has no properties, or a tag. */
  #unbranded(value: object): void {
    if (isShareable(value)) {
      const handle = handleOf(value);
      if (this.#farIds !== undefined) throw staysHere(nameOf(value));
      return this.#handle(handle);
    }
    if (types.isSharedArrayBuffer(value)) {
      this.#tag(Tag.MEMORY);
      return this.#memory(value, "SharedArrayBuffer");
    }
    if (isPlatformObject(value)) {
      throw survivesClone(value)
        ? this.#unfit(tagOf(value))
        : unclonable(value);
    }
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      return this.#properties(value, Object.keys(value));
    }
    // Only the platform knows whether it can be copied as an ordinary object.
    const clone = structuredClone(value);
    if (Object.getPrototypeOf(clone) !== Object.prototype) {
      throw this.#unfit(tagOf(clone));
    }
    this.#properties(value, Object.keys(value));
  }

  #handle({ type, buffer, text, inner, action }: Handle): void {
    this.#tag(text === undefined ? Tag.HANDLE : Tag.TEXT_HANDLE);
    this.#string(type);
    if (text !== undefined) return this.#string(text);
    this.write(action);
    this.#tag(inner === undefined ? 0 : 1);
    if (inner !== undefined) this.#handle(inner);
    this.#memory(buffer, type);
  }

  #unfit(type: string): DOMException {
    return this.#farIds === undefined ? unfit(type) : staysHere(type);
  }

  /** Writes a number for shared memory, and lists the memory. */
  #memory(memory: SharedArrayBuffer, type: string): void {
    if (!this.#takesMemory) throw this.#unfit(type);
    const number = newNumber();
    (this.#left ??= []).push([number, memory]);
    this.#float(number);
  }

  #branded(value: object, brand: Exclude<Brand, "View">): void {
    switch (brand) {
      case "Map":
        return this.#map(value as Map<unknown, unknown>);
      case "Set":
        return this.#set(value as Set<unknown>);
      case "Date":
        this.#tag(Tag.DATE);
        return this.#float(Date.prototype.getTime.call(value));
      case "RegExp":
        return this.#regexp(value as RegExp);
      case "Error":
      case "DOMException":
        return this.#error(value as Error);
      case "ArrayBuffer":
        return this.#buffer(value as ArrayBuffer);
      default:
        this.#tag(Tag.BOXED);
        return this.write(unbox[brand].call(value));
    }
  }

  #array(array: unknown[]): void {
    const keys = Object.keys(array);
    const { length } = array;
    const dense = keys.length === length &&
      (length === 0 || keys[length - 1] === String(length - 1));
    if (dense) {
      const read = this.#numbers(array, 0, length);
      if (read !== undefined) this.#elements(array, 0, length, read);
      return;
    }
    this.#tag(Tag.SPARSE_ARRAY);
    this.#uint(length);
    this.#entries(array as unknown as Record<string, unknown>, keys);
  }

  /**
   * Writes elements if all of them are numbers. Otherwise it returns the elements that
   * it has read. No element is read twice, because it may be a getter.
   */
  #numbers(
    array: readonly unknown[],
    from: number,
    to: number,
  ): unknown[] | undefined {
    const length = to - from;
    const start = this.#at;
    if (length === 0) return [];
    let element = array[from];
    if (typeof element !== "number") return [element];
    this.#reserve(16 + length * 8);
    const { ints, floats } = this.#cargo;
    const firstInt = (start + 5 + 3) >> 2;
    const firstFloat = (start + 5 + 7) >> 3;
    let i = 0;
    while (isInt(element)) {
      ints[firstInt + i] = element;
      if (++i === length) return this.#endNumbers(Tag.INTS, length);
      element = array[from + i];
    }
    // The integers are converted from the last to the first, so that none is
    // overwritten before it is read.
    for (let k = i - 1; k >= 0; k--) {
      floats[firstFloat + k] = ints[firstInt + k];
    }
    while (typeof element === "number") {
      floats[firstFloat + i] = element;
      if (++i === length) return this.#endNumbers(Tag.FLOATS, length);
      element = array[from + i];
    }
    const numbers = floats.slice(firstFloat, firstFloat + i);
    return [...numbers, element];
  }

  /** Writes the tag and the length before numbers that were written already. */
  #endNumbers(tag: number, length: number): undefined {
    this.#tag(tag);
    this.#uint(length);
    this.#at = tag === Tag.INTS
      ? (((this.#at + 3) >> 2) + length) * 4
      : (((this.#at + 7) >> 3) + length) * 8;
  }

  /** Writes elements. The first of them were read already: `read`. */
  #elements(
    array: readonly unknown[],
    from: number,
    to: number,
    read: readonly unknown[],
  ): void {
    this.#tag(Tag.ARRAY);
    this.#uint(to - from);
    for (let i = from; i < to; i++) {
      const element = i - from < read.length ? read[i - from] : array[i];
      // A getter may have deleted it.
      if (element === undefined && !Object.hasOwn(array, i)) {
        this.#tag(Tag.HOLE);
      } else {
        this.write(element);
      }
    }
  }

  #map(map: Map<unknown, unknown>): void {
    // A getter of a value may change the map. So the entries are copied first, as
    // `structuredClone` does.
    const entries: unknown[] = [];
    Map.prototype.forEach.call(map, (value, key) => entries.push(key, value));
    this.#tag(Tag.MAP);
    this.#uint(entries.length);
    for (const entry of entries) this.write(entry);
  }

  #set(set: Set<unknown>): void {
    const members: unknown[] = [];
    Set.prototype.forEach.call(set, (member) => members.push(member));
    this.#tag(Tag.SET);
    this.#uint(members.length);
    for (const member of members) this.write(member);
  }

  #regexp(regexp: RegExp): void {
    // The constructor reads the internal slots, not the properties.
    const { source, flags } = new RegExp(regexp);
    this.#tag(Tag.REGEXP);
    this.#string(source);
    this.#string(flags);
  }

  #error(error: Error): void {
    const { base, id, name, message, stack, fields } = partsOf(error);
    this.#tag(Tag.ERROR);
    this.#string(base);
    this.write(
      this.#farIds === undefined || id === undefined ? id : this.#farIds(id),
    );
    this.#string(name);
    this.write(message);
    this.write(stack);
    this.#uint(fields.length);
    for (const [key, value, isEnumerable] of fields) {
      this.#string(key);
      this.#tag(isEnumerable ? 1 : 0);
      this.write(value);
    }
  }

  #buffer(buffer: ArrayBuffer): void {
    if (buffer.detached) {
      throw dataCloneError(
        "An ArrayBuffer is detached and could not be cloned.",
      );
    }
    if (buffer.byteLength > this.#largestBuffer) {
      throw new TooLarge("Cannot encode value: it has too large a buffer");
    }
    this.#tag(Tag.BUFFER);
    this.#float(buffer.byteLength);
    this.#float(buffer.resizable ? buffer.maxByteLength : -1);
    this.#reserve(buffer.byteLength);
    this.#bytes.set(new Uint8Array(buffer), this.#at);
    this.#at += buffer.byteLength;
  }

  #arrayView(view: ArrayBufferView): void {
    const buffer = bufferOf(view);
    // It is undefined for shared memory.
    const { resizable } = buffer as ArrayBuffer;
    const tracks = resizable && tracksLength(view);
    const { byteOffset, length } = extentOf(view);
    if (
      resizable === false && isUint8Array(view) &&
      this.#wholeBuffer(view, buffer, length)
    ) return;
    this.#tag(Tag.VIEW);
    this.#tag(viewIndex(view));
    // The view comes before its buffer, as in the list of objects.
    this.#float(byteOffset);
    this.#float(tracks ? -1 : length);
    this.write(buffer);
  }

  /** Writes a view and its buffer together; false if the view isn't all of the buffer. */
  #wholeBuffer(
    view: Uint8Array,
    buffer: ArrayBufferLike,
    length: number,
  ): boolean {
    if (length === 0 || length !== buffer.byteLength) return false;
    if (length > this.#largestBuffer) return false;
    this.#refuseMarked(buffer);
    const start = this.#at;
    if (this.#seen(buffer)) {
      this.#at = start;
      return false;
    }
    this.#reserve(5 + length);
    this.#bytes[start] = Tag.BYTES;
    this.#view.setUint32(start + 1, length, true);
    this.#bytes.set(view, start + 5);
    this.#at = start + 5 + length;
    return true;
  }
}

/** The indexes of the objects in a list. */
function placesOf(
  objects: readonly (object | undefined)[],
  known: number,
): Map<object, number> {
  const places = new Map<object, number>();
  for (let i = 0; i < known; i++) places.set(objects[i]!, i);
  return places;
}

/** Whether a value is an integer of 32 bits, and not -0. */
function isInt(value: unknown): value is number {
  return typeof value === "number" && (value | 0) === value &&
    (value !== 0 || 1 / value > 0);
}

/** Whether a view's length follows the length of its resizable buffer. */
function tracksLength(view: ArrayBufferView): boolean {
  // This throws for a view that is out of bounds. For others, a resize tells.
  const probe = structuredClone(view);
  const buffer = probe.buffer as ArrayBuffer;
  if (probe.byteLength === 0) {
    buffer.resize(buffer.maxByteLength);
    return probe.byteLength > 0;
  }
  buffer.resize(probe.byteOffset + probe.byteLength - 1);
  try {
    structuredClone(probe);
    return true;
  } catch {
    return false;
  }
}

/** The error for an object that can travel by message, but not as bytes. */
function unfit(type: string): DOMException {
  const what = withArticle(type, "A");
  return dataCloneError(
    `${what} can't travel as an item: pass it to the thread in its arguments`,
  );
}

/** The error for an object that can't leave this process. */
function staysHere(type: string): DOMException {
  const what = withArticle(type, "A");
  return dataCloneError(
    `${what} can't travel to another machine: send what it holds`,
  );
}

function nameOf(value: object): string {
  return Object.getPrototypeOf(value)?.constructor?.name || "shared object";
}

function functionId(fn: AnyFunction): number {
  const id = idOf(fn);
  if (id === undefined) {
    throw dataCloneError(
      `${fn.name || "An anonymous function"} could not be cloned: ` +
        adviceOn(fn),
    );
  }
  return id;
}
