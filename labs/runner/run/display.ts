// Copyright 2026 the lab9 authors. MIT license.

import { bold, dim, getColorEnabled, green } from "@std/fmt/colors";
import { proseLines, proseOf } from "../../notebook/prose.ts";
import type { Timeline } from "../../notebook/timeline.ts";
import { drawGantt } from "../draw/gantt.ts";
import { isWorthDrawing } from "../draw/worth.ts";
import type { RecordedLab } from "../judge/record.ts";
import { foldedRun, isInteger } from "../report/fold.ts";
import { axisOf } from "../selection.ts";
import { print, widthOf } from "../terminal.ts";
import type { Progress } from "./progress.ts";

/** The width of the widest chart. A wider one would not be clearer. */
const LONGEST_CHART = 100;

/** Shows a lab's cells while they run: headings, output, charts. */
export class Display {
  #lab: RecordedLab;
  #progress: Progress;
  #isPlain: boolean;
  /** Integers that the lab has printed and that are not shown yet. */
  #integers: string[] = [];
  /** The ends of the time axes that several cells have in common. */
  #axes = new Map<string, number>();

  /**
   * @param lab The record of the lab.
   * @param progress The line below everything else.
   * @param isPlain Whether to leave out our text about the cells.
   */
  constructor(lab: RecordedLab, progress: Progress, isPlain: boolean) {
    this.#lab = lab;
    this.#progress = progress;
    this.#isPlain = isPlain;
  }

  /** Shows a cell's number and title, and our text about it. */
  heading(number: string, title: string): void {
    const prose = this.#isPlain
      ? undefined
      : proseOf(`${this.#lab.lab}:${number}`, title);
    const width = Math.min(widthOf(Deno.stdout), LONGEST_CHART) - 2;
    this.#print([
      green(bold(`In [${number}]: ${title}`)),
      ...prose === undefined ? [] : proseLines(prose, width).map(dim),
    ]);
  }

  /** Shows a line of output. Integers are shown together with the lines after them. */
  line(line: string): void {
    if (isInteger(line)) this.#integers.push(line);
    else this.#print([line]);
  }

  /** Shows the integers that are not shown yet. */
  flush(): void {
    if (this.#integers.length > 0) this.#print([]);
  }

  /** Shows the chart of a cell, and a blank line. */
  end(number: string, timeline: Timeline): void {
    const chart = isWorthDrawing(timeline)
      ? ["", this.#chart(number, timeline)]
      : [];
    this.#print([...chart, ""]);
  }

  #chart(number: string, timeline: Timeline): string {
    const { lab, cells } = this.#lab;
    const id = `${lab}:${number}`;
    // The first one of several cells that are compared is usually the longest.
    const group = axisOf(id, cells.find((cell) => cell.id === id));
    const axis = Math.max(timeline.duration, this.#axes.get(group) ?? 0);
    this.#axes.set(group, axis);
    const width = Math.min(widthOf(Deno.stdout), LONGEST_CHART);
    const color = getColorEnabled();
    return drawGantt(timeline, { width, color, axis }).trimEnd();
  }

  #print(lines: string[]): void {
    const all = [...foldedRun(this.#integers), ...lines];
    this.#integers = [];
    this.#progress.above(() => all.forEach(print));
  }
}
