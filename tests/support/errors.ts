/** Errors of every kind, thrown, returned and received. @module */

import { expose, type Queue } from "../../mod.ts";

/** Exposed. Its constructor needs what no message can give it. */
export class HttpError extends Error {
  static built = 0;
  readonly status: number;

  constructor(response: { status: number }) {
    super(`Status ${response.status}`);
    this.status = response.status;
    HttpError.built++;
  }

  get isClientError(): boolean {
    return this.status < 500;
  }
}

/** Exposed, and extends what is. */
export class NotFoundError extends HttpError {
  override name = "NotFoundError";

  constructor() {
    super({ status: 404 });
  }
}

/** Not exposed, though what it extends is. */
export class TeapotError extends HttpError {
  constructor() {
    super({ status: 418 });
  }
}

export class CodedException extends DOMException {
  extra = 1;
}

/** What an error of `node:` has: a function of its own. */
function nodeError(): Error {
  try {
    // deno-lint-ignore no-explicit-any -- the wrong argument
    Buffer.alloc("x" as any);
  } catch (error) {
    return error as Error;
  }
  throw new Error("unreachable");
}
// A global of Deno's, without its types.
declare const Buffer: { alloc(size: number): unknown };

class Unknown extends RangeError {
  code = 7;
}

export const errors: Record<string, () => unknown> = {
  suppressed: () =>
    new SuppressedError(new TypeError("a"), new RangeError("b"), "both"),
  aggregate: () =>
    new AggregateError([new HttpError({ status: 500 }), 3], "many"),
  cause: () => new Error("outer", { cause: new NotFoundError() }),
  http: () => new HttpError({ status: 404 }),
  notFound: () => new NotFoundError(),
  teapot: () => new TeapotError(),
  unknown: () => new Unknown("u"),
  deno: () => new Deno.errors.NotFound("no file"),
  wasm: () => new WebAssembly.CompileError("bad module"),
  link: () => new WebAssembly.LinkError("bad link"),
  runtime: () => new WebAssembly.RuntimeError("trap"),
  dom: () => new DOMException("gone", "AbortError"),
  coded: () => new CodedException("c", "DataError"),
  quota: () => new QuotaExceededError("full", { quota: 3, requested: 5 }),
  node: nodeError,
  functions: () =>
    Object.assign(new Error("f"), {
      retry: () => 1,
      toString: () => "called",
      nested: { ok: 1, stray: () => 2 },
      ok: 2,
    }),
  circular: () => {
    const error = new HttpError({ status: 1 }) as HttpError & { me: unknown };
    error.cause = error;
    error.me = error;
    return error;
  },
};

export function throwError(kind: string): never {
  throw errors[kind]();
}
export async function rejectError(kind: string): Promise<never> {
  await Promise.resolve();
  throw errors[kind]();
}
export function returnError(kind: string): [unknown] {
  return [errors[kind]()];
}
/** Says what has arrived, and sends it back. */
export function receiveError(value: unknown): [unknown] {
  return [value];
}
export function putError(queue: Queue<unknown>, kind: string): void {
  queue.putSync(errors[kind]());
}
/** The shared memory makes a message of it. */
export function returnWithMemory(value: unknown): unknown[] {
  return [value, new SharedArrayBuffer(8)];
}
export function throwObject(): never {
  throw {
    status: 404,
    retry: () => 1,
    toString: () => "called",
    list: [1, () => 2, { deep: Symbol("s"), ok: true }],
    map: new Map<unknown, unknown>([["a", 1], ["b", () => 3]]),
    url: new URL("https://deno.com"),
  };
}

expose(import.meta, {
  HttpError,
  NotFoundError,
  CodedException,
  throwError,
  rejectError,
  returnError,
  receiveError,
  putError,
  returnWithMemory,
  throwObject,
});
