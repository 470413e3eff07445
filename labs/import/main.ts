// Copyright 2026 the lab9 authors. MIT license.

/**
 * Makes a lab of a Python notebook: its record, and a script to be written.
 *
 *     deno task import NOTEBOOK.ipynb NAME
 *
 * @module
 */

import { resolve } from "node:path";
import { mistakeIn } from "../notebook/flags.ts";
import { checkRecord } from "../runner/judge/check_record.ts";
import { UsageError } from "../runner/usage_error.ts";
import { recordOf, scriptOf } from "./lab.ts";
import { readNotebook } from "./notebook_file.ts";

const HELP = `Make a lab of a Python notebook.

Usage: deno task import NOTEBOOK.ipynb NAME

It writes labs/recorded/NAME.json, what the notebook's cells printed and a first
guess of the rules to compare it by, and labs/NAME.ts, a cell() for each with
its Python above it, to be written.`;

const labs = new URL("../", import.meta.url);

async function main(args: string[]): Promise<void> {
  const mistake = mistakeIn(args, { string: [], boolean: ["help"] });
  if (mistake !== undefined) throw new UsageError(`${mistake}\n\n${HELP}`);
  if (args.includes("--help") || args.includes("-h")) return console.log(HELP);
  const [path, name, ...rest] = args;
  if (name === undefined || rest.length > 0) {
    throw new UsageError(`Cannot import: name a notebook and a lab\n\n${HELP}`);
  }
  if (!/^[a-z][a-z0-9_]{0,29}$/.test(name)) {
    throw new UsageError(
      `Cannot import as '${name}': a lab's name is of small letters, digits ` +
        "and underscores, and begins with a letter",
    );
  }
  const cells = readNotebook(await read(path), path);
  const notebook = path.split(/[/\\]/).at(-1)!;
  const record = recordOf(name, cells);
  checkRecord(record, name, path);
  const files = [
    ["recorded/", `${name}.json`, `${JSON.stringify(record, null, 2)}\n`],
    ["", `${name}.ts`, scriptOf(name, notebook, cells)],
  ].map(([folder, file, text]) => ({
    file: new URL(folder + file, labs),
    shown: `labs/${folder}${file}`,
    text,
  }));
  const taken: string[] = [];
  for (const { file, shown } of files) {
    if (await exists(file)) taken.push(shown);
  }
  if (taken.length > 0) {
    const remedy = await isOwn(name)
      ? "Choose"
      : `Delete ${["it", ...taken.slice(1)].join(" and ")}, or choose`;
    throw new UsageError(
      `Cannot import as '${name}': ${taken[0]} exists already. ` +
        `${remedy} another name.`,
    );
  }
  for (const { file, shown, text } of files) {
    await Deno.writeTextFile(file, text, { createNew: true }).catch(
      ({ message }) => {
        throw new UsageError(`Cannot write ${shown}: ${message}`);
      },
    );
  }
  console.log(
    `Wrote ${files.map(({ shown }) => shown).join(" and ")}, with ` +
      `${cells.length} ${
        cells.length === 1 ? "cell" : "cells"
      }. Look the rules over, write the cells, and run\n` +
      `  deno task labs ${name}`,
  );
}

async function read(path: string): Promise<string> {
  const folder = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  try {
    return await Deno.readTextFile(resolve(folder, path));
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Deno.errors.IsADirectory
      ? "it is a folder"
      : (error as Error).message;
    throw new UsageError(`Cannot read '${path}': ${why}`);
  }
}

/** Whether a lab came with the project, so that nobody is to delete it. */
async function isOwn(name: string): Promise<boolean> {
  const config = await Deno.readTextFile(new URL("../deno.json", labs));
  return Object.hasOwn(JSON.parse(config).tasks, `lab:${name}`);
}

async function exists(file: URL): Promise<boolean> {
  try {
    await Deno.lstat(file);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

try {
  await main(Deno.args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
