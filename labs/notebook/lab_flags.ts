// Copyright 2026 the lab9 authors. MIT license.

/**
 * The flags that all labs share.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type CellContext, list } from "./cells.ts";
import {
  FlagError,
  mistakeIn,
  readSwitchInterval,
  readWorkers,
  SWITCH_INTERVAL,
  threadCommand,
} from "./flags.ts";

/** A lab, and its flags. */
export interface LabOptions {
  /** The lab's name, as in `deno task lab:name`. */
  name: string;
  /** What the lab shows, in a sentence. */
  about: string;
  /** How many workers there are without the flag. */
  workers: number;
  /** What `--workers` counts. */
  workersHelp: string;
  /**
   * The least and the most that `--workers` takes.
   *
   * @default {[1, 64]}
   */
  workersRange?: [least: number, most: number];
  /**
   * Whether the lab has an interpreter lock, and flags for it.
   *
   * @default {false}
   */
  hasGil?: boolean;
}

/** The flags of a command line. */
export interface Flags extends CellContext {
  /** The chosen cells; empty for all. */
  selection: string[];
  /** Whether to print events for the runner. */
  events: boolean;
  /** Whether each cell waits for a line on stdin. */
  step: boolean;
  /** Whether to leave out our text about the cells. */
  plain: boolean;
}

/** Reads the command line; undefined if it only asked for a text. */
export function readFlags(
  options: LabOptions,
  args: string[],
): Flags | undefined {
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
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      "cell": { type: "string" },
      "workers": { type: "string" },
      "switch-interval": { type: "string" },
      "quick": { type: "boolean", default: false },
      "no-gil": { type: "boolean", default: false },
      "plain": { type: "boolean", default: false },
      "events": { type: "boolean", default: false },
      "step": { type: "boolean", default: false },
      "list": { type: "boolean" },
      "help": { type: "boolean", short: "h" },
    },
  });
  if (positionals.length > 0) {
    throw new FlagError(
      `Unknown argument '${positionals[0]}': cells are chosen by --cell`,
    );
  }
  if (values.help) console.log(help(options));
  else if (values.list) console.log(list());
  else {
    const { cell, workers, quick, plain, events, step } = values;
    if (step && !events) {
      throw new FlagError("Cannot take --step without --events");
    }
    return {
      ...{ quick, plain, events, step },
      // Cells may be named as for the runner, too: queue:13,17.
      selection: cell === undefined
        ? []
        : [cell.replace(`${options.name}:`, "")],
      workers: workers === undefined
        ? options.workers
        : readWorkers(workers, options.workersRange),
      switchInterval: readLock(values["no-gil"], values["switch-interval"]),
    };
  }
}

function readLock(isMissing: boolean, interval?: string): number | null {
  if (interval === undefined) return isMissing ? null : SWITCH_INTERVAL;
  if (!isMissing) return readSwitchInterval(interval);
  throw new FlagError("Cannot take --no-gil and --switch-interval together");
}

/** The command that runs a lab: its task, or that of a copy. */
export function commandOf({ name }: LabOptions): string {
  const file = copiedFile();
  return file === undefined ? `deno task lab:${name}` : threadCommand(file);
}

/** The file name of a copy; undefined if this is no copy. */
function copiedFile(): string | undefined {
  const file = decodeURIComponent(import.meta.url.split("/").at(-1)!);
  return file === "lab_flags.ts" ? undefined : file;
}

function help(options: LabOptions): string {
  const { about, workers, workersHelp, hasGil = false } = options;
  const gilFlags = `
  --switch-interval S     Seconds after which a waiting thread asks for the lock
                          (default ${SWITCH_INTERVAL}, as in Python)
  --no-gil                Run everything without the lock`;
  // These are for the runner, which can't run a copy.
  const runnerFlags = `
  --events                Print what \`deno task labs\` reads, as lines of JSON
  --step                  With --events: wait for a line before each cell`;
  return `${about}

Usage: ${commandOf(options)} [flags]

  --cell 7, --cell 23-26  Only these cells, and the earlier ones they depend on;
                          separate several by commas
  --workers N             ${workersHelp} (default ${workers})${
    hasGil ? gilFlags : ""
  }
  --quick                 Smaller counts, for a first look
  --plain                 Leave out what we say about the cells${
    copiedFile() === undefined ? runnerFlags : ""
  }
  --list                  The cells
  --help                  This text`;
}
