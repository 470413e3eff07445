// Copyright 2026 the lab9 authors. MIT license.

/**
 * A notebook's cells in a script: headings, the order that they depend on one
 * another in, and the flags that all labs share.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { bold, green } from "@std/fmt/colors";
import process from "node:process";
import { chosen } from "./chosen.ts";
import { type Again, linesOf, writeEvent } from "./events.ts";
import { timelineOf } from "./recording.ts";
import { sharedNow, startRecording } from "../../lib/sync/recorder.ts";
import { getIdent, prestartWorkers, sleep } from "../../lib/thread/thread.ts";

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

/** A mistake in a lab's flags. */
class FlagError extends Error {}

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
    if (!(error instanceof FlagError)) throw error;
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
  const selected = select(selection);
  if (events) return await runForRunner(selected, context);
  for (const cell of selected) {
    await prestartWorkers(prestartOf(cell, context));
    const heading = `In [${cell.id}]: ${cell.title}`;
    const isPlain = Deno.noColor || !Deno.stdout.isTerminal();
    console.log(isPlain ? heading : green(bold(heading)));
    await cell.body(context);
    if (cell.pause > 0) await sleep(cell.pause);
    console.log();
  }
}

/** Runs cells for `deno task labs`, which is told of each; then again, if asked. */
async function runForRunner(
  selected: Cell[],
  context: CellContext,
): Promise<void> {
  const lines = linesOf(Deno.stdin.readable);
  // By hand there is nobody to make up a key.
  const isAsked = !Deno.stdin.isTerminal();
  const key = isAsked ? (await lines.next()).value ?? "" : "";
  startRecording(getIdent());
  for (const cell of selected) await runTold(cell, context, key);
  if (!isAsked) return;
  console.log(writeEvent(key, { type: "idle" }));
  for await (const line of lines) {
    const { again }: Again = JSON.parse(line);
    for (const cell of select(again)) {
      await runTold(cell, { ...context, quick: true }, key);
    }
    console.log(writeEvent(key, { type: "idle" }));
  }
}

async function runTold(
  cell: Cell,
  context: CellContext,
  key: string,
): Promise<void> {
  const { id, title, body, pause } = cell;
  const main = getIdent();
  await prestartWorkers(prestartOf(cell, context));
  console.log(writeEvent(key, { type: "start", id, title }));
  const start = sharedNow();
  const before = process.cpuUsage();
  await body(context);
  const { user, system } = process.cpuUsage(before);
  const timeline = timelineOf({
    cell: id,
    title,
    main,
    start,
    end: sharedNow(),
  });
  if (pause > 0) await sleep(pause);
  const cpu = (user + system) / 1e6;
  console.log(writeEvent(key, { type: "end", id, cpu, timeline }));
}

function prestartOf({ prestart }: Cell, context: CellContext): number {
  return typeof prestart === "number" ? prestart : prestart(context);
}

/** The chosen cells and what they depend on, in the notebook's order. */
function select(selection: string[]): Cell[] {
  if (selection.length === 0) return cells;
  const ids = new Set(selection.flatMap(idsOf));
  for (const { id, needs } of cells.toReversed()) {
    if (ids.has(id)) needs.forEach((need) => ids.add(String(need)));
  }
  return cells.filter(({ id }) => ids.has(id));
}

function idsOf(choice: string): string[] {
  const known = [...new Set(cells.map(({ id }) => id))];
  const found = chosen(choice, known);
  if ("ids" in found) return found.ids;
  throw new FlagError(
    `Cannot run cell '${found.unknown}': the cells are ${known.join(", ")}, ` +
      `or a range such as ${known[0]}-${known[1]}`,
  );
}

function readFlags(options: LabOptions, args: string[]): Flags | undefined {
  const flags = parseArgs(args, {
    string: ["cell", "workers"],
    boolean: ["help", "list", "quick", "events"],
    collect: ["cell"],
    alias: { help: "h" },
    unknown: (arg) => {
      throw new FlagError(
        `Unknown argument '${arg}': the flags are --cell, --workers, --quick, ` +
          "--events, --list and --help",
      );
    },
  });
  if (flags.help) console.log(help(options));
  else if (flags.list) console.log(list());
  else {
    return {
      selection: flags.cell,
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
  throw new FlagError(
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
  --events                Print what \`deno task labs\` reads, as lines of JSON
  --list                  The cells
  --help                  This text`;
}
