// Copyright 2026 the lab9 authors. MIT license.

import { type Signal, signal } from "@preact/signals";
import type { Timeline } from "../../notebook/timeline.ts";
import {
  check,
  LIMIT,
  type Outcome,
  type ProgramRun,
} from "../../runner/exercise/judge.ts";
import type { FromLab, Run } from "../lab/messages.ts";
import { Draft } from "./draft.ts";
import type { PageExercise } from "./exercises.ts";
import { type LabListener, LabWorker } from "./lab_worker.ts";
import { exerciseProgram, loadEditor, Program } from "./program.ts";
import { RunState } from "./run_state.ts";
import { begin, end, type Running, status } from "./running.ts";

/**
 * How many workers are at hand for a program whose time is judged, as there are for
 * cells: a browser takes long to start one.
 */
const PRESTARTED = 4;

/** An exercise, with what has come of it in this page. */
export class ExerciseState extends RunState {
  readonly exercise: PageExercise;
  /** The program, as the reader has it. */
  readonly draft: Draft;
  readonly outcome: Signal<Outcome | undefined> = signal<Outcome | undefined>();

  constructor(exercise: PageExercise) {
    super();
    this.exercise = exercise;
    this.draft = new Draft(exercise.code);
  }

  /** Its program begins to run, once more. */
  begin(): void {
    this.restart();
    this.outcome.value = undefined;
  }
}

/** Runs an exercise's program, and says whether it does what it should. */
export async function checkExercise(state: ExerciseState): Promise<void> {
  const { exercise: { name, seconds }, draft } = state;
  try {
    await loadEditor();
  } catch (error) {
    status.value = `Cannot run exercise ${name}: ${(error as Error).message}`;
    return;
  }
  const prestart = seconds === undefined ? 0 : PRESTARTED;
  const program = exerciseProgram(name, draft.text.value, prestart);
  if (program instanceof Program) {
    begin(() => new ExerciseSession(state, program));
    return;
  }
  draft.show(program);
  status.value = `${name}, line ${program.line}: ${program.message}`;
}

/** An exercise's program, run as often as it takes, each time in a new worker. */
class ExerciseSession implements Running, LabListener {
  readonly what: ExerciseState;
  #program: Program;
  #worker: LabWorker | undefined;
  #runs = 0;
  #isStopped = false;
  #ended = Promise.withResolvers<ProgramRun>();
  #limit: ReturnType<typeof setTimeout> | undefined;

  constructor(state: ExerciseState, program: Program) {
    this.what = state;
    this.#program = program;
    state.begin();
    this.#check();
  }

  async #check(): Promise<void> {
    const { exercise, status: stands, outcome } = this.what;
    const result = await check(exercise, () => this.#run());
    if (this.#isStopped) return;
    outcome.value = result;
    stands.value = "done";
    this.#program[Symbol.dispose]();
    end();
    status.value = `Exercise ${exercise.name} was checked`;
  }

  /** Runs the program to its end. */
  async #run(): Promise<ProgramRun> {
    const { name } = this.what.exercise;
    this.what.begin();
    this.#ended = Promise.withResolvers();
    const run: Run = {
      selection: [],
      context: { workers: 1, quick: false, switchInterval: null },
      workers: 1,
      hasGil: false,
    };
    const { script } = this.#program;
    this.#worker = new LabWorker(script, `exercise ${name}`, run, this);
    const count = ++this.#runs === 1 ? "" : `, run ${this.#runs}`;
    status.value = `Exercise ${name} runs${count}`;
    const result = await this.#ended.promise;
    this.#endWorker(result.failure === undefined);
    return result;
  }

  stop(): void {
    const { exercise: { name }, status: stands } = this.what;
    this.#isStopped = true;
    this.#worker?.look();
    this.#ended.resolve({ output: "", failure: "stopped" });
    this.#endWorker(false);
    this.#program[Symbol.dispose]();
    stands.value = "stopped";
    end();
    status.value = `Exercise ${name} was stopped`;
  }

  #endWorker(isDone: boolean): void {
    clearTimeout(this.#limit);
    if (isDone) this.#worker?.end();
    else this.#worker?.stop();
    this.#worker = undefined;
  }

  /** The program failed, or waits for ever. */
  fail(message: string): void {
    this.#ended.resolve({
      output: "",
      failure: `it failed:\n${this.#program.explain(message)}`,
      hasThrown: true,
    });
  }

  begin(): void {}

  print(texts: string[]): void {
    this.what.print(texts.map((text) => this.#program.explain(text)));
  }

  draw(timeline: Timeline): void {
    this.what.timeline.value = timeline;
  }

  hear(message: FromLab): void {
    switch (message.type) {
      case "start":
        this.#limit = setTimeout(() => {
          const failure = `it had not ended after ${LIMIT} seconds`;
          this.#ended.resolve({ output: "", failure });
        }, LIMIT * 1000);
        return;
      case "end":
        this.what.timeline.value = message.timeline;
        return this.#ended.resolve({ output: this.what.text });
      case "failed":
        return this.fail(message.message);
    }
  }
}
