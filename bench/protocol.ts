// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the bench and a contender's process say to each other. The program is
 * started as `contender ROLE SETTINGS`, and answers with one line of JSON behind
 * an ASCII record separator; whatever else it prints is nobody's concern.
 *
 * @module
 */

import type { Kind } from "./work.ts";

/** What is asked of a contender. Each role reads what it needs. */
export interface Settings {
  /** How many bursts are measured after the first. */
  bursts: number;
  /** How many items, tasks or numbers a burst has. */
  count: number;
  /** How many workers a pool has, or threads are started. */
  workers: number;
  /** What passes through a queue or to a task, and how many bytes that is. */
  kind: Kind;
  size: number;
  producers: number;
  consumers: number;
  /** How many items a queue holds; 0 is no limit. */
  maxsize: number;
  /** How many numbers a chunk has; 0 is the contender's own default. */
  chunkSize: number;
}

/** Two workers, as the machine has two cores; no limits. */
export const DEFAULTS: Settings = {
  bursts: 5,
  count: 1,
  workers: 2,
  kind: "number",
  size: 8,
  producers: 1,
  consumers: 1,
  maxsize: 0,
  chunkSize: 0,
};

/** What one process measured. */
export interface Sample {
  /** Seconds of the first burst, if that is worth telling apart. */
  first?: number;
  /** Seconds of each burst after it. */
  steady: number[];
}

/** How a process failed, so that it is reported and not left out. */
export interface Failure {
  failure: "hang" | "wrong result" | "error" | "skipped";
  message: string;
}

/** What came of a process. */
export type Outcome = Sample | Failure;

/** Tells a failure from a sample. */
export function isFailure(outcome: Outcome): outcome is Failure {
  return "failure" in outcome;
}
