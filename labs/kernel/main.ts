// Copyright 2026 the lab9 authors. MIT license.

/**
 * The program behind `deno task notebook`.
 *
 * @module
 */

import { basename, dirname, join, resolve } from "node:path";
import { copyOf } from "../copy/copy.ts";
import { exitCodeOf } from "../copy/exit_code.ts";
import { CopyError, exists } from "../copy/modules.ts";
import { SEAL, writeMade } from "../files/made.ts";
import { mistakeIn } from "../notebook/flags.ts";
import { cellsOf } from "./cells.ts";
import { notebookOf } from "./notebook.ts";

const HELP =
  `Write the lab as a notebook for Deno's Jupyter kernel, and beside it the module
that its threads load and a deno.json that they need.

Usage: deno task notebook [FILE.ipynb]

  FILE.ipynb  Where to write it (default: lab9.ipynb, in this folder); its
              folder is made if it isn't there
  --force     Write over files that are there, also changed ones
  --help      This text`;

const here = Deno.env.get("INIT_CWD") ?? Deno.cwd();

async function main(args: string[]): Promise<void> {
  const mistake = mistakeIn(args, { string: [], boolean: ["force", "help"] });
  if (mistake !== undefined) throw new CopyError(`${mistake}\n\n${HELP}`);
  if (args.includes("--help") || args.includes("-h")) return console.log(HELP);
  const force = args.includes("--force");
  const [path = "lab9.ipynb", ...rest] = args.filter((arg) =>
    arg !== "--force"
  );
  const wrong = rest[0] ?? (path.endsWith(".ipynb") ? undefined : path);
  if (wrong !== undefined) {
    throw new CopyError(
      `Cannot write '${wrong}': name one FILE.ipynb\n\n${HELP}`,
    );
  }
  const file = resolve(here, path);
  const name = basename(file).replace(/ipynb$/, "ts");
  const module = join(dirname(file), name);
  const configs = ["deno.json", "deno.jsonc"].map((name) =>
    join(dirname(file), name)
  );

  const source = new URL("module.ts", import.meta.url);
  const { text } = await copyOf(source, "notebook", name);
  const code = text.replace(
    /^[^]*?\n\n/,
    `// What ${
      name.replace(/ts$/, "ipynb")
    } imports, made by \`deno task notebook\`. The task writes over this\n` +
      `// file only while it is unchanged: ${SEAL}\n\n`,
  );
  // These characters mean something else in an import.
  const specifier = `./${name.replace(/[%#?]/g, encodeURIComponent)}`;
  const cells = [];
  for (const lab of ["threads", "queue", "pool", "gil"]) {
    const script = await Deno.readTextFile(
      new URL(`../${lab}.ts`, import.meta.url),
    );
    cells.push(...cellsOf(lab, script, specifier, exportsOf(text)));
  }
  const drawings = new Map<string, string>();
  for (const drawing of ["threads-5.svg", "threads-7.svg"]) {
    const at = new URL(`../../docs/images/${drawing}`, import.meta.url);
    drawings.set(drawing, await Deno.readTextFile(at));
  }
  const notebook = notebookOf(
    cells.filter(({ id }) => id !== "gil:own"),
    { module: name, drawing: (drawing) => drawings.get(drawing)! },
  );
  await writeMade(new Map([[module, code], [file, notebook]]), { force });
  console.log(`Wrote ${file} and ${module}`);
  await configure(configs);
}

/** Sees to the option that threads need, in the configuration that Deno reads. */
async function configure(configs: string[]): Promise<void> {
  for (const config of configs) {
    if (!await exists(config)) continue;
    if (/worker-options/.test(await Deno.readTextFile(config))) return;
    return console.log(
      `Add "unstable": ["worker-options"] to ${config}: threads need it`,
    );
  }
  const [config] = configs;
  const text = `{ "unstable": ["worker-options"] }\n`;
  await Deno.writeTextFile(config, text, { createNew: true });
  console.log(`Wrote ${config}: without it threads can't start`);
}

/** The names that a module exports in one list. */
function exportsOf(text: string): Set<string> {
  const [, names] = /\nexport \{([^}]*)\};/.exec(text)!;
  return new Set(names.split(",").map((name) => name.trim()).filter(Boolean));
}

/** Runs the program with a command line. It returns the exit code. */
export function program(args: string[]): Promise<number> {
  return exitCodeOf(main(args));
}

if (import.meta.main) Deno.exitCode = await program(Deno.args);
