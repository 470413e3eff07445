// Copyright 2026 the lab9 authors. MIT license.

import { kindOf } from "../checks.ts";
import { unexposed } from "../codec/packing.ts";
import { type AnyFunction, idOf } from "../codec/references.ts";

export function checkCount(action: string, what: string, count: number): void {
  if (typeof count !== "number") {
    throw new TypeError(
      `Cannot ${action}: ${what} must be a number, received ${typeof count}`,
    );
  }
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot ${action}: ${what} must be a positive integer, received ${count}`,
    );
  }
}

export function checkFunction(action: string, fn: AnyFunction): void {
  if (typeof fn !== "function") {
    throw new TypeError(
      `Cannot ${action}: it must be a function, received ${kindOf(fn)}`,
    );
  }
  if (idOf(fn) === undefined) throw new TypeError(unexposed(fn));
}

export function checkArray(what: string, value: unknown): void {
  if (!Array.isArray(value)) {
    throw new TypeError(
      `Cannot ${what} must be an array, received ${kindOf(value)}`,
    );
  }
}

export function checkIterable(action: string, items: unknown): void {
  const isIterable = typeof items === "string" ||
    typeof items === "object" && items !== null &&
      (Symbol.iterator in items || Symbol.asyncIterator in items);
  if (!isIterable) {
    throw new TypeError(
      `Cannot ${action}: items must be iterable, received ${kindOf(items)}`,
    );
  }
}
