// Copyright 2026 the lab9 authors. MIT license.

/**
 * The program behind `deno task copy`.
 *
 * @module
 */

import { copyInto, labNames, scriptOf } from "./copy.ts";
import { CopyError, pathOf } from "./modules.ts";

const HELP =
  `Make a lab, or a script of your own that imports @lab9/concurrency, one file
that needs nothing beside it.

Usage: deno task copy LAB|SCRIPT [FILE|DIR]
       deno task copy --all DIR

  LAB      One of the labs, such as queue
  SCRIPT   The path of a script
  FILE     Where to write it (default: its own name, in this folder)
  --all    All labs, into a folder
  --help   This text`;

/** The folder that the task was started from; the task itself runs elsewhere. */
const here = new URL(
  `file://${encodeURI(Deno.env.get("INIT_CWD") ?? Deno.cwd())}/`,
);

async function main(args: string[]): Promise<void> {
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) {
    return console.log(HELP);
  }
  const unknown = args.find((arg) => arg.startsWith("-") && arg !== "--all");
  if (unknown !== undefined) {
    throw new CopyError(`Unknown argument '${unknown}'\n\n${HELP}`);
  }
  if (args.includes("--all")) {
    const [dir, ...rest] = args.filter((arg) => arg !== "--all");
    if (dir === undefined || rest.length > 0) {
      throw new CopyError(`Cannot copy all labs: name one folder\n\n${HELP}`);
    }
    const folder = new URL(encodeURI(`${dir.replace(/\/$/, "")}/`), here);
    await Deno.mkdir(folder, { recursive: true });
    for (const lab of await labNames()) await copy(lab, folder);
    return;
  }
  const [what, where, ...rest] = args;
  if (rest.length > 0) {
    throw new CopyError(`Unknown argument '${rest[0]}'\n\n${HELP}`);
  }
  await copy(what, await targetOf(where));
}

/** The file or the folder, with a slash at its end, that was asked for. */
async function targetOf(where: string | undefined): Promise<URL> {
  if (where === undefined) return here;
  const target = new URL(encodeURI(where), here);
  const isFolder = await Deno.stat(target).then(
    ({ isDirectory }) => isDirectory,
    () => where.endsWith("/"),
  );
  if (!isFolder) return target;
  await Deno.mkdir(target, { recursive: true });
  return target.href.endsWith("/") ? target : new URL(`${target.href}/`);
}

async function copy(what: string, target: URL): Promise<void> {
  const script = await scriptOf(what, here);
  const file = target.href.endsWith("/")
    ? new URL(script.href.split("/").at(-1)!, target)
    : target;
  const { text, command } = await copyInto(script, what, file);
  const lines = text.split("\n").length - 1;
  console.log(`Wrote ${pathOf(file)}, ${lines} lines. Run it there with`);
  console.log(`  ${command}`);
}

try {
  await main(Deno.args);
} catch (error) {
  if (!(error instanceof CopyError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
