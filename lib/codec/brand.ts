// Copyright 2026 the lab9 authors. MIT license.

import {
  isStandardStream,
  namespaces,
  structuredClone,
  types,
} from "../platform/platform.ts";

/**
 * The built-in classes that structured clone knows, however they are subclassed.
 */
export type Brand =
  | "Array"
  | "ArrayBuffer"
  | "BigInt"
  | "Boolean"
  | "DOMException"
  | "Date"
  | "Error"
  | "Map"
  | "Number"
  | "RegExp"
  | "Set"
  | "String"
  | "View";

/**
 * The built-in class of an object, by its internal slots and not by its prototype;
 * undefined if it is of none of them.
 */
export function brandOf(value: object): Brand | undefined {
  if (Array.isArray(value)) return "Array";
  if (ArrayBuffer.isView(value)) return "View";
  if (types.isMap(value)) return "Map";
  if (types.isSet(value)) return "Set";
  if (types.isArrayBuffer(value)) return "ArrayBuffer";
  if (types.isDate(value)) return "Date";
  if (types.isRegExp(value)) return "RegExp";
  if (Error.isError(value)) {
    return value instanceof DOMException ? "DOMException" : "Error";
  }
  if (!types.isBoxedPrimitive(value)) return undefined;
  if (types.isNumberObject(value)) return "Number";
  if (types.isStringObject(value)) return "String";
  if (types.isBooleanObject(value)) return "Boolean";
  if (types.isBigIntObject(value)) return "BigInt";
}

/**
 * Whether an object has no tag. Plain objects and instances of most users' classes have
 * none. The platform's own objects have one, unless their prototype was replaced.
 */
export function isUntagged(value: object): boolean {
  return Object.prototype.toString.call(value) === "[object Object]";
}

/** Whether it is a proxy, an `arguments` object or a module, which can't be cloned. */
export function isExotic(value: object): boolean {
  if (types.isProxy(value)) return true;
  // The call takes 10 ns. Most objects don't need it.
  const isOrdinary = Array.isArray(value) ||
    isUntagged(value) && !(Symbol.toStringTag in value);
  return !isOrdinary &&
    (types.isArgumentsObject(value) || types.isModuleNamespaceObject(value));
}

/** The classes of the language. {@linkcode brandOf} knows their objects by their slots. */
const languageClasses = new Set<unknown>(
  [
    "Object Function Array Map Set Date RegExp Promise Proxy Symbol Iterator",
    "Error EvalError RangeError ReferenceError SyntaxError TypeError URIError",
    "AggregateError SuppressedError DOMException Number String Boolean BigInt",
    "WeakMap WeakSet WeakRef FinalizationRegistry ArrayBuffer DataView",
  ].flatMap((names) => names.split(" ")).map((name) =>
    builtIn(globalThis, name)
  ),
);

/** Whether the objects with a prototype are the platform's. */
const platformPrototypes = new WeakMap<object, boolean>();

/**
 * Whether an object is the platform's: an instance of one of its classes or of a class
 * that extends one, a namespace such as `Math`, or a resource. Most data of such an object stands
 * in no property, so a copy of its properties would hold nothing.
 */
export function isPlatformObject(value: object): boolean {
  return isPlatformInstance(value) || isNamespace(value) || isResource(value);
}

/**
 * Whether an object without properties is something to be closed, or an iterator. Not
 * all classes of the platform can be found by their names: that of a listener can't,
 * nor that of the iterator over `Headers`.
 */
function isResource(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return false;
  return brandOf(value) === undefined && Object.keys(value).length === 0 &&
    (Symbol.dispose in value || Symbol.asyncDispose in value ||
      Symbol.asyncIterator in value || isStandardStream(value));
}

/** Whether an object is an instance of a class of the platform's. */
export function isPlatformInstance(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return false;
  let isPlatform = platformPrototypes.get(prototype);
  if (isPlatform === undefined) {
    isPlatform = hasBrand(value) || isOfPlatform(prototype);
    platformPrototypes.set(prototype, isPlatform);
  }
  return isPlatform;
}

/**
 * Whether structured clone copies an object of the platform's, as it does a Blob. It
 * turns most others into an empty object, without an error. For the rest it throws an
 * error that doesn't always name the class.
 */
export function survivesClone(value: object): boolean {
  if (types.isSharedArrayBuffer(value)) return true;
  try {
    return Object.getPrototypeOf(structuredClone(value)) !== Object.prototype;
  } catch (error) {
    if (isDataCloneError(error)) return false;
    throw error;
  }
}

/** Whether an error says that a value can't be cloned. */
export function isDataCloneError(error: unknown): boolean {
  return error instanceof DOMException && error.name === "DataCloneError";
}

/** The error for an object whose copy would be empty, or which can't be copied. */
export function unclonable(value: object): DOMException {
  const name = Object.getPrototypeOf(value)?.constructor?.name || tagOf(value);
  return new DOMException(
    `${name} object could not be cloned: a copy of it would hold nothing`,
    "DataCloneError",
  );
}

/** The tag of an object, such as `Map`. */
export function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function isNamespace(value: object): boolean {
  if (isUntagged(value)) return false;
  return builtIn(globalThis, tagOf(value)) === value;
}

/** Whether an object has the mark that Deno gives most instances of its classes. */
function hasBrand(value: object): boolean {
  return Object.getOwnPropertySymbols(value).some(({ description }) =>
    description === "[[webidl.brand]]"
  );
}

function isOfPlatform(prototype: object): boolean {
  for (
    let one = prototype;
    one !== null && one !== Object.prototype;
    one = Object.getPrototypeOf(one)
  ) {
    const maker = Object.getOwnPropertyDescriptor(one, "constructor")?.value;
    if (typeof maker !== "function" || languageClasses.has(maker)) continue;
    const { name } = maker;
    if (namespaces.some((space) => builtIn(space, name) === maker)) return true;
    if (isNative(maker)) return true;
  }
  return false;
}

/**
 * The platform's property of that name; undefined if there is none. A property of the
 * global object that can be enumerated is the program's.
 */
function builtIn(namespace: object, name: unknown): unknown {
  if (typeof name !== "string") return undefined;
  const property = Object.getOwnPropertyDescriptor(namespace, name);
  if (property === undefined) return undefined;
  if (namespace === globalThis && property.enumerable) return undefined;
  return property.value ?? property.get?.call(namespace);
}

function isNative(maker: object): boolean {
  return Function.prototype.toString.call(maker).endsWith("{ [native code] }");
}
