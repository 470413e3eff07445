// Copyright 2026 the lab9 authors. MIT license.

import { proseOf } from "../../notebook/prose.ts";
import { kind } from "../../runner/draw/parts.ts";
import { isWorthDrawing } from "../../runner/draw/worth.ts";
import { describe, type Verdict } from "../../runner/judge/verdict.ts";
import { difference } from "../../runner/report/differences.ts";
import { speedText } from "../../runner/report/sentence.ts";
import { axisOf } from "../../runner/selection.ts";
import type { CellState } from "./cell_state.ts";
import { DraftButtons, DraftView } from "./draft_view.tsx";
import type { PageLab } from "./labs.ts";
import { OutputView } from "./output_view.tsx";
import { Prediction } from "./prediction.tsx";
import { running, stop } from "./running.ts";
import { run } from "./session.ts";
import { hasSharedAxis } from "./settings.ts";
import { TimelineView } from "./timeline_view.tsx";

/** A cell of a lab. */
interface CellProps {
  lab: PageLab;
  state: CellState;
  cells: Map<string, CellState>;
}

/** Where a cell stands in the page. */
export function anchorOf(id: string): string {
  return `cell-${id.replaceAll(/[^\w]/g, "-")}`;
}

/** A cell: what it says, its code on both sides, and what came of it. */
export function CellView({ lab, state, cells }: CellProps) {
  const { cell } = state;
  const { id, recorded, code, isRunnable } = cell;
  const title = state.title.value;
  const prose = proseOf(id, title);
  const anchor = anchorOf(id);
  return (
    <section class="cell" id={anchor} aria-labelledby={`${anchor}-title`}>
      <h3 class="cell-title" id={`${anchor}-title`}>
        <span class="id">{id}</span> {title}
      </h3>
      <p class="outcome">
        {isRunnable && <RunButton lab={lab} state={state} cells={cells} />}
        {code !== "" && <DraftButtons draft={state.draft} of={id} />}
        <VerdictView state={state} />
      </p>
      {prose && <p class="prose">{prose}</p>}
      <Prediction state={state} />
      <Difference verdict={state.verdict.value} />
      <div class="sides">
        <Code name="Python, in the notebook" text={recorded?.source ?? ""} />
        {code !== "" && (
          <DraftView draft={state.draft} of={id} name="TypeScript, here" />
        )}
      </div>
      {(isRunnable || recorded?.output) && (
        <div class="sides">
          {recorded && <OutputView name="Notebook" text={recorded.output} />}
          <OutputView
            name="Here"
            text={state.output.value}
            isWaiting={state.status.value === "idle"}
          />
        </div>
      )}
      <Picture state={state} cells={cells} />
    </section>
  );
}

function RunButton({ lab, state, cells }: CellProps) {
  const { id } = state.cell;
  const isRunning = running.value === lab && state.status.value === "running";
  return isRunning
    ? (
      <button type="button" class="stop" onClick={stop}>
        Stop<span class="hidden">{` ${id}`}</span>
      </button>
    )
    : (
      <button type="button" onClick={() => run(lab, cells, [state.cell])}>
        Run<span class="hidden">{` ${id}`}</span>
      </button>
    );
}

const SAID = { idle: "", running: "runs", done: "has run", stopped: "stopped" };

function VerdictView({ state }: { state: CellState }) {
  const verdict = state.verdict.value;
  if (verdict === undefined || state.status.value === "running") {
    return <span class="verdict-none">{SAID[state.status.value]}</span>;
  }
  const speed = speedText(verdict.timing);
  return (
    <>
      <span class={`verdict ${kind(verdict.verdict)}`}>
        {describe(verdict)}
      </span>
      {speed && <span class="speed">{speed}</span>}
    </>
  );
}

function Difference({ verdict }: { verdict: Verdict | undefined }) {
  if (verdict === undefined) return null;
  const text = difference(verdict).join("\n");
  return text === "" ? null : <pre class="wraps">{text}</pre>;
}

function Code({ name, text }: { name: string; text: string }) {
  if (text === "") return null;
  return (
    <div>
      <h4>{name}</h4>
      <pre class="source" tabIndex={0} role="group" aria-label={name}>
        {text}
      </pre>
    </div>
  );
}

function Picture(
  { state, cells }: { state: CellState; cells: Map<string, CellState> },
) {
  const timeline = state.timeline.value;
  if (timeline === undefined || !isWorthDrawing(timeline)) return null;
  const group = axisOf(state.cell.id, state.cell.recorded);
  const beside = [...cells.values()].filter(({ cell }) =>
    axisOf(cell.id, cell.recorded) === group
  );
  const axis = hasSharedAxis.value
    ? Math.max(...beside.map(({ timeline }) => timeline.value?.duration ?? 0))
    : 0;
  const isLive = state.status.value === "running";
  return <TimelineView timeline={timeline} axis={axis} isLive={isLive} />;
}
