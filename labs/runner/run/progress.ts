// Copyright 2026 the lab9 authors. MIT license.

import type { Options } from "../cli.ts";
import { dim } from "@std/fmt/colors";
import { widthOf } from "../terminal.ts";

/** How progress is shown: not at all, in lines, or in one that is replaced. */
export type ProgressStyle = "none" | "plain" | "live";

const CLEAR = "\r\x1b[2K";
const encoder = new TextEncoder();

/**
 * Shows on stderr which cell runs, since when, and how long the notebook took.
 * On a terminal that is one line, below everything else, which is kept up to
 * date; elsewhere a line a cell.
 */
export class Progress implements Disposable {
  #style: ProgressStyle;
  #status: (() => string) | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param style How progress is shown. */
  constructor(style: ProgressStyle) {
    this.#style = style;
  }

  /**
   * A cell begins.
   *
   * @param cell The cell, for the reader.
   * @param recorded The seconds that it took in the notebook.
   */
  start(cell: string, recorded: number | null): void {
    if (this.#style === "none") return;
    const expected = recorded === null
      ? ""
      : ` (notebook: ${recorded.toFixed(1)} s)`;
    if (this.#style === "plain") {
      return console.error(`${secondsSince(0)} ${cell}${expected}`);
    }
    const start = performance.now();
    this.#status = () => `${secondsSince(start)} ${cell}${expected}`;
    this.#timer ??= setInterval(() => this.#draw(), 100);
    this.#draw();
  }

  /** Prints something, above the line that is kept up to date. */
  above(print: () => void): void {
    this.#clear();
    print();
    this.#draw();
  }

  /** Takes the line away, until the next cell begins. */
  pause(): void {
    this[Symbol.dispose]();
  }

  /** Takes the line away. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#clear();
    this.#status = undefined;
  }

  #draw(): void {
    if (this.#status === undefined) return;
    // A line that breaks could not be taken back.
    const status = this.#status().slice(0, widthOf(Deno.stderr) - 1);
    Deno.stderr.writeSync(encoder.encode(CLEAR + dim(status)));
  }

  #clear(): void {
    if (this.#status === undefined) return;
    Deno.stderr.writeSync(encoder.encode(CLEAR));
  }
}

function secondsSince(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

/** How progress is shown with these flags. */
export function styleOf({ json, quiet }: Options): ProgressStyle {
  const isLive = Deno.stderr.isTerminal() &&
    (json || quiet || Deno.stdout.isTerminal());
  if (isLive) return "live";
  return quiet ? "none" : "plain";
}
