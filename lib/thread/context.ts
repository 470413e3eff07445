// Copyright 2026 the lab9 authors. MIT license.

/**
 * Values of `AsyncLocalStorage` on their way to a thread or a task. An exposed
 * storage is a function by reference, which runs another in the storage: so a
 * call with a context is a call of one function of the library, which brings the
 * values, the function that was meant and its arguments.
 *
 * @module
 */

import { kindOf } from "../checks.ts";
import { expose } from "../expose.ts";
import {
  addOwnModule,
  type AnyFunction,
  type ContextStorage,
  exposedRunner,
  isStorage,
} from "../codec/references.ts";

export type { ContextStorage };

/** Options of what runs elsewhere. */
export interface ContextOptions {
  /**
   * The `AsyncLocalStorage`s whose values go along, as they are at the call. Each
   * has to be exposed by its module, as functions are.
   *
   * @default {[]}
   */
  context?: readonly ContextStorage[];
}

/** The function that runs another in each storage, and its value. */
export type Context = [runner: AnyFunction, value: unknown][];

/**
 * The values that the storages hold now; undefined if there are none.
 *
 * @throws {TypeError} If something is no exposed storage.
 */
export function contextOf(
  action: string,
  storages: readonly ContextStorage[] | undefined,
): Context | undefined {
  if (storages === undefined) return undefined;
  if (!Array.isArray(storages)) {
    throw new TypeError(
      `Cannot ${action}: context must be an array, received ${
        kindOf(storages)
      }`,
    );
  }
  const context: Context = [];
  for (const storage of storages) {
    const value = isStorage(storage) ? storage.getStore() : undefined;
    if (value !== undefined) context.push([runnerOf(action, storage), value]);
    else runnerOf(action, storage);
  }
  return context.length === 0 ? undefined : context;
}

function runnerOf(action: string, storage: unknown): AnyFunction {
  if (!isStorage(storage)) {
    throw new TypeError(
      `Cannot ${action}: context must hold AsyncLocalStorages, received ${
        kindOf(storage)
      }`,
    );
  }
  const runner = exposedRunner(storage);
  if (runner !== undefined) return runner;
  throw new TypeError(
    `Cannot ${action}: a storage of its context was never exposed, add ` +
      "`expose(import.meta, { storage })` at the top level of its module",
  );
}

/** Calls a function with the values held. */
export function callIn(
  context: Context,
  fn: AnyFunction,
  args: readonly unknown[],
): unknown {
  let call = () => fn(...args);
  for (const [run, value] of context) {
    const inner = call;
    call = () => run(value, inner);
  }
  return call();
}

// In a bundle a user's module has the same URL: its names are others.
expose(import.meta, { "lab9.callIn": callIn });
addOwnModule(import.meta);
