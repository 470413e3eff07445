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

/** How long cells may be run again to compare their times, in seconds. */
const BUDGET = 30;

/** How often they are run again however long it takes: fewer decide nothing. */
const ROUNDS = FEW - 1;

/** A cell that takes ten times as long as in the notebook, and this, is ended. */
const PATIENCE = 20;

/** What a cell did in one of its runs, beside its output. */
type Measured = Pick<Finished, "concurrency" | "others">;

/**
 * One run of a lab: its process is started, its cells run once, and those whose
 * times are compared are run again, in turns, until the answer is clear.
 */
export class Session {
  #selection: Selection<Lab>;
  #options: Options;
  #machine: Machine;
  #progress: Progress;
  #display: Display | undefined;
  /** Only the lab's process knows it, so only that can write events. */
  #key: string = crypto.randomUUID();
  /** The lab's stdin while it reads from that. */
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

  /** How long cells were run again, in seconds. */
  spent = 0;

  /**
   * @param selection What runs.
   * @param options The flags.
   * @param progress Shows which cell runs.
   * @param display Shows what cells print, if that is wanted.
   * @param predictions Asks what cells will do, if somebody wants to say.
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
   * @param interrupt Ends it.
   * @returns Why the lab didn't run to its end, if it didn't.
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

  /** The cell's verdict, by what is known up to now. */
  judge(cell: ChosenCell, ended?: string): Verdict {
    const { cell: hung, reason } = this.#patience;
    return judge(cell, {
      samples: this.#samples.of(cell.number),
      ended: ended ?? reason,
      hung: hung === cell.number ? reason : undefined,
    }, this.#machine);
  }

  /** What a cell printed when it ran first; of one that ran twice, the second. */
  outputOf({ number }: ChosenCell): CellOutput | undefined {
    return this.#outputs.findLast(({ id }) => id === number);
  }

  /** Runs the process to its end. Returns what went wrong, if anything did. */
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
    // What a cell did is its own verdict.
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
    // What runs again for its time was shown before.
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

  /** Asks what the cell will do, if it was chosen, then lets it begin. */
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

  /** Shows that a cell runs, and ends it if it doesn't end by itself. */
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

  /** Runs cells again, in turns, while that may change a verdict. */
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

  /** Takes what has run as a sample of each cell. */
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
