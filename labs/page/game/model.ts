// Copyright 2026 the lab9 authors. MIT license.

/**
 * Threads as steps, for a reader who decides which goes next. A state is never
 * changed: each step makes another, so that one can go back.
 *
 * @module
 */

/** One step of a thread. */
export type Step =
  | { does: "acquire" | "release"; lock: string }
  | { does: "put"; item: string }
  | { does: "get" }
  /** Ends the thread if what it got last is None; goes back otherwise. */
  | { does: "repeat"; to: number };

/** A thread: its name and what it does. */
export interface Program {
  name: string;
  steps: readonly Step[];
}

/** What the reader schedules. */
export interface Scenario {
  /** The lab that it belongs to. */
  lab: string;
  title: string;
  /** What to find. */
  task: string;
  threads: readonly Program[];
}

/** Where all threads are, and what they share. */
export interface State {
  /** The next step of each thread. */
  at: readonly number[];
  /** What each thread got last. */
  got: readonly (string | undefined)[];
  /** The holder of each lock that is held: a thread's index. */
  holders: Readonly<Record<string, number>>;
  queue: readonly string[];
}

/** What nobody can go on from. */
export type Ending = "done" | "deadlock";

/** The state before the first step. */
export function firstState({ threads }: Scenario): State {
  return {
    at: threads.map(() => 0),
    got: threads.map(() => undefined),
    holders: {},
    queue: [],
  };
}

/** The thread's next step; undefined if it has ended. */
export function nextStep(
  { threads }: Scenario,
  { at }: State,
  thread: number,
): Step | undefined {
  return threads[thread].steps[at[thread]];
}

/** Whether the thread can take its next step now. */
export function canStep(
  scenario: Scenario,
  state: State,
  thread: number,
): boolean {
  const step = nextStep(scenario, state, thread);
  if (step === undefined) return false;
  if (step.does === "acquire") return !(step.lock in state.holders);
  return step.does !== "get" || state.queue.length > 0;
}

/** The state after the thread's next step, which it can take. */
export function take(scenario: Scenario, state: State, thread: number): State {
  const step = nextStep(scenario, state, thread)!;
  const at = state.at.with(thread, state.at[thread] + 1);
  switch (step.does) {
    case "acquire":
      return {
        ...state,
        at,
        holders: { ...state.holders, [step.lock]: thread },
      };
    case "release": {
      const { [step.lock]: _, ...holders } = state.holders;
      return { ...state, at, holders };
    }
    case "put":
      return { ...state, at, queue: [...state.queue, step.item] };
    case "get": {
      const [item, ...queue] = state.queue;
      return { ...state, at, queue, got: state.got.with(thread, item) };
    }
    case "repeat": {
      if (state.got[thread] === "None") return { ...state, at };
      return { ...state, at: state.at.with(thread, step.to) };
    }
  }
}

/** Whether no thread can go on, and whether all have ended. */
export function endingOf(
  scenario: Scenario,
  state: State,
): Ending | undefined {
  const all = scenario.threads.map((_, thread) => thread);
  if (all.some((thread) => canStep(scenario, state, thread))) return undefined;
  return all.every((thread) => nextStep(scenario, state, thread) === undefined)
    ? "done"
    : "deadlock";
}

/**
 * The fewest steps to a deadlock, as the threads that take them.
 *
 * @param scenario What is scheduled.
 * @returns The threads' indexes; undefined if no schedule deadlocks.
 */
export function shortestDeadlock(scenario: Scenario): number[] | undefined {
  const first = firstState(scenario);
  const seen = new Set([JSON.stringify(first)]);
  let paths: { state: State; path: number[] }[] = [{ state: first, path: [] }];
  while (paths.length > 0) {
    const longer: typeof paths = [];
    for (const { state, path } of paths) {
      if (endingOf(scenario, state) === "deadlock") return path;
      for (const thread of scenario.threads.keys()) {
        if (!canStep(scenario, state, thread)) continue;
        const next = take(scenario, state, thread);
        const key = JSON.stringify(next);
        if (seen.has(key)) continue;
        seen.add(key);
        longer.push({ state: next, path: [...path, thread] });
      }
    }
    paths = longer;
  }
}

/** The step in words. */
export function describeStep(step: Step): string {
  switch (step.does) {
    case "acquire":
      return `acquire ${step.lock}`;
    case "release":
      return `release ${step.lock}`;
    case "put":
      return `put ${step.item}`;
    case "get":
      return "get";
    case "repeat":
      return "task_done";
  }
}
