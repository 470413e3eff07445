// Copyright 2026 the lab9 authors. MIT license.

import type { Options } from "./cli.ts";
import { toJunit } from "./junit.ts";
import { reportText, svgFiles, traceText } from "./pictures.ts";
import type { LabResult } from "./runner.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Writes the files that were asked for. Also called before anything runs, so
 * that what can't be written is told first.
 *
 * @param options The flags.
 * @param results What ran.
 * @throws {UsageError} If a file can't be written.
 */
export async function writeFiles(
  { junit, svg, trace, report }: Options,
  results: LabResult[],
): Promise<void> {
  if (junit !== undefined) await write("junit", junit, toJunit(results));
  if (trace !== undefined) await write("trace", trace, traceText(results));
  if (report !== undefined) await write("report", report, reportText(results));
  if (svg === undefined) return;
  await attempt("svg", svg, () => Deno.mkdir(svg, { recursive: true }));
  for (const { path, text } of svgFiles(svg, results)) {
    await write("svg", path, text);
  }
}

function write(flag: string, path: string, text: string): Promise<void> {
  return attempt(flag, path, () => Deno.writeTextFile(path, text));
}

async function attempt(
  flag: string,
  path: string,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new UsageError(
      `Cannot write --${flag} '${path}': ${error.message}; it must be in this ` +
        "project, in a folder that exists",
    );
  }
}
