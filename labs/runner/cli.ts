// Copyright 2026 the lab9 authors. MIT license.

import { parseArgs } from "@std/cli/parse-args";
import {
  mistakeIn,
  readSwitchInterval,
  readWorkers,
} from "../notebook/flags.ts";
import { UsageError } from "./usage_error.ts";

/** The options of a command line. */
export interface Options {
  /** The chosen labs and cells, as the user has written them. */
  parts: string[];
  /** How often each lab is run. */
  repeat: number;
  /** How many seconds a run of a lab may take. */
  timeout?: number;
  quick: boolean;
  /** Whether an inconclusive verdict has an exit code of its own. */
  strict: boolean;
  /** Whether to run the notebook's own cells in Python, too. */
  python: boolean;
  /** Whether to ask the user what a cell will do, before it runs. */
  predict: boolean;
  /** Whether to leave out our text about the cells. */
  plain: boolean;
  list: boolean;
  watch: boolean;
  json: boolean;
  /** The file for a report in JUnit's format. */
  junit?: string;
  /** The folder for pictures, one for each cell. */
  svg?: string;
  /** The file for a trace that opens in Perfetto. */
  trace?: string;
  /** The file for a report as one page. */
  report?: string;
  /** The flags that are passed on to a lab. */
  labFlags: (lab: string) => string[];
  quiet: boolean;
  /** Whether files may be overwritten that are not an earlier output. */
  force: boolean;
}

/** What `--help` prints. */
export const HELP =
  `Run the labs and compare each cell with the notebook: what it printed, and how
long that took.

Usage: deno task labs [lab | lab:cell | lab:from-to]... [flags]

  deno task labs                         The notebook's labs, and imported ones
  deno task labs queue                   One lab
  deno task labs threads:7 gil:34-36     Some cells, and what they depend on

  --repeat N         Run each lab N times: median, spread, a verdict per run
  --quick            Smaller counts, for a first look; compares what it can
  --strict           Exit with 4 if something is inconclusive
  --python           Also run the notebook's own cells in this machine's python3
  --predict          Ask what will happen before cells that teach something
  --plain            Leave out what we say about the cells
  --workers N        How many workers labs have
  --switch-interval S, --no-gil
                     As lab:gil's own flags
  --timeout SECONDS  End a lab that takes longer
  --list             The cells, their recorded times, and their rules
  --watch            Run again whenever a lab or the library changes
  --json             Print the verdicts as JSON, and nothing else
  --junit FILE       Write a JUnit report to a file in this project
  --svg DIR          Write a picture of each cell: which thread did what, and
                     when; of several runs, the last
  --trace FILE       Write the same as a trace, for ui.perfetto.dev
  --report FILE      Write everything as one page, to open in a browser
  --force            Overwrite files that aren't an earlier output of these
  --quiet            Print only what differs, and the table
  --help             This text

Exit codes: 0 nothing differs, 1 something differs, 2 a mistake in the command
line or in the record, 3 a lab failed or took longer than --timeout, 4 with
--strict something is inconclusive, 130 ended by Ctrl-C. docs/runner.md says
what the verdicts mean.`;

/** The flags that name a file or folder to write. */
const FILE_FLAGS = ["junit", "svg", "trace", "report"] as const;

const BOOLEAN_FLAGS = [
  ...[
    "quick",
    "strict",
    "python",
    "predict",
    "plain",
    "list",
    "watch",
  ] as const,
  ...["json", "force", "quiet", "no-gil", "help"] as const,
];

const FLAGS = {
  string: ["repeat", "timeout", "workers", "switch-interval", ...FILE_FLAGS],
  boolean: BOOLEAN_FLAGS,
};

/**
 * Reads the command line.
 *
 * @param args The arguments.
 * @returns The options; undefined for `--help`.
 * @throws {UsageError} If the command line has a mistake.
 */
export function readOptions(args: string[]): Options | undefined {
  const mistake = mistakeIn(args, FLAGS);
  if (mistake !== undefined) throw new UsageError(mistake);
  const parsed = parseArgs(args, {
    string: [
      "repeat",
      "timeout",
      "workers",
      "switch-interval",
      ...FILE_FLAGS,
      "_",
    ],
    boolean: [...BOOLEAN_FLAGS],
    alias: { help: "h" },
  });
  if (parsed.help) return undefined;
  const { quick, strict, python, predict, plain, list, watch, json } = parsed;
  const { force, quiet, junit, svg, trace, report } = parsed;
  const flags = {
    ...{ quick, strict, python, predict, plain, list, watch, json },
    ...{ force, quiet, junit, svg, trace, report },
  };
  for (const flag of FILE_FLAGS) checkName(flag, flags[flag]);
  refuseTogether(flags, "list", "json");
  refuseTogether(flags, "predict", "json");
  refuseTogether(flags, "predict", "watch");
  refuseTogether(flags, "predict", "quick");
  if (flags.predict && (parsed.timeout ?? parsed.repeat) !== undefined) {
    throw new UsageError(
      "Cannot take --predict with --timeout or --repeat: take one away",
    );
  }
  const parts = parsed._.map(String);
  const isGil = parts.length === 0 || parts.some((part) => /^gil\b/.test(part));
  for (const flag of ["no-gil", "switch-interval"]) {
    if (isGil || !parsed[flag]) continue;
    throw new UsageError(
      `Cannot take --${flag} without the gil lab: only that lab has it`,
    );
  }
  return {
    ...flags,
    parts,
    repeat: readRepeat(parsed.repeat),
    timeout: readTimeout(parsed.timeout),
    labFlags: readLabFlags(
      parsed.workers,
      parsed["switch-interval"],
      parsed["no-gil"],
    ),
  };
}

/** Reads the flags of labs. A lab checks them again, but then other labs may have run. */
function readLabFlags(
  workers: string | undefined,
  interval: string | undefined,
  isMissing: boolean,
): Options["labFlags"] {
  const all = workers === undefined
    ? []
    : ["--workers", `${readWorkers(workers)}`];
  const gil = interval === undefined
    ? []
    : ["--switch-interval", `${readSwitchInterval(interval)}`];
  if (isMissing) gil.push("--no-gil");
  if (gil.length > 2) {
    throw new UsageError(
      "Cannot take --no-gil and --switch-interval together: take one away",
    );
  }
  return (lab) => lab === "gil" ? [...all, ...gil] : all;
}

function checkName(flag: string, path: string | undefined): void {
  if (path === undefined) return;
  // The user has forgotten the file's name, so a lab or a cell was taken for it.
  if (!/^(threads|queue|pool|gil|deadlock|race)(:|$)/.test(path)) return;
  throw new UsageError(
    `Cannot write --${flag} '${path}': it must be the name of a file or ` +
      `folder; './${path}' would be one`,
  );
}

function refuseTogether<Name extends string>(
  flags: Record<Name, boolean>,
  one: Name,
  other: Name,
): void {
  if (!flags[one] || !flags[other]) return;
  throw new UsageError(
    `Cannot take --${one} and --${other} together: take one away`,
  );
}

function readRepeat(text = "1"): number {
  if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 1000) {
    return Number(text);
  }
  throw new UsageError(
    `Cannot run with --repeat '${text}': it must be a number from 1 to 1000`,
  );
}

function readTimeout(text?: string): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (/^\d*\.?\d+$/.test(text) && seconds > 0 && seconds <= 86_400) {
    return seconds;
  }
  throw new UsageError(
    `Cannot run with --timeout '${text}': it must be seconds, more than 0 ` +
      "and up to 86400",
  );
}
