// Copyright 2026 the lab9 authors. MIT license.

import { kindOf } from "./checks.ts";
import {
  type AnyFunction,
  type ErrorClass,
  exposeErrorClass,
  register,
} from "./codec/references.ts";

/**
 * Names the functions of a module that other threads may run, and its classes of
 * errors. Call it once, at the module's top level.
 *
 * As with Python's pickling, a function reaches another thread as a name: the
 * thread imports the module and looks the function up there. What a module
 * doesn't expose, no message can make a thread run.
 *
 * An error of an exposed class arrives as an instance of that class, with its
 * own properties. The class's constructor is not called. An error of a class that
 * isn't exposed arrives as one of the nearest class that is, or is built in,
 * under its own class's name.
 *
 * @param meta The module's `import.meta`.
 * @param functions The functions and the classes of errors, each under its name.
 * @throws {TypeError} If anything else is exposed, or two things under the same
 * name.
 *
 * @example Usage
 * ```ts no-eval
 * import { expose, Thread } from "@lab9/concurrency";
 *
 * export function square(x: number): number {
 *   return x * x;
 * }
 * expose(import.meta, { square });
 *
 * if (import.meta.main) {
 *   const thread = new Thread(square, { args: [3] });
 *   thread.start();
 *   console.log(await thread.join()); // 9
 * }
 * ```
 *
 * @example A class of errors
 * ```ts no-eval
 * import { expose, Pool } from "@lab9/concurrency";
 *
 * export class HttpError extends Error {
 *   constructor(readonly status: number) {
 *     super(`The server answered ${status}`);
 *   }
 * }
 * export function load(): never {
 *   throw new HttpError(404);
 * }
 * expose(import.meta, { load, HttpError });
 *
 * if (import.meta.main) {
 *   await using pool = new Pool(1);
 *   const error = await pool.apply(load, []).catch((error) => error);
 *   console.log(error instanceof HttpError, error.status); // true 404
 * }
 * ```
 */
export function expose(
  meta: ImportMeta,
  functions: Record<string, AnyFunction | ErrorClass>,
): void {
  if (typeof meta?.url !== "string") {
    throw new TypeError(
      "Cannot expose functions: the first argument must be import.meta",
    );
  }
  if (
    typeof functions !== "object" || functions === null ||
    Array.isArray(functions)
  ) {
    throw new TypeError(
      "Cannot expose functions: the second argument must be an object such " +
        "as { fn }",
    );
  }
  const entries = Object.entries(functions);
  for (const [name, fn] of entries) {
    if (typeof fn !== "function") {
      throw new TypeError(
        `Cannot expose '${name}': it must be a function, received ${
          kindOf(fn)
        }`,
      );
    }
    if (isClass(fn) && !isErrorClass(fn)) {
      throw new TypeError(
        `Cannot expose '${name}': it is a class, expose a function that uses ` +
          "it, only classes of errors travel",
      );
    }
  }
  for (const [name, fn] of entries) {
    const origin = { url: meta.url, name };
    const other = isErrorClass(fn)
      ? exposeErrorClass(fn, origin)
      : register(fn as AnyFunction, origin);
    if (other !== undefined) {
      throw new TypeError(
        `Cannot expose '${name}': ${meta.url} exposes another function under ` +
          "that name",
      );
    }
  }
}

/** Only of a class, `prototype` is fixed. */
function isClass(fn: object): boolean {
  const prototype = Object.getOwnPropertyDescriptor(fn, "prototype");
  return prototype !== undefined && !prototype.writable;
}

function isErrorClass(fn: AnyFunction | ErrorClass): fn is ErrorClass {
  return fn.prototype instanceof Error || fn === Error;
}
