// Copyright 2026 the lab9 authors. MIT license.

/**
 * Users' modules, as a worker loads them: each when a function of it is needed.
 * A module that nothing needs may be one that a worker can't load.
 *
 * A worker's first module names every module that has exposed something, and
 * what. By that Deno reads them all with the permissions of the main thread. None
 * runs before it is asked for: {@linkcode loadModules} awaits those that a job
 * is known to need. Functions may come later, from a queue. It may be read by a
 * thread that blocks, and nothing is loaded while a thread blocks. So where a job
 * has a queue, {@linkcode prepareModules} awaits the other modules first. Who gets a
 * function of one that has failed is given the reason.
 *
 * @module
 */

import { setLoading } from "../sync/memory.ts";
import { Promise, startTimer, stopTimer } from "../platform/platform.ts";
import type { Packed } from "../codec/packing.ts";
import {
  forget,
  type Handle,
  idFor,
  mayBringFunctions,
  moduleOf,
  moduleOfType,
  setExplainer,
} from "../codec/references.ts";

/** What the worker's first module says of another. */
export type Offer = [
  url: string,
  names: string[],
  load: () => Promise<unknown>,
];

/** Says which module could not be loaded; what it threw is the cause. */
export class ModuleError extends Error {
  constructor(url: string, cause: unknown) {
    const culprit = throwingModule(cause) ?? url;
    const what = culprit === url ? url : `${culprit}, which ${url} imports`;
    super(`Cannot load ${what}: ${describe(cause)}`, { cause });
  }
}

/** The module that an error was thrown in while its top level ran. */
function throwingModule(error: unknown): string | undefined {
  if (!Error.isError(error) || typeof error.stack !== "string") return;
  // Only the frame of a top level has no name.
  return error.stack.match(/^\s+at (?:async )?(\w+:[^\s()]+):\d+:\d+$/m)?.[1];
}

/** Thrown for a function whose module has yet to be loaded. */
export class ModuleNotLoaded extends TypeError {
  constructor(readonly url: string) {
    super(
      "Cannot use a function that came by reference: this thread has not loaded " +
        `${url}, which exposes it`,
    );
  }
}

/** How long a module may take that only may be needed. */
const PATIENCE_MS = 5000;

/** How many modules are being loaded. */
let loading = 0;

/** Whether a module may be running that this worker loads. */
export function isLoading(): boolean {
  return loading > 0;
}

/** A module that was named to this worker. */
class OfferedModule {
  #url: string;
  #names: string[];
  #load: () => Promise<unknown>;
  #loading: Promise<void> | undefined;
  #error: ModuleError | undefined;
  #isLoading = false;
  #isLoaded = false;

  constructor([url, names, load]: Offer) {
    this.#url = url;
    this.#names = names;
    this.#load = load;
  }

  /** Runs the module. */
  load(): Promise<void> {
    return this.#loading ??= this.#run();
  }

  /**
   * Sees to it that the module has run.
   *
   * @throws {ModuleError} If it has failed.
   * @throws {ModuleNotLoaded} If it has yet to be loaded.
   */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
    if (!this.#isLoaded) throw new ModuleNotLoaded(this.#url);
  }

  /** The same, unless it takes too long or fails. */
  async loadInTime(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = startTimer(() => {
      this.#endLoading();
      console.warn(
        `${this.#url} has not been loaded after ${
          PATIENCE_MS / 1000
        } seconds: ` +
          "the thread goes on without it",
      );
      resolve();
    }, PATIENCE_MS);
    this.load().then(resolve, resolve);
    await promise;
    stopTimer(timer);
  }

  async #run(): Promise<void> {
    this.#isLoading = true;
    setLoading(++loading > 0);
    try {
      await this.#load();
      this.#isLoaded = true;
    } catch (error) {
      throw this.#fail(error);
    } finally {
      this.#endLoading();
    }
  }

  #endLoading(): void {
    if (!this.#isLoading) return;
    this.#isLoading = false;
    setLoading(--loading > 0);
  }

  #fail(cause: unknown): ModuleError {
    if (Error.isError(cause) && typeof cause.stack === "string") {
      cause.stack = withoutDataUrls(cause.stack);
    }
    // What it exposed before may not work without the rest.
    for (const name of this.#names) forget(idFor(this.#url, name));
    return this.#error ??= new ModuleError(this.#url, cause);
  }
}

const modules = new Map<string, OfferedModule>();
const functions = new Map<number, { url: string; name: string }>();

/** Takes what the worker's first module names. */
export function offerModules(offers: Offer[]): void {
  for (const offer of offers) {
    const [url, names] = offer;
    modules.set(url, new OfferedModule(offer));
    for (const name of names) functions.set(idFor(url, name), { url, name });
  }
  setExplainer(explain);
}

/**
 * Runs modules, one after another.
 *
 * @throws {ModuleError} If one can't be loaded.
 */
export async function loadModules(urls: Iterable<string>): Promise<void> {
  for (const url of urls) await modules.get(url)?.load();
}

/** Runs the module of a function, if there is something to run. */
export async function loadModuleOf(id: number): Promise<void> {
  const origin = functions.get(id);
  if (origin !== undefined) await modules.get(origin.url)!.load();
}

/**
 * Runs every module: functions of any of them may come. One that fails, or doesn't
 * come to its end, is named to who needs it, and harms nobody else.
 */
export async function prepareModules(): Promise<void> {
  for (const module of modules.values()) await module.loadInTime();
}

/** Runs what the shared objects in a payload need, and what may come by them. */
export async function prepareFor({ references }: Packed): Promise<void> {
  for (const [, reference] of references) {
    if (typeof reference === "number" || "fields" in reference) continue;
    const { action } = reference;
    if (action !== undefined) await loadModuleOf(action);
    // What comes through a queue, nobody knows yet.
    if (mayBringFunctions(reference)) await prepareModules();
  }
}

/** Says why the function isn't there. */
function explain(id: number): void {
  const origin = functions.get(id);
  if (origin === undefined) return;
  const { url, name } = origin;
  modules.get(url)!.check();
  throw new TypeError(
    `Cannot run '${name}': ${url} exposes it in the main thread only, call ` +
      "expose() at the top level of the module, neither in a function nor " +
      "behind `if (import.meta.main)`",
  );
}

/** The error's class and message, and no URL that is a whole module. */
function describe(error: unknown): string {
  try {
    // The class says something only if it is not the plain one. Deno adds to some
    // messages where it was.
    const text = String(error).replace(/^Error: /, "");
    return withoutDataUrls(text.replaceAll(/\n\s+at \S+$/gm, ""));
  } catch {
    return "something was thrown that can't be printed";
  }
}

/**
 * A text that shows no `data:` URL: a worker's first module has one, which is the
 * whole of the module.
 */
export function withoutDataUrls(text: string): string {
  return text
    .replaceAll(/\n\s+at [^\n]*data:text\/javascript,[^\n]*/g, "")
    .replaceAll(/(\s+at )?data:text\/javascript,\S+/g, "");
}

/** What of users' modules a job needs. */
export interface Needs {
  /** Those that expose its functions. */
  modules: string[];
  /** Whether functions of others may come later: it has a queue. */
  isOpen: boolean;
}

/** What a function needs that is called with these arguments. */
export function needsOf(target: number, { references }: Packed): Needs {
  const modules = new Set<string>();
  let isOpen = false;
  const add = (url: string | undefined) => {
    if (url !== undefined) modules.add(url);
  };
  add(moduleOf(target));
  for (const [, reference] of references) {
    if (typeof reference === "number") add(moduleOf(reference));
    else if ("fields" in reference) {
      if (reference.id !== undefined) add(moduleOf(reference.id));
    } else {
      for (
        let handle: Handle | undefined = reference;
        handle !== undefined;
        handle = handle.inner
      ) {
        isOpen ||= mayBringFunctions(handle);
        add(moduleOfType(handle.type));
        if (handle.action !== undefined) add(moduleOf(handle.action));
      }
    }
  }
  return { modules: [...modules].sort(), isOpen };
}

/** What a worker has loaded for these needs, as text. */
export function keyOfNeeds({ modules, isOpen }: Needs): string {
  return isOpen ? `*\n${modules.join("\n")}` : modules.join("\n");
}
