// Copyright 2026 the lab9 authors. MIT license.

import { checkRecord, readRecord } from "./judge/check_record.ts";
import { HELP, type Options, readOptions } from "./cli.ts";
import { differences } from "./report/differences.ts";
import { checkFiles, writeFiles } from "./report/files.ts";
import { toJson } from "./report/json.ts";
import { list } from "./report/list.ts";
import type { Lab, LabResult } from "./result.ts";
import { type PythonRun, runNotebook } from "./python/run_notebook.ts";
import { Progress, styleOf } from "./run/progress.ts";
import { Predictions } from "./predict/predictions.ts";
import { runLabs } from "./run/run_labs.ts";
import { chosenLabs, select, type Selection } from "./selection.ts";
import { interrupts } from "./run/signals.ts";
import { summary, totals } from "./report/summary.ts";
import { print, widthOf } from "./terminal.ts";
import { FlagError } from "../notebook/flags.ts";
import { UsageError } from "./usage_error.ts";
import { changes } from "./run/file_changes.ts";

/** A lab whose record wasn't read yet. */
export interface LabSource {
  lab: string;
  /** The program and its arguments, as in deno.json's task. */
  command: string[];
  /** The record, or its file. */
  record: URL | object;
  /** Whether it is a lab of our own, which the notebook doesn't have. */
  isOwn?: boolean;
}

/**
 * The program behind `deno task labs`.
 *
 * @param args The command line.
 * @param labs All labs.
 * @returns The exit code: see `--help`.
 */
export async function program(
  args: string[],
  labs: LabSource[],
): Promise<number> {
  try {
    const options = readOptions(args);
    if (options === undefined) {
      print(HELP);
      return 0;
    }
    const sources = chosenLabs(options.parts, labs);
    const read = async () => select(options.parts, await readAll(sources));
    const selections = await read();
    using interrupt = interrupts();
    if (options.list) return await list(selections, interrupt.signal);
    const ids = selections.flatMap(({ cells }) => cells.map(({ id }) => id));
    await checkFiles(options, ids);
    return options.watch
      ? await runForEver(read, options, interrupt.signal)
      : await run(selections, options, interrupt.signal);
  } catch (error) {
    // The exit code of a program that SIGPIPE has ended.
    if (error instanceof Deno.errors.BrokenPipe) return 141;
    if (error instanceof UsageError || error instanceof FlagError) {
      console.error(`${error.message}\n\nSee deno task labs --help`);
      return 2;
    }
    // Exit code 1 would mean that a cell differs.
    console.error(error);
    return 3;
  }
}

/** The labs, with their records as they are now. */
function readAll(sources: LabSource[]): Promise<Lab[]> {
  return Promise.all(sources.map(async ({ lab, command, record }) => {
    const read = record instanceof URL
      ? await readRecord(record, lab, `labs/recorded/${lab}.json`)
      : checkRecord(record, lab);
    return { ...read, command };
  }));
}

async function runForEver(
  read: () => Promise<Selection<Lab>[]>,
  options: Options,
  signal: AbortSignal,
): Promise<number> {
  for await (const _ of changes(["labs", "lib", "mod.ts"], signal)) {
    try {
      await run(await read(), options, signal);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      console.error(error.message);
    }
    if (!signal.aborted) console.error("Waiting for a change, or Ctrl-C");
  }
  return signal.reason;
}

async function run(
  selections: Selection<Lab>[],
  options: Options,
  signal: AbortSignal,
): Promise<number> {
  const results: LabResult[] = [];
  const python = options.python
    ? await runPython(selections, options, signal)
    : undefined;
  const predictions = options.predict ? new Predictions() : undefined;
  const running = runLabs(selections, options, signal, predictions);
  for await (const result of running) {
    for (const cell of result.cells) cell.python = python?.cells.get(cell.id);
    results.push(result);
    const isShown = options.repeat > 1 && !options.json && !options.quiet;
    if (isShown && !signal.aborted) {
      const { lab: { lab }, run } = result;
      print(`${lab}, run ${run} of ${options.repeat}: ${totals([result])}\n`);
    }
  }
  const exitCode = exitCodeOf(results, options, signal);
  if (options.json) print(toJson(results, exitCode));
  else {
    // The last line of a lab that failed may have no end.
    if (exitCode >= 3 && !options.quiet) print("");
    report(results, options);
    const lines = predictions?.report(results) ?? [];
    if (lines.length > 0) print(["", ...lines].join("\n"));
  }
  await writeFiles(options, results);
  return signal.aborted ? signal.reason : exitCode;
}

/** Runs the notebook in Python, before the labs need the processors. */
async function runPython(
  selections: Selection<Lab>[],
  options: Options,
  signal: AbortSignal,
): Promise<PythonRun> {
  using progress = new Progress(styleOf(options));
  const python = await runNotebook(
    selections.map(({ lab }) => lab),
    signal,
    (id) => progress.start(`${id} in Python`, null),
  );
  progress.above(() => console.error(`Python here: ${python.about}`));
  return python;
}

function report(results: LabResult[], { repeat }: Options): void {
  const width = widthOf(Deno.stdout);
  for (const result of results) {
    differences(result, repeat, width).forEach(print);
  }
  print(summary(results, width));
}

function exitCodeOf(
  results: LabResult[],
  { strict }: Options,
  signal: AbortSignal,
): number {
  if (signal.aborted) return signal.reason;
  if (results.some(({ failure }) => failure !== undefined)) return 3;
  const verdicts = results.flatMap(({ cells }) => cells)
    .map(({ verdict }) => verdict);
  if (verdicts.some(({ isMistake }) => isMistake)) return 2;
  const kinds = new Set(verdicts.map(({ verdict }) => verdict));
  if (kinds.has("differs")) return 1;
  return strict && kinds.has("inconclusive") ? 4 : 0;
}
