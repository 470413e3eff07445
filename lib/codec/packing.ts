// Copyright 2026 the lab9 authors. MIT license.

import {
  inspect,
  MessagePort,
  structuredClone,
  types,
} from "../platform/platform.ts";
import { checkCallable } from "../checks.ts";
import {
  brandOf,
  isExotic,
  isPlatformObject,
  isUntagged,
  survivesClone,
  unclonable,
} from "./brand.ts";
import {
  type ErrorParts,
  type Field,
  makeError,
  partsOf,
  setField,
} from "./errors.ts";
import { transferablesOf } from "./marks.ts";
import {
  adviceOn,
  type AnyFunction,
  calledUnasked,
  functionOf,
  type Handle,
  handleOf,
  idOf,
  isCalledUnasked,
  isNameable,
  isShareable,
  reviveHandle,
} from "./references.ts";
import {
  bufferOf,
  Damaged,
  extentOf,
  MAX_DEPTH,
  tooDeep,
  viewClasses,
  viewIndex,
} from "./tags.ts";

/** What a stand-in stands for: a function's id, an object's handle, or an error. */
export type Reference = number | Handle | ErrorParts;

/**
 * A value on its way through `postMessage`. Structured clone can't take
 * functions and loses the class of shared objects and of errors, so empty objects
 * stand in for them. They are known by their identity, which structured clone
 * keeps. So nothing inside a value can pass itself off as a reference.
 */
export interface Packed {
  value: unknown;
  /** Each stand-in, and what it stands for. */
  references: [standIn: object, reference: Reference][];
  /** What is moved instead of copied. */
  transferables: Transferable[];
  /** How deep the value is nested, according to its sender. */
  levels?: number;
}

/** The size of the largest buffer that V8 copies. For a larger one it gives no reason. */
const LARGEST_COPY = 2 ** 32 - 1;

/**
 * A buffer of so many bytes or more is copied here, and the copy is moved. If V8 copies
 * it, that takes several times as much time and memory.
 */
const LARGE_COPY = 1 << 20;

/**
 * Replaces functions, shared objects and errors, wherever they stand in plain data.
 *
 * @param depth How deep the value stands in the user's values. It is -1 for a list that
 * the library has made of these, such as a list of arguments, and -2 around that.
 * @throws {TypeError} If it holds a function that was never exposed.
 * @throws {DOMException} A `DataCloneError` if something can't be cloned, or is a
 * buffer that is too large.
 * @throws {RangeError} If it is nested too deep.
 */
export function pack(value: unknown, depth = 0): Packed {
  const references: Packed["references"] = [];
  const transferables = new Set<Transferable>();
  const copies = new Map<unknown, unknown>();
  const large = new Set<ArrayBuffer>();
  const movables: Transferable[] = [];
  let levels = 0;
  /** The errors. Their fields are packed last, because these may hold the errors. */
  const errors: { fields: Field[]; depth: number }[] = [];
  const swap: Swap = (found, depth) => {
    if (depth > levels) levels = depth;
    const buffer = ArrayBuffer.isView(found) ? bufferOf(found) : found;
    if (types.isArrayBuffer(buffer) && buffer.byteLength >= LARGE_COPY) {
      large.add(buffer);
    }
    const moved = transferablesOf(found);
    for (const transferable of moved) transferables.add(transferable);
    const reference = referenceTo(found);
    if (reference === undefined) {
      const one = found as Transferable;
      if (!moved.includes(one) && mustMove(found)) movables.push(one);
      return undefined;
    }
    const standIn = {};
    references.push([standIn, reference]);
    if (isErrorParts(reference)) {
      errors.push({ fields: reference.fields, depth });
    }
    return standIn;
  };
  const packed = replace(value, copies, swap, depth);
  for (const { fields, depth } of errors) {
    for (const field of fields) {
      field[1] = replace(field[1], copies, swap, depth);
    }
  }
  for (const movable of movables) {
    if (!transferables.has(movable)) throw unmoved(movable);
  }
  for (const buffer of large) {
    const isMoved = transferables.has(buffer);
    if (!isMoved && buffer.byteLength > LARGEST_COPY) throw tooLarge(buffer);
    if (isMoved || buffer.resizable) large.delete(buffer);
  }
  const kept = references.length > 0 ? packed : value;
  return {
    value: large.size > 0 ? copyLarge(packed, large, transferables) : kept,
    references,
    transferables: [...transferables],
    levels,
  };
}

/** Replaces large buffers, and views of them, by copies that are moved. */
function copyLarge(
  value: unknown,
  large: ReadonlySet<ArrayBuffer>,
  transferables: Set<Transferable>,
): unknown {
  const made = new Map<ArrayBuffer, ArrayBuffer>();
  const copyOf = (buffer: ArrayBuffer) => {
    let copy = made.get(buffer);
    if (copy === undefined) {
      made.set(buffer, copy = ArrayBuffer.prototype.slice.call(buffer, 0));
      transferables.add(copy);
    }
    return copy;
  };
  return replace(value, new Map(), (found) => {
    if (!ArrayBuffer.isView(found)) {
      const buffer = found as ArrayBuffer;
      return large.has(buffer) ? copyOf(buffer) : undefined;
    }
    const buffer = bufferOf(found) as ArrayBuffer;
    if (!large.has(buffer)) return undefined;
    const View = viewClasses[viewIndex(found)];
    const { byteOffset, length } = extentOf(found);
    return new View(copyOf(buffer), byteOffset, length);
  }, -Infinity);
}

/**
 * Whether an object can be moved, but not copied.
 *
 * @throws {DOMException} A `DataCloneError` if structured clone makes an empty
 * object of it.
 */
function mustMove(value: object): boolean {
  if (typeof value === "function" || !isPlatformObject(value)) return false;
  if (brandOf(value) !== undefined) return false;
  if (isMovable(value)) return true;
  if (!survivesClone(value)) throw unclonable(value);
  return false;
}

/** The error for an object that can only be moved, and isn't marked for moving. */
function unmoved(value: object): DOMException {
  return new DOMException(
    `${value.constructor.name} object could not be cloned: use transfer() to ` +
      "move it",
    "DataCloneError",
  );
}

function tooLarge({ byteLength }: ArrayBuffer): DOMException {
  return new DOMException(
    `An ArrayBuffer of ${byteLength} bytes could not be cloned, the largest ` +
      `that can has ${LARGEST_COPY}: use transfer() or a SharedArrayBuffer`,
    "DataCloneError",
  );
}

/** Whether a packed value holds shared memory, so that it has to go by message. */
export function bringsMemory({ references }: Packed): boolean {
  return references.some(([, reference]) =>
    typeof reference === "object" && !isErrorParts(reference) &&
    reference.text === undefined
  );
}

/**
 * The list of transferables to pass to `postMessage` with a packed value.
 *
 * @throws {DOMException} A `DataCloneError` if the value can't be sent. This is checked
 * here, because Deno detaches the buffers before it finds out that something else can't
 * be cloned.
 */
export function transferList(packed: Packed): Transferable[] {
  const { transferables } = packed;
  if (transferables.length > 0) checkSendable(packed);
  return transferables;
}

/**
 * Checks that a packed value can be sent.
 *
 * @throws {DOMException} A `DataCloneError` if it can't.
 */
export function checkSendable(
  { value, references, transferables }: Packed,
): void {
  const moved = new Set<unknown>(transferables);
  for (const transferable of transferables) checkTransferable(transferable);
  const isMoved = (found: unknown) =>
    moved.has(found) || ArrayBuffer.isView(found) && moved.has(bufferOf(found));
  // The parts that are moved are left out, so that they are neither copied nor moved.
  const swap: Swap = (found) => isMoved(found) ? {} : undefined;
  structuredClone(replace([value, references], new Map(), swap, -Infinity));
}

/**
 * Posts a message. If nothing is moved, no list is passed: even for an empty list, Deno
 * loads its streams.
 */
export function post(
  to: Pick<MessagePort, "postMessage">,
  message: unknown,
  transfer: Transferable[],
): void {
  if (transfer.length === 0) to.postMessage(message);
  else to.postMessage(message, transfer);
}

/**
 * Whether an object is a message port or a stream. The tag is checked first, because most
 * objects have none: when the streams' classes are read, Deno loads its streams, which
 * takes as long as a thread's first task. Shared memory has a tag, and every worker of a
 * pool is started with some.
 */
function isMovable(value: object): boolean {
  if (isUntagged(value) || types.isSharedArrayBuffer(value)) return false;
  return value instanceof MessagePort || value instanceof ReadableStream ||
    value instanceof WritableStream || value instanceof TransformStream;
}

function checkTransferable(transferable: Transferable): void {
  if (types.isArrayBuffer(transferable)) {
    if (!transferable.detached) return;
    throw new DOMException(
      "An ArrayBuffer can't be moved: it was moved before",
      "DataCloneError",
    );
  }
  if (isMovable(transferable)) return;
  throw new DOMException(
    `${inspect(transferable, { depth: 0 })} can't be moved: it is not ` +
      "transferable",
    "DataCloneError",
  );
}

/**
 * Puts functions, shared objects and errors in the places of their stand-ins.
 *
 * @throws {Damaged} If {@linkcode pack} has not made it.
 */
export function unpack(packed: unknown): unknown {
  const { value, references } = checkPacked(packed);
  if (references.length === 0) return value;
  const standIns = new Map(references);
  const copies = new Map<unknown, unknown>();
  const errors: [error: Error, fields: Field[]][] = [];
  const swap: Swap = (found) => {
    const reference = standIns.get(found);
    if (reference === undefined) return undefined;
    if (typeof reference === "number") return functionOf(reference);
    if (!isErrorParts(reference)) return reviveHandle(reference);
    const error = makeError(checkParts(reference));
    errors.push([error, reference.fields]);
    return error;
  };
  const unpacked = replace(value, copies, swap, -Infinity);
  for (const [error, fields] of errors) {
    for (const [key, value, isEnumerable] of fields) {
      const field = replace(value, copies, swap, -Infinity);
      setField(error, key, field, isEnumerable);
    }
  }
  return unpacked;
}

function checkPacked(packed: unknown): Packed {
  const { references } = Object(packed) as Partial<Packed>;
  const isPacked = Array.isArray(references) &&
    references.every((entry) =>
      Array.isArray(entry) && entry.length === 2 &&
      typeof entry[0] === "object" && entry[0] !== null &&
      (typeof entry[1] === "number" ||
        typeof entry[1] === "object" && entry[1] !== null)
    );
  if (!isPacked) throw new Damaged("message");
  return packed as Packed;
}

function checkParts(parts: ErrorParts): ErrorParts {
  const isText = (value: unknown) =>
    value === undefined || typeof value === "string";
  const isWhole = typeof parts.base === "string" &&
    typeof parts.name === "string" && isText(parts.message) &&
    isText(parts.stack) &&
    (parts.id === undefined || typeof parts.id === "number") &&
    Array.isArray(parts.fields) &&
    parts.fields.every((field) =>
      Array.isArray(field) && typeof field[0] === "string" &&
      typeof field[2] === "boolean"
    );
  if (!isWhole) throw new Damaged("error");
  return parts;
}

function isErrorParts(reference: Reference): reference is ErrorParts {
  return typeof reference === "object" && "fields" in reference;
}

function referenceTo(value: object): Reference | undefined {
  if (typeof value === "function") {
    const id = idOf(value as AnyFunction);
    if (id !== undefined) return id;
    throw new TypeError(unexposed(value as AnyFunction));
  }
  if (isShareable(value)) return handleOf(value);
  if (Error.isError(value)) return partsOf(value);
}

/**
 * Checks that a value is an exposed function.
 *
 * @throws {TypeError} If it is not a function, or was not exposed.
 */
export function checkExposed(action: string, what: string, fn: unknown): void {
  checkCallable(action, what, fn);
  if (idOf(fn as AnyFunction) === undefined) {
    throw new TypeError(unexposed(fn as AnyFunction));
  }
}

/** The error message for a function that was never exposed. */
export function unexposed(fn: AnyFunction): string {
  const what = fn.name ? `function '${fn.name}'` : "an anonymous function";
  return `Cannot send ${what} to a thread: it was never exposed` +
    `${isNameable(fn) ? "," : ":"} ${adviceOn(fn)}`;
}

/** Returns what replaces an object at some depth; undefined if it isn't replaced. */
type Swap = (found: object, depth: number) => unknown;

/**
 * Copies arrays, maps, sets and plain objects, and replaces the objects in them for which
 * `swap` returns something.
 *
 * @param depth The depth of the container that the value stands in.
 */
function replace(
  value: unknown,
  copies: Map<unknown, unknown>,
  swap: Swap,
  depth: number,
): unknown {
  if (typeof value !== "object" && typeof value !== "function") return value;
  if (value === null) return null;
  const known = copies.get(value);
  if (known !== undefined) return known;
  const inside = depth + 1;
  if (inside > MAX_DEPTH && typeof value === "object") throw tooDeep();
  // This comes before anything else that reads it, because a proxy may have traps.
  if (isExotic(value)) return value;
  const swapped = swap(value, inside);
  if (swapped !== undefined) {
    copies.set(value, swapped);
    return swapped;
  }
  const again = (inner: unknown) => replace(inner, copies, swap, inside);
  switch (brandOf(value)) {
    case "Array": {
      const copy: unknown[] = new Array((value as unknown[]).length);
      copies.set(value, copy);
      return fill(copy, value, again);
    }
    case "Map": {
      const copy = new Map();
      copies.set(value, copy);
      // The prototype may have been replaced.
      Map.prototype.forEach.call(value, (inner, key) => {
        copy.set(again(key), again(inner));
      });
      return copy;
    }
    case "Set": {
      const copy = new Set();
      copies.set(value, copy);
      Set.prototype.forEach.call(value, (inner) => copy.add(again(inner)));
      return copy;
    }
    case undefined: {
      // An object with properties is of a user's class, or plain: structured clone makes
      // it plain. For others, only the platform knows whether they can be cloned.
      if (Object.keys(value).length === 0) return value;
      if (isPlatformObject(value)) return value;
      const copy = {};
      copies.set(value, copy);
      return fill(copy, value, again);
    }
  }
  return value;
}

function fill(
  copy: object,
  original: object,
  again: (value: unknown) => unknown,
): object {
  for (const key of Object.keys(original)) {
    const value = (original as Record<string, unknown>)[key];
    const replaced = again(value);
    if (isCalledUnasked(key, value) || isCalledUnasked(key, replaced)) {
      throw calledUnasked(key);
    }
    Object.defineProperty(copy, key, {
      value: replaced,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return copy;
}
