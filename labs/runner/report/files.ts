// Copyright 2026 the lab9 authors. MIT license.

import { attempt } from "../attempt.ts";
import type { Options } from "../cli.ts";
import { toJunit } from "./junit.ts";
import { reportText, svgFiles, traceText } from "./pictures.ts";
import type { LabResult } from "../run/runner.ts";

/**
 * Makes sure, before anything runs, that the files can be written. What is in
 * them stays until there is something new.
 *
 * @param options The flags.
 * @throws {UsageError} If a file can't be written.
 */
export async function checkFiles(options: Options): Promise<void> {
  for (const flag of ["junit", "trace", "report"] as const) {
    const path = options[flag];
    if (path === undefined) continue;
    await attempt(flag, path, async () => {
      const file = await Deno.open(path, { create: true, append: true });
      file.close();
    });
  }
  const { svg } = options;
  if (svg === undefined) return;
  await attempt("svg", svg, () => Deno.mkdir(svg, { recursive: true }));
}

/**
 * Writes the files that were asked for.
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
  for (const { path, text } of svgFiles(svg, results)) {
    await write("svg", path, text);
  }
}

function write(flag: string, path: string, text: string): Promise<void> {
  return attempt(flag, path, () => Deno.writeTextFile(path, text));
}
