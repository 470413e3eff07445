// Copyright 2026 the lab9 authors. MIT license.

/**
 * The program behind `deno task copy`.
 *
 * @module
 */

import { basename, join, resolve } from "node:path";
import { writeMade } from "../files/made.ts";
import { type Copy, copyOf, labNames, scriptOf } from "./copy.ts";
import { exitCodeOf } from "./exit_code.ts";
import { CopyError, pathOf } from "./modules.ts";

const HELP =
  `Make a lab, or a script of your own that imports @lab9/concurrency, one file
that needs nothing beside it.

Usage: deno task copy LAB|SCRIPT [FILE|DIR]
       deno task copy --all DIR

  LAB      One of the labs, such as queue
  SCRIPT   The path of a script
  FILE     Where to write it, as FILE.ts (default: its own name, in this folder)
  DIR      Or the folder, which is made if it isn't there
  --all    All labs, into a folder
  --force  Write over files that are there, also changed ones
  --help   This text`;

/** The folder that the task was started from; the task itself runs elsewhere. */
const here = Deno.env.get("INIT_CWD") ?? Deno.cwd();

async function main(args: string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) {
    return console.log(HELP);
  }
  const flags = args.filter((arg) => arg.startsWith("-"));
  const [what, where, ...rest] = args.filter((arg) => !flags.includes(arg));
  const unknown = flags.find((flag) => !["--all", "--force"].includes(flag));
  if (unknown !== undefined) {
    throw new CopyError(`Unknown argument '${unknown}'\n\n${HELP}`);
  }
  const force = flags.includes("--force");
  if (flags.includes("--all")) {
    if (!what || where !== undefined) {
      throw new CopyError(`Cannot copy all labs: name one folder\n\n${HELP}`);
    }
    const folder = resolve(here, what);
    return await copy(await labNames(), (name) => join(folder, name), force);
  }
  if (!what) {
    throw new CopyError(`Cannot copy: name a lab or a script\n\n${HELP}`);
  }
  if (where === "") {
    throw new CopyError(
      `Cannot copy '${what}' to '': name a file or a folder\n\n${HELP}`,
    );
  }
  if (rest.length > 0) {
    throw new CopyError(`Unknown argument '${rest[0]}'\n\n${HELP}`);
  }
  const target = resolve(here, where ?? ".");
  const isFile = await isFilePath(target);
  await copy([what], (name) => isFile ? target : join(target, name), force);
}

/** Whether a path is a file's, by its name; other names are folders. */
async function isFilePath(path: string): Promise<boolean> {
  if (!/\.m?ts$/.test(path)) return false;
  const info = await Deno.stat(path).catch(() => undefined);
  return !info?.isDirectory;
}

/** Copies labs and scripts to where their names lead, all or none. */
async function copy(
  all: string[],
  pathFor: (name: string) => string,
  force: boolean,
): Promise<void> {
  const copies = new Map<string, Copy>();
  for (const what of all) {
    const script = await scriptOf(what, here);
    const path = pathFor(basename(pathOf(script)).replace(/js$/, "ts"));
    await checkIsAnother(path, pathOf(script));
    copies.set(path, await copyOf(script, what, basename(path)));
  }
  const texts = new Map([...copies].map(([path, { text }]) => [path, text]));
  await writeMade(texts, { force });
  for (const [path, { text, command }] of copies) {
    const lines = text.split("\n").length - 1;
    console.log(`Wrote ${path}, ${lines} lines. Run it there with`);
    console.log(`  ${command}`);
  }
}

/** No flag lets a copy take the place of what is copied. */
async function checkIsAnother(path: string, script: string): Promise<void> {
  const real = await Deno.realPath(path).catch(() => path);
  if (real !== await Deno.realPath(script)) return;
  throw new CopyError(
    `Cannot write ${path}: it is the script that is copied, name another file`,
  );
}

/** Runs the program with a command line. It returns the exit code. */
export function program(args: string[]): Promise<number> {
  return exitCodeOf(main(args));
}

if (import.meta.main) Deno.exitCode = await program(Deno.args);
