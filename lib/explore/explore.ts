// Copyright 2026 the lab9 authors. MIT license.

import { type Orders, Outcome, Pick } from "./board.ts";
import { Crew, type Run } from "./crew.ts";
import { DepthFirst } from "./depth_first.ts";
import { Interrupt } from "./interrupt.ts";
import { checkScenario, type Scenario } from "./scenario.ts";
import { astray, preemptionsIn, readReplay, writeReplay } from "./schedule.ts";
import { ScheduleError, type ScheduleErrorOptions } from "./schedule_error.ts";
import { simpler } from "./shrink.ts";
import { type ScheduleStep, stepsOf, tableOf, timelineOf } from "./trace.ts";
import {
  checkCallback,
  checkInteger,
  checkOptions,
  refusePromise,
} from "../checks.ts";
import { checkSeconds } from "../sync/deadline.ts";
import { inspect, now, startTimer } from "../platform/platform.ts";
import { aliveSlots, checkMainThread } from "../thread/thread_table.ts";

export type { Scenario };

/** How schedules are picked. */
export type ExploreStrategy = "depth-first" | "pct" | "random" | "interrupt";

/** Options of {@linkcode explore}. */
export interface ExploreOptions {
  /**
   * How schedules are picked. `"depth-first"` runs all schedules that have few
   * preemptions, those with the fewest first. `"pct"` gives threads random priorities,
   * which change at random steps. `"random"` picks any thread at each step. `"interrupt"`
   * picks a schedule as `"random"` does, and runs it once for each of its steps: each time
   * the scenario's last thread comes before another step.
   *
   * @default {"depth-first"}
   */
  strategy?: ExploreStrategy;
  /**
   * How many schedules are run at most.
   *
   * @default {10_000}
   */
  schedules?: number;
  /**
   * How many preemptions a schedule may have, for `"depth-first"`.
   *
   * @default {2}
   */
  preemptions?: number;
  /**
   * The depth of the bugs to look for, with `"pct"`: how many steps have to come in a
   * certain order. In a scenario with n threads and k steps, each schedule finds a bug of
   * depth d with a probability of at least 1 / (n k^(d - 1)).
   *
   * @default {3}
   */
  depth?: number;
  /**
   * The seed of the random numbers: those of the strategy, and `Math.random()` of the
   * threads.
   *
   * @default {a random one}
   */
  seed?: number;
  /**
   * How many steps a schedule may have. A longer one is a failure: some threads may keep
   * one another busy for ever.
   *
   * @default {10_000}
   */
  maxSteps?: number;
  /**
   * The longest timeout that passes, in seconds. A wait with a longer one waits until it is
   * woken. So a long timeout, which saves the program from a hang, doesn't hide the hang.
   *
   * @default {Infinity}
   */
  longestTimeout?: number;
  /**
   * The only schedule to run, as the text in {@linkcode ScheduleError.replay}.
   *
   * @default {undefined}
   */
  replay?: string;
}

/** The result of {@linkcode explore} if no schedule has failed. */
export interface Exploration {
  /** How many schedules were run. */
  schedules: number;
  /** How many steps they had. */
  steps: number;
  /**
   * How many different states the threads were in before their steps. They are counted up
   * to a million.
   */
  states: number;
  /**
   * Whether these were all schedules with at most `preemptions` preemptions. It is false for
   * random strategies.
   */
  isComplete: boolean;
  /**
   * All schedules with so many preemptions or fewer were run. It is -1 for random
   * strategies, and if not all schedules without preemptions were run.
   */
  covered: number;
  /** The seed of the random numbers. */
  seed: number;
  /** How long it took, in seconds. */
  seconds: number;
}

/** A schedule in which the scenario failed. */
interface Failure {
  outcome: ScheduleErrorOptions["outcome"];
  message: string;
  run: Run;
  cause?: unknown;
}

const STRATEGIES = ["depth-first", "pct", "random", "interrupt"] as const;
/** How many schedules are run to make a failing one simpler. */
const MOST_SIMPLER = 400;
/** How many states are counted at most. */
const MOST_STATES = 1_000_000;
/** A longer text stands only in the error's property, and not in its message. */
const LONGEST_REPLAY = 300;
/** How long the explorer blocks the event loop, in milliseconds. */
const BLOCK_MS = 50;

/**
 * Runs a scenario in many schedules, one after another, until it fails in one. If another
 * exploration is running, this one waits for its end.
 *
 * Each thread runs in a worker of its own, also a thread that another one starts, by
 * `Thread` or by `Pool`. One thread at a time goes on. The explorer picks it at every atomic
 * operation, at every read or write of a shared array in a thread's arguments, and at every
 * wait, notify and timeout, also those of queues and locks. A schedule has a clock of its
 * own: timeouts are choices, and nothing sleeps.
 *
 * @param scenario A function that is called once for each schedule. It makes the objects
 * that the threads share, and returns the threads. It has to do the same each time.
 * @param options How schedules are picked, and how many are run.
 * @returns A promise that resolves to what was run, if no schedule has failed.
 * @throws {ScheduleError} If a thread or the check throws, if all threads wait for ever, or
 * if a schedule has no end.
 * @throws {RangeError} If an option is out of range.
 * @throws {SyntaxError} If the replay is not the text of a schedule.
 * @throws {TypeError} If an option, the scenario or what it returns has the wrong type, if
 * a thread's function was never exposed, or if `check` or `atRest` returns a promise.
 * @throws {Error} If the scenario doesn't do the same each time, or starts threads itself.
 *
 * @example Usage
 * ```ts no-eval
 * import { expose } from "@lab9/concurrency";
 * import { explore } from "@lab9/concurrency/explore";
 *
 * export function increment(counter: Int32Array): void {
 *   counter[0]++;
 * }
 * expose(import.meta, { increment });
 *
 * if (import.meta.main) {
 *   const exploration = explore(() => {
 *     const counter = new Int32Array(new SharedArrayBuffer(4));
 *     const thread = { target: increment, args: [counter] };
 *     return {
 *       threads: [thread, thread],
 *       check() {
 *         if (counter[0] !== 2) throw new Error(`counted to ${counter[0]}`);
 *       },
 *     };
 *   });
 *   // A ScheduleError: both threads read 0, and both write 1.
 *   const { message } = await exploration.catch((error) => error);
 *   console.log(message.split("\n")[0]); // The check threw Error: counted to 1
 * }
 * ```
 */
export async function explore(
  scenario: () => Scenario,
  options: ExploreOptions = {},
): Promise<Exploration> {
  checkMainThread("explore");
  checkCallback("explore", "the scenario", scenario);
  const exploring = new Exploring(scenario, options);
  const exploration = last.then(async () => {
    using crew = new Crew();
    return await exploring.run(crew);
  });
  last = exploration.catch(() => {});
  return await exploration;
}

/**
 * Settles with the exploration that was begun last. The next one waits for it: the threads
 * of both would use the mutexes of tables that all threads share, and what they see there
 * would depend on real time.
 */
let last: Promise<unknown> = Promise.resolve();

/**
 * As {@linkcode explore}, with workers that were started before, and until a time on
 * the clock of `performance.now()`.
 */
export function exploreWith(
  crew: Crew,
  scenario: () => Scenario,
  options: ExploreOptions,
  until = Infinity,
): Promise<Exploration> {
  return new Exploring(scenario, options).run(crew, until);
}

/** An exploration that is running. */
class Exploring {
  readonly #scenario: () => Scenario;
  readonly #options: Required<Omit<ExploreOptions, "replay">>;
  readonly #replay: string | undefined;
  #started = 0;
  #crew!: Crew;
  #random: number;
  #schedules = 0;
  #steps = 0;
  /** The largest number of forks in a schedule, for `"pct"`. */
  #mostForks = 1;
  readonly #states = new Set<number>();
  #lastTurn = now();

  constructor(scenario: () => Scenario, options: ExploreOptions) {
    checkOptions("explore", options);
    const {
      strategy = "depth-first",
      schedules = 10_000,
      preemptions = 2,
      depth = 3,
      maxSteps = 10_000,
      longestTimeout = Infinity,
      replay,
    } = options;
    if (!STRATEGIES.includes(strategy)) {
      throw new RangeError(
        `Cannot explore: strategy must be one of ${
          STRATEGIES.join(", ")
        }, received ${String(strategy)}`,
      );
    }
    checkInteger("explore", "schedules", schedules, 1, 2 ** 31 - 1);
    checkInteger("explore", "preemptions", preemptions, 0, 100);
    checkInteger("explore", "depth", depth, 1, 16);
    checkInteger("explore", "maxSteps", maxSteps, 1, 1 << 16);
    checkSeconds("explore", "longestTimeout", longestTimeout);
    const seed = options.seed ?? Math.floor(Math.random() * 1e9);
    checkInteger("explore", "seed", seed, 0, 2 ** 31 - 1);
    this.#scenario = scenario;
    this.#replay = replay;
    this.#options = {
      strategy,
      schedules,
      preemptions,
      depth,
      seed,
      maxSteps,
      longestTimeout,
    };
    this.#random = mix(seed);
  }

  /** Runs schedules until one fails, or there are no more. */
  async run(crew: Crew, until = Infinity): Promise<Exploration> {
    this.#crew = crew;
    this.#started = now();
    if (this.#replay !== undefined) return await this.#runReplay(this.#replay);
    const { strategy, schedules, preemptions } = this.#options;
    const search = strategy === "depth-first"
      ? new DepthFirst(preemptions)
      : undefined;
    const interrupt = strategy === "interrupt" ? new Interrupt() : undefined;
    let isComplete = false;
    while (!isComplete && this.#schedules < schedules && now() < until) {
      const plan = search?.plan ?? interrupt?.plan ?? [];
      const isLoose = interrupt !== undefined;
      const found = await this.#runOne(plan, this.#pick, { isLoose });
      if (found.failure !== undefined) {
        const known = this.#schedules;
        const failure = search === undefined
          ? await this.#simplify(found.failure)
          : found.failure;
        throw await this.#errorOf(failure, known);
      }
      const { decisions } = found.run;
      if (search !== undefined) isComplete = !search.learn(decisions);
      interrupt?.learn(decisions, found.count);
    }
    return this.#result(isComplete, search?.covered);
  }

  #result(isComplete: boolean, covered = -1): Exploration {
    return {
      schedules: this.#schedules,
      steps: this.#steps,
      states: this.#states.size,
      isComplete,
      covered,
      seed: this.#options.seed,
      seconds: (now() - this.#started) / 1000,
    };
  }

  get #pick(): Pick {
    const { strategy } = this.#options;
    if (strategy === "depth-first") return Pick.FIRST;
    return strategy === "pct" ? Pick.PRIORITY : Pick.RANDOM;
  }

  async #runReplay(replay: string): Promise<Exploration> {
    const { seed, choices } = readReplay(replay);
    this.#options.seed = seed;
    const { failure } = await this.#runOne(choices, Pick.FIRST);
    if (failure !== undefined) throw await this.#errorOf(failure, 1);
    return this.#result(false);
  }

  async #runOne(
    plan: readonly number[],
    pick: Pick,
    { isLoose = false, isTraced = false } = {},
  ): Promise<{ run: Run; count: number; failure?: Failure }> {
    await this.#giveWay();
    const { strategy, seed, maxSteps, depth, longestTimeout } = this.#options;
    let scenario = this.#makeScenario();
    const count = scenario.threads.length;
    const byPriority = pick === Pick.PRIORITY;
    const orders: Orders = {
      plan,
      isLoose,
      pick,
      hasLast: pick !== Pick.FIRST && strategy === "interrupt",
      seed: this.#next(),
      maxSteps,
      changes: byPriority
        ? Array.from({ length: depth - 1 }, () => this.#below(this.#mostForks))
        : [],
      priorities: byPriority ? this.#shuffled(count) : [],
    };
    const options = { seed, isTraced, longestTimeout };
    const run = async () => {
      const { threads, atRest } = scenario;
      await this.#crew.grow(threads.length);
      return this.#crew.run(threads, orders, { ...options, atRest });
    };
    let found = await run();
    while (found.outcome === Outcome.CROWDED) {
      // A thread was started for which there was no worker.
      await this.#crew.grow(found.threads.length + 1);
      scenario = this.#makeScenario();
      found = await run();
    }
    this.#schedules++;
    this.#steps += found.decisions.length;
    this.#mostForks = Math.max(this.#mostForks, found.forks);
    for (const { state } of found.decisions) {
      if (this.#states.size < MOST_STATES) this.#states.add(state);
    }
    return { run: found, count, failure: failureOf(found, scenario, maxSteps) };
  }

  /**
   * Calls the scenario.
   *
   * @throws {Error} If the scenario starts threads itself.
   */
  #makeScenario(): Scenario {
    if (this.#schedules > 0) return this.#scenario();
    const before = aliveSlots().length;
    const scenario = this.#scenario();
    checkScenario(scenario);
    if (aliveSlots().length === before) return scenario;
    throw new Error(
      "Cannot explore: a scenario may not start threads or pools itself, let " +
        "one of its threads do that",
    );
  }

  /** Lets the program's other tasks have a turn now and then. */
  async #giveWay(): Promise<void> {
    if (now() - this.#lastTurn < BLOCK_MS) return;
    await new Promise<void>((resolve) => startTimer(resolve));
    this.#lastTurn = now();
  }

  /** Looks for a schedule with fewer preemptions that fails in the same way. */
  async #simplify(failure: Failure): Promise<Failure> {
    let best = failure;
    let left = MOST_SIMPLER;
    const isBetter = (other: Failure | undefined): other is Failure =>
      other !== undefined && other.outcome === best.outcome &&
      costOf(other.run) < costOf(best.run);
    search: while (left > 0) {
      for (const plan of simpler(best.run.decisions)) {
        if (left-- <= 0) break search;
        const options = { isLoose: true };
        const { failure } = await this.#runOne(plan, Pick.FIRST, options);
        if (!isBetter(failure)) continue;
        best = failure;
        continue search;
      }
      break;
    }
    const most = preemptionsIn(best.run.decisions).length - 1;
    if (most < 0) return best;
    const search = new DepthFirst(most);
    for (; left > 0; left--) {
      const { run, failure } = await this.#runOne(search.plan, Pick.FIRST);
      if (isBetter(failure)) return failure;
      if (!search.learn(run.decisions)) break;
    }
    return best;
  }

  /** Runs the schedule once more, to record its steps. It returns the error. */
  async #errorOf(failure: Failure, schedules: number): Promise<ScheduleError> {
    const plan = failure.run.decisions.map(({ choice }) => choice);
    const again = await this.#runOne(plan, Pick.FIRST, { isTraced: true });
    if (again.failure?.outcome !== failure.outcome) throw astray();
    const { run, cause, outcome, message } = again.failure;
    const steps = stepsOf(run);
    const preemptions = preemptionsIn(run.decisions).length;
    const replay = writeReplay(this.#options.seed, plan);
    const table = tableOf(steps, run);
    const waits = waitsIn(steps, run);
    const short = replay.length > LONGEST_REPLAY
      ? "error.replay"
      : `"${replay}"`;
    return new ScheduleError(
      `${message}${waits}\n\n${table}\n\n` +
        `${
          plural(preemptions, "preemption")
        }, found in schedule ${schedules}. ` +
        `To run it again: explore(scenario, { replay: ${short} })`,
      {
        outcome,
        replay,
        preemptions,
        schedules,
        steps,
        table,
        timeline: timelineOf(steps, run, message),
        cause,
      },
    );
  }

  /** A random number of 31 bits, by xorshift. */
  #next(): number {
    this.#random ^= this.#random << 13;
    this.#random ^= this.#random >>> 17;
    this.#random ^= this.#random << 5;
    return this.#random >>> 1;
  }

  #below(limit: number): number {
    return this.#next() % limit;
  }

  #shuffled(count: number): number[] {
    const numbers = Array.from({ length: count }, (_, i) => i + 1);
    for (let i = count - 1; i > 0; i--) {
      const other = this.#below(i + 1);
      [numbers[i], numbers[other]] = [numbers[other], numbers[i]];
    }
    return numbers;
  }
}

/** Mixes the bits of a seed, so that similar seeds begin with different numbers. */
function mix(seed: number): number {
  return Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1;
}

/** The cost of a schedule: the number of preemptions first, then the number of steps. */
function costOf({ decisions }: Run): number {
  return preemptionsIn(decisions).length * 2 ** 20 + decisions.length;
}

function failureOf(
  run: Run,
  { check, atRest }: Scenario,
  maxSteps: number,
): Failure | undefined {
  const { outcome, thrown, threads, unrest } = run;
  if (outcome === Outcome.ASTRAY) throw astray();
  if (thrown !== undefined) {
    const message = `${threads[thrown.thread]} threw ${headOf(thrown.error)}`;
    return { outcome: "error", message, run, cause: thrown.error };
  }
  if (outcome === Outcome.STUCK) {
    if (atRest !== undefined && unrest === undefined) return undefined;
    if (unrest !== undefined) {
      const message = `At rest: ${headOf(unrest.error)}`;
      return { outcome: "error", message, run, cause: unrest.error };
    }
    return { outcome: "deadlock", message: "All threads wait for ever", run };
  }
  if (outcome === Outcome.ENDLESS) {
    const message = `The threads have not ended after ${maxSteps} steps`;
    return { outcome: "endless", message, run };
  }
  let result: unknown;
  try {
    result = check?.();
  } catch (cause) {
    const message = `The check threw ${headOf(cause)}`;
    return { outcome: "error", message, run, cause };
  }
  refusePromise("explore", "check", result);
}

/** The error's class and the first line of its message, without colours. */
function headOf(error: unknown): string {
  const text = Error.isError(error)
    ? `${error.name}: ${error.message}`
    : inspect(error);
  // deno-lint-ignore no-control-regex -- what colours are made of
  return text.replaceAll(/\x1b\[[\d;]*m/g, "").trim().split("\n")[0];
}

/** What each thread waits for if no thread can go on, with a line for each. */
function waitsIn(steps: readonly ScheduleStep[], run: Run): string {
  if (run.outcome !== Outcome.STUCK) return "";
  return run.waiting.map((thread) => {
    const name = run.threads[thread];
    const last = steps.findLast(({ thread, operation }) =>
      thread === name && operation !== "timeout"
    );
    const place = last?.line ? ` at ${last.line}` : "";
    return `\n  ${name} waits in ${last?.call ?? "its first step"}${place}`;
  }).join("");
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
