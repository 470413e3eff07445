// Copyright 2026 the lab9 authors. MIT license.

import { types } from "../platform/platform.ts";
import { Cargo, Kind } from "./cargo.ts";
import { makeError, setField } from "./errors.ts";
import {
  type AnyFunction,
  calledUnasked,
  functionOf,
  type Handle,
  isCalledUnasked,
  reviveHandle,
} from "./references.ts";
import { fetchMemory } from "./left_memory.ts";
import { newShape, type Shape, SHAPES, standsAt } from "./shapes.ts";
import { Damaged, DEEP_BYTES, DEEPEST, Tag, viewClasses } from "./tags.ts";
import { readText } from "./texts.ts";

/** A longer list of objects isn't kept for the next cargo. */
const KEPT_OBJECTS = 64;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Explains an error that was thrown while bytes were read. A number out of range, or a
 * malformed pattern of a regular expression, means that the bytes are damaged.
 *
 * @returns The error to throw.
 */
export function explain(error: unknown): unknown {
  const isOfBytes = error instanceof SyntaxError ||
    error instanceof RangeError && !error.message.includes("call stack");
  return isOfBytes ? new Damaged() : error;
}

/** Reads what {@linkcode Encoder} wrote. */
export class Decoder {
  #cargo!: Cargo;
  #bytes!: Uint8Array;
  #view!: DataView;
  #at = 0;
  /** The end of the record. Bytes behind it belong to another record. */
  #end = 0;
  #depth = 0;
  /** The objects of this cargo. Only the first `#known` elements are in use. */
  #objects: unknown[] = [];
  #known = 0;
  #shapes: (Shape | undefined)[] = new Array(SHAPES).fill(undefined);
  /** How many cargoes were begun. It is the number of this cargo, for its shapes. */
  #cargoes = 0;
  #refusesFunctions: boolean;
  #takesMemory: boolean;

  /**
   * A decoder for any number of cargoes, one after another. Its options say whether
   * exposed functions are refused, and whether shared memory is taken.
   */
  constructor({ refusesFunctions = false, takesMemory = false } = {}) {
    this.#refusesFunctions = refusesFunctions;
    this.#takesMemory = takesMemory;
  }

  /** Decodes the whole of a cargo that holds one value. */
  decode(cargo: Cargo): unknown {
    switch (cargo.kind) {
      case Kind.NUMBER:
        return cargo.number;
      case Kind.UNDEFINED:
        return undefined;
      case Kind.NULL:
        return null;
      case Kind.TRUE:
        return true;
      case Kind.FALSE:
        return false;
      case Kind.FUNCTION:
        return this.#function(cargo.number);
    }
    // The encoder writes at least nine bytes.
    if (cargo.kind !== Kind.BYTES || cargo.length <= 8) throw new Damaged();
    this.begin(cargo);
    try {
      if (this.#bytes[0] === Tag.DEEP) this.#passDepth();
      return this.read();
    } catch (error) {
      throw explain(error);
    } finally {
      this.end();
    }
  }

  #passDepth(): void {
    if (this.#view.getUint32(4, true) > DEEPEST) throw new Damaged();
    this.#at = DEEP_BYTES;
  }

  /** Begins a cargo that holds several values, or a part of one. */
  begin(cargo: Cargo, at = 0, length = cargo.length): void {
    this.#cargo = cargo;
    this.#cargoes++;
    this.#bytes = cargo.bytes;
    this.#view = cargo.view;
    this.#at = at;
    this.#end = Math.min(at + length, cargo.bytes.length);
    this.#depth = 0;
    if (this.#known > 0) this.#forgetObjects();
  }

  /**
   * Ends the cargo. An unusually large buffer is dropped.
   *
   * @throws {Damaged} If more was read than the record holds. The bytes behind it may
   * be of a value that the receiver must not see.
   */
  end(): void {
    if (this.#known > 0) this.#forgetObjects();
    const isWithin = this.#at <= this.#end;
    this.#cargo.trim();
    this.#bytes = this.#cargo.bytes;
    this.#view = this.#cargo.view;
    if (!isWithin) throw new Damaged();
  }

  /** Empties the list of objects, as the encoder does. */
  #forgetObjects(): void {
    if (this.#known > KEPT_OBJECTS) this.#objects = [];
    else for (let i = 0; i < this.#known; i++) this.#objects[i] = undefined;
    this.#known = 0;
  }

  /** Where the next value begins, for {@linkcode readAgain}. */
  get position(): number {
    return this.#at;
  }

  /**
   * Copies the cargo, so that a value in it can be read again later.
   *
   * @param position Where the value begins. It must refer to no object before it.
   * @returns A function that reads the value.
   */
  readAgain(position: number): () => unknown {
    const bytes = this.#bytes.slice(0, this.#end);
    return () => {
      const cargo = new Cargo();
      cargo.reserve(bytes.length);
      cargo.bytes.set(bytes);
      cargo.kind = Kind.BYTES;
      cargo.length = bytes.length;
      const decoder = new Decoder();
      decoder.begin(cargo);
      decoder.#at = position;
      try {
        return decoder.read();
      } finally {
        decoder.end();
      }
    };
  }

  /** Reads the next value. */
  read(): unknown {
    const tag = this.#bytes[this.#at++];
    switch (tag) {
      case Tag.INT: {
        const value = this.#view.getInt32(this.#at, true);
        this.#at += 4;
        return value;
      }
      case Tag.FLOAT:
        return this.#float();
      case Tag.SHORT_STRING:
        return this.#shortString();
      case Tag.SHAPE:
      case Tag.SAME_SHAPE: {
        if (++this.#depth > DEEPEST) throw new Damaged();
        const { names } = tag === Tag.SHAPE ? this.#shape() : this.#sameShape();
        const object = this.#values(this.#keep({}), names);
        this.#depth--;
        return object;
      }
      case Tag.OBJECT: {
        if (++this.#depth > DEEPEST) throw new Damaged();
        const object = this.#entries(this.#keep({}));
        this.#depth--;
        return object;
      }
      case Tag.ARRAY:
        return this.#array();
      case Tag.INTS:
      case Tag.FLOATS:
        return this.#numbers(tag);
      case Tag.UNDEFINED:
        return undefined;
      case Tag.NULL:
        return null;
      case Tag.TRUE:
        return true;
      case Tag.FALSE:
        return false;
      case Tag.SEEN:
        return this.#seen();
      case Tag.UTF8: {
        const length = this.#count(1);
        const start = this.#at;
        this.#at += length;
        return utf8.decode(this.#bytes.subarray(start, this.#at));
      }
      case Tag.UTF16:
        return this.#utf16();
      case Tag.INT64: {
        const value = this.#view.getBigInt64(this.#at, true);
        this.#at += 8;
        return value;
      }
      case Tag.BIGINT: {
        const negative = this.#bytes[this.#at++] === 1;
        const magnitude = parseHex(this.#string());
        return negative ? -magnitude : magnitude;
      }
      case Tag.BYTES: {
        const length = this.#count(1);
        const start = this.#at;
        this.#at += length;
        const view = this.#keep(this.#bytes.slice(start, this.#at));
        this.#keep(view.buffer);
        return view;
      }
      case Tag.FUNCTION:
        return this.#function(this.#float());
      case Tag.TEXT_HANDLE: {
        const [type, text] = [this.#string(), this.#string()];
        return this.#keep(
          reviveHandle({ type, text, buffer: undefined as never }),
        );
      }
    }
    if (++this.#depth > DEEPEST) throw new Damaged();
    const value = this.#builtIn(tag);
    this.#depth--;
    return value;
  }

  /** Reads what {@linkcode Encoder.writeWord} wrote. */
  readWord(): number {
    const value = this.#view.getInt32(this.#at, true);
    this.#at += 4;
    return value;
  }

  /** Whether the next value is a list of numbers. No other value refers to it then. */
  get hasNumbers(): boolean {
    const tag = this.#bytes[this.#at];
    return tag === Tag.INTS || tag === Tag.FLOATS;
  }

  /** Reads what {@linkcode Encoder.writeNumber} wrote. */
  readNumber(): number {
    return this.#float();
  }

  /** Reads the next value, an array of that length, into a part of another array. */
  readInto(target: unknown[], at: number, length: number): void {
    const tag = this.#bytes[this.#at++];
    if (this.#count(1) !== length) throw new Damaged();
    this.#keep(target);
    switch (tag) {
      case Tag.INTS:
        return this.#ints(target as number[], at, length);
      case Tag.FLOATS:
        return this.#floats(target as number[], at, length);
      case Tag.ARRAY:
        for (let i = 0; i < length; i++) target[at + i] = this.read();
        return;
      default:
        throw new Damaged();
    }
  }

  #builtIn(tag: number): unknown {
    switch (tag) {
      case Tag.SPARSE_ARRAY: {
        const array = this.#keep(newSparseArray(this.#uint()));
        return this.#entries(array as unknown as Record<string, unknown>);
      }
      case Tag.MAP: {
        const map = this.#keep(new Map());
        for (let left = this.#count(1); left > 0; left -= 2) {
          const key = this.read();
          map.set(key, this.read());
        }
        return map;
      }
      case Tag.SET: {
        const set = this.#keep(new Set());
        for (let left = this.#count(1); left > 0; left--) set.add(this.read());
        return set;
      }
      case Tag.DATE:
        return this.#keep(new Date(this.#float()));
      case Tag.REGEXP: {
        const source = this.#string();
        return this.#keep(new RegExp(source, this.#string()));
      }
      case Tag.BOXED:
        return this.#boxed();
      case Tag.ERROR:
        return this.#error();
      case Tag.BUFFER:
        return this.#buffer();
      case Tag.VIEW:
        return this.#arrayView();
      case Tag.HANDLE:
        return this.#keep(reviveHandle(this.#handle()));
      case Tag.MEMORY:
        return this.#keep(this.#memory());
      default:
        throw new Damaged();
    }
  }

  #keep<T extends object>(object: T): T {
    this.#objects[this.#known++] = object;
    return object;
  }

  #uint(): number {
    const value = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    return value;
  }

  /** Reads how many things follow. Each of them has at least so many bytes. */
  #count(bytes: number): number {
    const count = this.#uint();
    if (count * bytes > this.#end - this.#at) throw new Damaged();
    return count;
  }

  /** Reads the next value, which has to be a string. */
  #string(): string {
    const value = this.read();
    if (typeof value !== "string") throw new Damaged();
    return value;
  }

  #stringOrUndefined(): string | undefined {
    const value = this.read();
    if (value !== undefined && typeof value !== "string") throw new Damaged();
    return value;
  }

  #function(id: number): AnyFunction {
    if (this.#refusesFunctions) throw new Damaged();
    return functionOf(id);
  }

  /** Reads a reference to an object before it. */
  #seen(): object {
    const object = this.#objects[this.#uint()];
    if (object === undefined) throw new Damaged();
    return object as object;
  }

  #float(): number {
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  #entries(target: Record<string, unknown>): unknown {
    for (let left = this.#count(2); left > 0; left--) {
      const key = this.#string();
      const value = this.read();
      if (isCalledUnasked(key, value)) throw calledUnasked(key);
      if (key === "__proto__") {
        Object.defineProperty(target, key, {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      } else {
        target[key] = value;
      }
    }
    return target;
  }

  /** Reads a shape. */
  #shape(): Shape {
    const bytes = this.#bytes;
    const place = bytes[this.#at] & (SHAPES - 1);
    const length = bytes[this.#at + 1];
    const start = this.#at + 2;
    const end = start + length;
    if (end > this.#end) throw new Damaged();
    let shape = this.#shapes[place];
    if (shape === undefined || !standsAt(shape, bytes, start, length)) {
      shape = this.#shapes[place] = this.#newShape(start, end);
    }
    this.#at = end;
    shape.cargo = this.#cargoes;
    return shape;
  }

  #newShape(start: number, end: number): Shape {
    const names: string[] = [];
    this.#at = start;
    while (this.#at < end) names.push(this.#shortString());
    const shape = newShape(names);
    // The encoder writes such names one by one.
    if (this.#at !== end || shape.length === 0) throw new Damaged();
    return shape;
  }

  /** Reads the place of a shape that stood earlier in the cargo. */
  #sameShape(): Shape {
    const shape = this.#shapes[this.#bytes[this.#at++]];
    if (shape?.cargo !== this.#cargoes) throw new Damaged();
    return shape;
  }

  #values(
    target: Record<string, unknown>,
    names: readonly string[],
  ): unknown {
    for (let i = 0; i < names.length; i++) {
      if (this.#bytes[this.#at] === Tag.HOLE) {
        this.#at++;
        continue;
      }
      const value = this.read();
      const name = names[i];
      if (typeof value === "function" && isCalledUnasked(name, value)) {
        throw calledUnasked(name);
      }
      target[name] = value;
    }
    return target;
  }

  #array(): unknown[] {
    const length = this.#count(1);
    const array = this.#keep([] as unknown[]);
    if (++this.#depth > DEEPEST) throw new Damaged();
    for (let i = 0; i < length; i++) {
      if (this.#bytes[this.#at] !== Tag.HOLE) {
        array.push(this.read());
        continue;
      }
      this.#at++;
      array.length = i + 1;
    }
    this.#depth--;
    return array;
  }

  #numbers(tag: number): number[] {
    const length = this.#count(tag === Tag.INTS ? 4 : 8);
    const array = this.#keep(new Array<number>(length));
    if (tag === Tag.INTS) this.#ints(array, 0, length);
    else this.#floats(array, 0, length);
    return array;
  }

  #ints(target: number[], at: number, length: number): void {
    const { ints } = this.#cargo;
    const first = (this.#at + 3) >> 2;
    for (let i = 0; i < length; i++) target[at + i] = ints[first + i];
    this.#at = (first + length) * 4;
  }

  #floats(target: number[], at: number, length: number): void {
    const { floats } = this.#cargo;
    const first = (this.#at + 7) >> 3;
    for (let i = 0; i < length; i++) target[at + i] = floats[first + i];
    this.#at = (first + length) * 8;
  }

  #shortString(): string {
    const bytes = this.#bytes;
    const length = bytes[this.#at];
    const start = this.#at + 1;
    this.#at = start + length;
    return readText(bytes, this.#view, start, length);
  }

  #utf16(): string {
    const length = this.#count(2);
    const codes = new Uint16Array(Math.min(length, 8192));
    let text = "";
    for (let done = 0; done < length;) {
      const run = Math.min(codes.length, length - done);
      for (let i = 0; i < run; i++, this.#at += 2) {
        codes[i] = this.#view.getUint16(this.#at, true);
      }
      text += String.fromCharCode.apply(
        null,
        codes.subarray(0, run) as unknown as number[],
      );
      done += run;
    }
    return text;
  }

  #boxed(): object {
    const place = this.#known++;
    const primitive = this.read();
    switch (typeof primitive) {
      case "number":
      case "string":
      case "boolean":
      case "bigint":
        return this.#objects[place] = Object(primitive);
    }
    throw new Damaged();
  }

  #error(): Error {
    const place = this.#known++;
    const base = this.#string();
    const id = this.read();
    if (id !== undefined && typeof id !== "number") throw new Damaged();
    const error = makeError({
      base,
      id,
      name: this.#string(),
      message: this.#stringOrUndefined(),
      stack: this.#stringOrUndefined(),
    });
    this.#objects[place] = error;
    for (let left = this.#count(3); left > 0; left--) {
      const key = this.#string();
      const isEnumerable = this.#bytes[this.#at++] === 1;
      setField(error, key, this.read(), isEnumerable);
    }
    return error;
  }

  #buffer(): ArrayBuffer {
    const length = this.#float();
    const maxByteLength = this.#float();
    if (!(length >= 0 && length <= this.#end - this.#at)) throw new Damaged();
    const buffer = maxByteLength < 0
      ? new ArrayBuffer(length)
      : new ArrayBuffer(length, { maxByteLength });
    new Uint8Array(buffer).set(
      this.#bytes.subarray(this.#at, this.#at + length),
    );
    this.#at += length;
    return this.#keep(buffer);
  }

  /** Reads a handle, behind its tag. */
  #handle(): Handle {
    const type = this.#string();
    const action = this.read();
    if (action !== undefined && typeof action !== "number") throw new Damaged();
    let inner: Handle | undefined;
    if (this.#bytes[this.#at++] === 1) {
      const tag = this.#bytes[this.#at++];
      if (tag !== Tag.HANDLE || ++this.#depth > DEEPEST) throw new Damaged();
      inner = this.#handle();
      this.#depth--;
    }
    return { type, buffer: this.#memory(), inner, action };
  }

  #memory(): SharedArrayBuffer {
    if (!this.#takesMemory) throw new Damaged();
    return fetchMemory(this.#float());
  }

  #arrayView(): ArrayBufferView {
    const place = this.#known++;
    const View = viewClasses[this.#bytes[this.#at++]];
    const offset = this.#float();
    const length = this.#float();
    const buffer = this.read();
    // From another value, the class would make a new buffer.
    if (View === undefined || !types.isAnyArrayBuffer(buffer)) {
      throw new Damaged();
    }
    const view = new View(buffer, offset, length < 0 ? undefined : length);
    this.#objects[place] = view;
    return view;
  }
}

/**
 * An array of that length without elements. It is first made as long as possible: then
 * V8 keeps it as a dictionary, and allocates no memory for the missing elements.
 */
function newSparseArray(length: number): unknown[] {
  const array: unknown[] = [];
  array.length = 2 ** 32 - 1;
  array.length = length;
  return array;
}

/** Without a regular expression: where the stack ends, that would throw another error. */
function parseHex(digits: string): bigint {
  try {
    return BigInt(`0x${digits}`);
  } catch (error) {
    throw error instanceof SyntaxError ? new Damaged() : error;
  }
}
