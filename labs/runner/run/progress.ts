// Copyright 2026 the lab9 authors. MIT license.

import type { Options } from "../cli.ts";
import { dim } from "@std/fmt/colors";
import { widthOf } from "../terminal.ts";

/** How progress is shown: not at all, in lines, or in one line that changes. */
export type ProgressStyle = "none" | "plain" | "live";

const CLEAR = "\r\x1b[2K";
const encoder = new TextEncoder();

/**
 * Shows on stderr which cell runs, for how long, and how long it took in the notebook. On a
 * terminal, that is one line below everything else, which changes. Elsewhere it is a line
 * for each cell.
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
   * @param cell The cell's name.
   * @param recorded How many seconds it took in the notebook.
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

  /** Prints something above the line that changes. */
  above(print: () => void): void {
    this.#clear();
    print();
    this.#draw();
  }

  /** Removes the line until the next cell begins. */
  pause(): void {
    this[Symbol.dispose]();
  }

  /** Removes the line. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#clear();
    this.#status = undefined;
  }

  #draw(): void {
    if (this.#status === undefined) return;
    // A line that is longer than the terminal is wide couldn't be cleared.
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
