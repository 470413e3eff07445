// Copyright 2026 the lab9 authors. MIT license.

import { unicodeWidth } from "@std/cli/unicode-width";
import { dim } from "@std/fmt/colors";
import type { Timeline } from "../../notebook/timeline.ts";
import { ticksOf } from "./axis.ts";
import { type Column, columnsOf, runsOf } from "./columns.ts";
import { lanesOf } from "./lanes.ts";
import { elide, pad, printable } from "./names.ts";
import { STATE_NAMES, STATES } from "./states.ts";

/** Options of {@linkcode drawGantt}. */
export interface GanttOptions {
  /**
   * How many columns the terminal has. The chart takes 30 to 200.
   *
   * @default {80}
   */
  width?: number;
  /**
   * Whether to use colours.
   *
   * @default {false}
   */
  color?: boolean;
  /**
   * The end of the time axis, in milliseconds, so that several charts have the same axis.
   *
   * @default {the timeline's duration}
   */
  axis?: number;
}

/**
 * Draws what a cell's threads did, for a terminal: a row for each thread, a time axis,
 * and a legend.
 *
 * @param timeline The cell's timeline.
 * @param options The terminal's width, and whether it has colours.
 * @returns Lines, each with its line feed; none if there was no thread.
 */
export function drawGantt(
  timeline: Timeline,
  options: GanttOptions = {},
): string {
  const { color = false } = options;
  const width = Math.min(200, Math.max(30, options.width ?? 80));
  const lanes = lanesOf(timeline);
  if (lanes.length === 0 || timeline.duration <= 0) return "";
  const end = Math.max(timeline.duration, options.axis ?? 0);

  const names = lanes.map(({ thread }) => printable(thread.name));
  const longest = Math.max(...names.map(unicodeWidth));
  const margin = Math.min(longest, Math.max(10, Math.floor(width * 0.3))) + 2;
  const count = width - margin;
  const rows = lanes.map(({ segments }) => columnsOf(segments, end, count));

  const faint = color ? dim : String;
  const indent = " ".repeat(margin);
  const lines = rows.map((row, i) =>
    pad(elide(names[i], margin - 2), margin) + bar(row, color)
  );
  for (const line of axis(end, count)) {
    lines.push(indent + faint(line));
  }
  for (const line of legend(rows, count, color)) lines.push(indent + line);
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

function bar(row: Column[], color: boolean): string {
  return runsOf(row).map(({ column, length }) => {
    if (column === undefined) return " ".repeat(length);
    const { char, paint } = STATES[column];
    return color ? paint(char.repeat(length)) : char.repeat(length);
  }).join("");
}

/** The marks of the axis, and the times below them. */
function axis(duration: number, count: number): [string, string] {
  let marks = "";
  let labels = "";
  for (
    const { time, label } of ticksOf(
      duration,
      Math.max(1, Math.floor(count / 10)),
    )
  ) {
    const at = Math.min(count - 1, Math.round(time / duration * count));
    marks = `${marks.padEnd(at)}╵`;
    const middle = at - Math.floor(label.replace(" s", "").length / 2);
    const left = Math.max(0, Math.min(middle, count - label.length));
    labels = labels.padEnd(left) + label;
  }
  return [marks, labels];
}

function legend(rows: Column[][], width: number, color: boolean): string[] {
  const occurring = new Set(rows.flat());
  const lines: string[] = [];
  let used = Infinity;
  for (const state of STATE_NAMES.filter((state) => occurring.has(state))) {
    const { char, name, paint } = STATES[state];
    const text = `${color ? paint(char) : char} ${name}`;
    const needed = 2 + name.length;
    if (used + 3 + needed > width) {
      lines.push(text);
      used = needed;
    } else {
      lines[lines.length - 1] += `   ${text}`;
      used += 3 + needed;
    }
  }
  return lines;
}
