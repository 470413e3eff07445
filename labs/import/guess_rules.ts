// Copyright 2026 the lab9 authors. MIT license.

import type { CodeCell } from "./notebook_file.ts";

const FINISHED = /^Finished in \d+\.\d+ seconds$/m;
const SECONDS = /(\d+(?:\.\d+)?) ?(?:seconds|secs?|s)\b/;

/** A first guess of the rules that a cell's output needs to be compared. */
export function guessRules({ source, output }: CodeCell): string[] {
  if (output === "") return [];
  const lines = output.split("\n");
  const hasIds = /(?<![\d.])\d{10,20}\b/.test(output);
  const isInterleaved = isGlued(lines);
  const isCut = opensMore(output);
  const rules: string[] = [];
  if (hasIds) rules.push("ids");
  if (/\b0x[0-9a-f]{1,16}\b/.test(output)) rules.push("addresses");
  if (/<(Heartbeat|HistorySavingThread|ParentPollerUnix)\(/.test(output)) {
    rules.push("kernel-threads");
  }
  if (/\bThread-\d+\b/.test(output)) rules.push("thread-names");
  if (/^Number of processors: +\d+$/m.test(output)) rules.push("cpu-count");
  if (lines.length > 1) rules.push(orderOf(source, hasIds, isInterleaved));
  if (isInterleaved) rules.push("interleaved");
  if (FINISHED.test(output)) rules.push("seconds");
  if (isCut) rules.push("cut");
  return rules;
}

/** The seconds that a cell took by its own account, if it printed them. */
export function secondsIn(output: string): number | null {
  const line = FINISHED.exec(output)?.[0] ?? output.split("\n").at(-1)!;
  const match = SECONDS.exec(line);
  return match === null ? null : Number(match[1]);
}

function orderOf(source: string, hasIds: boolean, isInterleaved: boolean) {
  if (isInterleaved && hasIds) return "order:per-thread";
  const isConcurrent = /\bThread\(|\bPool\(|\bPoolExecutor\(/.test(source);
  return isInterleaved || isConcurrent ? "order:any" : "order:exact";
}

/** Whether lines stand on one line, with the empty lines that are theirs. */
function isGlued(lines: string[]): boolean {
  if (!lines.includes("")) return false;
  const starts = lines.filter((line) => line.length >= 8)
    .map((line) => line.slice(0, 8));
  return lines.some((line) =>
    /^\d{2,}$/.test(line) ||
    starts.some((start) => line.indexOf(start, 1) > 0)
  );
}

/** Whether a list or the like is opened and never closed. */
function opensMore(output: string): boolean {
  if (!/^[[{(]/.test(output)) return false;
  let depth = 0;
  for (const char of output) {
    if ("[{(".includes(char)) depth++;
    else if ("]})".includes(char)) depth--;
  }
  return depth > 0;
}
