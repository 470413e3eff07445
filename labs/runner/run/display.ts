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

/** Wider than this, a chart is no clearer. */
const LONGEST_CHART = 100;

/** Shows a lab's cells while they run: headings, output, charts. */
export class Display {
  #lab: RecordedLab;
  #progress: Progress;
  #isPlain: boolean;
  /** Printed by the lab, and not yet by us. */
  #integers: string[] = [];
  /** Where the time axes of cells that share one end. */
  #axes = new Map<string, number>();

  /**
   * @param lab The lab, as recorded.
   * @param progress The line below everything else.
   * @param isPlain Whether to leave out what we say about the cells.
   */
  constructor(lab: RecordedLab, progress: Progress, isPlain: boolean) {
    this.#lab = lab;
    this.#progress = progress;
    this.#isPlain = isPlain;
  }

  /** Shows a cell's number and title, and what we say about it. */
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

  /** Shows a line of output; integers wait for what follows, to be folded. */
  line(line: string): void {
    if (isInteger(line)) this.#integers.push(line);
    else this.#print([line]);
  }

  /** Shows what still waits to be shown. */
  flush(): void {
    if (this.#integers.length > 0) this.#print([]);
  }

  /** Shows what a cell's threads did, and ends the cell with a blank line. */
  end(number: string, timeline: Timeline): void {
    const chart = isWorthDrawing(timeline)
      ? ["", this.#chart(number, timeline)]
      : [];
    this.#print([...chart, ""]);
  }

  #chart(number: string, timeline: Timeline): string {
    const { lab, cells } = this.#lab;
    const id = `${lab}:${number}`;
    // Of cells that are compared, the first is mostly the longest.
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
