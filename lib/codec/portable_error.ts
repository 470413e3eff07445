// Copyright 2026 the lab9 authors. MIT license.

/** Errors between threads, with all that structured clone would drop. */

import {
  type ErrorClass,
  errorClassOf,
  registerErrorClass,
} from "./references.ts";
import { errorClasses } from "./tags.ts";

/** What is sent of something thrown. */
export interface PortableError {
  /** The thread that it was thrown in. */
  thread: string;
  /** What was thrown, if it isn't an Error. */
  value?: unknown;
  /** If it is an Error. */
  error?: {
    /** The most derived class that every thread knows. */
    base: string;
    name: string;
    message: string;
    stack: string;
    properties: Record<string, unknown>;
    cause?: PortableError;
    /** Of an AggregateError. */
    errors?: PortableError[];
  };
}

/** The functions that call a target, by the names that their frames have. */
const BOTTOM_FRAME = /^\s+at (async )?(runJob|runTask|runItem|runRest) /;

/** Causes further down than these are left out. */
const MAX_DEPTH = 50;

for (const errorClass of errorClasses) registerErrorClass(errorClass);
// Its constructor differs: see `instantiate`.
registerErrorClass(AggregateError as unknown as ErrorClass);

/** What can be sent of something thrown. Never throws. */
export function toPortable(thrown: unknown, thread: string): PortableError {
  return describe(thrown, thread, new Map(), 0);
}

/** `known` holds what was described before: causes may go round in a circle. */
function describe(
  thrown: unknown,
  thread: string,
  known: Map<unknown, PortableError>,
  depth: number,
): PortableError {
  const before = known.get(thrown);
  if (before !== undefined) return before;
  const portable: PortableError = { thread };
  try {
    if (!Error.isError(thrown)) {
      portable.value = clonable(thrown);
      return portable;
    }
    known.set(thrown, portable);
    const error: PortableError["error"] = {
      ...baseOf(thrown),
      message: read(() => thrown.message),
      stack: userFrames(read(() => thrown.stack)),
      properties: ownProperties(thrown),
    };
    portable.error = error;
    if (depth === MAX_DEPTH) return portable;
    const inner = (value: unknown) => describe(value, thread, known, depth + 1);
    const cause = own(thrown, "cause");
    if (cause !== undefined) error.cause = inner(cause);
    const errors = own(thrown, "errors");
    if (error.base === "AggregateError" && Array.isArray(errors)) {
      error.errors = errors.map(inner);
    }
  } catch (error) {
    portable.value = "Something was thrown that can't be looked at: " +
      read(() => error);
  }
  return portable;
}

/** The thrown thing again, with the other thread's stack as its `cause`. */
export function fromPortable(portable: PortableError): unknown {
  return revive(portable, new Map());
}

function revive(
  portable: PortableError,
  known: Map<PortableError, unknown>,
): unknown {
  const { thread, value, error } = portable;
  if (error === undefined) return value;
  if (known.has(portable)) return known.get(portable);
  const { base, name, message, stack, properties, cause, errors } = error;
  const revived = instantiate(base, name, message);
  known.set(portable, revived);
  if (revived.name !== name) define(revived, "name", name);
  if (errors) {
    define(revived, "errors", errors.map((inner) => revive(inner, known)));
  }
  for (const [key, property] of Object.entries(properties)) {
    define(revived, key, property, true);
  }
  const traceback = new Error(`In ${thread}:\n${stack}`);
  define(traceback, "name", "RemoteTraceback");
  traceback.stack = `RemoteTraceback: ${traceback.message}`;
  if (cause) define(traceback, "cause", revive(cause, known));
  define(revived, "cause", traceback);
  revived.stack = `${name}: ${message}`;
  return revived;
}

function instantiate(base: string, name: string, message: string): Error {
  if (base === "DOMException") return new DOMException(message, name);
  if (base === "AggregateError") return new AggregateError([], message);
  return new (errorClassOf(base) ?? Error)(message);
}

function define(
  target: object,
  key: string,
  value: unknown,
  enumerable = false,
): void {
  Object.defineProperty(target, key, {
    value,
    enumerable,
    writable: true,
    configurable: true,
  });
}

/** The nearest class that every thread knows, and the name to show. */
function baseOf(error: Error): { base: string; name: string } {
  const shown = read(() => error.name);
  if (error instanceof DOMException) {
    return { base: "DOMException", name: shown };
  }
  const own = read(() => error.constructor.name);
  let prototype = Object.getPrototypeOf(error);
  while (prototype !== null) {
    const base = read(() => prototype.constructor.name);
    if (errorClassOf(base)?.prototype === prototype) {
      // A subclass that doesn't set `name` would pass for its base.
      return { base, name: shown === base && own ? own : shown };
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return { base: "Error", name: shown };
}

/** The stack without the library's own frames below the target's. */
function userFrames(stack: string): string {
  const lines = stack.split("\n");
  const bottom = lines.findIndex((line) => BOTTOM_FRAME.test(line));
  return (bottom < 0 ? lines : lines.slice(0, bottom)).join("\n");
}

function ownProperties(error: Error): Record<string, unknown> {
  const properties: Record<string, unknown> = {};
  for (const key of Object.keys(error)) {
    if (key === "cause" || key === "name" || key === "message") continue;
    try {
      define(
        properties,
        key,
        clonable((error as unknown as Record<string, unknown>)[key]),
        true,
      );
    } catch {
      // A getter that throws has nothing to send.
    }
  }
  return properties;
}

/** A clone of the value, or what it looks like if it can't be cloned. */
function clonable(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return Deno.inspect(value);
  }
}

/** An error's own property; undefined if it is a getter that throws. */
function own(error: Error, key: string): unknown {
  try {
    return Object.hasOwn(error, key) ? error[key as keyof Error] : undefined;
  } catch {
    return undefined;
  }
}

/** A property that may be a getter of the user's. */
function read(property: () => unknown): string {
  try {
    return String(property());
  } catch {
    return "";
  }
}
