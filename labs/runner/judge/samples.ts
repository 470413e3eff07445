// Copyright 2026 the lab9 authors. MIT license.

import { type ChosenCell, numberOf } from "../selection.ts";
import type { RecordedLab } from "./record.ts";
import { type Sample, secondsOf } from "./timing.ts";

/** A cell that has run to its end. */
export interface Finished extends Pick<Sample, "concurrency" | "others"> {
  /** The cell's number, or its name. */
  id: string;
  output: string;
}

/** The samples of a lab's cells: one for each time that a cell ran to its end. */
export class Samples {
  #lab: RecordedLab;
  #samples = new Map<string, Sample[]>();

  /** @param lab The record of the lab. */
  constructor(lab: RecordedLab) {
    this.#lab = lab;
  }

  /** The samples of the cell with that number. Only the first one ran at full size. */
  of(number: string): Sample[] {
    return this.#samples.get(number) ?? [];
  }

  /** Begins with the cells of the first run, and forgets all samples before. */
  begin(finished: Finished[], quick: boolean): void {
    this.#samples.clear();
    for (const [id, sample] of this.#read(finished, quick)) {
      this.#samples.set(id, [sample]);
    }
  }

  /** Adds cells that ran again, with smaller counts, one after another. */
  add(finished: Finished[]): void {
    for (const [id, sample] of this.#read(finished, true)) {
      this.#samples.set(id, [...this.of(id), sample]);
    }
  }

  #read(finished: Finished[], quick: boolean): [string, Sample][] {
    const seconds = new Map(
      finished.map(({ id, output }) => [id, secondsOf(output)]),
    );
    const { cells } = this.#lab;
    return finished.map(({ id, ...measured }) => {
      const { time } = cells.find((cell) => numberOf(cell.id) === id) ?? {};
      const than = time?.fasterThan ?? time?.noFasterThan;
      return [id, {
        ...measured,
        ...{ seconds: seconds.get(id)!, quick },
        than: than === undefined ? undefined : seconds.get(numberOf(than)),
      }];
    });
  }
}

/** The cells to run again, in groups: the cells that are compared with one cell, and it. */
export function groupsOf(open: ChosenCell[]): string[][] {
  return [...Map.groupBy(open, ({ than, number }) => than?.id ?? number)]
    .map(([, cells]) => {
      const [{ than }] = cells;
      const numbers = cells.map(({ number }) => number);
      return than === undefined ? numbers : [numberOf(than.id), ...numbers];
    });
}
