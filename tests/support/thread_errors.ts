// Functions that throw, each something else.

import { expose, type Queue } from "../../mod.ts";

export class OwnError extends RangeError {
  code = 42;
  details = { list: [1, 2] };
}

export class NamedError extends Error {
  override name = "CustomName";
}

const throwers: Record<string, () => unknown> = {
  error: () => new Error("message"),
  eval: () => new EvalError("message"),
  range: () => new RangeError("message"),
  reference: () => new ReferenceError("message"),
  syntax: () => new SyntaxError("message"),
  type: () => new TypeError("message"),
  uri: () => new URIError("message"),
  own: () => new OwnError("message"),
  named: () => new NamedError("message"),
  aggregate: () => new AggregateError([new TypeError("inner"), 3], "message"),
  dom: () => new DOMException("message", "NotFoundError"),
  string: () => "just text",
  undefined: () => undefined,
  null: () => null,
  number: () => -0,
  object: () => ({ code: 1 }),
  function: () => () => {},
  cause: () => new Error("message", { cause: new TypeError("because") }),
  circular: () => {
    const error = new TypeError("message");
    error.cause = error;
    return error;
  },
  longChain: () => {
    let error = new Error("0");
    for (let i = 0; i < 10_000; i++) error = new Error("n", { cause: error });
    return error;
  },
  messageGetter: () =>
    Object.defineProperty(new TypeError(), "message", {
      get() {
        throw new Error("no message");
      },
    }),
  causeGetter: () =>
    Object.defineProperty(new TypeError("message"), "cause", {
      get() {
        throw Object.create(null);
      },
    }),
  propertyGetter: () =>
    Object.defineProperty(new TypeError("message"), "code", {
      enumerable: true,
      get() {
        throw new Error("no code");
      },
    }),
  objectGetter: () => ({
    get code() {
      throw Object.create(null);
    },
  }),
  proxy: () =>
    new Proxy(new Error(), {
      get() {
        throw Object.create(null);
      },
      getPrototypeOf() {
        throw Object.create(null);
      },
    }),
  uncloneable: () =>
    Object.assign(new TypeError("message"), { fn: () => {}, ok: 1 }),
};

export function throwIt(kind: string): never {
  throw throwers[kind]();
}

export async function rejectWith(kind: string): Promise<never> {
  await Promise.resolve();
  throw throwers[kind]();
}

export function getNowait(queue: Queue<unknown>): unknown {
  return queue.getNowait();
}

expose(import.meta, { throwIt, rejectWith, getNowait });
