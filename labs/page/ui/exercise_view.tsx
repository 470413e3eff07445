// Copyright 2026 the lab9 authors. MIT license.

import { isWorthDrawing } from "../../runner/draw/worth.ts";
import { difference } from "../../runner/report/differences.ts";
import type { Outcome } from "../../runner/exercise/judge.ts";
import { DraftButtons, DraftView } from "./draft_view.tsx";
import { checkExercise, type ExerciseState } from "./exercise_session.ts";
import { OutputView } from "./output_view.tsx";
import { running, stop } from "./running.ts";
import { TimelineView } from "./timeline_view.tsx";

/** An exercise: what is to be done, the program, and what came of it. */
export function ExerciseView({ state }: { state: ExerciseState }) {
  const { exercise, draft } = state;
  const { name, task, output } = exercise;
  const anchor = `exercise-${name}`;
  const timeline = state.timeline.value;
  return (
    <section class="cell" id={anchor} aria-labelledby={`${anchor}-title`}>
      <h3 class="cell-title" id={`${anchor}-title`}>
        <span class="id">{name}</span> Exercise
      </h3>
      <p class="prose">{task}</p>
      <p class="outcome">
        {running.value === state
          ? (
            <button type="button" class="stop" onClick={stop}>
              Stop<span class="hidden">{` ${name}`}</span>
            </button>
          )
          : (
            <button type="button" onClick={() => checkExercise(state)}>
              Check<span class="hidden">{` ${name}`}</span>
            </button>
          )}
        <DraftButtons draft={draft} of={name} />
        <Result state={state} />
      </p>
      <Why state={state} />
      <DraftView draft={draft} of={name} name="TypeScript" />
      <div class="sides">
        <OutputView name="Expected" text={output} />
        <OutputView
          name="Here"
          text={state.output.value}
          isWaiting={state.status.value === "idle"}
        />
      </div>
      {timeline !== undefined && isWorthDrawing(timeline) && (
        <TimelineView
          timeline={timeline}
          axis={0}
          isLive={state.status.value === "running"}
        />
      )}
    </section>
  );
}

const SAID = { idle: "", running: "runs", done: "", stopped: "stopped" };

function Result({ state }: { state: ExerciseState }) {
  const outcome = state.outcome.value;
  if (outcome === undefined) {
    return <span class="verdict-none">{SAID[state.status.value]}</span>;
  }
  const { isSolved, runs } = outcome;
  const times = runs === 1 ? "" : `, ${runs} times in a row`;
  const run = (state.exercise.runs ?? 1) === 1 ? "" : ` in run ${runs}`;
  if (isSolved) {
    return (
      <span class="verdict reproduced">{`does what it should${times}`}</span>
    );
  }
  return isSolved === undefined
    ? <span class="verdict inconclusive">undecided: check it again</span>
    : <span class="verdict differs">{`not yet${run}`}</span>;
}

/** Why it isn't solved, and what helps. */
function Why({ state }: { state: ExerciseState }) {
  const outcome = state.outcome.value;
  if (outcome === undefined || outcome.isSolved) return null;
  const lines = [outcome.reason ?? "", ...differenceOf(outcome)];
  return (
    <>
      <pre class="wraps">{lines.join("\n").trim()}</pre>
      {outcome.hint !== undefined && <p class="prose">Hint: {outcome.hint}</p>}
    </>
  );
}

function differenceOf({ verdict }: Outcome): string[] {
  if (verdict === undefined) return [];
  return difference(verdict)
    .map((line) => line.replace(/^([-+]) recorded/, "$1 expected"));
}
