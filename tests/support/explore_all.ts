/**
 * Explores the library's own protocols: in the tests a slice of their schedules, in
 * `deno task soak --explore` ever more.
 */

import type { ExploreStrategy, Scenario } from "../../lib/explore.ts";
import { Crew } from "../../lib/explore/crew.ts";
import { type Exploration, exploreWith } from "../../lib/explore/explore.ts";
import { deaths } from "./explore_deaths.ts";
import { scenarios, startedScenarios } from "./explore_scenarios.ts";

/** Options of {@linkcode exploreAll}. */
export interface ExploreAllOptions {
  /**
   * How many schedules a scenario has depth first; of the random ones there are
   * twice as many, and four times.
   */
  schedules: number;
  /** How many a scenario has in which a thread dies. */
  deathSchedules: number;
  /** Whether each thread of a scenario dies in turn. @default {one of them} */
  everyDeath?: boolean;
  /** How many preemptions, for those that are gone through one by one. */
  preemptions: number;
  seed: number;
  /** When to stop, on the clock of `performance.now()`. @default {Infinity} */
  until?: number;
  /** Called after each scenario. */
  onDone?: (name: string, found: Exploration[]) => void;
}

/** What the tests, and those of the mutants, run of the schedules. */
export const SLICE: ExploreAllOptions = {
  schedules: 50,
  deathSchedules: 50,
  preemptions: 2,
  seed: 3,
};

/** Longer timeouts are the library's own, against hangs: here they'd hide them. */
export const LONGEST_TIMEOUT = 0.01;

/** Those of them whose last thread ends another one. */
const HAS_VICTIM = /stopped|given up|has ended/;

/** How many schedules of each strategy. */
type Shares = [ExploreStrategy, number][];

/** What there is to explore, and how. */
function* runs(
  { schedules, deathSchedules, everyDeath, seed }: ExploreAllOptions,
): Iterable<[string, () => Scenario, Shares]> {
  for (const [name, scenario] of Object.entries(scenarios)) {
    yield [name, scenario, [
      ["depth-first", schedules],
      [HAS_VICTIM.test(name) ? "interrupt" : "pct", 2 * schedules],
      ["random", 4 * schedules],
    ]];
  }
  for (const [name, scenario] of Object.entries(startedScenarios)) {
    // A schedule takes them as long as others five.
    const fewer = Math.ceil(schedules / 2);
    yield [name, scenario, [
      [HAS_VICTIM.test(name) ? "interrupt" : "pct", fewer],
      ["random", fewer],
    ]];
  }
  for (const [name, scenario] of deaths(everyDeath ? undefined : seed)) {
    yield [name, scenario, [["interrupt", deathSchedules]]];
  }
}

/** Explores every scenario, and then each with a thread that dies. */
export async function exploreAll(options: ExploreAllOptions): Promise<void> {
  const { preemptions, seed, until = Infinity, onDone } = options;
  using crew = new Crew();
  for (const [name, scenario, shares] of runs(options)) {
    const found: Exploration[] = [];
    for (const [strategy, schedules] of shares) {
      if (performance.now() > until) return;
      try {
        found.push(
          await exploreWith(crew, scenario, {
            strategy,
            schedules,
            preemptions,
            seed,
            longestTimeout: LONGEST_TIMEOUT,
          }),
        );
      } catch (error) {
        const { message } = error as Error;
        throw new Error(`${name}: ${message}`, { cause: error });
      }
      if (found[0].isComplete) break;
    }
    onDone?.(name, found);
  }
}

/** Options of {@linkcode exploreExhaustively}. */
export interface ExhaustiveOptions {
  /** How many preemptions the schedules have at most. */
  preemptions: number;
  /** How long each scenario may take. */
  seconds: number;
  /** Which scenarios, by their names. */
  only: RegExp;
  /** Called after each scenario. */
  onDone: (name: string, found: Exploration) => void;
}

/** Goes through all schedules of each scenario, as far as its time allows. */
export async function exploreExhaustively(
  { preemptions, seconds, only, onDone }: ExhaustiveOptions,
): Promise<void> {
  using crew = new Crew();
  const all = { ...scenarios, ...startedScenarios };
  for (const [name, scenario] of Object.entries(all)) {
    if (!only.test(name)) continue;
    const until = performance.now() + seconds * 1000;
    try {
      const options = {
        preemptions,
        schedules: 2 ** 31 - 1,
        seed: 1,
        longestTimeout: LONGEST_TIMEOUT,
      };
      onDone(name, await exploreWith(crew, scenario, options, until));
    } catch (error) {
      const { message } = error as Error;
      throw new Error(`${name}: ${message}`, { cause: error });
    }
  }
}
