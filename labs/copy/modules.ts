// Copyright 2026 the lab9 authors. MIT license.

/**
 * A script and everything that it imports, as Deno resolves it: `deno info`
 * says which module stands behind which specifier.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { withAny } from "./with_any.ts";

/** A mistake of the caller's: its message is all that is shown. */
export class CopyError extends Error {
  override name = "CopyError";
}

/** What a specifier in a module leads to. */
export interface Resolution {
  /** The module that runs, if it goes into the copy. */
  code?: string;
  /** The module that declares its types, if that is another. */
  types?: string;
  /** What to import in the copy, for what doesn't go into it. */
  external?: string;
}

/** A module that goes into the copy. */
export interface Module {
  /** Its URL. */
  specifier: string;
  /** Its name in headings. */
  title: string;
  /** TypeScript; what was JavaScript has `any` for every type. */
  text: string;
  /** Whether it only declares the types of another module. */
  isDeclaration: boolean;
  /** Whether what nobody uses of it is left out. */
  isLibrary: boolean;
  resolutions: Map<string, Resolution>;
}

/** The project's root. */
const root = new URL("../../", import.meta.url);

interface Info {
  modules: InfoModule[];
  redirects: Record<string, string>;
  npmPackages: Record<string, { name: string; localPath: string }>;
}

interface InfoModule {
  specifier: string;
  kind?: string;
  local?: string;
  mediaType?: string;
  error?: string;
  dependencies?: InfoDependency[];
}

interface InfoDependency {
  specifier: string;
  code?: { specifier?: string; error?: string };
  type?: { specifier?: string; error?: string };
  npmPackage?: string;
}

/** Reads a script and all that goes into its copy; the script comes first. */
export async function readModules(entry: URL): Promise<Module[]> {
  const info = await denoInfo(entry, await configOf(entry));
  const own = await denoInfo(
    new URL("mod.ts", root),
    new URL("deno.json", root),
  );
  const known = new Map<string, InfoModule>();
  for (const module of [...own.modules, ...info.modules]) {
    known.set(module.specifier, module);
  }
  const packages = { ...own.npmPackages, ...info.npmPackages };
  const redirects = { ...own.redirects, ...info.redirects };
  const modules = new Map<string, Module>();
  const queue = [entry.href];
  for (const specifier of queue) {
    if (modules.has(specifier)) continue;
    const module = await readModule(specifier, known, { packages, redirects });
    modules.set(specifier, module);
    for (const { code, types } of module.resolutions.values()) {
      for (const next of [code, types]) {
        if (next !== undefined) queue.push(next);
      }
    }
  }
  return [...modules.values()];
}

interface Places {
  packages: Info["npmPackages"];
  redirects: Info["redirects"];
}

async function readModule(
  specifier: string,
  known: Map<string, InfoModule>,
  places: Places,
): Promise<Module> {
  const info = known.get(specifier);
  if (info?.error !== undefined) throw new CopyError(info.error);
  const path = info?.local ?? new URL(specifier);
  let text = await Deno.readTextFile(path);
  const isScript = /\.m?jsx?$/.test(specifier) ||
    info?.mediaType === "JavaScript";
  const resolutions = new Map<string, Resolution>();
  if (info === undefined) {
    // A file of an npm package: Deno lists none of them.
    for (const [, name] of text.matchAll(/\bfrom "([^"]+)"/g)) {
      resolutions.set(name, { code: new URL(name, specifier).href });
    }
  } else {
    for (const dependency of info.dependencies ?? []) {
      resolutions.set(
        dependency.specifier,
        resolutionOf(dependency, specifier, places),
      );
    }
  }
  // Only a file's first line may tell a shell how to run it.
  text = text.replace(/^#!.*\n/, "");
  if (isScript) text = withAny(text);
  return {
    specifier,
    title: titleOf(specifier),
    text,
    isDeclaration: specifier.endsWith(".d.ts"),
    isLibrary: isLibrary(specifier),
    resolutions,
  };
}

/** The library, what the labs stand on, and @std. The rest is the script's own. */
function isLibrary(specifier: string): boolean {
  if (/\/deno-std\/|^https:/.test(specifier)) return true;
  const parts = ["mod.ts", "lib/", "labs/notebook/", "vendor/"];
  return parts.some((part) => specifier.startsWith(root.href + part));
}

function titleOf(specifier: string): string {
  const std = /\/(?:deno-std\/[^/]+|@std)\/(.+)$/.exec(specifier);
  if (std !== null) return `@std/${std[1].replace(/\.(js|d\.ts)$/, "")}`;
  if (specifier.startsWith(root.href)) return specifier.slice(root.href.length);
  return specifier.slice(specifier.lastIndexOf("/") + 1);
}

function resolutionOf(
  { specifier, code, type, npmPackage }: InfoDependency,
  referrer: string,
  { packages, redirects }: Places,
): Resolution {
  // By its name it is this library, whatever the script's own project says.
  const own = ownExport(specifier);
  if (own !== undefined) return { code: own };
  const error = code?.error ?? type?.error;
  const target = code?.specifier ?? type?.specifier;
  if (target === undefined) {
    throw new CopyError(error ?? `Cannot find '${specifier}' of ${referrer}`);
  }
  const found = redirects[target] ?? target;
  if (npmPackage !== undefined && packages[npmPackage].name === "deno-std") {
    const { localPath } = packages[npmPackage];
    const file = found.replace(/^npm:\/?[^/]+/, "");
    return {
      code: pathToFileURL(localPath + file).href,
      types: type?.specifier,
    };
  }
  if (/\.d\.[cm]?ts$/.test(found) && !isLibrary(referrer)) {
    throw new CopyError(
      `Cannot copy ${titleOf(referrer)}: it imports "${specifier}", which ` +
        "only declares types; a .ts file with them can be copied",
    );
  }
  if (/^https:\/\/jsr\.io\/@std\//.test(found) || found.startsWith("file:")) {
    return { code: found };
  }
  return { external: target };
}

const { name, exports } = JSON.parse(
  await Deno.readTextFile(new URL("deno.json", root)),
) as { name: string; exports: Record<string, string> };

/** The module that a name such as `@lab9/concurrency/queue` stands for. */
function ownExport(specifier: string): string | undefined {
  const bare = specifier.replace(/^jsr:\/?/, "").replace(/(?<=.)@[^/]+/, "");
  if (bare !== name && !bare.startsWith(`${name}/`)) return undefined;
  const path = exports[`.${bare.slice(name.length)}`];
  return path && new URL(path, root).href;
}

/** The nearest configuration of the script's own; or the labs'. */
async function configOf(entry: URL): Promise<URL> {
  for (let folder = new URL(".", entry);; folder = new URL("..", folder)) {
    for (const file of ["deno.json", "deno.jsonc"]) {
      const config = new URL(file, folder);
      if (await exists(config)) return config;
    }
    if (folder.pathname === "/" || /^\/[A-Za-z]:\/$/.test(folder.pathname)) {
      return new URL("labs/deno.json", root);
    }
  }
}

/** The path of a file's URL. */
export function pathOf(url: URL): string {
  return decodeURIComponent(url.pathname);
}

/** Whether there is such a file. */
export async function exists(path: URL | string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function denoInfo(entry: URL, config: URL): Promise<Info> {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "info",
      "--json",
      "--no-lock",
      "--config",
      pathOf(config),
      entry.href,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (success) return JSON.parse(decoder.decode(stdout));
  throw new CopyError(
    `Cannot read ${pathOf(entry)}: ${decoder.decode(stderr).trim()}`,
  );
}
