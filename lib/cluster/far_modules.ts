// Copyright 2026 the lab9 authors. MIT license.

import {
  addAlias,
  currentRegistry,
  idFor,
  idOf,
  isOwnModule,
  type Origin,
  originOf,
  originOfId,
} from "../codec/references.ts";
import { callIn } from "../thread/context.ts";
import { ModuleHasher } from "./module_hash.ts";

/** What stands for the hash of the library's own modules. */
const LIBRARY = "library";

/** A module, and the hash of its code. */
export type FarModule = [url: string, hash: string];

/** The hash of a module's code, and its file's name. */
export type UsedModule = [hash: string, file: string];

/** Hashes every module of this process that has exposed something. */
export async function readModules(): Promise<FarModule[]> {
  const hasher = new ModuleHasher();
  const modules: FarModule[] = [];
  for (const url of currentRegistry().exposing.keys()) {
    modules.push([url, await hasher.hash(url)]);
  }
  return modules;
}

/** The id of an exposed function or class on every machine with that code. */
export function farId(hash: string, name: string): number {
  return idFor(`lab9:${hash}`, name);
}

/**
 * Modules by what they compute. A function is known to other machines by the hash
 * of its module's code and its name. So a machine that has other code knows no
 * function by that id.
 */
export class FarModules {
  #hashes: Map<string, string>;
  #farIds = new Map<number, { id: number; module: UsedModule }>();
  #used = new Map<string, UsedModule>();
  /** The ids from elsewhere by which something is found here. */
  #aliases = new Set<number>();

  constructor(modules: readonly FarModule[]) {
    this.#hashes = new Map(modules);
  }

  /** The hash of a module's code, if it was known when these were read. */
  hashOf(url: string): string | undefined {
    return isOwnModule(url) ? LIBRARY : this.#hashes.get(url);
  }

  /** Whether there is a module of that code. */
  has(hash: string): boolean {
    return hash === LIBRARY ||
      this.#hashes.values().some((one) => one === hash);
  }

  /** Has what the modules have exposed be found by its ids from elsewhere. */
  enterAliases(): void {
    const { exposing } = currentRegistry();
    for (const [url, hash] of this.#hashes) {
      for (const name of exposing.get(url) ?? []) {
        this.#enter({ url, name }, farId(hash, name));
      }
    }
    this.#enter(originOf(callIn)!, this.farIdOf(idOf(callIn)!));
    this.takeUsed();
  }

  #enter(origin: Origin, alias: number): void {
    addAlias(origin, alias);
    this.#aliases.add(alias);
  }

  /** Whether the modules have exposed something that has that id elsewhere. */
  hasExposed(farId: number): boolean {
    return this.#aliases.has(farId);
  }

  /**
   * What an id of this process is elsewhere.
   *
   * @throws {DOMException} A `DataCloneError` if its module isn't one of these.
   */
  farIdOf = (id: number): number => {
    let far = this.#farIds.get(id);
    if (far === undefined) {
      const { url, name } = originOfId(id)!;
      const hash = this.hashOf(url);
      if (hash === undefined) {
        throw new DOMException(
          `Cannot send '${name}' to another machine: its module was loaded ` +
            "after the pool was connected",
          "DataCloneError",
        );
      }
      far = { id: farId(hash, name), module: [hash, fileOf(url)] };
      this.#farIds.set(id, far);
    }
    this.#used.set(far.module[0], far.module);
    return far.id;
  };

  /** The modules whose ids were asked for since the last time. */
  takeUsed(): UsedModule[] {
    const used = [...this.#used.values()];
    this.#used.clear();
    return used;
  }
}

/** A path may say more of a machine than others are to know. */
function fileOf(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1).replace(/[?#].*/, "");
}
