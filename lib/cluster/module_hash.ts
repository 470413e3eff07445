// Copyright 2026 the lab9 authors. MIT license.

/**
 * A hash of a module's code: of its text and of the texts of all modules that it
 * imports. It is the same on two machines if the code is the same, wherever the files
 * stand. An import from `npm:`, `jsr:` or `https:` counts by its specifier, which
 * names its version. An import whose specifier is computed isn't seen.
 *
 * @module
 */

/** The specifiers of imports, also of types, and of `import("…")`. */
const SPECIFIERS =
  /(?:^|[\n;}])\s*(?:import|export)\b(?:[^;"'`]*?\bfrom)?\s*["']([^"'\n]+)["']|\bimport\s*\(\s*["']([^"'\n]+)["']\s*[,)]/g;
const IS_CODE = /\.[cm]?[jt]sx?$/;
/** How many hexadecimal digits a hash has. */
const HASH_LETTERS = 32;

/** Resolves a bare specifier by this program's import map. */
const { resolve: byImportMap } = import.meta;

/** Hashes modules. Each file is read and hashed once. */
export class ModuleHasher {
  #texts = new Map<string, Promise<Module>>();

  /**
   * Hashes a module and what it imports.
   *
   * @throws {Deno.errors.NotFound} If the module can't be found.
   */
  async hash(url: string): Promise<string> {
    const lines: string[] = [];
    const numbers = new Map<string, number>();
    const visit = async (url: string): Promise<number> => {
      const known = numbers.get(url);
      if (known !== undefined) return known;
      const number = numbers.size;
      numbers.set(url, number);
      const { digest, imports } = await this.#read(url);
      const names: string[] = [];
      for (const specifier of imports) {
        const imported = resolve(specifier, url);
        const name = imported.startsWith("file:")
          ? await visit(imported).catch(() => "missing")
          : imported;
        names.push(`${specifier}=${name}`);
      }
      lines[number] = [digest, ...names].join(" ");
      return number;
    };
    if (!url.startsWith("file:")) {
      return (await digestOf(url)).slice(0, HASH_LETTERS);
    }
    await visit(url);
    return (await digestOf(lines.join("\n"))).slice(0, HASH_LETTERS);
  }

  #read(url: string): Promise<Module> {
    let module = this.#texts.get(url);
    if (module === undefined) this.#texts.set(url, module = readModule(url));
    return module;
  }
}

interface Module {
  digest: string;
  imports: string[];
}

async function readModule(url: string): Promise<Module> {
  const path = new URL(url);
  // A query makes another module of the same file.
  path.search = path.hash = "";
  const bytes = await Deno.readFile(path);
  const imports = new Set<string>();
  if (IS_CODE.test(path.pathname)) {
    const text = new TextDecoder().decode(bytes);
    for (const [, one, other] of text.matchAll(SPECIFIERS)) {
      imports.add(one ?? other);
    }
  }
  return { digest: await digestOf(bytes), imports: [...imports] };
}

function resolve(specifier: string, url: string): string {
  if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, url).href;
  if (URL.canParse(specifier)) return specifier;
  try {
    return byImportMap(specifier);
  } catch {
    return specifier;
  }
}

async function digestOf(
  content: string | Uint8Array<ArrayBuffer>,
): Promise<string> {
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest).toHex();
}
