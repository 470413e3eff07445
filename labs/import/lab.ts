// Copyright 2026 the lab9 authors. MIT license.

/**
 * A lab out of a notebook: its record, and its script with a cell for each, still
 * to be written.
 *
 * @module
 */

import type { RecordedCell, RecordedLab } from "../runner/judge/record.ts";
import { guessRules, secondsIn } from "./guess_rules.ts";
import { plainHeading } from "./heading.ts";
import type { CodeCell } from "./notebook_file.ts";

/** The record of a notebook's cells, under a lab's name. */
export function recordOf(lab: string, cells: CodeCell[]): RecordedLab {
  const ids = idsOf(cells);
  return {
    lab,
    cells: cells.map((cell, i) => {
      const recorded: RecordedCell = {
        id: `${lab}:${ids[i]}`,
        source: cell.source,
        output: cell.output,
        seconds: secondsIn(cell.output),
        rules: guessRules(cell),
      };
      if (cell.number === null) recorded.unrecorded = true;
      return recorded;
    }),
  };
}

/** The script of a lab: the Python of each cell, above a body to be written. */
export function scriptOf(lab: string, notebook: string, cells: CodeCell[]) {
  const ids = idsOf(cells);
  const written = cells.map((cell, i) => {
    const python = cell.source.trimEnd().split("\n")
      .map((line) => `//     ${line}`.trimEnd());
    const id = /^\d+$/.test(ids[i]) ? ids[i] : JSON.stringify(ids[i]);
    return `// In Python:
//
${python.join("\n")}
cell(${id}, ${JSON.stringify(titleOf(cell))}, {}, () => {
  throw new Error("Cell [${ids[i]}] is not written yet");
});
`;
  });
  return `// To take this lab with you, as one file that needs nothing beside it:
//
//     deno task copy ${lab} ${lab}.ts

/**
 * The cells of ${notebook}, to be written.
 *
 *     deno run --no-prompt --allow-read=labs,lib,vendor,mod.ts labs/${lab}.ts
 *
 * \`cell(number, title, {}, fn)\` is a cell: its number in the notebook, its title,
 * its options, and a function that does what the Python above it does. An option
 * such as \`{ needs: [1] }\` names the earlier cells that it depends on.
 *
 * What the function prints is compared with what the notebook recorded. The value of
 * a cell's last line is to be printed too, as Python prints it, which console.log()
 * alone doesn't: \`console.log([0, 1, 4])\` prints \`[ 0, 1, 4 ]\`. The module
 * "./notebook/python/mod.ts" has what does. A bigint is an int there, and a number a
 * float:
 *
 *     console.log(displayList([0n, 1n, 4n])); // [0, 1, 4]
 *     console.log(repr("text"), repr(2)); // 'text' 2.0
 *
 * A function that threads or a pool run is exported, and exposed as in threads.ts.
 */

import { cell, runLab } from "./notebook/cell.ts";

${written.join("\n")}
if (import.meta.main) {
  await runLab({
    name: ${JSON.stringify(lab)},
    about: ${JSON.stringify(`The cells of ${notebook}.`)},
    workers: 2,
    workersHelp: "How many workers there are",
  });
}
`;
}

/** The cells' numbers, or None; a kernel that was restarted counts anew. */
function idsOf(cells: CodeCell[]): string[] {
  const seen = new Map<string, number>();
  return cells.map(({ number }) => {
    const id = number === null ? "None" : `${number}`;
    const times = (seen.get(id) ?? 0) + 1;
    seen.set(id, times);
    return times === 1 ? id : `${id}_${times}`;
  });
}

/** The heading above a cell, or else the first thing that its code says. */
function titleOf({ headings, source }: CodeCell): string {
  const heading = headings.at(-1);
  const title = heading === undefined
    ? codeTitle(source)
    : plainHeading(withoutColon(heading)).trim() || "a cell";
  const characters = [...title];
  return characters.length <= 40
    ? title
    : `${characters.slice(0, 39).join("").trim()}…`;
}

/** A colon at the end leads to the cell below, unless it is code. */
function withoutColon(heading: string): string {
  return heading.trimEnd().replace(/:([*_]*)$/, "$1");
}

/** What the code defines, or its first line, as they stand there. */
function codeTitle(source: string): string {
  const defined = /^(?:async +)?(?:def|class) +([^\s(:[]+)/m.exec(source);
  return defined ? `${defined[1]}()` : source.trimStart().split("\n")[0].trim();
}
