// Copyright 2026 the lab9 authors. MIT license.

import { kindOf } from "./checks.ts";
import { type AnyFunction, register } from "./codec/references.ts";

/**
 * Names the functions of a module that other threads may run. Call it once, at
 * the module's top level.
 *
 * As with Python's pickling, a function reaches another thread as a name: the
 * thread imports the module and looks the function up there. What a module
 * doesn't expose, no message can make a thread run.
 *
 * @param meta The module's `import.meta`.
 * @param functions The functions, each under its name.
 * @throws {TypeError} If anything but a function is exposed, or two functions
 * under the same name.
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
 */
export function expose(
  meta: ImportMeta,
  functions: Record<string, AnyFunction>,
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
  }
  for (const [name, fn] of entries) {
    if (register(fn, { url: meta.url, name }) !== undefined) {
      throw new TypeError(
        `Cannot expose '${name}': ${meta.url} exposes another function under ` +
          "that name",
      );
    }
  }
}
