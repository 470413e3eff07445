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

/** Stands for the hash of the library's own modules. */
const LIBRARY = "library";

/** A module, and the hash of its code. */
export type FarModule = [url: string, hash: string];

/** The hash of a module's code, and the name of its file. */
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

/** The id of an exposed function or class, the same on every machine. */
function farId(hash: string, name: string): number {
  return idFor(`lab9:${hash}`, name);
}

/**
 * Modules by the hashes of their code. Another machine knows a function by an id
 * that is made of the hash of its module's code and its name. So a machine with
 * other code knows no function of that id.
 */
export class FarModules {
  #hashes: Map<string, string>;
  #farIds = new Map<number, { id: number; module: UsedModule }>();
  #used = new Map<string, UsedModule>();
  /** The far ids of the functions and classes of these modules. */
  #aliases = new Set<number>();

  constructor(modules: readonly FarModule[]) {
    this.#hashes = new Map(modules);
  }

  /** The hash of a module's code; undefined if the module isn't one of these. */
  hashOf(url: string): string | undefined {
    return isOwnModule(url) ? LIBRARY : this.#hashes.get(url);
  }

  /** Whether one of these modules has code of that hash. */
  has(hash: string): boolean {
    return hash === LIBRARY ||
      this.#hashes.values().some((one) => one === hash);
  }

  /** Enters far ids, so that what the modules expose is found by them. */
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

  /** Whether the modules expose something that has that far id. */
  hasExposed(farId: number): boolean {
    return this.#aliases.has(farId);
  }

  /**
   * The far id of an id of this process.
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

  /** The modules whose far ids were asked for since the last call. */
  takeUsed(): UsedModule[] {
    const used = [...this.#used.values()];
    this.#used.clear();
    return used;
  }
}

/** The name of a module's file. Its path would tell other machines too much. */
function fileOf(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1).replace(/[?#].*/, "");
}
