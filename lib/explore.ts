// Copyright 2026 the lab9 authors. MIT license.

/**
 * Runs a few threads in every possible schedule, one schedule after another. It
 * finds a race that shows once in ten thousand runs, reports it step by step, and
 * can run it again.
 *
 * @module
 */

// It must run before any other module, in a bundle, too.
import "./explore/instrument.ts";

export {
  type Exploration,
  explore,
  type ExploreOptions,
  type ExploreStrategy,
  type Scenario,
} from "./explore/explore.ts";
export type { ScenarioThread } from "./explore/crew.ts";
export {
  ScheduleError,
  type ScheduleErrorOptions,
} from "./explore/schedule_error.ts";
export type {
  ScheduleSpan,
  ScheduleStep,
  ScheduleTimeline,
} from "./explore/trace.ts";
