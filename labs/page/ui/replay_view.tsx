// Copyright 2026 the lab9 authors. MIT license.

import { useState } from "preact/hooks";
import type { Replay, ReplayState } from "../game/replay.ts";
import type { CellState } from "./cell_state.ts";

/** How many of the steps before are shown. */
const SHOWN = 20;

/** Where the reader is in a recording. */
interface Place {
  id: string;
  replay: Replay;
  /** How many steps have been taken. */
  taken: number;
}

/** The game with what real threads did: the reader goes through it step by step. */
export function ReplayView(
  { lab, cells }: { lab: string; cells: CellState[] },
) {
  const [place, setPlace] = useState<Place>();
  const recorded = cells.flatMap(({ cell: { id }, replay: { value } }) =>
    value === undefined ? [] : [{ id, replay: value }]
  );
  // Once the cell runs again, its recording is another.
  const isThere = recorded.some(({ replay }) => replay === place?.replay);
  const title = `replay-${lab}`;
  return (
    <section class="game" aria-labelledby={title}>
      <h3 class="cell-title" id={title}>
        What real threads did, step by step: {lab}
      </h3>
      <p class="prose">
        {recorded.length === 0
          ? "Run the lab, or one of its cells. Its recording can then be taken " +
            "in here."
          : "Take a cell's recording, and go through it in both directions."}
      </p>
      {recorded.length > 0 && (
        <p class="outcome">
          {recorded.map(({ id, replay }) => (
            <button
              key={id}
              type="button"
              aria-pressed={place?.replay === replay}
              onClick={() => setPlace({ id, replay, taken: 0 })}
            >
              Replay {id}
            </button>
          ))}
        </p>
      )}
      {isThere && <Steps place={place!} setPlace={setPlace} />}
    </section>
  );
}

interface StepsProps {
  place: Place;
  setPlace: (place: Place) => void;
}

function Steps({ place, setPlace }: StepsProps) {
  const { id, replay, taken } = place;
  const { threads, steps, first, isCut } = replay;
  const step = steps[taken - 1];
  const state = step?.state ?? first;
  const goTo = (taken: number) => setPlace({ ...place, taken });
  const from = Math.max(0, taken - SHOWN);
  return (
    <>
      <ul class="threads">
        {threads.map((name, i) => (
          <li key={i} class={step?.thread === i ? "now-one" : undefined}>
            <span class="id">{name}</span> {state.threads[i]}
          </li>
        ))}
      </ul>
      <Shared threads={threads} state={state} />
      <p class="outcome">
        <button
          type="button"
          disabled={taken === 0}
          onClick={() => goTo(taken - 1)}
        >
          Step back
        </button>
        <button
          type="button"
          disabled={taken === steps.length}
          onClick={() => goTo(taken + 1)}
        >
          Step forward
        </button>
        <button type="button" disabled={taken === 0} onClick={() => goTo(0)}>
          To the start
        </button>
        <output aria-live="polite">
          {`${id}, step ${taken} of ${steps.length}`}
          {isCut && ", and more that are left out"}
          {step && `: ${threads[step.thread]} ${step.text}`}
        </output>
      </p>
      {taken > 0 && (
        <ol class="taken" start={from + 1}>
          {steps.slice(from, taken).map(({ thread, text }, i) => (
            <li key={from + i}>{threads[thread]}: {text}</li>
          ))}
        </ol>
      )}
    </>
  );
}

/** What is in each queue, and who holds which lock. */
function Shared(
  { threads, state }: { threads: readonly string[]; state: ReplayState },
) {
  return (
    <ul class="shared">
      {Object.entries(state.queues).map(([name, items]) => (
        <li key={name}>
          {name}: {items.length === 0 ? "empty" : items.join(", ")}
        </li>
      ))}
      {Object.entries(state.holders).map(([name, holder]) => (
        <li key={name}>
          {name}: {holder === undefined ? "free" : `held by ${threads[holder]}`}
        </li>
      ))}
    </ul>
  );
}
