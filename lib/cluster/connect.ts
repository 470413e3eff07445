// Copyright 2026 the lab9 authors. MIT license.

import { checkOptions, checkString } from "../checks.ts";
import { Calls } from "../pool/calls.ts";
import { checkCount } from "../pool/options.ts";
import { contextOf, type ContextOptions } from "../thread/context.ts";
import { checkMainThread } from "../thread/thread_table.ts";
import { ClusterDispatcher } from "./cluster_dispatcher.ts";
import { FarModules, readModules } from "./far_modules.ts";
import type { Pace } from "./pace.ts";
import { Store } from "./store.ts";

/** The name of pools and hosts that are given none. */
export const DEFAULT_NAME = "lab9";

/** Options of {@linkcode ClusterPool.connect}. */
export interface ClusterPoolOptions extends ContextOptions {
  /**
   * The name that the pool and its hosts have in common. Pools and hosts of other
   * names are not seen.
   *
   * @default {"lab9"}
   */
  name?: string;
  /**
   * How many tasks may wait for a worker. When so many wait, a call rejects with
   * {@linkcode Full}; see {@linkcode AnyPool.room}. A map is accepted as a whole,
   * however many chunks it has.
   *
   * @default {Infinity}
   */
  maxsize?: number;
}

/** Connects to a store, and makes the calls of a new pool. */
export async function connect(
  url: string,
  options: ClusterPoolOptions,
  pace: Pace,
): Promise<Calls> {
  const action = "connect pool";
  checkOptions(action, options);
  const { name = DEFAULT_NAME, maxsize = Infinity, context } = options;
  checkName(action, name);
  if (maxsize !== Infinity) checkCount(action, "maxsize", maxsize);
  contextOf(action, context);
  checkMainThread(action);
  const modules = new FarModules(await readModules());
  modules.enterAliases();
  const store = await Store.open(action, url, name);
  const dispatcher = new ClusterDispatcher(store, {
    name,
    modules,
    maxsize,
    pace,
  });
  try {
    await dispatcher.start();
  } catch (error) {
    await store.close();
    throw error;
  }
  return new Calls(dispatcher, context);
}

/** Checks the name of a pool and its hosts. It is part of keys in the store. */
export function checkName(action: string, name: unknown): void {
  checkString(action, "name", name);
  if (!/^[\w-]{1,64}$/.test(name)) {
    throw new RangeError(
      `Cannot ${action}: name must be 1 to 64 letters, digits, "_" or "-", ` +
        `received ${JSON.stringify(name)}`,
    );
  }
}
