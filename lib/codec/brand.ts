// Copyright 2026 the lab9 authors. MIT license.

import * as types from "node:util/types";

/** The built-in classes that structured clone knows, however they are subclassed. */
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
 * What an object really is, by its internal slots and not by its prototype;
 * undefined if nothing of these.
 */
export function brandOf(value: object): Brand | undefined {
  if (Array.isArray(value)) return "Array";
  if (types.isMap(value)) return "Map";
  if (types.isSet(value)) return "Set";
  if (ArrayBuffer.isView(value)) return "View";
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
 * Whether an object has no tag, as plain objects and instances of most users'
 * classes have none. Everything special of the platform's has one, or its
 * prototype was replaced.
 */
export function isUntagged(value: object): boolean {
  return Object.prototype.toString.call(value) === "[object Object]";
}

/** Whether the platform refuses to clone it, though it may pass for plain. */
export function isExotic(value: object): boolean {
  return types.isProxy(value) || types.isArgumentsObject(value);
}
