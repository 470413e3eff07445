// Copyright 2026 the lab9 authors. MIT license.

/**
 * A lab out of a notebook: its record, and its script with a cell for each, still
 * to be written.
 *
 * @module
 */

import type { RecordedCell, RecordedLab } from "../runner/judge/record.ts";
import { guessRules, secondsIn } from "./guess_rules.ts";
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

function titleOf({ headings, source }: CodeCell): string {
  const defined = /^(?:def|class) +(\w+)/m.exec(source);
  const first = source.split("\n").find((line) => line.trim() !== "") ?? "";
  const title = headings.at(-1) ?? (defined ? `${defined[1]}()` : first.trim());
  const plain = title.replaceAll(/[*_`]|:$/g, "").trim() || "a cell";
  return plain.length <= 40 ? plain : `${plain.slice(0, 39).trim()}…`;
}
