// Copyright 2026 the lab9 authors. MIT license.

import { kindOf } from "./checks.ts";
import {
  type AnyFunction,
  type ContextStorage,
  type ErrorClass,
  exposeErrorClass,
  exposeShareable,
  extendsShared,
  isStorage,
  register,
  runnerFor,
  type ShareableClass,
} from "./codec/references.ts";

/** Any class, whatever the parameters of its constructor. */
// deno-lint-ignore no-explicit-any -- the constructor is never called
export type AnyClass = abstract new (...args: any[]) => any;

/**
 * Names the functions of a module that other threads may run. Call it once, at the
 * module's top level.
 *
 * A function travels as a name, as in Python's pickling: the other thread imports
 * the module and looks the function up there. A thread runs no function that its
 * module doesn't expose, whatever message it gets.
 *
 * A class of errors may be exposed, too. An error of such a class arrives as an
 * instance of that class, with its own properties; the class's constructor is not
 * called. An error of another class keeps its class's name, but arrives as an
 * instance of the nearest superclass that is exposed or built in.
 *
 * A class that extends {@linkcode Queue}, {@linkcode Lock} or another class of the
 * library may be exposed, too. Its objects arrive as instances of that class. If the
 * class isn't exposed, they can't be sent.
 *
 * An `AsyncLocalStorage` may be exposed as well. The option `context` of threads
 * and pools then sends its value along.
 *
 * @param meta The module's `import.meta`.
 * @param functions The functions, classes and storages, by their names.
 * @throws {TypeError} If a value is anything else, or if the module exposed another
 * one under the same name before.
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
  functions: Record<string, AnyFunction | AnyClass | ContextStorage>,
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
  const entries = Object.entries(functions).map(([name, value]) =>
    [name, isStorage(value) ? runnerFor(value) : value] as const
  );
  for (const [name, fn] of entries) {
    if (typeof fn !== "function") {
      throw new TypeError(
        `Cannot expose '${name}': it must be a function, received ${
          kindOf(fn)
        }`,
      );
    }
    if (isClass(fn) && !isErrorClass(fn) && !isSharedClass(fn)) {
      throw new TypeError(
        `Cannot expose '${name}': it is a class, and only classes of errors ` +
          "and those that extend the library's travel, expose a function that " +
          "uses it",
      );
    }
  }
  for (const [name, fn] of entries) {
    const origin = { url: meta.url, name };
    const other = isErrorClass(fn)
      ? exposeErrorClass(fn, origin)
      : isSharedClass(fn)
      ? exposeShareable(fn, origin)
      : register(fn as AnyFunction, origin);
    if (other !== undefined) {
      throw new TypeError(
        `Cannot expose '${name}': ${meta.url} exposes another function ` +
          "or class under that name",
      );
    }
  }
}

/** Whether a function is a class: only a class has a read-only `prototype`. */
function isClass(fn: object): boolean {
  const prototype = Object.getOwnPropertyDescriptor(fn, "prototype");
  return prototype !== undefined && !prototype.writable;
}

function isSharedClass(
  fn: AnyFunction | AnyClass,
): fn is AnyClass & ShareableClass {
  return isClass(fn) && extendsShared(Object.getPrototypeOf(fn.prototype));
}

function isErrorClass(fn: AnyFunction | AnyClass): fn is ErrorClass {
  return fn.prototype instanceof Error || fn === Error;
}
