// Copyright 2026 the lab9 authors. MIT license.

/**
 * The program behind `deno task notebook`.
 *
 * @module
 */

import { copyOf } from "../copy/copy.ts";
import { CopyError, exists, pathOf } from "../copy/modules.ts";
import { cellsOf } from "./cells.ts";
import { notebookOf } from "./notebook.ts";

const HELP =
  `Write the lab as a notebook for Deno's Jupyter kernel, and beside it the module
that its threads load and a deno.json that they need.

Usage: deno task notebook [FILE.ipynb]

  FILE.ipynb  Where to write it (default: lab9.ipynb, in this folder)
  --help      This text`;

const here = new URL(
  `file://${encodeURI(Deno.env.get("INIT_CWD") ?? Deno.cwd())}/`,
);

async function main(args: string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) return console.log(HELP);
  const [path = "lab9.ipynb", ...rest] = args;
  const wrong = rest[0] ?? (path.endsWith(".ipynb") ? undefined : path);
  if (wrong !== undefined) {
    throw new CopyError(
      `Cannot write '${wrong}': name one FILE.ipynb\n\n${HELP}`,
    );
  }
  const file = new URL(encodeURI(path), here);
  const name = pathOf(file).split("/").at(-1)!.replace(/ipynb$/, "ts");
  const module = new URL(encodeURI(name), file);
  const config = new URL("deno.json", file);

  const source = new URL("module.ts", import.meta.url);
  const { text } = await copyOf(source, "notebook", name);
  const code = text.replace(
    /^[^]*?\n\n/,
    `// What ${
      name.replace(/ts$/, "ipynb")
    } imports, made by \`deno task notebook\`.\n\n`,
  );
  const cells = [];
  for (const lab of ["threads", "queue", "pool", "gil"]) {
    const script = await Deno.readTextFile(
      new URL(`../${lab}.ts`, import.meta.url),
    );
    cells.push(...cellsOf(lab, script, `./${name}`, exportsOf(text)));
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
  await write(module, code);
  await write(file, notebook);
  console.log(`Wrote ${pathOf(file)} and ${pathOf(module)}`);
  if (!await exists(config)) {
    await write(config, `{ "unstable": ["worker-options"] }\n`);
    console.log(`Wrote ${pathOf(config)}: without it threads can't start`);
  } else if (!/worker-options/.test(await Deno.readTextFile(config))) {
    console.log(
      `Add "unstable": ["worker-options"] to ${
        pathOf(config)
      }: threads need it`,
    );
  }
}

/** The names that a module exports in one list. */
function exportsOf(text: string): Set<string> {
  const [, names] = /\nexport \{([^}]*)\};/.exec(text)!;
  return new Set(names.split(",").map((name) => name.trim()).filter(Boolean));
}

async function write(file: URL, text: string): Promise<void> {
  try {
    await Deno.writeTextFile(file, text);
  } catch (error) {
    throw new CopyError(
      `Cannot write ${pathOf(file)}: ${(error as Error).message}`,
    );
  }
}

try {
  await main(Deno.args);
} catch (error) {
  if (!(error instanceof CopyError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
