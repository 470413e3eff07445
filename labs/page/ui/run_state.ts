// Copyright 2026 the lab9 authors. MIT license.

import { type Signal, signal } from "@preact/signals";
import type { Timeline } from "../../notebook/timeline.ts";
import { joined } from "../../runner/run/transcript.ts";

/** How far a cell or an exercise has come. */
export type Status = "idle" | "running" | "done" | "stopped";

/** More lines than these aren't shown. */
const SHOWN = 2000;

/** What has come of something that runs. */
export class RunState {
  readonly status: Signal<Status> = signal<Status>("idle");
  readonly output: Signal<string> = signal("");
  readonly timeline: Signal<Timeline | undefined> = signal<
    Timeline | undefined
  >();
  #lines: string[] = [];

  /** It begins to run, with nothing printed. */
  protected restart(): void {
    this.#lines = [];
    this.status.value = "running";
    this.output.value = "";
    this.timeline.value = undefined;
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
