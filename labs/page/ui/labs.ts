// Copyright 2026 the lab9 authors. MIT license.

import deadlockRecord from "../../recorded/deadlock.json" with { type: "json" };
import raceRecord from "../../recorded/race.json" with { type: "json" };
import { type RecordedLab, recordedLabs } from "../../runner/judge/record.ts";
import { sourcesOf } from "../../runner/report/source.ts";
import { cellsOf, type ChosenCell } from "../../runner/selection.ts";
import deadlock from "../../deadlock.ts" with { type: "text" };
import gil from "../../gil.ts" with { type: "text" };
import pool from "../../pool.ts" with { type: "text" };
import queue from "../../queue.ts" with { type: "text" };
import race from "../../race.ts" with { type: "text" };
import threads from "../../threads.ts" with { type: "text" };

/** A lab of the page. */
export interface PageLab {
  name: string;
  /** What it shows, in a sentence, as its script says it. */
  about: string;
  /** How many workers it has by itself. */
  workers: number;
  /** The least and the most that it runs with. */
  workersRange: [least: number, most: number];
  /** Whether it has an interpreter lock. */
  hasGil: boolean;
  /** Its script. */
  text: string;
  recorded: RecordedLab;
  cells: PageCell[];
}

/** A cell of a lab, as far as it is known before it runs. */
export interface PageCell extends ChosenCell {
  title: string;
  /** Our code, in TypeScript. */
  code: string;
  /** Whether there is anything to run: definitions are the module's own. */
  isRunnable: boolean;
}

const texts: Record<string, string> = {
  ...{ threads, queue, pool, gil, deadlock, race },
};

/** The labs, in the notebook's order, and then those of our own. */
export const labs: PageLab[] = [...recordedLabs, deadlockRecord, raceRecord]
  .map((recorded) => labOf(recorded, texts[recorded.lab]));

/** Reads in a lab's script what it says of itself. */
function labOf(recorded: RecordedLab, text: string): PageLab {
  const sources = sourcesOf(text);
  const [, about = ""] = /about: "(.*)",/.exec(text) ?? [];
  const [, workers] = /^ {4}workers: (\d+),/m.exec(text) ?? [];
  const [, least = 1, most = 64] =
    /^ {4}workersRange: \[(\d+), (\d+)\],/m.exec(text) ?? [];
  return {
    name: recorded.lab,
    about,
    workers: Number(workers ?? navigator.hardwareConcurrency),
    workersRange: [Number(least), Number(most)],
    hasGil: /hasGil: true/.test(text),
    text,
    recorded,
    cells: cellsOf(recorded).map((cell) => {
      const code = sources.get(cell.number) ?? "";
      const [, title = ""] =
        /^cell\((?:"[^"]+"|\d+),\s*"(.*?)",?/m.exec(code) ??
          [];
      const isRunnable = !/^cell\((?:"[^"]+"|\d+), ".*"\);$/m.test(code);
      return { ...cell, code, title, isRunnable };
    }),
  };
}
