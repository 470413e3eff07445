// Copyright 2026 the lab9 authors. MIT license.

import type { CellResult } from "../result.ts";

/** A question about a cell. The answer is a number. */
export interface Question {
  text: string;
  /** The right answer, by the cell's result; undefined if there is none. */
  answer: (cell: CellResult) => number | undefined;
  /** How far a prediction may be from the answer. */
  within: (answer: number) => number;
  /** The unit of the answer, in the singular and in the plural. */
  unit: [one: string, many: string];
}

/** Asks about the seconds of a cell. */
function seconds(text: string): Question {
  return {
    text: `${text} How many seconds will it say?`,
    answer: ({ verdict }) => verdict.seconds ?? undefined,
    within: () => 0.5,
    unit: ["second", "seconds"],
  };
}

/** Asks how much faster a cell is than another. */
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

/** The question about a cell, such as `threads:7`; undefined if there is none. */
export function questionOf(id: string): Question | undefined {
  return QUESTIONS[id];
}

/** A prediction, and the right answer. */
export function saidOf(
  { unit: [one, many] }: Question,
  said: number,
  answer: number,
): string {
  const shown = Number.isInteger(answer) ? `${answer}` : answer.toFixed(2);
  const unit = answer === 1 ? one : many;
  return `you said ${said}, it was ${shown} ${unit}`.trimEnd();
}
