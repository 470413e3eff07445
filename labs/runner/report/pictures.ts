// Copyright 2026 the lab9 authors. MIT license.

import { markOf } from "./mark.ts";
import { proseOf } from "../../notebook/prose.ts";
import { folded } from "./fold.ts";
import { difference } from "./differences.ts";
import { reportPage } from "../draw/html.ts";
import { drawSvg, type SvgTime } from "../draw/svg.ts";
import { traceEvents } from "../draw/trace.ts";
import { isWorthDrawing } from "../draw/worth.ts";
import type { CellResult, LabResult } from "../result.ts";
import { axisOf } from "../selection.ts";
import { sentenceOf, speedText } from "./sentence.ts";
import { rowsOf } from "./rows.ts";
import { describe } from "../judge/verdict.ts";

/** A file to write. */
export interface PictureFile {
  path: string;
  text: string;
}

/**
 * The pictures of the cells, in a folder: `threads-7.svg`. If a cell ran several times, the
 * picture is that of the last run.
 */
export function svgFiles(folder: string, results: LabResult[]): PictureFile[] {
  const axes = axesOf(results);
  return cellsOf(results).flatMap((cell) => {
    const { id, recorded, timelines } = cell;
    const axis = axes.get(axisOf(id, recorded));
    const times = timesOf(cell);
    return timelines.filter(isWorthDrawing).map((timeline, i, all) => {
      const part = all.length > 1 ? `-${i + 1}` : "";
      const path = `${folder}/${id.replace(":", "-")}${part}.svg`;
      const picture = drawSvg(timeline, { axis, times });
      return { path, text: `<!-- ${markOf("svg")} -->\n${picture}` };
    });
  });
}

/** A cell's three times, if it ran in Python, too. */
function timesOf({ verdict, python }: CellResult): SvgTime[] {
  if (python === undefined) return [];
  const times: [string, number | null][] = [
    ["Notebook", verdict.timing.recorded],
    ["Python here", python.seconds],
    ["Here", verdict.seconds],
  ];
  return times.flatMap(([name, seconds]) =>
    seconds === null ? [] : [{ name, seconds }]
  );
}

/** The timelines of all cells as one trace, in Chrome's format. */
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

/** The report as a page: the verdicts, the outputs beside the record, and the timelines. */
export function reportText(
  results: LabResult[],
  codes: Map<string, string> = new Map(),
): string {
  const labs = [...new Set(results.map(({ lab }) => lab))];
  const sentences = labs.map((lab) =>
    sentenceOf(lab, rowsOf(results.filter((result) => result.lab === lab)))
  );
  const axes = axesOf(results);
  const cells = results.flatMap(({ run, cells }) =>
    cells.map((cell) => {
      const { verdict, recorded } = cell;
      return {
        id: run === 1 ? cell.id : `${cell.id}, run ${run}`,
        title: cell.title,
        verdict: describe(verdict),
        difference: difference(verdict).join("\n"),
        source: recorded?.source ?? "",
        code: codes.get(cell.id),
        speed: speedText(verdict.timing),
        prose: proseOf(cell.id, cell.title),
        recorded: foldedText(recorded?.output ?? ""),
        here: foldedText(cell.output),
        python: cell.python && foldedText(cell.python.output),
        seconds: {
          recorded: verdict.timing.recorded ?? undefined,
          python: cell.python?.seconds ?? undefined,
          here: verdict.seconds ?? undefined,
        },
        timeline: cell.timelines.filter(isWorthDrawing).at(-1),
        axis: axes.get(axisOf(cell.id, recorded)),
      };
    })
  );
  const page = reportPage({
    summary: sentences,
    about: aboutText(results),
    cells,
  });
  return page.replace("\n", `\n<!-- ${markOf("report")} -->\n`);
}

/** When and where it ran, and how much other programs used the processors. */
function aboutText(results: LabResult[]): string {
  const { os, arch } = Deno.build;
  const others = cellsOf(results).map(({ verdict }) => verdict.others ?? 0);
  return `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, ` +
    `${os} on ${arch}, ${navigator.hardwareConcurrency} processors, ` +
    `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}; other programs used up ` +
    `to ${Math.max(0, ...others).toFixed(1)} processors`;
}

/** The ends of the time axes that several cells have in common. */
function axesOf(results: LabResult[]): Map<string, number> {
  const axes = new Map<string, number>();
  for (const { id, recorded, timelines } of cellsOf(results)) {
    const group = axisOf(id, recorded);
    const longest = Math.max(
      axes.get(group) ?? 0,
      ...timelines.map(({ duration }) => duration),
    );
    axes.set(group, longest);
  }
  return axes;
}

function foldedText(text: string): string {
  return folded(text.split("\n")).join("\n");
}

function cellsOf(results: LabResult[]): CellResult[] {
  return results.flatMap(({ cells }) => cells);
}
