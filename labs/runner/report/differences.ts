// Copyright 2026 the lab9 authors. MIT license.

import { bold, green, red } from "@std/fmt/colors";
import { diff, formatDiff } from "./diff.ts";
import type { LabResult } from "../result.ts";
import { comparison } from "./sentence.ts";
import { wrap } from "./table.ts";
import type { Timing } from "../judge/timing.ts";
import type { Verdict } from "../judge/verdict.ts";

/**
 * Formats what differs in a run of a lab: recorded, here, and expected.
 *
 * @param result The run.
 * @param runs How many runs there are.
 * @param width How many columns of the terminal there are.
 */
export function differences(
  { cells, run }: LabResult,
  runs: number,
  width: number,
): string[] {
  return cells
    .filter(({ verdict }) => verdict.verdict === "differs")
    .flatMap(({ id, title, verdict }) => {
      const where = runs === 1 ? id : `${id} in run ${run}`;
      return [
        bold(red(`${where}${title && ` (${title})`} differs: `)) +
        verdict.reason,
        ...difference(verdict)
          .flatMap((line) =>
            line.startsWith("expected:") ? wrap(line, width - 2) : [line]
          )
          .map((line) => `  ${paint(line)}`.trimEnd()),
        "",
      ];
    });
}

/** What differs in a cell, line by line. */
export function difference({ output, timing, seconds }: Verdict): string[] {
  if (output !== undefined) {
    return [
      "- recorded",
      "+ here",
      "",
      ...formatDiff(diff(output.recorded, output.here)),
      "",
      `expected: ${output.expected}`,
    ];
  }
  if (timing.holds !== false) return [];
  const { recorded, speed, expected } = timing;
  const than = (factor?: number) =>
    factor === undefined ? "" : `, ${comparison(factor)} than ${speed!.than}`;
  return [
    `- recorded: ${recorded} s${than(speed?.recorded)}`,
    `+ here: ${seconds} s${than(speed?.median)}${timesOf(timing)}`,
    `expected: ${expected}`,
  ];
}

/** The interval of the ratio, the number of runs, and how many threads ran at once. */
function timesOf({ speed, concurrency }: Timing): string {
  if (speed === undefined) return "";
  const threads = concurrency === undefined
    ? ""
    : `; ${concurrency.toFixed(1)} threads ran at once`;
  return ` (×${speed.low.toFixed(2)} to ×${speed.high.toFixed(2)} in ` +
    `${speed.count} runs${threads})`;
}

function paint(line: string): string {
  if (line.startsWith("-")) return red(line);
  return line.startsWith("+") ? green(line) : line;
}
