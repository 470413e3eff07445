// Copyright 2026 the lab9 authors. MIT license.

import type { ScheduleStep, ScheduleTimeline } from "./trace.ts";

/** What a {@linkcode ScheduleError} says of its schedule. */
export interface ScheduleErrorOptions {
  /** What went wrong. */
  outcome: "error" | "deadlock" | "endless";
  /** The schedule as a text, for `explore`'s option of that name. */
  replay: string;
  /** How many preemptions it has. */
  preemptions: number;
  /** How many schedules had been run when it was found. */
  schedules: number;
  /** What happened, in order. */
  steps: ScheduleStep[];
  /** The steps as a table with a column for each thread. */
  table: string;
  /** The steps in the form that the labs' pictures are drawn from. */
  timeline: ScheduleTimeline;
  /** What was thrown, if anything was. */
  cause?: unknown;
}

/**
 * What {@linkcode explore} rejects with: a schedule in which the scenario fails.
 * What a thread threw, or the check, is its `cause`.
 *
 * @example Usage
 * ```ts
 * import { ScheduleError } from "@lab9/concurrency/explore";
 *
 * function show(error: unknown): void {
 *   if (error instanceof ScheduleError) console.log(error.table);
 * }
 * show(new Error("another"));
 * ```
 */
export class ScheduleError extends Error {
  /** The class's name. */
  override name = "ScheduleError";
  /** What went wrong: something was thrown, all wait for ever, or it has no end. */
  readonly outcome: ScheduleErrorOptions["outcome"];
  /** The schedule as a text, for `explore`'s option of that name. */
  readonly replay: string;
  /** How many preemptions it has. */
  readonly preemptions: number;
  /** How many schedules had been run when it was found. */
  readonly schedules: number;
  /** What happened, in order. */
  readonly steps: readonly ScheduleStep[];
  /** The steps as a table with a column for each thread. */
  readonly table: string;
  /** The steps in the form that the labs' pictures are drawn from. */
  readonly timeline: ScheduleTimeline;

  /**
   * Makes an error.
   *
   * @param message What went wrong.
   * @param options The schedule.
   * @ignore
   */
  constructor(message: string, options: ScheduleErrorOptions) {
    super(message, { cause: options.cause });
    this.outcome = options.outcome;
    this.replay = options.replay;
    this.preemptions = options.preemptions;
    this.schedules = options.schedules;
    this.steps = options.steps;
    this.table = options.table;
    this.timeline = options.timeline;
  }
}
