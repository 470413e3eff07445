// Copyright 2026 the lab9 authors. MIT license.

/** Errors between threads, with all that structured clone would drop. */

type ErrorClass = new (message?: string) => Error;

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
  };
}

/** The functions that call a target, by the names that their frames have. */
const BOTTOM_FRAME = /^\s+at (async )?(runJob|runTask) /;

const classes = new Map<string, ErrorClass>(
  [
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
  ].map((c) => [c.name, c as ErrorClass]),
);

/** Lets errors of a class arrive as instances of that class. */
export function registerErrorClass(errorClass: ErrorClass): void {
  classes.set(errorClass.name, errorClass);
}

/** What can be sent of something thrown. Never throws. */
export function toPortable(thrown: unknown, thread: string): PortableError {
  try {
    if (!Error.isError(thrown)) {
      return { thread, value: clonable(thrown) };
    }
    const cause = Object.hasOwn(thrown, "cause") && thrown.cause !== undefined
      ? toPortable(thrown.cause, thread)
      : undefined;
    return {
      thread,
      error: {
        ...baseOf(thrown),
        message: read(() => thrown.message),
        stack: userFrames(read(() => thrown.stack)),
        properties: ownProperties(thrown),
        ...(cause && { cause }),
      },
    };
  } catch (error) {
    return {
      thread,
      value: `Something was thrown that can't be looked at: ${error}`,
    };
  }
}

/** The thrown thing again, with the other thread's stack as its `cause`. */
export function fromPortable({ thread, value, error }: PortableError): unknown {
  if (error === undefined) return value;
  const { base, name, message, stack, properties, cause } = error;
  const revived = base === "DOMException"
    ? new DOMException(message, name)
    : new (classes.get(base) ?? Error)(message);
  if (revived.name !== name) define(revived, "name", name);
  for (const [key, property] of Object.entries(properties)) {
    define(revived, key, property, true);
  }
  const traceback = new Error(`In ${thread}:\n${stack}`);
  define(traceback, "name", "RemoteTraceback");
  traceback.stack = `RemoteTraceback: ${traceback.message}`;
  if (cause) define(traceback, "cause", fromPortable(cause));
  define(revived, "cause", traceback);
  revived.stack = `${name}: ${message}`;
  return revived;
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
    if (classes.get(base)?.prototype === prototype) {
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

/** The value, or what it looks like if it can't be cloned. */
function clonable(value: unknown): unknown {
  try {
    structuredClone(value);
    return value;
  } catch {
    return Deno.inspect(value);
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
