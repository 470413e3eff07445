// Copyright 2026 the lab9 authors. MIT license.

import type { Timeline } from "../../notebook/timeline.ts";
import { concurrencyOf } from "../../runner/judge/concurrency.ts";
import {
  type Finished,
  groupsOf,
  Samples,
} from "../../runner/judge/samples.ts";
import { FEW } from "../../runner/judge/timing.ts";
import { judge, type Verdict } from "../../runner/judge/verdict.ts";
import { type ChosenCell, numberOf } from "../../runner/selection.ts";
import { hasGame } from "../game/scenarios.ts";
import type { FromLab, Run } from "../lab/messages.ts";
import type { CellState } from "./cell_state.ts";
import { type LabListener, LabWorker } from "./lab_worker.ts";
import type { PageLab } from "./labs.ts";
import { labProgram, Program } from "./program.ts";
import { replayNow } from "./recording.ts";
import { begin, end, type Running, status } from "./running.ts";
import { contextFor } from "./settings.ts";

/** The verdict on a cell that the notebook doesn't have like that. */
const CHANGED: Partial<Verdict> = {
  verdict: "skipped",
  reason: "the sleep or the number of items was changed",
  output: undefined,
  isOpen: false,
};

/** As the runner: how long, and how often, cells run again to compare times. */
const BUDGET_MS = 30_000;
const ROUNDS = FEW - 1;

/** Runs cells of a lab, and what they need; all, if none is named. */
export function run(
  lab: PageLab,
  cells: Map<string, CellState>,
  chosen: ChosenCell[] = [],
): void {
  const program = programOf(lab, cells);
  if (program === undefined || program instanceof Program) {
    begin(() => new Session(lab, cells, chosen, program));
    return;
  }
  const { problem, number } = program;
  const state = number === undefined ? undefined : cells.get(number);
  state?.draft.show(problem);
  const where = state?.cell.id ?? `${lab.name}.ts`;
  status.value = `${where}, line ${problem.line}: ${problem.message}`;
}

/** What the lab is if cells of it were edited. */
function programOf(lab: PageLab, cells: Map<string, CellState>) {
  const edited = new Map(
    [...cells.values()]
      .filter(({ draft }) => draft.isChanged)
      .map(({ cell, draft }) => [cell.number, draft.text.value]),
  );
  if (edited.size === 0) return undefined;
  return labProgram(lab.name, lab.text, edited);
}

/** A lab that runs in a worker. */
class Session implements Running, LabListener {
  readonly what: PageLab;
  #cells: Map<string, CellState>;
  #judged: ChosenCell[];
  #run: Run;
  #worker: LabWorker;
  #program: Program | undefined;
  #samples: Samples;
  /** The cell that printed last. */
  #current: CellState | undefined;
  /** What has run to its end since the lab was last told to run. */
  #finished: Finished[] = [];
  #concurrency = new Map<string, number>();
  /** The outputs of cells that run again, for their time alone. */
  #again: Map<string, string[]> | undefined;
  #groups: string[][] = [];
  #rounds = 0;
  #comparedSince = 0;

  constructor(
    lab: PageLab,
    cells: Map<string, CellState>,
    chosen: ChosenCell[],
    program: Program | undefined,
  ) {
    this.what = lab;
    this.#program = program;
    this.#cells = cells;
    this.#judged = chosen.length === 0 ? lab.cells : chosen;
    this.#samples = new Samples(lab.recorded);
    const compared = chosen.flatMap(({ number, than }) =>
      than === undefined ? [number] : [number, numberOf(than.id)]
    );
    this.#run = {
      selection: [...new Set(compared)],
      context: contextFor(lab),
      workers: lab.workers,
      hasGil: lab.hasGil,
    };
    this.#worker = new LabWorker(
      program?.script ?? `./labs/${lab.name}.js`,
      `lab ${lab.name}`,
      this.#run,
      this,
    );
    status.value = `Lab ${lab.name} runs`;
  }

  stop(): void {
    this.#worker.look();
    this.#end("stopped");
    status.value = `Lab ${this.what.name} was stopped`;
  }

  fail(message: string): void {
    const text = this.#program?.explain(message) ?? message;
    // What fails before any cell runs is said where the reader has asked for it.
    if (this.#current === undefined) this.begin(this.#judged[0].number);
    this.#current?.print([text]);
    this.#end("stopped");
    status.value = `Lab ${this.what.name} failed: ${text.split("\n")[0]}`;
  }

  #end(ending: "stopped" | "done"): void {
    if (ending === "done") this.#worker.end();
    else this.#worker.stop();
    this.#program?.[Symbol.dispose]();
    for (const { status } of this.#cells.values()) {
      if (status.value === "running") status.value = ending;
    }
    end();
  }

  begin(id: string): void {
    this.#current = this.#cells.get(id);
    if (this.#again !== undefined) this.#again.set(id, []);
    else this.#current?.begin(this.#current.cell.title);
  }

  print(texts: string[]): void {
    const id = this.#current?.cell.number;
    const program = this.#program;
    if (program !== undefined) {
      texts = texts.map((text) => program.explain(text));
    }
    if (this.#again === undefined) this.#current?.print(texts);
    else if (id !== undefined) this.#again.get(id)?.push(...texts);
  }

  draw(timeline: Timeline): void {
    this.#current!.timeline.value = timeline;
  }

  hear(message: FromLab): void {
    switch (message.type) {
      case "start": {
        const { id, title } = message;
        if (this.#again !== undefined) return;
        const cell = this.#cells.get(id);
        if (cell !== undefined) cell.title.value = title;
        status.value = `${this.what.name}:${id} runs`;
        return this.#judgeAll();
      }
      case "end": {
        const { id, timeline } = message;
        this.#concurrency.set(id, concurrencyOf(timeline));
        this.#finished = this.#finished.filter((cell) => cell.id !== id);
        this.#finished.push({ id, output: "" });
        const cell = this.#cells.get(id);
        if (cell === undefined || this.#again !== undefined) return;
        cell.timeline.value = timeline;
        cell.status.value = "done";
        if (hasGame(this.what.name)) {
          cell.replay.value = replayNow(message, this.#worker.start!);
        }
        return;
      }
      case "idle":
        return this.#goOn();
      case "failed":
        return this.fail(message.message);
    }
  }

  /** All has run: runs again what that may tell more of, or ends. */
  #goOn(): void {
    this.#judgeAll();
    this.#again = undefined;
    if (this.#groups.length === 0) {
      const open = this.#judged.filter(({ number }) =>
        this.#cells.get(number)?.verdict.value?.isOpen &&
        !this.#run.context.quick
      );
      const isOver = this.#rounds >= ROUNDS &&
        performance.now() - this.#comparedSince > BUDGET_MS;
      if (open.length === 0 || isOver) {
        this.#end("done");
        status.value = `Lab ${this.what.name} has run`;
        return;
      }
      if (this.#rounds++ === 0) this.#comparedSince = performance.now();
      this.#groups = groupsOf(open);
      status.value = `Lab ${this.what.name}: comparing times, in turns`;
    }
    this.#again = new Map();
    this.#worker.isDrawn = false;
    this.#finished = [];
    const run: Run = {
      ...this.#run,
      selection: this.#groups.shift()!,
      context: { ...this.#run.context, quick: true },
    };
    this.#worker.run(run);
  }

  /** Takes what has run as samples, and judges it. */
  #judgeAll(): void {
    const finished = this.#finished.map(({ id }) => ({
      id,
      output: this.#again?.get(id)?.join("\n").trimEnd() ??
        this.#cells.get(id)?.text ?? "",
      concurrency: this.#concurrency.get(id),
    }));
    const { quick, seconds, items } = this.#run.context;
    const isChanged = seconds !== undefined || items !== undefined;
    if (this.#again === undefined) this.#samples.begin(finished, quick);
    else this.#samples.add(finished);
    const machine = { cores: navigator.hardwareConcurrency, quick };
    for (const cell of this.#judged) {
      const samples = this.#samples.of(cell.number);
      const state = this.#cells.get(cell.number);
      if (samples.length === 0 || state === undefined) continue;
      const verdict = judge(cell, { samples }, machine);
      state.verdict.value = isChanged ? { ...verdict, ...CHANGED } : verdict;
    }
  }
}
