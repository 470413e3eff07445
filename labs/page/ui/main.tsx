// Copyright 2026 the lab9 authors. MIT license.

/**
 * The page: the labs, run in the reader's browser.
 *
 * @module
 */

import { render } from "preact";
import { verdictTable } from "../../runner/draw/parts.ts";
import { describe } from "../../runner/judge/verdict.ts";
import { sentenceOf, speedText } from "../../runner/report/sentence.ts";
import { CellState } from "./cell_state.ts";
import { anchorOf, CellView } from "./cell_view.tsx";
import { hasGame, scenarios } from "../game/scenarios.ts";
import { Controls } from "./controls.tsx";
import { ExerciseState } from "./exercise_session.ts";
import { ExerciseView } from "./exercise_view.tsx";
import { exercisesOf } from "./exercises.ts";
import { GameView } from "./game_view.tsx";
import { labs, type PageLab } from "./labs.ts";
import { ReplayView } from "./replay_view.tsx";
import { running, stop } from "./running.ts";
import { run } from "./session.ts";
import { followAddress } from "./settings.ts";

const states = new Map(
  labs.map((lab) => [
    lab,
    new Map(lab.cells.map((cell) => [cell.number, new CellState(cell)])),
  ]),
);

const exercises = new Map(
  labs.map((lab) => [
    lab,
    exercisesOf(lab.name).map((exercise) => new ExerciseState(exercise)),
  ]),
);

function Page() {
  return (
    <>
      <header>
        <h1>Lab 9: Concurrency</h1>
        <p>
          Threads, queues, pools and the interpreter lock, on real threads in
          this browser, beside what the notebook recorded.
        </p>
        <nav aria-label="Labs">
          {labs.map(({ name }) => <a key={name} href={`#${name}`}>{name}</a>)}
        </nav>
      </header>
      <Controls />
      <main>
        {labs.map((lab) => <LabView key={lab.name} lab={lab} />)}
      </main>
    </>
  );
}

function LabView({ lab }: { lab: PageLab }) {
  const cells = states.get(lab)!;
  const isRunning = running.value === lab;
  return (
    <section class="lab" id={lab.name} aria-labelledby={`${lab.name}-title`}>
      <h2 id={`${lab.name}-title`}>{lab.about}</h2>
      <p>
        {isRunning
          ? <button type="button" class="stop" onClick={stop}>Stop</button>
          : (
            <button
              type="button"
              onClick={() => run(lab, cells)}
            >
              Run lab {lab.name}
            </button>
          )}
      </p>
      <Summary lab={lab} />
      {lab.cells.map((cell) => (
        <CellView
          key={cell.id}
          lab={lab}
          state={cells.get(cell.number)!}
          cells={cells}
        />
      ))}
      {scenarios.filter((scenario) =>
        scenario.lab === lab.name
      )
        .map((scenario) => (
          <GameView
            key={scenario.title}
            scenario={scenario}
          />
        ))}
      {hasGame(lab.name) && (
        <ReplayView lab={lab.name} cells={[...cells.values()]} />
      )}
      {exercises.get(lab)!.map((state) => (
        <ExerciseView key={state.exercise.name} state={state} />
      ))}
    </section>
  );
}

/** What has come of the lab's cells: the runner's sentence, and its table. */
function Summary({ lab }: { lab: PageLab }) {
  const judged = [...states.get(lab)!.values()].flatMap((state) => {
    const verdict = state.verdict.value;
    return verdict === undefined ? [] : [{ state, verdict }];
  });
  if (judged.length === 0) return null;
  const sentence = sentenceOf(
    lab.recorded,
    judged.map(({ state: { cell, title }, verdict }) => (
      { id: cell.id, title: title.value, verdicts: [verdict] }
    )),
  );
  const table = verdictTable(
    judged.map(({ state: { cell, title }, verdict }) => ({
      id: cell.id,
      anchor: anchorOf(cell.id),
      title: title.value,
      verdict: describe(verdict),
      speed: speedText(verdict.timing),
      seconds: {
        recorded: verdict.timing.recorded ?? undefined,
        here: verdict.seconds ?? undefined,
      },
    })),
  );
  return (
    <>
      <p class="sentence">{sentence}</p>
      <div
        dangerouslySetInnerHTML={{
          __html: table.replace(
            'aria-label="Verdicts"',
            `aria-label="Verdicts, ${lab.name}"`,
          ),
        }}
      />
    </>
  );
}

followAddress();
const root = document.getElementById("page")!;
root.replaceChildren();
render(<Page />, root);
// What the address names wasn't there before.
if (location.hash !== "") {
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}
