// Copyright 2026 the lab9 authors. MIT license.

import type { AnyFunction } from "./references.ts";

/** What holds a value for what runs in it: Node's `AsyncLocalStorage`. */
export interface ContextStorage {
  /** The value that is held now; undefined if there is none. */
  getStore(): unknown;
  /** Calls back with a value held. */
  // deno-lint-ignore no-explicit-any -- whatever the storage holds
  run(store: any, callback: () => any): any;
}

/** The exposed functions that stand for exposed storages. */
const runners = new WeakMap<ContextStorage, AnyFunction>();

/** Whether it is a storage. */
export function isStorage(value: unknown): value is ContextStorage {
  return typeof value === "object" && value !== null &&
    typeof (value as ContextStorage).getStore === "function" &&
    typeof (value as ContextStorage).run === "function";
}

/** The function that runs another in the storage: it is what is exposed. */
export function runnerFor(storage: ContextStorage): AnyFunction {
  let runner = runners.get(storage);
  if (runner === undefined) {
    runner = (value: unknown, fn: () => unknown) => storage.run(value, fn);
    runners.set(storage, runner);
  }
  return runner;
}

/** The same, of a storage that was exposed. */
export function exposedRunner(
  storage: ContextStorage,
): AnyFunction | undefined {
  return runners.get(storage);
}
