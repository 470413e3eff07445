// Copyright 2026 the lab9 authors. MIT license.

import type { CellResult } from "../result.ts";

/** Something to foresee of a cell: a number. */
export interface Question {
  /** What is asked. */
  text: string;
  /** What came of it; undefined if the cell can't tell. */
  answer: (cell: CellResult) => number | undefined;
  /** How far off one may be. */
  within: (answer: number) => number;
  /** What the number counts, behind it: one, and several. */
  unit: [one: string, many: string];
}

/** The cell's own time. */
function seconds(text: string): Question {
  return {
    text: `${text} How many seconds will it say?`,
    answer: ({ verdict }) => verdict.seconds ?? undefined,
    within: () => 0.5,
    unit: ["second", "seconds"],
  };
}

/** How the cell's time compares. */
function times(text: string, than: string): Question {
  const cores = navigator.hardwareConcurrency;
  const processors = cores === 1 ? "one processor" : `${cores} processors`;
  return {
    text: `${text} How many times as fast as ${than} will that be, on ` +
      `${processors}? (1 is as fast, 2 is twice)`,
    answer: ({ verdict }) => verdict.timing.speed?.median,
    within: (answer) => 0.25 * answer,
    unit: ["time as fast", "times as fast"],
  };
}

const QUESTIONS: Record<string, Question> = {
  "threads:5": seconds("Two calls in a row, each sleeps for a second."),
  "threads:7": seconds("Two threads, each sleeps for a second."),
  "threads:8": seconds("The same, but nobody joins the threads."),
  "threads:10": seconds("Ten threads, each sleeps for two seconds."),
  "queue:13": {
    text: "1, 2 and 3 are put into a queue. Which one comes out first?",
    answer: ({ output }) => Number(output.split("\n")[0]),
    within: () => 0,
    unit: ["", ""],
  },
  "queue:24": {
    text:
      "Four threads wait, three messages come, and each takes two seconds " +
      "to process. After how many seconds are all processed?",
    answer: ({ timelines }) => {
      const duration = timelines.at(-1)?.duration;
      return duration === undefined ? undefined : duration / 1000;
    },
    within: () => 0.5,
    unit: ["second", "seconds"],
  },
  "queue:26": {
    text: "Four threads wait, and None is put twice. How many wait on?",
    answer: ({ output }) => 4 - output.split("received = None").length + 1,
    within: () => 0,
    unit: ["thread", "threads"],
  },
  "pool:9": times("A pool with a worker a processor computes.", "the loop"),
  "gil:35": times("Four threads compute under one lock.", "the loop"),
  "gil:36": times("A pool of four workers computes.", "the loop"),
  "gil:None": times(
    "Four threads compute, and let go of the lock for it.",
    "the loop",
  ),
};

/** What to ask before a cell, `threads:7`; undefined if it teaches no number. */
export function questionOf(id: string): Question | undefined {
  return QUESTIONS[id];
}

/** What somebody said, beside what came of it. */
export function saidOf(
  { unit: [one, many] }: Question,
  said: number,
  answer: number,
): string {
  const shown = Number.isInteger(answer) ? `${answer}` : answer.toFixed(2);
  const unit = answer === 1 ? one : many;
  return `you said ${said}, it was ${shown} ${unit}`.trimEnd();
}
