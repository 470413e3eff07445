// Copyright 2026 the lab9 authors. MIT license.

/**
 * A notebook's cells in a script: headings, the order that they depend on one
 * another in, and the flags that all labs share.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { bold, dim, green } from "@std/fmt/colors";
import process from "node:process";
import {
  FlagError,
  mistakeIn,
  readSwitchInterval,
  readWorkers,
} from "./flags.ts";
import { proseLines, proseOf } from "./prose.ts";
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
  /**
   * Seconds after which a thread asks for the interpreter lock; null if there is
   * none to be had.
   */
  switchInterval: number | null;
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
  workersHelp: string;
  /**
   * Whether the lab has an interpreter lock, and flags for it.
   *
   * @default {false}
   */
  hasGil?: boolean;
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
  /** Whether the runner says when each cell begins. */
  step: boolean;
  /** Whether to leave out what we say about the cells. */
  plain: boolean;
}

/** As in Python, in seconds. */
const SWITCH_INTERVAL = 0.005;

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
    if (flags !== undefined) await runCells(flags, options);
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

/** Says what flag is missing to start workers before anything else is printed. */
async function startFirstWorker(): Promise<void> {
  try {
    await prestartWorkers(1);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}

async function runCells(
  { selection, events, step, plain, ...context }: Flags,
  { name, hasGil = false }: LabOptions,
): Promise<void> {
  const suffix = hasGil ? suffixOf(context) : "";
  const selected = select(selection)
    .map((cell) => ({ ...cell, title: cell.title + suffix }));
  if (events) return await runForRunner(selected, context, step);
  if (selected.some((cell) => prestartOf(cell, context) > 0)) {
    await startFirstWorker();
  }
  const isPlain = Deno.noColor || !Deno.stdout.isTerminal();
  for (const cell of selected) {
    await prestartWorkers(prestartOf(cell, context));
    const heading = `In [${cell.id}]: ${cell.title}`;
    console.log(isPlain ? heading : green(bold(heading)));
    const prose = plain ? undefined : proseOf(`${name}:${cell.id}`);
    if (prose !== undefined) {
      const text = proseLines(prose).join("\n");
      console.log(isPlain ? text : dim(text));
    }
    await cell.body(context);
    if (cell.pause > 0) await sleep(cell.pause);
    console.log();
  }
}

/** What headings and pictures say of a lock that isn't as usual. */
function suffixOf({ switchInterval }: CellContext): string {
  if (switchInterval === null) return ", without the lock";
  return switchInterval === SWITCH_INTERVAL
    ? ""
    : `, switch interval ${switchInterval} s`;
}

/** Runs cells for `deno task labs`, which is told of each; then again, if asked. */
async function runForRunner(
  selected: Cell[],
  context: CellContext,
  step: boolean,
): Promise<void> {
  const lines = linesOf(Deno.stdin.readable);
  // By hand there is nobody to make up a key.
  const isAsked = !Deno.stdin.isTerminal();
  const key = isAsked ? (await lines.next()).value ?? "" : "";
  startRecording(getIdent());
  for (const cell of selected) {
    if (step) {
      console.log(writeEvent(key, { type: "ready", id: cell.id }));
      await lines.next();
    }
    await runTold(cell, context, key);
  }
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
  const { hasGil = false } = options;
  const names = {
    string: ["cell", "workers", ...hasGil ? ["switch-interval"] : []],
    boolean: [
      ...["quick", ...hasGil ? ["no-gil"] : []],
      ...["plain", "events", "step", "list", "help"],
    ],
  };
  const mistake = mistakeIn(args, names);
  if (mistake !== undefined) throw new FlagError(mistake);
  const flags = parseArgs(args, {
    string: ["cell", "workers", "switch-interval", "_"],
    boolean: ["quick", "no-gil", "plain", "events", "step", "list", "help"],
    alias: { help: "h" },
  });
  if (flags._.length > 0) {
    throw new FlagError(
      `Unknown argument '${flags._[0]}': cells are chosen by --cell`,
    );
  }
  if (flags.help) console.log(help(options));
  else if (flags.list) console.log(list());
  else {
    const { quick, plain, events, step } = flags;
    return {
      ...{ quick, plain, events, step },
      selection: flags.cell === undefined ? [] : [flags.cell],
      workers: flags.workers === undefined
        ? options.workers
        : readWorkers(flags.workers),
      switchInterval: readLock(flags["no-gil"], flags["switch-interval"]),
    };
  }
}

function readLock(isMissing: boolean, interval?: string): number | null {
  if (interval === undefined) return isMissing ? null : SWITCH_INTERVAL;
  if (!isMissing) return readSwitchInterval(interval);
  throw new FlagError("Cannot take --no-gil and --switch-interval together");
}

function list(): string {
  const width = Math.max(...cells.map(({ id }) => id.length)) + 2;
  return cells
    .map(({ id, title }) => `${`[${id}]`.padEnd(width)}  ${title}`)
    .join("\n");
}

function help(
  { name, about, workers, workersHelp, hasGil = false }: LabOptions,
): string {
  const gilFlags = `
  --switch-interval S     Seconds after which a waiting thread asks for the lock
                          (default ${SWITCH_INTERVAL}, as in Python)
  --no-gil                Run everything without the lock`;
  return `${about}

Usage: deno task lab:${name} [flags]

  --cell 7, --cell 23-26  Only these cells, and the earlier ones they depend on;
                          several are parted by commas
  --workers N             ${workersHelp} (default ${workers})${
    hasGil ? gilFlags : ""
  }
  --quick                 Smaller counts, for a first look
  --plain                 Leave out what we say about the cells
  --events                Print what \`deno task labs\` reads, as lines of JSON
  --step                  With --events: wait for a line before each cell
  --list                  The cells
  --help                  This text`;
}
