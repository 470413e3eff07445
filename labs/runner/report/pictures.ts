// Copyright 2026 the lab9 authors. MIT license.

import { markOf } from "./mark.ts";
import { proseOf } from "../../notebook/prose.ts";
import { folded } from "./fold.ts";
import { difference } from "./differences.ts";
import { reportPage } from "../draw/html.ts";
import { drawSvg } from "../draw/svg.ts";
import { traceEvents } from "../draw/trace.ts";
import { isWorthDrawing } from "../draw/worth.ts";
import type { CellResult, LabResult } from "../result.ts";
import { sentenceOf } from "./sentence.ts";
import { rowsOf } from "./rows.ts";
import { describe } from "../judge/verdict.ts";

/** A file to write. */
export interface PictureFile {
  path: string;
  text: string;
}

/** A picture a cell, in a folder: `threads-7.svg`; of several runs, the last. */
export function svgFiles(folder: string, results: LabResult[]): PictureFile[] {
  return cellsOf(results).flatMap(({ id, timelines }) =>
    timelines.filter(isWorthDrawing).map((timeline, i, all) => {
      const part = all.length > 1 ? `-${i + 1}` : "";
      const path = `${folder}/${id.replace(":", "-")}${part}.svg`;
      return { path, text: `<!-- ${markOf("svg")} -->\n${drawSvg(timeline)}` };
    })
  );
}

/** All cells' timelines as one trace, in Chrome's format. */
export function traceText(results: LabResult[]): string {
  const timelines = results.flatMap(({ run, cells }) =>
    cells.flatMap(({ id, timelines }) =>
      timelines.map((timeline) => ({
        ...timeline,
        cell: run === 1 ? id : `${id}, run ${run}`,
      }))
    )
  );
  return JSON.stringify({
    generator: markOf("trace"),
    ...traceEvents(timelines),
  });
}

/** The verdicts, the outputs beside the record, and the timelines, as a page. */
export function reportText(results: LabResult[]): string {
  const labs = [...new Set(results.map(({ lab }) => lab))];
  const sentences = labs.map((lab) =>
    sentenceOf(lab, rowsOf(results.filter((result) => result.lab === lab)))
  );
  const cells = results.flatMap(({ run, cells }) =>
    cells.map((cell) => {
      const { verdict, recorded } = cell;
      return {
        id: run === 1 ? cell.id : `${cell.id}, run ${run}`,
        title: cell.title,
        verdict: describe(verdict),
        difference: difference(verdict).join("\n"),
        source: recorded?.source ?? "",
        prose: proseOf(cell.id),
        recorded: foldedText(recorded?.output ?? ""),
        here: foldedText(cell.output),
        python: cell.python && foldedText(cell.python.output),
        seconds: {
          recorded: verdict.timing.recorded ?? undefined,
          here: verdict.seconds ?? undefined,
        },
        timeline: cell.timelines.filter(isWorthDrawing).at(-1),
      };
    })
  );
  const page = reportPage({ summary: sentences, cells });
  return page.replace("\n", `\n<!-- ${markOf("report")} -->\n`);
}

function foldedText(text: string): string {
  return folded(text.split("\n")).join("\n");
}

function cellsOf(results: LabResult[]): CellResult[] {
  return results.flatMap(({ cells }) => cells);
}
