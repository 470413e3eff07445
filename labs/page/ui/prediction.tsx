// Copyright 2026 the lab9 authors. MIT license.

import {
  type Question,
  questionOf,
  saidOf,
} from "../../runner/predict/questions.ts";
import type { CellState } from "./cell_state.ts";

/** What the reader thinks that a cell will do, and then what it did. */
export function Prediction({ state }: { state: CellState }) {
  const { id } = state.cell;
  const question = questionOf(id);
  if (question === undefined) return null;
  const input = `predict-${id.replaceAll(":", "-")}`;
  const said = state.said.value;
  return (
    <div class="prediction">
      <label for={input}>{question.text}</label>
      <input
        id={input}
        type="number"
        min="0"
        step="any"
        value={said ?? ""}
        onInput={({ currentTarget: { value } }) =>
          state.said.value = value === "" ? undefined : Number(value)}
      />
      {said !== undefined && (
        <Answer state={state} question={question} said={said} />
      )}
    </div>
  );
}

interface AnswerProps {
  state: CellState;
  question: Question;
  said: number;
}

function Answer({ state, question, said }: AnswerProps) {
  const answer = answerOf(state, question);
  if (answer === undefined) return <span>Run it to see</span>;
  const isForeseen = Math.abs(said - answer) <= question.within(answer) + 1e-9;
  return (
    <>
      <output class={isForeseen ? "verdict reproduced" : "verdict differs"}>
        {saidOf(question, said, answer)}
      </output>
      <Scale said={said} answer={answer} within={question.within(answer)} />
    </>
  );
}

function answerOf(
  { cell, title, text, timeline, verdict }: CellState,
  question: Question,
): number | undefined {
  if (verdict.value === undefined) return undefined;
  const answer = question.answer({
    id: cell.id,
    title: title.value,
    recorded: cell.recorded,
    output: text,
    timelines: timeline.value === undefined ? [] : [timeline.value],
    verdict: verdict.value,
  });
  return Number.isNaN(answer) ? undefined : answer;
}

const WIDTH = 240;

/** Both numbers on a line from 0, and what would have been close enough. */
function Scale(
  { said, answer, within }: { said: number; answer: number; within: number },
) {
  const most = Math.max(said, answer + within, 1) * 1.1;
  const x = (value: number) => 8 + Math.max(0, value) / most * (WIDTH - 16);
  return (
    <svg
      class="scale"
      width={WIDTH}
      height="26"
      viewBox={`0 0 ${WIDTH} 26`}
      aria-hidden="true"
    >
      <path class="scale-line" d={`M8 13H${WIDTH - 8}`} />
      <rect
        class="scale-good"
        x={x(answer - within)}
        y="9"
        width={Math.max(2, x(answer + within) - x(answer - within))}
        height="8"
        rx="4"
      />
      <circle class="scale-answer" cx={x(answer)} cy="13" r="5" />
      <path class="scale-said" d={`M${x(said)} 3V23`} />
    </svg>
  );
}
