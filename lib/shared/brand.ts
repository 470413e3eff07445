// Copyright 2026 the lab9 authors. MIT license.

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

/** A built-in's own getter or method, which throws for anything else. */
function probe(
  prototype: object,
  key: PropertyKey,
): (value: object) => void {
  const { get, value } = Object.getOwnPropertyDescriptor(prototype, key)!;
  const method = get ?? value;
  return (candidate) => method.call(candidate);
}

const probes: [Brand, (value: object) => void][] = [
  ["Map", probe(Map.prototype, "size")],
  ["Set", probe(Set.prototype, "size")],
  ["Date", probe(Date.prototype, "getTime")],
  ["RegExp", probe(RegExp.prototype, "source")],
  ["ArrayBuffer", probe(ArrayBuffer.prototype, "byteLength")],
  ["Number", probe(Number.prototype, "valueOf")],
  ["String", probe(String.prototype, "valueOf")],
  ["Boolean", probe(Boolean.prototype, "valueOf")],
  ["BigInt", probe(BigInt.prototype, "valueOf")],
];

const byPrototype = new Map<object | null, Brand>([
  [Map.prototype, "Map"],
  [Set.prototype, "Set"],
  [Date.prototype, "Date"],
  [RegExp.prototype, "RegExp"],
  [ArrayBuffer.prototype, "ArrayBuffer"],
]);

/** What an object really is, by its internal slots; undefined if nothing of these. */
export function brandOf(value: object): Brand | undefined {
  if (Array.isArray(value)) return "Array";
  if (ArrayBuffer.isView(value)) return "View";
  if (value instanceof DOMException) return "DOMException";
  if (Error.isError(value)) return "Error";
  // The likely brand first: a failing probe costs an exception.
  const likely = byPrototype.get(Object.getPrototypeOf(value));
  for (const [brand, check] of probes) {
    if (likely !== undefined && brand !== likely) continue;
    try {
      check(value);
      return brand;
    } catch {
      // Not of this brand.
    }
  }
  return undefined;
}
