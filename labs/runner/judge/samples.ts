// Copyright 2026 the lab9 authors. MIT license.

import { type ChosenCell, numberOf } from "../selection.ts";
import type { RecordedLab } from "./record.ts";
import { type Sample, secondsOf } from "./timing.ts";

/** What a cell did in one of its runs. */
export interface Finished extends Pick<Sample, "concurrency" | "others"> {
  /** The cell's number, or its name. */
  id: string;
  output: string;
}

/** The times that a lab's cells ran to their end. */
export class Samples {
  #lab: RecordedLab;
  #samples = new Map<string, Sample[]>();

  /** @param lab The lab, as recorded. */
  constructor(lab: RecordedLab) {
    this.#lab = lab;
  }

  /** The samples of the cell with that number, the first as the notebook has it. */
  of(number: string): Sample[] {
    return this.#samples.get(number) ?? [];
  }

  /** Takes cells that ran one after another, in place of all others. */
  begin(finished: Finished[], quick: boolean): void {
    this.#samples.clear();
    for (const [id, sample] of this.#read(finished, quick)) {
      this.#samples.set(id, [sample]);
    }
  }

  /** Takes cells that ran again, with smaller counts, beside one another. */
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

/** The cells to run again: each group with the one that it is compared with. */
export function groupsOf(open: ChosenCell[]): string[][] {
  return [...Map.groupBy(open, ({ than, number }) => than?.id ?? number)]
    .map(([, cells]) => {
      const [{ than }] = cells;
      const numbers = cells.map(({ number }) => number);
      return than === undefined ? numbers : [numberOf(than.id), ...numbers];
    });
}
