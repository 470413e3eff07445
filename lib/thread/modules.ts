// Copyright 2026 the lab9 authors. MIT license.

/**
 * Users' modules, as a worker loads them: each when a function of it is needed.
 * A module that nothing needs may be one that a worker can't load.
 *
 * A worker's first module names every module that has exposed something, and
 * what. By that Deno reads them all with the permissions of the main thread. None
 * runs before it is asked for: {@linkcode loadModules} awaits those that a job
 * is known to need. Where functions may come later, from a queue, which may be
 * read by a thread that blocks, {@linkcode prepareModules} links the others, so
 * that a function that comes can have its module run at once. Only one that uses
 * top-level await runs then already.
 *
 * @module
 */

import { Promise } from "../sync/globals.ts";
import { forget, idFor, isKnown, setFinder } from "../codec/references.ts";

/** What the worker's first module says of another. */
export type Offer = [
  url: string,
  names: string[],
  load: () => Promise<unknown>,
  defer: () => Promise<object>,
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

/** Thrown for a function whose module can be loaded, but not at once. */
export class ModuleNotLoaded extends TypeError {
  constructor(readonly url: string) {
    super(
      "Cannot use a function that came by reference: this thread has not loaded " +
        `${url}, which exposes it`,
    );
  }
}

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
  #defer: () => Promise<object>;
  #loading: Promise<void> | undefined;
  #preparing: Promise<void> | undefined;
  #namespace: object | undefined;
  #error: ModuleError | undefined;
  #isLoaded = false;

  constructor([url, names, load, defer]: Offer) {
    this.#url = url;
    this.#names = names;
    this.#load = load;
    this.#defer = defer;
  }

  /** Runs the module. */
  load(): Promise<void> {
    return this.#loading ??= this.#run();
  }

  /** Links the module, so that it can be run at once. What fails is told then. */
  prepare(): Promise<void> {
    return this.#loading?.catch(() => {}) ?? (this.#preparing ??= this.#link());
  }

  /**
   * Runs the module at once, if it didn't.
   *
   * @throws {ModuleError} If that fails, or has failed.
   * @throws {ModuleNotLoaded} If it was not prepared.
   */
  run(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#isLoaded) return;
    if (this.#namespace === undefined) throw new ModuleNotLoaded(this.#url);
    loading++;
    try {
      // To look at what a deferred module exports has it run.
      Object.keys(this.#namespace);
      this.#isLoaded = true;
    } catch (error) {
      throw this.#fail(error);
    } finally {
      loading--;
    }
  }

  async #link(): Promise<void> {
    loading++;
    try {
      this.#namespace = await this.#defer();
    } catch (error) {
      this.#fail(error);
    } finally {
      loading--;
    }
  }

  async #run(): Promise<void> {
    loading++;
    try {
      await this.#load();
      this.#isLoaded = true;
    } catch (error) {
      throw this.#fail(error);
    } finally {
      loading--;
    }
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
  setFinder(findFunction);
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

/** Links every module that hasn't run: functions of any of them may come. */
export async function prepareModules(): Promise<void> {
  await Promise.all([...modules.values()].map((module) => module.prepare()));
}

/** Has the module of a function run, and says why the function isn't there. */
function findFunction(id: number): void {
  const origin = functions.get(id);
  if (origin === undefined) return;
  const { url, name } = origin;
  modules.get(url)!.run();
  if (isKnown(id)) return;
  throw new TypeError(
    `Cannot run '${name}': ${url} exposes it in the main thread only, call ` +
      "expose() at the top level of the module, neither in a function nor " +
      "behind `if (import.meta.main)`",
  );
}

/** The error's class and message, and no URL that is a whole module. */
function describe(error: unknown): string {
  try {
    // The class says something only if it is not the plain one.
    return withoutDataUrls(String(error).replace(/^Error: /, ""));
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
