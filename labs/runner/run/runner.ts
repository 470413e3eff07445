// Copyright 2026 the lab9 authors. MIT license.

import { bold, getColorEnabled, green, yellow } from "@std/fmt/colors";
import type { Options } from "../cli.ts";
import { drawGantt } from "../draw/gantt.ts";
import { runProcess } from "./lab_process.ts";
import { isWorthDrawing } from "../report/pictures.ts";
import { print, widthOf } from "../report/print.ts";
import { Progress, type ProgressStyle } from "./progress.ts";
import type { RecordedLab } from "../judge/record.ts";
import { findCell, flagsOf, numberOf, type Selection } from "../selection.ts";
import type { Timeline } from "../../notebook/timeline.ts";
import { recordedSeconds } from "../judge/timing.ts";
import { Transcript } from "./transcript.ts";
import { judge, type Verdict } from "../judge/verdict.ts";

/** Wider than this, a chart is no clearer. */
const LONGEST_CHART = 100;

/** A lab: what the notebook recorded, and how it is run. */
export interface Lab extends RecordedLab {
  /** The program and its arguments, as in deno.json's task. */
  command: string[];
  /** Where the record is, if it may change while the program runs. */
  file?: URL;
}

/** A cell in one run of its lab. */
export interface CellResult {
  /** The lab and the cell's number: `queue:23`. */
  id: string;
  title: string;
  output: string;
  timelines: Timeline[];
  verdict: Verdict;
}

/** One run of a lab. */
export interface LabResult {
  lab: Lab;
  /** Which run of `--repeat` it was, from 1. */
  run: number;
  /** The chosen cells. */
  cells: CellResult[];
  /** Why the lab didn't run to its end, if it failed or took too long. */
  failure?: string;
}

/**
 * Runs the chosen labs, each as often as was asked for.
 *
 * @param selections What was chosen.
 * @param options The flags.
 * @param signal Ends the running lab; no other is started.
 * @returns Each run of a lab, when it is over.
 */
export async function* runLabs(
  selections: Selection<Lab>[],
  options: Options,
  signal: AbortSignal,
): AsyncGenerator<LabResult> {
  for (const selection of selections) {
    for (let run = 1; run <= options.repeat; run++) {
      // A first run that never was tells which cells were left out.
      if (signal.aborted && run > 1) break;
      yield await runLab(selection, run, options, signal);
    }
  }
}

async function runLab(
  selection: Selection<Lab>,
  run: number,
  options: Options,
  signal: AbortSignal,
): Promise<LabResult> {
  const { lab, cells } = selection;
  const transcript = new Transcript();
  const isShown = !options.quiet && !options.json;
  using progress = new Progress(styleOf(options));

  const onLine = (line: string) => {
    const kind = transcript.add(line);
    if (kind === "timeline") {
      const timeline = transcript.cells.at(-1)!.timelines.at(-1)!;
      if (isShown) progress.above(() => draw(timeline));
      return;
    }
    const isHeading = kind === "heading";
    if (isShown) {
      progress.above(() => print(isHeading ? green(bold(line)) : line));
    }
    if (!isHeading) return;
    const { id, title } = transcript.cells.at(-1)!;
    const cell = findCell(lab, `${lab.lab}:${id}`);
    const recorded = cell === undefined ? null : recordedSeconds(cell, options);
    progress.start(`${lab.lab}:${id} ${title}`, recorded);
  };
  const onErrorLine = (line: string) =>
    progress.above(() => console.error(yellow(line)));

  const { quick, svg, trace, report } = options;
  const isRecorded = isShown || (svg ?? trace ?? report) !== undefined;
  const command = [
    ...lab.command,
    ...flagsOf(selection),
    ...quick ? ["--quick"] : [],
    ...isRecorded ? ["--events"] : [],
  ];
  const ended = signal.aborted
    ? "interrupted"
    : await watch(command, { onLine, onErrorLine }, options.timeout, signal);

  // The cell that was running when the lab ended isn't finished.
  const all = transcript.cells;
  const last = all.at(-1)?.id;
  const finished = ended === undefined
    ? all
    : all.filter(({ id }) => id !== last);
  const output = { cells: new Map(finished.map((c) => [c.id, c])), ended };
  const machine = {
    cores: navigator.hardwareConcurrency,
    quick: options.quick,
  };
  return {
    lab,
    run,
    cells: cells.map((id) => {
      const cell = output.cells.get(numberOf(id));
      const { title = "", output: text = "", timelines = [] } = cell ?? {};
      const verdict = judge(lab, id, output, machine);
      return { id, title, output: text, timelines, verdict };
    }),
    failure: signal.aborted ? undefined : ended,
  };
}

/** Shows what a cell's threads did. */
function draw(timeline: Timeline): void {
  if (!isWorthDrawing(timeline)) return;
  const width = Math.min(widthOf(Deno.stdout), LONGEST_CHART);
  const chart = drawGantt(timeline, { width, color: getColorEnabled() });
  print(`\n${chart.trimEnd()}`);
}

/** Runs a command to its end; tells why, if it isn't a good one. */
async function watch(
  command: string[],
  handlers: {
    onLine: (line: string) => void;
    onErrorLine: (line: string) => void;
  },
  timeout: number | undefined,
  interrupt: AbortSignal,
): Promise<string | undefined> {
  const limit = timeout === undefined
    ? new AbortController().signal
    : AbortSignal.timeout(timeout * 1000);
  const signal = AbortSignal.any([interrupt, limit]);
  let code: number;
  try {
    code = await runProcess(command, { ...handlers, signal });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return `the lab could not be started: ${error.message}`;
  }
  if (code === 0) return undefined;
  if (interrupt.aborted) return "interrupted";
  if (limit.aborted) return `the lab took more than ${timeout} seconds`;
  return `the lab failed with exit code ${code}`;
}

function styleOf({ json, quiet }: Options): ProgressStyle {
  const isLive = Deno.stderr.isTerminal() &&
    (json || quiet || Deno.stdout.isTerminal());
  if (isLive) return "live";
  return quiet ? "none" : "plain";
}
