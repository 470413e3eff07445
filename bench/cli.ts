// Copyright 2026 the lab9 authors. MIT license.

import { parseArgs } from "@std/cli/parse-args";
import { UsageError } from "../labs/runner/usage_error.ts";
import type { Measurement } from "./measurement.ts";

/** What the command line says. */
export interface Options {
  measurements: Measurement[];
  rounds: number;
  list: boolean;
  json: boolean;
  /** Whether a ratio under its floor is a failure. */
  gate: boolean;
  /** The folder of a checkout of knitting. */
  knitting?: string;
  /** The folder for the picture. */
  svg?: string;
}

/** What `--help` prints. */
export const HELP = `Measures this library against what people would use \
instead, in one run on
this machine, and prints ratios: how many times as fast it is.

Usage: deno task bench [measurement]... [flags]

  deno task bench                  All measurements: half an hour or more
  deno task bench queue apply      Some of them
  deno task bench:gate             Those that have floors, and fail below them
  deno task bench cluster          Past one machine; --postgres URL --chunks N

  --rounds N   How often each contender is run (default 7)
  --list       The measurements, and who takes part
  --json       Print everything as JSON, and nothing else
  --svg DIR    Draw the ratios into DIR/comparison.svg, and how cost grows into
               DIR/scaling.svg; DIR is in this project
  --knitting DIR
               Where a checkout of knitting is (github.com/mimiMonads/knitting),
               which takes part then; it is run with all permissions
  --gate       Exit with 1 if a median is under its floor
  --help       This text

Exit codes: 0 all was measured, 1 a ratio is under its floor (with --gate), 2 a
mistake in the command line, 130 ended by Ctrl-C.`;

/**
 * Reads the command line.
 *
 * @param args The arguments.
 * @param all The measurements that there are.
 * @param hasFloor Whether a measurement has a floor: without names, the gate
 * takes only those.
 * @returns The options; undefined if only the help is wanted.
 * @throws {UsageError} If there is a mistake.
 */
export function readOptions(
  args: string[],
  all: Measurement[],
  hasFloor: (measurement: Measurement) => boolean,
): Options | undefined {
  const flags = parseArgs(args, {
    string: ["rounds", "svg", "knitting"],
    boolean: ["help", "list", "json", "gate"],
    alias: { help: "h" },
    unknown: (arg, key) => {
      if (key === undefined) return true;
      throw new UsageError(
        `Unknown flag '${arg}': the flags are --rounds, --list, --json, ` +
          "--svg, --knitting, --gate and --help",
      );
    },
  });
  if (flags.help) return undefined;
  if (flags.svg === "") {
    throw new UsageError("Cannot draw into --svg '': it must name a folder");
  }
  if (flags.knitting === "") {
    throw new UsageError("Cannot use --knitting '': it must name a folder");
  }
  const { list, json, gate, svg, knitting } = flags;
  const names = flags._.map(String);
  const measurements = names.length > 0
    ? select(names, all)
    : gate
    ? all.filter(hasFloor)
    : all;
  return {
    ...{ measurements, list, json, gate, svg, knitting },
    rounds: readRounds(flags.rounds),
  };
}

function select(names: string[], all: Measurement[]): Measurement[] {
  const unknown = names.find((name) => !all.some((m) => m.name === name));
  if (unknown !== undefined) {
    throw new UsageError(
      `Cannot measure '${unknown}': the measurements are ` +
        all.map(({ name }) => name).join(", "),
    );
  }
  return all.filter(({ name }) => names.includes(name));
}

function readRounds(text = "7"): number {
  if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 1000) {
    return Number(text);
  }
  throw new UsageError(
    `Cannot run with --rounds '${text}': it must be a number from 1 to 1000`,
  );
}
