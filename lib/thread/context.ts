// Copyright 2026 the lab9 authors. MIT license.

/**
 * How the values of `AsyncLocalStorage`s travel to a thread or a task.
 *
 * An exposed storage travels as a reference to its runner: a function that calls
 * another one inside the storage, with a value. A call with a context is sent as a
 * call of {@linkcode callIn}. Its arguments are the runners with their values, the
 * target, and the target's arguments.
 *
 * @module
 */

import { checkArray, kindOf } from "../checks.ts";
import { expose } from "../expose.ts";
import {
  addOwnModule,
  type AnyFunction,
  type ContextStorage,
  exposedRunner,
  isStorage,
} from "../codec/references.ts";

export type { ContextStorage };

/** Options of threads, of pools and of their calls. */
export interface ContextOptions {
  /**
   * The `AsyncLocalStorage`s whose values are sent along. The values are those that
   * the storages have when the call is made. Each storage has to be exposed by its
   * module, as functions are.
   *
   * @default {[]}
   */
  context?: readonly ContextStorage[];
}

/** The runner of each storage, and the storage's value. */
export type Context = [runner: AnyFunction, value: unknown][];

/**
 * Reads the values that the storages have now. It is undefined if none of them has
 * one.
 *
 * @throws {TypeError} If the storages are not an array of exposed storages.
 */
export function contextOf(
  action: string,
  storages: readonly ContextStorage[] | undefined,
): Context | undefined {
  if (storages === undefined) return undefined;
  checkArray(action, "context", storages);
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

/** Calls a function inside of all storages of a context. */
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

// The name has a prefix: in a bundle, users' modules have the same URL as this one.
expose(import.meta, { "lab9.callIn": callIn });
addOwnModule(import.meta);
