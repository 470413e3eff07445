// Copyright 2026 the lab9 authors. MIT license.

import { yellow } from "@std/fmt/colors";
import type { Again, CellEnd } from "../../notebook/events.ts";
import type { Options } from "../cli.ts";
import { concurrencyOf } from "../judge/concurrency.ts";
import { type Finished, groupsOf, Samples } from "../judge/samples.ts";
import { FEW, type Machine, recordedSeconds } from "../judge/timing.ts";
import { judge, type Verdict } from "../judge/verdict.ts";
import type { Lab } from "../result.ts";
import { type ChosenCell, flagsOf, type Selection } from "../selection.ts";
import type { Display } from "./display.ts";
import { runProcess } from "./lab_process.ts";
import { type LoadMark, markLoad, othersBetween } from "./load.ts";
import { Patience } from "./patience.ts";
import type { Progress } from "./progress.ts";
import type { Predictions } from "../predict/predictions.ts";
import { type CellOutput, Transcript } from "./transcript.ts";

/** How many seconds cells may be run again to compare their times. */
const BUDGET = 30;

/** How often they are run again at least, because fewer ratios decide nothing. */
const ROUNDS = FEW - 1;

/** A cell is ended after so many seconds and ten times its time in the notebook. */
const PATIENCE = 20;

/** What was measured in one run of a cell. */
type Measured = Pick<Finished, "concurrency" | "others">;

/**
 * One run of a lab. Its process is started, and its cells run once. The cells whose times
 * are compared are run again, in turns, until the answer is clear.
 */
export class Session {
  #selection: Selection<Lab>;
  #options: Options;
  #machine: Machine;
  #progress: Progress;
  #display: Display | undefined;
  /** The key of the lab's events. Only the lab's process knows it. */
  #key: string = crypto.randomUUID();
  /** The stdin of the lab, while the lab reads it. */
  #input: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #transcript: Transcript;
  #measured: Measured[] = [];
  #outputs: CellOutput[] = [];
  #samples: Samples;
  #predictions: Predictions | undefined;
  #isAgain = false;
  #idle = Promise.withResolvers<void>();
  #mark: LoadMark | undefined;
  #patience = new Patience();

  /** How many seconds cells were run again. */
  spent = 0;

  /**
   * @param selection The chosen cells.
   * @param options The flags.
   * @param progress Shows which cell runs.
   * @param display Shows the output of the cells; undefined if it isn't shown.
   * @param predictions Asks the user what cells will do, with `--predict`.
   */
  constructor(
    selection: Selection<Lab>,
    options: Options,
    progress: Progress,
    display?: Display,
    predictions?: Predictions,
  ) {
    this.#predictions = predictions;
    this.#selection = selection;
    this.#samples = new Samples(selection.lab);
    this.#options = options;
    this.#progress = progress;
    this.#display = display;
    this.#transcript = new Transcript(this.#key);
    const { hardwareConcurrency: cores } = navigator;
    this.#machine = { cores, quick: options.quick };
  }

  /**
   * Runs the lab.
   *
   * @param interrupt Ends the lab.
   * @returns Why the lab ended early; undefined if it didn't.
   */
  async run(interrupt: AbortSignal): Promise<string | undefined> {
    this.#patience.wait();
    const running = this.#runProcess(interrupt);
    try {
      await Promise.race([running, this.#idle.promise]);
      this.#collect();
      await this.#compareTimes(running);
      this.#input?.close();
      this.#patience.wait();
      return await running;
    } finally {
      this.#patience.stop();
      this.#display?.flush();
      if (!this.#isAgain) this.#collect();
    }
  }

  /** The cell's verdict, by its runs so far. */
  judge(cell: ChosenCell, ended?: string): Verdict {
    const { cell: hung, reason } = this.#patience;
    return judge(cell, {
      samples: this.#samples.of(cell.number),
      ended: ended ?? reason,
      hung: hung === cell.number ? reason : undefined,
    }, this.#machine);
  }

  /** The output of a cell in the first run. If the cell ran twice, it is the second one. */
  outputOf({ number }: ChosenCell): CellOutput | undefined {
    return this.#outputs.findLast(({ id }) => id === number);
  }

  /** Runs the process to its end. It returns the failure, if there was one. */
  async #runProcess(interrupt: AbortSignal): Promise<string | undefined> {
    const { lab } = this.#selection;
    const { timeout, quick } = this.#options;
    const command = [
      ...lab.command,
      ...flagsOf(this.#selection),
      ...quick ? ["--quick"] : [],
      ...this.#options.labFlags(lab.lab),
      "--events",
      ...this.#predictions === undefined ? [] : ["--step"],
    ];
    const limit = timeout === undefined
      ? new AbortController().signal
      : AbortSignal.timeout(timeout * 1000);
    const hang = this.#patience.signal;
    const input = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        this.#input = controller;
      },
      cancel: () => {
        this.#input = undefined;
      },
    });
    this.#send(this.#key);
    let code: number;
    try {
      code = await runProcess(command, {
        signal: AbortSignal.any([interrupt, limit, hang]),
        onLine: (line) => this.#onLine(line),
        onErrorLine: (line) =>
          this.#progress.above(() => console.error(yellow(line))),
        input,
      });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return `the lab could not be started: ${error.message}`;
    }
    if (code === 0) return undefined;
    if (interrupt.aborted) return "interrupted";
    // If a cell didn't end, only that cell differs.
    if (hang.aborted) {
      return this.#patience.cell ? undefined : this.#patience.reason;
    }
    if (limit.aborted) {
      return `the lab took more than ${timeout} ${
        timeout === 1 ? "second" : "seconds"
      }`;
    }
    return `the lab failed with exit code ${code}`;
  }

  #send(line: string): void {
    this.#input?.enqueue(new TextEncoder().encode(`${line}\n`));
  }

  #onLine(line: string): void {
    const { output, event } = this.#transcript.add(line);
    // Cells that run again were shown before.
    const display = this.#isAgain ? undefined : this.#display;
    if (output !== undefined) display?.line(output);
    switch (event?.type) {
      case "start":
        display?.heading(event.id, event.title);
        this.#watch(event.id, event.title);
        this.#mark = markLoad();
        break;
      case "end":
        this.#onEnd(event);
        display?.end(event.id, event.timeline);
        break;
      case "ready":
        this.#patience.stop();
        this.#ask(event.id);
        break;
      case "idle":
        this.#patience.stop();
        this.#idle.resolve();
    }
  }

  /** Asks the user what the cell will do, if it was chosen. Then the cell begins. */
  async #ask(number: string): Promise<void> {
    const cell = this.#selection.cells.find((cell) => cell.number === number);
    if (cell !== undefined) {
      this.#progress.pause();
      await this.#predictions?.ask(cell.id);
    }
    this.#send("go");
    this.#patience.wait();
  }

  #onEnd({ cpu, timeline }: CellEnd): void {
    this.#patience.wait();
    this.#measured.push({
      concurrency: concurrencyOf(timeline),
      others: othersBetween(this.#mark, markLoad(), cpu),
    });
  }

  /** Shows which cell runs, and ends the lab if the cell doesn't end. */
  #watch(number: string, title: string): void {
    const { lab: { lab, cells } } = this.#selection;
    const recorded = cells.find(({ id }) => id === `${lab}:${number}`);
    const seconds = recorded ? recordedSeconds(recorded, this.#options) : null;
    if (!this.#isAgain) {
      this.#progress.start(`${lab}:${number} ${title}`, seconds);
    }
    const limit = PATIENCE + 10 * (recorded?.seconds ?? 4);
    const reason = `cell ${lab}:${number} had not ended after ` +
      `${limit.toFixed(0)} seconds`;
    this.#patience.wait(limit, reason, number);
  }

  /** Runs cells again, in turns, as long as that may change a verdict. */
  async #compareTimes(running: Promise<unknown>): Promise<void> {
    const { lab: { lab } } = this.#selection;
    let isOver = false;
    running.finally(() => isOver = true).catch(() => {});
    const start = performance.now();
    let groups = this.#openGroups();
    if (groups.length > 0) {
      this.#progress.start(`${lab}: comparing times, in turns`, null);
    }
    for (
      let round = 0;
      groups.length > 0 && !isOver && (round < ROUNDS || this.spent < BUDGET);
      round++
    ) {
      for (const again of groups) {
        this.#isAgain = true;
        this.#transcript = new Transcript(this.#key);
        this.#measured = [];
        this.#idle = Promise.withResolvers();
        this.#send(JSON.stringify({ again } satisfies Again));
        this.#patience.wait();
        await Promise.race([running, this.#idle.promise]);
        if (isOver) break;
        this.#collect();
      }
      this.spent = (performance.now() - start) / 1000;
      groups = this.#openGroups();
    }
  }

  /** The cells to run again, in groups. */
  #openGroups(): string[][] {
    const { cells } = this.#selection;
    return groupsOf(cells.filter((cell) => this.judge(cell).isOpen));
  }

  /** Adds a sample of each cell that has run. */
  #collect(): void {
    const finished = this.#transcript.cells.filter((cell) => cell.isFinished);
    const measured = finished.map(({ id, output }, i) => (
      { id, output, ...this.#measured[i] }
    ));
    if (this.#isAgain) return this.#samples.add(measured);
    this.#outputs = finished;
    this.#samples.begin(measured, this.#options.quick);
  }
}
