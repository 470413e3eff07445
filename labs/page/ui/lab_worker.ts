// Copyright 2026 the lab9 authors. MIT license.

import type { Timeline } from "../../notebook/timeline.ts";
import { Kind, Log } from "../lab/log.ts";
import type { Begin, FromLab, Run } from "../lab/messages.ts";
import { endWaits, timelineNow, watch } from "./recording.ts";

/** How often the page looks at what a lab has printed and recorded. */
const LOOK_MS = 100;
/** How much of what was printed is read at a time. */
const MOST_TEXTS = 500;

/** Who is told what a lab does. */
export interface LabListener {
  /** A cell begins: what is printed from now on is its own. */
  begin(id: string): void;
  print(texts: string[]): void;
  /** What the cell that runs has done up to now. */
  draw(timeline: Timeline): void;
  hear(message: FromLab): void;
  fail(message: string): void;
}

/** A lab in a worker, as the page sees it. */
export class LabWorker {
  /** Whether what a cell does is drawn. */
  isDrawn = true;
  #worker: Worker;
  #log = new Log();
  #listener: LabListener;
  #timer: ReturnType<typeof setInterval>;
  #main: number | undefined;
  #begun: { cell: string; title: string; start: number } | undefined;
  /** When a picture may be drawn again: drawing takes a tenth of the time. */
  #drawAt = 0;

  /**
   * Starts it.
   *
   * @param script Where its module is.
   * @param name What the browser's tools call it.
   * @param run What it runs first.
   * @param listener Who is told.
   */
  constructor(script: string, name: string, run: Run, listener: LabListener) {
    this.#listener = listener;
    this.#worker = new Worker(script, { type: "module", name });
    this.#worker.onmessage = ({ data }: MessageEvent<FromLab>) => {
      this.look(Infinity);
      this.#hear(data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      listener.fail(event.message ?? "its worker could not be started");
    };
    const begin: Begin = { ...run, log: this.#log.buffer };
    this.#worker.postMessage(begin);
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** When the cell that runs began. */
  get start(): number | undefined {
    return this.#begun?.start;
  }

  /** Has it run something else. */
  run(run: Run): void {
    this.#worker.postMessage(run);
  }

  /** Ends it: what it was to do has been done. */
  end(): void {
    clearInterval(this.#timer);
    this.#worker.terminate();
  }

  /** Ends it, whatever it does. */
  stop(): void {
    // A browser ends a worker with all that it has started, but one that computes
    // or blocks only after seconds. So waits end, and so does what was edited.
    this.#log.stop();
    if (this.#main !== undefined) endWaits();
    this.end();
  }

  #hear(message: FromLab): void {
    if (message.type === "ready") {
      this.#main = message.main;
      return watch(message);
    }
    if (message.type === "start") {
      const { id, title, start } = message;
      this.#begun = { cell: id, title, start };
    }
    this.#listener.hear(message);
    if (message.type === "end") this.#begun = undefined;
  }

  /** Reads what was printed, and draws what is being done. */
  look(most = MOST_TEXTS): void {
    let texts: string[] = [];
    const flush = () => {
      if (texts.length > 0) this.#listener.print(texts);
      texts = [];
    };
    for (const { kind, text } of this.#log.read(most)) {
      if (kind === Kind.OUTPUT) texts.push(text);
      else {
        flush();
        if (kind === Kind.START) this.#listener.begin(text);
      }
    }
    flush();
    if (this.#begun === undefined || this.#main === undefined) return;
    const start = performance.now();
    if (!this.isDrawn || start < this.#drawAt) return;
    const main = this.#main;
    this.#listener.draw(timelineNow({ ...this.#begun, main }));
    queueMicrotask(() => {
      const end = performance.now();
      this.#drawAt = end + 9 * (end - start);
    });
  }
}
