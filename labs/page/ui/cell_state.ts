// Copyright 2026 the lab9 authors. MIT license.

import { type Signal, signal } from "@preact/signals";
import type { Timeline } from "../../notebook/timeline.ts";
import type { Verdict } from "../../runner/judge/verdict.ts";
import { joined } from "../../runner/run/transcript.ts";
import type { Replay } from "../game/replay.ts";
import type { PageCell } from "./labs.ts";

/** How far a cell has come. */
export type Status = "idle" | "running" | "done" | "stopped";

/** More lines than these aren't shown. */
const SHOWN = 2000;

/** A cell, with what has come of it in this page. */
export class CellState {
  readonly cell: PageCell;
  /** The title that it last ran under: it says what isn't as usual. */
  readonly title: Signal<string>;
  readonly status: Signal<Status> = signal<Status>("idle");
  readonly output: Signal<string> = signal("");
  readonly timeline: Signal<Timeline | undefined> = signal<
    Timeline | undefined
  >();
  readonly verdict: Signal<Verdict | undefined> = signal<
    Verdict | undefined
  >();
  /** What its threads did, for the game. */
  readonly replay: Signal<Replay | undefined> = signal<Replay | undefined>();
  /** What the reader thinks it will come to. */
  readonly said: Signal<number | undefined> = signal<number | undefined>();
  #lines: string[] = [];

  constructor(cell: PageCell) {
    this.cell = cell;
    this.title = signal(cell.title);
  }

  /** It begins to run. */
  begin(title: string): void {
    this.#lines = [];
    this.title.value = title;
    this.status.value = "running";
    this.output.value = "";
    this.timeline.value = undefined;
    this.replay.value = undefined;
    this.verdict.value = undefined;
  }

  /** It, or its threads, have printed texts. */
  print(texts: string[]): void {
    for (const text of texts) this.#lines.push(...text.split("\n"));
    const left = this.#lines.length - SHOWN;
    this.output.value = left > 0
      ? `… ${left} lines before\n${this.#lines.slice(left).join("\n")}`
      : this.#lines.join("\n");
  }

  /** All that it printed. */
  get text(): string {
    return joined(this.#lines);
  }
}
