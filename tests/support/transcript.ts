// Copyright 2026 the lab9 authors. MIT license.

import type { CellOutput } from "../../labs/runner/run/transcript.ts";
import { type Sample, secondsOf } from "../../labs/runner/judge/timing.ts";

/** Takes what a lab printed for a reader apart at its headings. */
export function parseTranscript(text: string): CellOutput[] {
  const [, ...parts] = text.split(/^In \[(.+?)\]: (.*)$/m);
  const cells: CellOutput[] = [];
  for (let i = 0; i < parts.length; i += 3) {
    const [id, title, text] = parts.slice(i, i + 3);
    // What we say about a cell is no output.
    const output = text.replace(/^(\n# .*)+/, "");
    cells.push({
      ...{ id, title, output: output.slice(1).trimEnd() },
      ...{ timelines: [], isFinished: true },
    });
  }
  return cells;
}

/** What a printed cell is as a sample; with the cell that it is compared with. */
export function sampleOf(output: string, than?: string): Sample {
  return {
    ...{ output, quick: false, seconds: secondsOf(output) },
    than: than === undefined ? undefined : secondsOf(than),
  };
}
