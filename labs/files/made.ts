// Copyright 2026 the lab9 authors. MIT license.

/**
 * Files that a program of the labs makes: copies, notebooks, the page. The program
 * writes over a file only if it is as the program has made it.
 *
 * A seal in the file's own text says so, in a comment or in a notebook's metadata:
 * the hash of the text, taken while the hash's place in it is zeros. The first
 * seal in a text is the one that counts.
 *
 * @module
 */

import { dirname } from "node:path";

const HEX_DIGITS = 32;

/** What stands in a text where its seal is to be. */
export const SEAL = `made-by-lab9:${"0".repeat(HEX_DIGITS)}`;

const SEALED = new RegExp(`\\bmade-by-lab9:[0-9a-f]{${HEX_DIGITS}}\\b`);

/** A file that can't be written: its message is all that is shown. */
export class WriteError extends Error {
  override name = "WriteError";
}

/** Options of {@linkcode writeMade}. */
export interface WriteMadeOptions {
  /**
   * Whether to write over any file.
   *
   * @default {false}
   */
  force?: boolean;
}

/**
 * Writes files that have a place for a seal, and makes the folders that they need.
 * It writes nothing if there is one that it may not write over.
 *
 * @param files The texts, by their files' paths.
 * @param options Whether to write over any file.
 * @throws {WriteError} If a file was changed, or made by somebody else, or can't be
 * written.
 */
export async function writeMade(
  files: ReadonlyMap<string, string>,
  { force = false }: WriteMadeOptions = {},
): Promise<void> {
  for (const path of files.keys()) {
    await checkFolder(path, dirname(path));
    if (!force) await checkFile(path);
  }
  for (const [path, text] of files) {
    const sealed = await withSeal(text);
    await orWriteError(path, async () => {
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeTextFile(path, sealed);
    });
  }
}

async function withSeal(text: string): Promise<string> {
  const blank = text.replace(SEALED, SEAL);
  const bytes = new TextEncoder().encode(blank);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = hash.toHex().slice(0, HEX_DIGITS);
  return blank.replace(SEAL, SEAL.replace(/0+$/, hex));
}

async function checkFile(path: string): Promise<void> {
  const text = await orWriteError(path, () => textOf(path));
  if (text === undefined) return;
  const reason = !SEALED.test(text)
    ? "there is a file that this program has not made"
    : await withSeal(text) !== text
    ? "it was changed since this program has made it"
    : undefined;
  if (reason === undefined) return;
  throw new WriteError(
    `Cannot write ${path}: ${reason}; --force writes over it`,
  );
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Whether a folder is there, or can be made in one that is. */
async function checkFolder(path: string, folder: string): Promise<void> {
  const info = await Deno.stat(folder).catch(() => undefined);
  if (info?.isDirectory) return;
  if (info !== undefined) {
    throw new WriteError(
      `Cannot write ${path}: ${folder} is a file, not a folder`,
    );
  }
  if (dirname(folder) !== folder) await checkFolder(path, dirname(folder));
}

async function orWriteError<T>(
  path: string,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const { message } = error as Error;
    throw new WriteError(`Cannot write ${path}: ${message}`, { cause: error });
  }
}
