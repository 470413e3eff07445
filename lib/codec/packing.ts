// Copyright 2026 the lab9 authors. MIT license.

import * as types from "node:util/types";
import { brandOf, isExotic, isUntagged } from "./brand.ts";
import { transferablesOf } from "./marks.ts";
import {
  type AnyFunction,
  functionOf,
  type Handle,
  handle,
  idOf,
  isShareable,
  isThen,
  reviveHandle,
  thenable,
} from "./references.ts";

/**
 * A value on its way through `postMessage`. Structured clone can't take
 * functions and loses the class of shared objects, so empty objects stand in for
 * them. Which objects stand in is told by identity, which structured clone
 * keeps: nothing inside a value can pass itself off as a reference.
 */
export interface Packed {
  value: unknown;
  /** Each stand-in, and the function's id or the object's handle. */
  references: [standIn: object, reference: number | Handle][];
  /** What is to be moved, not copied. */
  transferables: Transferable[];
}

/** The most bytes of one buffer that V8 copies; it refuses more without a reason. */
const LARGEST_COPY = 2 ** 32 - 1;

/**
 * Replaces functions and shared objects, wherever they stand in plain data.
 *
 * @throws {DOMException} A `DataCloneError` if a buffer is too large to be copied.
 */
export function pack(value: unknown): Packed {
  const references: Packed["references"] = [];
  const transferables = new Set<Transferable>();
  const copies = new Map<unknown, unknown>();
  const large: ArrayBuffer[] = [];
  const packed = replace(value, copies, (found) => {
    const buffer = ArrayBuffer.isView(found) ? found.buffer : found;
    if (types.isArrayBuffer(buffer) && buffer.byteLength > LARGEST_COPY) {
      large.push(buffer);
    }
    for (const transferable of transferablesOf(found as object)) {
      transferables.add(transferable);
    }
    const reference = referenceTo(found);
    if (reference === undefined) return undefined;
    const standIn = {};
    references.push([standIn, reference]);
    return standIn;
  });
  for (const buffer of large) {
    if (!transferables.has(buffer)) throw tooLarge(buffer);
  }
  return {
    value: references.length > 0 ? packed : value,
    references,
    transferables: [...transferables],
  };
}

function tooLarge({ byteLength }: ArrayBuffer): DOMException {
  return new DOMException(
    `An ArrayBuffer of ${byteLength} bytes could not be cloned, the largest ` +
      `that can has ${LARGEST_COPY}: use transfer() or a SharedArrayBuffer`,
    "DataCloneError",
  );
}

/** Whether shared memory goes along, which only a message can take. */
export function bringsMemory({ references }: Packed): boolean {
  return references.some(([, reference]) => typeof reference === "object");
}

/**
 * What to pass to `postMessage` along with a packed value.
 *
 * @throws {DOMException} A `DataCloneError` if the value can't be sent. It is
 * refused here because Deno takes buffers away before it finds out that
 * something else can't be cloned.
 */
export function transferList(packed: Packed): Transferable[] {
  const { transferables } = packed;
  if (transferables.length > 0) checkSendable(packed);
  return transferables;
}

/** The same check, for a value that need not have anything to be moved. */
export function checkSendable({ value, transferables }: Packed): void {
  const moved = new Set<unknown>(transferables);
  for (const transferable of transferables) checkTransferable(transferable);
  const isMoved = (found: unknown) =>
    moved.has(found) || ArrayBuffer.isView(found) && moved.has(found.buffer);
  // Without what will be moved: neither is it copied for the check, nor taken.
  structuredClone(
    replace(value, new Map(), (found) => isMoved(found) ? {} : undefined),
  );
}

/**
 * Posts a message. To say that nothing is to be moved, by an empty list, would
 * have Deno load its streams, which might have been in it.
 */
export function post(
  to: Worker | MessagePort,
  message: unknown,
  transfer: Transferable[],
): void {
  if (transfer.length === 0) to.postMessage(message);
  else to.postMessage(message, transfer);
}

/**
 * Whether it is one of those that can be moved only, beside buffers. They have a
 * tag, and most values none: looking their classes up has Deno load its streams,
 * which takes as long as a thread's first task.
 */
function isPlatformObject(value: object): boolean {
  if (isUntagged(value)) return false;
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
  if (isPlatformObject(transferable)) return;
  throw new DOMException(
    `${Deno.inspect(transferable, { depth: 0 })} can't be moved: it is not ` +
      "transferable",
    "DataCloneError",
  );
}

/** Puts functions and shared objects back in place. */
export function unpack({ value, references }: Packed): unknown {
  if (references.length === 0) return value;
  const standIns = new Map(references);
  return replace(value, new Map(), (found) => {
    const reference = standIns.get(found as object);
    if (reference === undefined) return undefined;
    return typeof reference === "number"
      ? functionOf(reference)
      : reviveHandle(reference);
  });
}

function referenceTo(value: unknown): number | Handle | undefined {
  if (typeof value === "function") {
    const id = idOf(value as AnyFunction);
    if (id !== undefined) return id;
    throw new TypeError(unexposed(value as AnyFunction));
  }
  if (typeof value === "object" && value !== null && isShareable(value)) {
    return value[handle]();
  }
}

/** What to say of a function that was never exposed. */
export function unexposed(fn: AnyFunction): string {
  const name = fn.name || "fn";
  const what = fn.name ? `function '${fn.name}'` : "an anonymous function";
  return `Cannot send ${what} to a thread: it was never exposed, add ` +
    `\`expose(import.meta, { ${name} })\` at the top level of its module`;
}

/** Copies containers, with what `swap` has an answer for replaced. */
function replace(
  value: unknown,
  copies: Map<unknown, unknown>,
  swap: (value: unknown) => unknown,
): unknown {
  if (typeof value !== "object" && typeof value !== "function") return value;
  if (value === null) return null;
  const known = copies.get(value);
  if (known !== undefined) return known;
  // Before anything looks at it: that may run its traps.
  if (isExotic(value)) return value;
  const swapped = swap(value);
  if (swapped !== undefined) {
    copies.set(value, swapped);
    return swapped;
  }
  const again = (inner: unknown) => replace(inner, copies, swap);
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
      // What has properties is an object of some class, which structured clone
      // makes plain. Of the rest, only the platform knows what can be cloned.
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
    if (isThen(key, value) || isThen(key, replaced)) throw thenable();
    Object.defineProperty(copy, key, {
      value: replaced,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return copy;
}
