// Copyright 2026 the lab9 authors. MIT license.

import { type Signal, signal } from "@preact/signals";
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
import { Kind, Log } from "../lab/log.ts";
import type { Begin, FromLab, Run } from "../lab/messages.ts";
import type { CellState } from "./cell_state.ts";
import type { PageLab } from "./labs.ts";
import { replayNow, timelineNow, watch } from "./recording.ts";
import { contextFor } from "./settings.ts";

/** The verdict on a cell that the notebook doesn't have like that. */
const CHANGED: Partial<Verdict> = {
  verdict: "skipped",
  reason: "the sleep or the number of items was changed",
  output: undefined,
  isOpen: false,
};

/** How often the page looks at what a lab has printed and recorded. */
const LOOK_MS = 100;
/** How much of what was printed is read at a time. */
const MOST_TEXTS = 500;
/** As the runner: how long, and how often, cells run again to compare times. */
const BUDGET_MS = 30_000;
const ROUNDS = FEW - 1;

/** What the page says of itself. */
export const status: Signal<string> = signal("");
/** The lab that runs. */
export const running: Signal<PageLab | undefined> = signal<
  PageLab | undefined
>();
let session: Session | undefined;

/** Runs cells of a lab, and what they need; all, if none is named. */
export function run(
  lab: PageLab,
  cells: Map<string, CellState>,
  chosen: ChosenCell[] = [],
): void {
  stop();
  session = new Session(lab, cells, chosen);
}

/** Ends what runs, whatever it does. */
export function stop(): void {
  session?.stop();
  session = undefined;
}

/** A lab that runs in a worker. */
class Session {
  #lab: PageLab;
  #cells: Map<string, CellState>;
  #judged: ChosenCell[];
  #run: Run;
  #worker: Worker;
  #log = new Log();
  #samples: Samples;
  #timer: ReturnType<typeof setInterval>;
  #main: number | undefined;
  /** The cell that printed last, and since when it runs if it does. */
  #current: CellState | undefined;
  #begun: { cell: string; title: string; start: number } | undefined;
  /** What has run to its end since the lab was last told to run. */
  #finished: Finished[] = [];
  #concurrency = new Map<string, number>();
  /** When a picture may be drawn again: drawing takes a tenth of the time. */
  #drawAt = 0;
  /** The outputs of cells that run again, for their time alone. */
  #again: Map<string, string[]> | undefined;
  #groups: string[][] = [];
  #rounds = 0;
  #comparedSince = 0;

  constructor(
    lab: PageLab,
    cells: Map<string, CellState>,
    chosen: ChosenCell[],
  ) {
    this.#lab = lab;
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
    this.#worker = new Worker(`./labs/${lab.name}.js`, {
      type: "module",
      name: `lab ${lab.name}`,
    });
    this.#worker.onmessage = ({ data }: MessageEvent<FromLab>) => {
      this.#look(Infinity);
      this.#hear(data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message ?? "its worker could not be started");
    };
    const begin: Begin = { ...this.#run, log: this.#log.buffer };
    this.#worker.postMessage(begin);
    this.#timer = setInterval(() => this.#look(MOST_TEXTS), LOOK_MS);
    running.value = lab;
    status.value = `Lab ${lab.name} runs`;
  }

  stop(): void {
    this.#look(MOST_TEXTS);
    this.#end("stopped");
    status.value = `Lab ${this.#lab.name} was stopped`;
  }

  #fail(message: string): void {
    this.#current?.print([message]);
    this.#end("stopped");
    status.value = `Lab ${this.#lab.name} failed: ${message.split("\n")[0]}`;
  }

  #end(ending: "stopped" | "done"): void {
    clearInterval(this.#timer);
    // A browser ends a worker with all that it has started.
    this.#worker.terminate();
    for (const { status } of this.#cells.values()) {
      if (status.value === "running") status.value = ending;
    }
    session = undefined;
    running.value = undefined;
  }

  /** Reads what was printed, and draws what is being done. */
  #look(most: number): void {
    let texts: string[] = [];
    const flush = () => {
      if (texts.length > 0) this.#print(texts);
      texts = [];
    };
    for (const { kind, text } of this.#log.read(most)) {
      if (kind === Kind.OUTPUT) texts.push(text);
      else {
        flush();
        if (kind === Kind.START) this.#begin(text);
      }
    }
    flush();
    if (this.#begun === undefined || this.#main === undefined) return;
    const start = performance.now();
    if (this.#again !== undefined || start < this.#drawAt) return;
    const main = this.#main;
    this.#current!.timeline.value = timelineNow({ ...this.#begun, main });
    queueMicrotask(() => {
      const end = performance.now();
      this.#drawAt = end + 9 * (end - start);
    });
  }

  #begin(id: string): void {
    this.#current = this.#cells.get(id);
    if (this.#again !== undefined) this.#again.set(id, []);
    else this.#current?.begin(this.#current.cell.title);
  }

  #print(texts: string[]): void {
    const id = this.#current?.cell.number;
    if (this.#again === undefined) this.#current?.print(texts);
    else if (id !== undefined) this.#again.get(id)?.push(...texts);
  }

  #hear(message: FromLab): void {
    switch (message.type) {
      case "ready":
        this.#main = message.main;
        return watch(message);
      case "start": {
        const { id, title, start } = message;
        this.#begun = { cell: id, title, start };
        if (this.#again !== undefined) return;
        const cell = this.#cells.get(id);
        if (cell !== undefined) cell.title.value = title;
        status.value = `${this.#lab.name}:${id} runs`;
        return this.#judgeAll();
      }
      case "end": {
        const start = this.#begun!.start;
        this.#begun = undefined;
        const { id, timeline } = message;
        this.#concurrency.set(id, concurrencyOf(timeline));
        this.#finished = this.#finished.filter((cell) => cell.id !== id);
        this.#finished.push({ id, output: "" });
        const cell = this.#cells.get(id);
        if (cell === undefined || this.#again !== undefined) return;
        cell.timeline.value = timeline;
        cell.status.value = "done";
        if (hasGame(this.#lab.name)) {
          cell.replay.value = replayNow(message, start);
        }
        return;
      }
      case "idle":
        return this.#goOn();
      case "failed":
        return this.#fail(message.message);
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
        status.value = `Lab ${this.#lab.name} has run`;
        return;
      }
      if (this.#rounds++ === 0) this.#comparedSince = performance.now();
      this.#groups = groupsOf(open);
      status.value = `Lab ${this.#lab.name}: comparing times, in turns`;
    }
    this.#again = new Map();
    this.#finished = [];
    const run: Run = {
      ...this.#run,
      selection: this.#groups.shift()!,
      context: { ...this.#run.context, quick: true },
    };
    this.#worker.postMessage(run);
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
