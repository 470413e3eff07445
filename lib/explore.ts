// Copyright 2026 the lab9 authors. MIT license.

/**
 * Every schedule of a few threads, one after another: a race that shows once in
 * ten thousand runs is found, told step by step, and can be run again.
 *
 * @module
 */

// First of all modules, so that it is the first of a bundle, too.
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
