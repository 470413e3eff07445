// Copyright 2026 the lab9 authors. MIT license.

import type { Mode } from "../pool/task.ts";
import type { UsedModule } from "./far_modules.ts";

/** Changes when jobs or answers change. Those of other versions are ignored. */
const VERSION = 1;

/** A task as it stands in the store. It holds no URL. */
export interface JobData {
  version: number;
  /** The pool that has submitted it. */
  pool: string;
  /** The task's id in its pool. */
  id: number;
  /** The function's far id. */
  fn: number;
  /** Its name, for errors. */
  name: string;
  /** The modules of the task's function, and of the functions in its payload. */
  modules: UsedModule[];
  mode: Mode;
  isSettled: boolean;
  /** How many seconds it may run. */
  runTimeout?: number;
  /** The arguments or items, encoded. */
  payload: string;
}

/** The answer to a task, as it stands in the store. */
export interface AnswerData {
  version: number;
  /** The task's id. */
  id: number;
  /** How many microseconds the task has run. */
  ran: number;
  /** The record that a worker of a local pool would write, encoded. */
  record: string;
}

/**
 * The most letters of an encoded chunk, and of its results. Larger chunks are split.
 * A value that can't be split is refused.
 */
export const MOST_LETTERS = 32 << 20;

/** The error of a value that has more letters. */
export function tooLarge(what: string, letters: number): RangeError {
  const mebibytes = (count: number) => Math.ceil(count / 4 * 3 / (1 << 20));
  return new RangeError(
    `Cannot send ${what} to another machine: encoded it has ` +
      `${mebibytes(letters)} MiB, more than ${mebibytes(MOST_LETTERS)}`,
  );
}

export function makeJob(job: Omit<JobData, "version">): JobData {
  return { version: VERSION, ...job };
}

export function makeAnswer(answer: Omit<AnswerData, "version">): AnswerData {
  return { version: VERSION, ...answer };
}

/** Whether it is a job of this version of the library. */
export function isJob(data: unknown): data is JobData {
  const job = Object(data) as JobData;
  return job.version === VERSION && typeof job.pool === "string" &&
    Number.isSafeInteger(job.id) && Number.isSafeInteger(job.fn) &&
    typeof job.name === "string" && Array.isArray(job.modules) &&
    job.modules.every((module) => Array.isArray(module)) &&
    [0, 1, 2].includes(job.mode) &&
    typeof job.isSettled === "boolean" &&
    (job.runTimeout === undefined || job.runTimeout >= 0) &&
    typeof job.payload === "string";
}

/** Whether it is an answer of this version of the library. */
export function isAnswer(data: unknown): data is AnswerData {
  const answer = Object(data) as AnswerData;
  return answer.version === VERSION && Number.isSafeInteger(answer.id) &&
    typeof answer.ran === "number" && typeof answer.record === "string";
}
