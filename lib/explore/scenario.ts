// Copyright 2026 the lab9 authors. MIT license.

import {
  checkArray,
  checkCallable,
  checkCallback,
  checkString,
  kindOf,
} from "../checks.ts";
import type { ScenarioThread } from "./crew.ts";

/** One run of a scenario: its threads, and a check of what they have done. */
export interface Scenario {
  /**
   * The threads, which begin together. With the threads that they start, there may be
   * eight.
   */
  threads: readonly ScenarioThread[];
  /** Called when all threads have ended. If it throws, the scenario has failed. */
  check?: () => void;
  /**
   * Called when all threads that are left wait and nothing will wake them, with their
   * names. If it throws, the scenario has failed. Without it, such a wait is a failure.
   */
  atRest?: (waiting: readonly string[]) => void;
}

/**
 * Checks what a scenario has returned.
 *
 * @throws {TypeError} If it is nothing that can be run. Nobody would wait for an async
 * `check` or `atRest`, so that what it throws would be lost.
 */
export function checkScenario(scenario: unknown): asserts scenario is Scenario {
  const { threads, check, atRest } = Object(scenario) as Scenario;
  if (!Array.isArray(threads)) {
    throw new TypeError(
      "Cannot explore: the scenario must return an object with `threads`, an " +
        `array, received ${
          typeof scenario === "object" && scenario !== null
            ? `threads of type ${kindOf(threads)}`
            : kindOf(scenario)
        }`,
    );
  }
  for (const thread of threads) checkThread(thread);
  if (check !== undefined) checkCallback("explore", "check", check);
  if (atRest !== undefined) checkCallback("explore", "atRest", atRest);
}

function checkThread(thread: unknown): void {
  const { target, args, name } = Object(thread) as ScenarioThread;
  checkCallable("explore", "a thread's target", target);
  if (args !== undefined) checkArray("explore", "a thread's args", args);
  if (name !== undefined) checkString("explore", "a thread's name", name);
}
