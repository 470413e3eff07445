// Copyright 2026 the lab9 authors. MIT license.

/**
 * How a worker loads users' modules. It loads a module when a function of it is
 * needed. So a module that no function is needed of can't fail in a worker.
 *
 * A worker's first module names all modules that have exposed something, and the
 * names of their functions. Deno reads those modules at once, with the permissions of
 * the main thread, but none of them runs yet. Before a job begins,
 * {@linkcode loadModules} runs the modules that the job is known to need.
 *
 * If the job has a queue, functions of any other module may come through it later.
 * No module can be loaded while the thread blocks, so {@linkcode prepareModules} runs
 * all of them before the job begins. If one fails, the error is thrown later, where
 * the thread gets a function of that module.
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

/** A module that a worker may load, as the worker's first module names it. */
export type Offer = [
  url: string,
  names: string[],
  load: () => Promise<unknown>,
];

/** Thrown if a module can't be loaded. The `cause` is the error of that module. */
export class ModuleError extends Error {
  constructor(url: string, cause: unknown) {
    const culprit = throwingModule(cause) ?? url;
    const what = culprit === url ? url : `${culprit}, which ${url} imports`;
    super(`Cannot load ${what}: ${describe(cause)}`, { cause });
  }
}

/** The module whose top level has thrown the error. */
function throwingModule(error: unknown): string | undefined {
  if (!Error.isError(error) || typeof error.stack !== "string") return;
  // Only the frame of a top level has no name.
  return error.stack.match(/^\s+at (?:async )?(\w+:[^\s()]+):\d+:\d+$/m)?.[1];
}

/** Thrown for a function of a module that this worker hasn't loaded yet. */
export class ModuleNotLoaded extends TypeError {
  readonly url: string;

  constructor(url: string) {
    super(
      "Cannot use a function that came by reference: this thread has not loaded " +
        `${url}, which exposes it`,
    );
    this.url = url;
  }
}

/** How long a thread's begin waits at most for a module that may not be needed. */
const PATIENCE_MS = 5000;

/** How many modules are being loaded. */
let loading = 0;

/** A module that this worker may load. */
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

  /** Runs the module, once. */
  load(): Promise<void> {
    return this.#loading ??= this.#run();
  }

  /**
   * Checks that the module has run.
   *
   * @throws {ModuleError} If it has failed.
   * @throws {ModuleNotLoaded} If it wasn't loaded yet.
   */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
    if (!this.#isLoaded) throw new ModuleNotLoaded(this.#url);
  }

  /** Runs the module, but neither waits long for it nor throws if it fails. */
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
    // Functions that it exposed before it failed may not work without the rest.
    for (const name of this.#names) forget(idFor(this.#url, name));
    return this.#error ??= new ModuleError(this.#url, cause);
  }
}

/** The modules by their URLs, and the origins of their functions by id. */
const modules = new Map<string, OfferedModule>();
const functions = new Map<number, { url: string; name: string }>();

/** Sets the modules that this worker may load. */
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

/** Runs the module that exposes a function, if it is a user's. */
export async function loadModuleOf(id: number): Promise<void> {
  const origin = functions.get(id);
  if (origin !== undefined) await modules.get(origin.url)!.load();
}

/**
 * Runs all modules, because functions of any of them may come. If a module fails or
 * takes too long, this doesn't throw: only the use of its functions will.
 */
export async function prepareModules(): Promise<void> {
  for (const module of modules.values()) await module.loadInTime();
}

/**
 * Runs the modules that the shared objects in a payload need. If functions may come
 * through one of those objects, it runs all modules.
 */
export async function prepareFor({ references }: Packed): Promise<void> {
  for (const [, reference] of references) {
    if (typeof reference === "number" || "fields" in reference) continue;
    const { action } = reference;
    if (action !== undefined) await loadModuleOf(action);
    // Nobody knows yet which functions will come through a queue.
    if (mayBringFunctions(reference)) await prepareModules();
  }
}

/**
 * Throws the reason why a function isn't there.
 *
 * @throws {ModuleError} If its module has failed.
 * @throws {ModuleNotLoaded} If its module wasn't loaded yet.
 * @throws {TypeError} If its module has run, but doesn't expose it in a worker.
 */
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

/** The error's class and message, without `data:` URLs. */
function describe(error: unknown): string {
  try {
    // The name of the plain class says nothing. Deno adds a stack frame to some
    // messages.
    const text = String(error).replace(/^Error: /, "");
    return withoutDataUrls(text.replaceAll(/\n\s+at \S+$/gm, ""));
  } catch {
    return "something was thrown that can't be printed";
  }
}

/**
 * Removes `data:` URLs from a text. A worker's first module has such a URL, and the
 * URL is as long as the module.
 */
export function withoutDataUrls(text: string): string {
  return text
    .replaceAll(/\n\s+at [^\n]*data:text\/javascript,[^\n]*/g, "")
    .replaceAll(/(\s+at )?data:text\/javascript,\S+/g, "");
}

/** The users' modules that a job needs. */
export interface Needs {
  /** The modules that expose its functions. */
  modules: string[];
  /** Whether functions of other modules may come later, because it has a queue. */
  isOpen: boolean;
}

/** The modules that a call of a function with these arguments needs. */
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

/** The needs as text, so that workers that loaded the same are found. */
export function keyOfNeeds({ modules, isOpen }: Needs): string {
  return isOpen ? `*\n${modules.join("\n")}` : modules.join("\n");
}
