// Copyright 2026 the lab9 authors. MIT license.

/**
 * One file out of a script and what it imports.
 *
 * @module
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { SEAL } from "../files/made.ts";
import { fileWord, threadCommand } from "../notebook/flags.ts";
import { checkImports } from "./check.ts";
import { CopyError, exists, readModules } from "./modules.ts";
import { Names } from "./names.ts";
import { Program } from "./program.ts";
import { shake } from "./shake.ts";
import { write } from "./write.ts";

/** A copy, and how it is run. */
export interface Copy {
  text: string;
  command: string;
}

const labs = new URL("../", import.meta.url);

/** The labs that can be copied, by name. */
export async function labNames(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isFile } of Deno.readDir(labs)) {
    const lab = name.replace(/\.ts$/, "");
    if (isFile && lab !== name) names.push(lab);
  }
  return names.sort();
}

/** The file of a lab, by name, or of any script, by path. */
export async function scriptOf(
  argument: string,
  folder: string,
): Promise<URL> {
  const names = await labNames();
  if (names.includes(argument)) return new URL(`${argument}.ts`, labs);
  const file = pathToFileURL(resolve(folder, argument));
  if (!await exists(file)) {
    throw new CopyError(
      `Cannot copy '${argument}': it is no lab (${names.join(", ")}) and no ` +
        "script's path",
    );
  }
  if (/\.m?[jt]s$/.test(argument)) return file;
  throw new CopyError(
    `Cannot copy '${argument}': it must be a script, a file that ends with ` +
      ".ts, .mts, .js or .mjs",
  );
}

/** The script and what it uses, as the text of a file of that name. */
export async function copyOf(
  script: URL,
  argument: string,
  file: string,
): Promise<Copy> {
  const program = new Program(await readModules(script));
  checkImports(program);
  const kept = shake(program);
  const body = write(program, kept, new Names(program, kept));
  // What starts workers checks this. The library may also be a script's own copy.
  const startsWorkers = kept.sources.some(({ module }) =>
    module.specifier.endsWith("/lib/platform/requirements.ts")
  );
  const command = startsWorkers
    ? threadCommand(file)
    : `deno run ${fileWord(file)}`;
  const isLab = script.href.startsWith(labs.href);
  const more = isLab ? "" : `//
// It also needs the permissions that the script itself needs.
`;
  const text =
    `// One file that needs nothing beside it, made by \`deno task copy ${argument}\`:
//
//     ${command}
${more}//
// The task writes over this file only while it is unchanged:
// ${SEAL}

${isLab ? withoutCommands(body) : body}`;
  return { text, command };
}

/** A lab's text without the commands of its own header: they hold only there. */
function withoutCommands(text: string): string {
  return text
    .replace(/^\/\/ To take this lab[^]*?\n\n/, "")
    .replace(/\n \*\n \* {5}deno task lab:[^]*?(?=\n \*\/)/, "");
}
