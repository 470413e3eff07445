/** Tells whether two values are the same, whatever structured clone may give. */

/**
 * The first place where two values differ, and how; undefined if nowhere. They
 * are the same if they are of one class, have the same properties in one order,
 * the same content, and are connected alike: what is one object in the one value
 * is one in the other.
 */
export function difference(
  actual: unknown,
  expected: unknown,
): string | undefined {
  return new Comparison().compare(actual, expected, "value");
}

class Comparison {
  #partners = new Map<object, object>();
  #taken = new Set<object>();

  compare(
    actual: unknown,
    expected: unknown,
    path: string,
  ): string | undefined {
    if (!isObject(actual) || !isObject(expected)) {
      return Object.is(actual, expected)
        ? undefined
        : `${path}: ${show(actual)} instead of ${show(expected)}`;
    }
    const partner = this.#partners.get(expected);
    if (partner !== undefined || this.#taken.has(actual)) {
      return partner === actual
        ? undefined
        : `${path}: what is shared differs, at ${show(actual)}`;
    }
    this.#partners.set(expected, actual);
    this.#taken.add(actual);
    if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) {
      return `${path}: the class of ${show(actual)} is not that of ${
        show(expected)
      }`;
    }
    return this.#compareParts(partsOf(actual), partsOf(expected), path) ??
      this.#compareParts(propertiesOf(actual), propertiesOf(expected), path);
  }

  #compareParts(actual: Part[], expected: Part[], path: string) {
    const names = (parts: Part[]) => parts.map(([name]) => name).join();
    if (names(actual) !== names(expected)) {
      return `${path}: [${names(actual)}] instead of [${names(expected)}]`;
    }
    for (const [i, [name, part]] of actual.entries()) {
      const found = this.compare(part, expected[i][1], `${path}.${name}`);
      if (found !== undefined) return found;
    }
  }
}

type Part = [name: string, value: unknown];

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 1, strAbbreviateSize: 100 });
}

/** What an object holds beside its properties. */
function partsOf(object: object): Part[] {
  const tag = Object.prototype.toString.call(object);
  if (object instanceof Map) {
    return [...object].flatMap(([key, value], i): Part[] => [
      [`key ${i}`, key],
      [`entry ${i}`, value],
    ]);
  }
  if (object instanceof Set) {
    return [...object].map((member, i) => [`member ${i}`, member]);
  }
  if (object instanceof ArrayBuffer) {
    return [
      ["resizable", object.resizable],
      ["maxByteLength", object.maxByteLength],
      ["bytes", new Uint8Array(object).join()],
    ];
  }
  if (ArrayBuffer.isView(object)) {
    return [
      ["byteOffset", object.byteOffset],
      ["byteLength", object.byteLength],
      ["lengths", lengthsOf(object)],
      ["buffer", object.buffer],
    ];
  }
  if (object instanceof RegExp) {
    return [["source", object.source], ["flags", object.flags]];
  }
  if (object instanceof Date) return [["time", object.getTime()]];
  if (object instanceof DOMException) {
    const { name, message, code, stack } = object;
    return Object.entries({ name, message, code, stack });
  }
  if (Error.isError(object)) {
    return [["name", object.name], ["stack", object.stack], ["tag", tag]];
  }
  if (/^\[object (Number|String|Boolean|BigInt)\]$/.test(tag)) {
    return [["primitive", object.valueOf()]];
  }
  return [["tag", tag]];
}

/** Own properties with their flags, in order. */
function propertiesOf(object: object): Part[] {
  // The platform keeps what it knows of an exception under symbols of its own.
  if (object instanceof DOMException || ArrayBuffer.isView(object)) return [];
  return Reflect.ownKeys(object).flatMap((key): Part[] => {
    const descriptor = Object.getOwnPropertyDescriptor(object, key)!;
    // An error's stack is an accessor of its own.
    const { value, get, ...flags } = descriptor;
    const name = JSON.stringify(String(key));
    return [
      [`${name} ${JSON.stringify(flags)} ${get !== undefined}`, value],
    ];
  });
}

/** How a view follows its buffer's length; tried out and undone. */
function lengthsOf(view: ArrayBufferView): string {
  const buffer = view.buffer as ArrayBuffer;
  if (!buffer.resizable) return "fixed";
  const { byteLength, maxByteLength } = buffer;
  const bytes = new Uint8Array(buffer).slice();
  const lengths = [maxByteLength, byteLength - 1, byteLength - 8, 0].map(
    (length) => {
      buffer.resize(Math.max(0, length));
      try {
        return view.byteLength;
      } catch {
        return "out of bounds";
      }
    },
  );
  buffer.resize(byteLength);
  new Uint8Array(buffer).set(bytes);
  return lengths.join();
}
