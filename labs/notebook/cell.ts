// Copyright 2026 the lab9 authors. MIT license.

/**
 * A notebook's cells in a script: headings, the order that they depend on one
 * another in, and the flags that all labs share.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { bold, green } from "@std/fmt/colors";
import { timelineOf } from "./recording.ts";
import { sharedNow, startRecording } from "../../lib/sync/recorder.ts";
import { getIdent, prestartWorkers, sleep } from "../../lib/thread/thread.ts";
import { RECORD_SEPARATOR } from "./timeline.ts";

/** What a cell can see of the flags. */
export interface CellContext {
  /** How many workers the lab is run with. */
  workers: number;
  /** Whether smaller counts will do, for a first look. */
  quick: boolean;
}

/** The number of a cell in the notebook, or the name of one of our own. */
export type CellId = number | string;

/** Options of {@linkcode cell}. */
export interface CellOptions {
  /**
   * The earlier cells that have to have run.
   *
   * @default {[]}
   */
  needs?: CellId[];
  /**
   * How many workers are started before the cell, so that its clock doesn't see
   * what the notebook's threads don't cost.
   *
   * @default {0}
   */
  prestart?: number | ((context: CellContext) => number);
  /**
   * How long the lab waits before it goes on, in seconds, as the notebook's
   * reader did: threads that the cell started may still have something to say.
   *
   * @default {0}
   */
  pause?: number;
}

/** A cell's code. Definitions have none: they are the module's own. */
export type CellBody = (context: CellContext) => void | Promise<void>;

/** Options of {@linkcode runLab}. */
export interface LabOptions {
  /** The lab's name, as in `deno task lab:name`. */
  name: string;
  /** What the lab shows, in a sentence. */
  about: string;
  /** How many workers there are unless told otherwise. */
  workers: number;
  /** What `--workers` counts. */
  workersAre: string;
}

interface Cell extends Required<CellOptions> {
  id: string;
  title: string;
  body: CellBody;
}

interface Flags extends CellContext {
  selection: string[];
  /** Whether to print what the threads did, for the runner. */
  events: boolean;
}

/** A mistake in the command line. */
class UsageError extends Error {}

const cells: Cell[] = [];

/**
 * Adds a cell to the lab. Nothing runs before {@linkcode runLab} is called.
 *
 * @param id The cell's number in the notebook.
 * @param title What the cell does, for its heading.
 * @param options What the cell depends on.
 * @param body The cell's code.
 */
export function cell(
  id: CellId,
  title: string,
  options: CellOptions = {},
  body: CellBody = () => {},
): void {
  const { needs = [], prestart = 0, pause = 0 } = options;
  cells.push({ id: String(id), title, needs, prestart, pause, body });
}

/**
 * The time, in seconds since the program's start. Python's `time.time`.
 *
 * @returns Seconds.
 */
export function time(): number {
  return performance.now() / 1000;
}

/**
 * Runs the lab's cells as the command line says, then ends the process.
 *
 * @param options What the lab is.
 * @param args The command line.
 */
export async function runLab(
  options: LabOptions,
  args: string[] = Deno.args,
): Promise<never> {
  try {
    const flags = readFlags(options, args);
    if (flags !== undefined) await runCells(flags);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(
      `${error.message}\n\nSee deno task lab:${options.name} --help`,
    );
    Deno.exit(2);
  }
  // Threads may be left that wait for ever; a notebook keeps them, a script
  // ends.
  Deno.exit(0);
}

async function runCells(
  { selection, events, ...context }: Flags,
): Promise<void> {
  const main = getIdent();
  if (events) startRecording(main);
  for (const { id, title, prestart, pause, body } of select(selection)) {
    await prestartWorkers(
      typeof prestart === "number" ? prestart : prestart(context),
    );
    const heading = `In [${id}]: ${title}`;
    const isPlain = Deno.noColor || !Deno.stdout.isTerminal();
    console.log(isPlain ? heading : green(bold(heading)));
    const start = sharedNow();
    await body(context);
    if (pause > 0) await sleep(pause);
    if (events) {
      const end = sharedNow();
      const timeline = timelineOf({ cell: id, title, main, start, end });
      console.log(RECORD_SEPARATOR + JSON.stringify(timeline));
    }
    console.log();
  }
}

/** The chosen cells and what they depend on, in the notebook's order. */
function select(selection: string[]): Cell[] {
  if (selection.length === 0) return cells;
  const chosen = new Set(selection.flatMap(idsOf));
  for (const { id, needs } of cells.toReversed()) {
    if (chosen.has(id)) needs.forEach((need) => chosen.add(String(need)));
  }
  return cells.filter(({ id }) => chosen.has(id));
}

/** The cells that `7` or `23-26` stands for. */
function idsOf(part: string): string[] {
  const range = /^(\d+)-(\d+)$/.exec(part);
  const isMeant = range === null
    ? (id: string) => id === part
    : (id: string) => Number(id) >= +range[1] && Number(id) <= +range[2];
  const ids = cells.map(({ id }) => id).filter(isMeant);
  if (ids.length > 0) return ids;
  const known = [...new Set(cells.map(({ id }) => id))].join(", ");
  throw new UsageError(
    `Cannot run cell '${part}': the cells are ${known}, or a range such as ` +
      `${cells[0].id}-${cells[1].id}`,
  );
}

function readFlags(options: LabOptions, args: string[]): Flags | undefined {
  const flags = parseArgs(args, {
    string: ["cell", "workers"],
    boolean: ["help", "list", "quick", "events"],
    collect: ["cell"],
    alias: { help: "h" },
    unknown: (arg) => {
      throw new UsageError(
        `Unknown argument '${arg}': the flags are --cell, --workers, --quick, ` +
          "--events, --list and --help",
      );
    },
  });
  if (flags.help) console.log(help(options));
  else if (flags.list) console.log(list());
  else {
    return {
      selection: flags.cell.flatMap((cell) => cell.split(",")),
      workers: readWorkers(flags.workers, options.workers),
      quick: flags.quick,
      events: flags.events,
    };
  }
}

function readWorkers(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const workers = Number(text);
  if (/^\d+$/.test(text) && workers >= 1 && workers <= 64) return workers;
  throw new UsageError(
    `Cannot run with --workers '${text}': it must be a number from 1 to 64`,
  );
}

function list(): string {
  const width = Math.max(...cells.map(({ id }) => id.length)) + 2;
  return cells
    .map(({ id, title }) => `${`[${id}]`.padEnd(width)}  ${title}`)
    .join("\n");
}

function help({ name, about, workers, workersAre }: LabOptions): string {
  return `${about}

Usage: deno task lab:${name} [flags]

  --cell 7, --cell 23-26  Only these cells, and the earlier ones they depend on
  --workers N             ${workersAre} (default ${workers})
  --quick                 Smaller counts, for a first look
  --events                Also print what the threads did, as lines of JSON
  --list                  The cells
  --help                  This text`;
}
