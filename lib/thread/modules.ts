// Copyright 2026 the lab9 authors. MIT license.

/**
 * Users' modules, as a worker loads them: each when a function of it is needed.
 * A module that nothing needs may be one that a worker can't load.
 *
 * A worker's first module names every module that has exposed something, and
 * what. By that Deno reads them all with the permissions of the main thread. None
 * runs before it is asked for: {@linkcode loadModules} awaits those that a job
 * is known to need. Where functions may come later, from a queue, which may be
 * read by a thread that blocks, {@linkcode prepareModules} awaits the others as
 * well. If one fails, getting a function of it throws that error.
 *
 * @module
 */

import { setLoading } from "../sync/memory.ts";
import { forget, idFor, setExplainer } from "../codec/references.ts";

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

  async #run(): Promise<void> {
    setLoading(++loading > 0);
    try {
      await this.#load();
      this.#isLoaded = true;
    } catch (error) {
      throw this.#fail(error);
    } finally {
      setLoading(--loading > 0);
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

/** Runs every module: functions of any of them may come. */
export async function prepareModules(): Promise<void> {
  for (const module of modules.values()) await module.load().catch(() => {});
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
