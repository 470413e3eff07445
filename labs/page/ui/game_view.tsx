// Copyright 2026 the lab9 authors. MIT license.

import { useMemo, useState } from "preact/hooks";
import {
  canStep,
  describeStep,
  endingOf,
  firstState,
  nextStep,
  type Scenario,
  shortestDeadlock,
  type State,
  take,
} from "../game/model.ts";

interface Taken {
  thread: number;
  /** The step in words. */
  text: string;
  state: State;
}

/** A game: the reader says which thread takes the next step. */
export function GameView({ scenario }: { scenario: Scenario }) {
  const [taken, setTaken] = useState<readonly Taken[]>([]);
  const shortest = useMemo(() => shortestDeadlock(scenario), [scenario]);
  const first = useMemo(() => firstState(scenario), [scenario]);
  const state = taken.at(-1)?.state ?? first;
  const title = `game-${scenario.title.replaceAll(/\W+/g, "-").toLowerCase()}`;
  const step = (thread: number) => {
    const text = describeStep(nextStep(scenario, state, thread)!);
    const next = take(scenario, state, thread);
    setTaken([...taken, { thread, text, state: next }]);
  };
  return (
    <section class="game" aria-labelledby={title}>
      <h3 class="cell-title" id={title}>
        You are the scheduler: {scenario.title}
      </h3>
      <p class="prose">{scenario.task}</p>
      <ul class="threads">
        {scenario.threads.map((_, thread) => (
          <ThreadRow
            key={thread}
            scenario={scenario}
            state={state}
            thread={thread}
            step={step}
          />
        ))}
      </ul>
      <Shared scenario={scenario} state={state} />
      <p class="outcome">
        <button
          type="button"
          disabled={taken.length === 0}
          onClick={() => setTaken(taken.slice(0, -1))}
        >
          Back
        </button>
        <button
          type="button"
          disabled={taken.length === 0}
          onClick={() => setTaken([])}
        >
          Start again
        </button>
        <output aria-live="polite">
          {resultOf(scenario, state, taken.length, shortest)}
        </output>
      </p>
      {taken.length > 0 && (
        <ol class="taken">
          {taken.map(({ thread, text }, i) => (
            <li key={i}>{scenario.threads[thread].name}: {text}</li>
          ))}
        </ol>
      )}
    </section>
  );
}

interface ThreadProps {
  scenario: Scenario;
  state: State;
  thread: number;
  step: (thread: number) => void;
}

function ThreadRow({ scenario, state, thread, step }: ThreadProps) {
  const { name } = scenario.threads[thread];
  const next = nextStep(scenario, state, thread);
  const got = state.got[thread];
  if (next === undefined) {
    return (
      <li>
        <span class="id">{name}</span> has ended
      </li>
    );
  }
  const text = describeStep(next);
  const isFree = canStep(scenario, state, thread);
  return (
    <li>
      <span class="id">{name}</span>
      <button type="button" disabled={!isFree} onClick={() => step(thread)}>
        {text}
        <span class="hidden">{` by ${name}`}</span>
      </button>
      {!isFree && <span>waits</span>}
      {got !== undefined && <span>got {got}</span>}
    </li>
  );
}

/** What the threads share: the queue, and who holds which lock. */
function Shared({ scenario, state }: { scenario: Scenario; state: State }) {
  const steps = scenario.threads.flatMap(({ steps }) => steps);
  const locks = [
    ...new Set(
      steps.flatMap((step) => step.does === "acquire" ? [step.lock] : []),
    ),
  ];
  const hasQueue = steps.some(({ does }) => does === "get");
  return (
    <ul class="shared">
      {hasQueue && (
        <li>
          queue: {state.queue.length === 0 ? "empty" : state.queue.join(", ")}
        </li>
      )}
      {locks.map((lock) => {
        const holder = state.holders[lock];
        return (
          <li key={lock}>
            {lock}: {holder === undefined
              ? "free"
              : `held by ${scenario.threads[holder].name}`}
          </li>
        );
      })}
    </ul>
  );
}

function resultOf(
  scenario: Scenario,
  state: State,
  count: number,
  shortest: number[] | undefined,
): string {
  switch (endingOf(scenario, state)) {
    case undefined:
      return count === 0 ? "" : `${count} taken`;
    case "done":
      return shortest === undefined
        ? "All have ended, as in every schedule: none deadlocks"
        : "All have ended, this time";
    case "deadlock":
      return `Nobody can go on, after ${count} steps. The shortest way takes ` +
        `${shortest!.length}`;
  }
}
