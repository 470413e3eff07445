// Copyright 2026 the lab9 authors. MIT license.

/**
 * How errors travel: they are taken apart into values, and made again from these.
 * Structured clone keeps only seven classes of errors, and drops every property. Here an
 * error keeps its properties, and its class if the receiver knows the class.
 *
 * @module
 */

import {
  errorClasses,
  inspect,
  structuredClone,
} from "../platform/platform.ts";
import { brandOf, isExotic, isPlatformObject, survivesClone } from "./brand.ts";
import {
  type AnyFunction,
  type ErrorClass,
  errorClassEntry,
  errorClassOf,
  exposedErrorClassOf,
  idOf,
  isCalledUnasked,
  isOfSharedClass,
  isShareable,
  registerErrorClass,
} from "./references.ts";

/** An own property of an error. */
export type Field = [key: string, value: unknown, isEnumerable: boolean];

/** All that is sent of an error. */
export interface ErrorParts {
  /** The name of the nearest class that every thread knows. */
  base: string;
  /** The id of the nearest class that was exposed; undefined if none was. */
  id: number | undefined;
  /**
   * The name of a DOMException. For another error, the name of its nearest class, which
   * is shown if the receiver doesn't know the class.
   */
  name: string;
  message: string | undefined;
  stack: string | undefined;
  fields: Field[];
}

/** Own properties that are sent even if they can't be enumerated. */
const HIDDEN_FIELDS = ["cause", "errors", "error", "suppressed"] as const;
/** Properties that are not sent like the others. */
const NOT_PROPERTIES = new Set(["stack", "message", "name", "cause"]);
/** How deep the values in an error that was thrown may be nested. */
const MAX_DEPTH = 900;
/** How deep errors may stand in errors. */
const MAX_ERROR_DEPTH = 50;

/** Stands for a value that can't travel. */
const DROPPED = Symbol("dropped");

const platformErrors = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
  SuppressedError,
  DOMException,
];
for (const errorClass of platformErrors) registerErrorClass(errorClass);
if ("QuotaExceededError" in globalThis) {
  registerErrorClass(globalThis.QuotaExceededError as ErrorClass);
}
for (const name of ["CompileError", "LinkError", "RuntimeError"] as const) {
  registerErrorClass(WebAssembly[name], `WebAssembly.${name}`);
}
for (const [name, errorClass] of errorClasses) {
  registerErrorClass(errorClass, name);
}

/**
 * Takes an error apart. Own properties that are functions are left out, and so are the
 * parts of other properties that can't travel. The `cause`, `errors`, `error` and
 * `suppressed` are kept as they are: sending them may throw.
 *
 * @throws {DOMException} A `DataCloneError` if its name or message is a symbol.
 */
export function partsOf(error: Error): ErrorParts {
  const parts = headOf(error, textOf);
  const known = new Map<unknown, unknown>([[error, error]]);
  for (const key of hiddenFieldsOf(error)) {
    const property = Object.getOwnPropertyDescriptor(error, key)!;
    if ("value" in property) parts.fields.push([key, property.value, false]);
  }
  addProperties(error, parts, known);
  return parts;
}

/**
 * Makes an error from its parts, without its fields. The error gets the prototype of its
 * class. The constructor of a user's class is not called.
 */
export function makeError(parts: Omit<ErrorParts, "fields">): Error {
  const { base, id, name, message, stack } = parts;
  const exposed = id === undefined ? undefined : exposedErrorClassOf(id);
  const errorClass = exposed ?? errorClassOf(base) ?? Error;
  const error = isDomException(errorClass)
    ? new DOMException(message, name)
    : message === undefined
    ? new Error()
    : new Error(message);
  if (Object.getPrototypeOf(error) !== errorClass.prototype) {
    Object.setPrototypeOf(error, errorClass.prototype);
  }
  if (id !== undefined && exposed === undefined) setField(error, "name", name);
  error.stack = stack;
  return error;
}

/** Sets a field of an error that was made. A function is ignored. */
export function setField(
  error: Error,
  key: string,
  value: unknown,
  enumerable = false,
): void {
  if (typeof value === "function") return;
  Object.defineProperty(error, key, {
    value,
    enumerable,
    writable: true,
    configurable: true,
  });
}

/**
 * Copies anything that was thrown, without the parts that can't travel. Functions and
 * symbols are left out of objects. Other such parts become text. It never throws.
 */
export function travelling(thrown: unknown): unknown {
  try {
    const copy = withoutStrays(thrown, new Map(), 0, 0);
    return copy === DROPPED ? inspect(thrown) : copy;
  } catch (error) {
    return "Something was thrown that can't be looked at: " +
      readText(() => error);
  }
}

/** Reads a text. If a getter of the user's throws, the text is empty. */
export function readText(read: () => unknown): string {
  try {
    return String(read());
  } catch {
    return "";
  }
}

function textOf(read: () => unknown): string {
  const value = read();
  if (typeof value !== "symbol") return String(value);
  throw new DOMException(
    "Cannot convert a Symbol value to a string",
    "DataCloneError",
  );
}

function headOf(
  error: Error,
  text: (read: () => unknown) => string,
): ErrorParts {
  const shown = text(() => error.name);
  const { base, id, nearest } = classOf(error, shown);
  const isDom = isDomException(errorClassOf(base)!);
  const parts: ErrorParts = {
    base,
    id,
    name: isDom ? shown : readText(() => nearest.constructor.name),
    message: messageOf(error, text),
    stack: stackOf(error),
    fields: [],
  };
  if (!isDom) addName(error, shown, nearest, parts);
  else if (base === "QuotaExceededError") addQuota(error, parts);
  return parts;
}

/** The nearest classes of an error that are exposed or known to every thread. */
function classOf(
  error: Error,
  shown: string,
): { base: string; id: number | undefined; nearest: object } {
  let id: number | undefined;
  let nearest: object | undefined;
  let prototype = Object.getPrototypeOf(error);
  for (; prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const entry = errorClassEntry(prototype);
    if (entry === undefined) continue;
    nearest ??= prototype;
    if (entry.name !== undefined) {
      return { base: entry.name, id, nearest: nearest as object };
    }
    id ??= entry.id;
  }
  // The prototype was replaced, or is of another realm.
  const base = platformErrors.find(({ name }) => name === shown) ?? Error;
  return { base: base.name, id, nearest: nearest ?? base.prototype };
}

/**
 * Adds the error's `name` as a field if its class in the other thread wouldn't have it.
 * A subclass that doesn't set `name` gets the name of the subclass.
 */
function addName(
  error: Error,
  shown: string,
  nearest: object,
  { fields }: ErrorParts,
): void {
  const own = Object.getOwnPropertyDescriptor(error, "name");
  // The prototype was replaced by one without a name.
  if (own === undefined && shown === "undefined") return;
  const inherited = readText(() => (nearest as Error).name);
  const itsClass = readText(() => error.constructor.name);
  const isSubclass = Object.getPrototypeOf(error) !== nearest;
  const passes = shown === inherited ||
    shown === readText(() => nearest.constructor.name);
  const name = isSubclass && passes && itsClass !== "" ? itsClass : shown;
  if (own !== undefined || name !== inherited) {
    fields.push(["name", name, own?.enumerable ?? false]);
  }
}

/** Adds the values that a `QuotaExceededError` has in internal slots. */
function addQuota(error: Error, { fields }: ErrorParts): void {
  const { quota, requested } = error as QuotaExceededError;
  fields.push(["quota", quota, false], ["requested", requested, false]);
}

function messageOf(
  error: Error,
  text: (read: () => unknown) => string,
): string | undefined {
  if (error instanceof DOMException) return readText(() => error.message);
  const own = Object.getOwnPropertyDescriptor(error, "message");
  if (own === undefined) {
    return readText(() => error.message ?? "") || undefined;
  }
  return "value" in own ? text(() => own.value) : undefined;
}

function stackOf(error: Error): string | undefined {
  try {
    return typeof error.stack === "string" ? error.stack : undefined;
  } catch {
    return undefined;
  }
}

function hiddenFieldsOf(error: Error): string[] {
  return HIDDEN_FIELDS.filter((key) =>
    Object.hasOwn(error, key) &&
    (key === "cause" || !Object.prototype.propertyIsEnumerable.call(error, key))
  );
}

/** Adds the properties that can be enumerated. */
function addProperties(
  error: Error,
  { fields }: ErrorParts,
  known: Map<unknown, unknown>,
  depth = 0,
  errorDepth = 0,
): void {
  for (const key of Object.keys(error)) {
    if (NOT_PROPERTIES.has(key)) continue;
    try {
      const value = error[key as keyof Error] as unknown;
      if (typeof value === "function") continue;
      const sent = withoutStrays(value, known, depth + 1, errorDepth);
      if (sent !== DROPPED) fields.push([key, sent, true]);
    } catch {
      // A getter that throws has nothing to send.
    }
  }
}

/** Copies a value without the parts that can't travel; `DROPPED` if none of it can. */
function withoutStrays(
  value: unknown,
  known: Map<unknown, unknown>,
  depth: number,
  errorDepth: number,
): unknown {
  if (typeof value === "symbol") return DROPPED;
  if (typeof value === "function") {
    return idOf(value as AnyFunction) === undefined ? DROPPED : value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (known.has(value)) return known.get(value);
  if (depth > MAX_DEPTH) return DROPPED;
  if (isExotic(value)) return inspect(value);
  const again = (inner: unknown, errors = errorDepth) =>
    withoutStrays(inner, known, depth + 1, errors);
  const brand = brandOf(value);
  switch (brand) {
    case "Error":
    case "DOMException":
      return copyError(value as Error, known, depth, errorDepth);
    case "Array": {
      const copy: unknown[] = new Array((value as unknown[]).length);
      known.set(value, copy);
      return copyProperties(value, copy, again);
    }
    case "Map": {
      const copy = new Map();
      known.set(value, copy);
      Map.prototype.forEach.call(value, (inner, key) => {
        const [sentKey, sent] = [again(key), again(inner)];
        if (sentKey !== DROPPED && sent !== DROPPED) copy.set(sentKey, sent);
      });
      return copy;
    }
    case "Set": {
      const copy = new Set();
      known.set(value, copy);
      Set.prototype.forEach.call(value, (inner) => {
        const sent = again(inner);
        if (sent !== DROPPED) copy.add(sent);
      });
      return copy;
    }
    case undefined: {
      if (isShareable(value)) {
        return isOfSharedClass(value) ? value : inspect(value);
      }
      if (isPlatformObject(value)) {
        return isKept(value) ? value : inspect(value);
      }
      const hasProperties = Object.keys(value).length > 0;
      if (!hasProperties && !isClonable(value)) return inspect(value);
      const copy = {};
      known.set(value, copy);
      return copyProperties(value, copy, again);
    }
  }
  return isClonable(value) ? value : inspect(value);
}

function copyError(
  error: Error,
  known: Map<unknown, unknown>,
  depth: number,
  errorDepth: number,
): Error {
  const parts = headOf(error, readText);
  const copy = makeError(parts);
  known.set(error, copy);
  if (errorDepth < MAX_ERROR_DEPTH) {
    for (const key of hiddenFieldsOf(error)) {
      try {
        const value = error[key as keyof Error] as unknown;
        const sent = withoutStrays(value, known, depth + 1, errorDepth + 1);
        if (sent !== DROPPED) parts.fields.push([key, sent, false]);
      } catch {
        // A getter that throws has nothing to send.
      }
    }
    addProperties(error, parts, known, depth, errorDepth + 1);
  }
  for (const field of parts.fields) setField(copy, ...field);
  return copy;
}

function copyProperties(
  value: object,
  copy: object,
  again: (value: unknown) => unknown,
): object {
  for (const key of Object.keys(value)) {
    let inner: unknown;
    try {
      inner = (value as Record<string, unknown>)[key];
    } catch {
      continue;
    }
    const sent = isCalledUnasked(key, inner) ? DROPPED : again(inner);
    if (sent === DROPPED) continue;
    Object.defineProperty(copy, key, {
      value: sent,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return copy;
}

function isKept(value: object): boolean {
  try {
    return survivesClone(value);
  } catch {
    return false;
  }
}

function isClonable(value: object): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

function isDomException(errorClass: { prototype: object }): boolean {
  return errorClass === DOMException ||
    errorClass.prototype instanceof DOMException;
}
