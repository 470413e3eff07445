// Copyright 2026 the lab9 authors. MIT license.

import { runProcess } from "../run/lab_process.ts";
import { print, widthOf } from "../terminal.ts";
import type { Lab } from "../result.ts";
import type { ChosenCell, Selection } from "../selection.ts";
import { table } from "./table.ts";

/** Prints the chosen cells, and how they are compared. */
export async function list(
  selections: Selection<Lab>[],
  signal: AbortSignal,
): Promise<number> {
  const rows: string[][] = [];
  for (const { lab, cells } of selections) {
    const titles = await titlesOf(lab, signal);
    if (titles === undefined) return signal.aborted ? signal.reason : 3;
    for (const cell of cells) {
      const { id, recorded } = cell;
      const seconds = recorded?.seconds == null ? "" : `${recorded.seconds} s`;
      rows.push([id, titles.get(id) ?? "", seconds, howCompared(cell)]);
    }
  }
  print(table(
    [
      { title: "Cell" },
      { title: "Shows", wraps: true },
      { title: "Notebook", align: "right" },
      { title: "Compared by", wraps: true },
    ],
    rows,
    widthOf(Deno.stdout),
  ));
  return 0;
}

/** The titles of a lab's cells, by their ids. */
async function titlesOf(
  lab: Lab,
  signal: AbortSignal,
): Promise<Map<string, string> | undefined> {
  const titles = new Map<string, string>();
  const code = await runProcess([...lab.command, "--list"], {
    signal,
    onLine: (line) => {
      const [, id, title] = /^\[(\w+)\] +(.*)$/.exec(line) ?? [];
      if (id !== undefined) titles.set(`${lab.lab}:${id}`, title);
    },
    onErrorLine: console.error,
  });
  return code === 0 ? titles : undefined;
}

function howCompared({ recorded, than }: ChosenCell): string {
  if (recorded === undefined || recorded.unrecorded) return "not recorded";
  return [
    ...recorded.rules,
    ...recorded.time?.sleeps ? ["time as recorded"] : [],
    ...than === undefined ? [] : [`time against ${than.id}`],
  ].join(", ");
}
