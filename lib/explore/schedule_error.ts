// Copyright 2026 the lab9 authors. MIT license.

import type { ScheduleStep, ScheduleTimeline } from "./trace.ts";

/** The properties of a {@linkcode ScheduleError}. */
export interface ScheduleErrorOptions {
  /** How the scenario failed. */
  outcome: "error" | "deadlock" | "endless";
  /** The schedule as a text, for the option `replay` of `explore`. */
  replay: string;
  /** How many preemptions the schedule has. */
  preemptions: number;
  /** How many schedules had been run when it was found. */
  schedules: number;
  /** The steps of the schedule, in order. */
  steps: ScheduleStep[];
  /** The steps as a table with a column for each thread. */
  table: string;
  /** The steps as a timeline, from which the labs' pictures are drawn. */
  timeline: ScheduleTimeline;
  /** The error that was thrown, if one was. */
  cause?: unknown;
}

/**
 * The error with which {@linkcode explore} rejects: a schedule in which the scenario
 * failed. If a thread or the check has thrown an error, it is the `cause`.
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
  /** The error's name, `"ScheduleError"`. */
  override name = "ScheduleError";
  /**
   * How the scenario failed: an error was thrown, all threads wait for ever, or the
   * schedule has no end.
   */
  readonly outcome: ScheduleErrorOptions["outcome"];
  /** The schedule as a text, for the option `replay` of `explore`. */
  readonly replay: string;
  /** How many preemptions the schedule has. */
  readonly preemptions: number;
  /** How many schedules had been run when it was found. */
  readonly schedules: number;
  /** The steps of the schedule, in order. */
  readonly steps: readonly ScheduleStep[];
  /** The steps as a table with a column for each thread. */
  readonly table: string;
  /** The steps as a timeline, from which the labs' pictures are drawn. */
  readonly timeline: ScheduleTimeline;

  /**
   * Creates an error.
   *
   * @param message The message.
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
